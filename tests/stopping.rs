//! Stop tells the truth: what runs on is not stopped, and a name that means another release is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use c2_core::{
    seam::{End, Facts, drive},
    world::World,
};
use serde_json::json;
use support::{case::Case, proxied, words::command};

const RUNS_ON: &str = "containers of it run on: a-web-1 (docker stop a-web-1 ends them; --force accepts that)";

/// A machine with two releases in folders, the first of them live in containers and stopped by this command.
fn case(stop: &str) -> Case {
    let live = json!({ "live": true, "stop": stop, "files": { "docker-compose.yml": "" } });
    let value = json!({ "host": { "deployed": { "a": live, "b": {} } }, "command": ["stop", "a"] });
    Case { name: "stopping".into(), folder: Default::default(), value }
}

fn stop(case: &Case, world: &mut World, deploy: &str, force: bool) -> Result<(), String> {
    world.begin(&[]);
    let words = [&["stop", deploy][..], if force { &["--force"] } else { &[] }].concat();
    let command = command(&case.config(""), &words);
    let end = drive(&*command, world, &mut Facts::default());
    assert!(world.violations.is_empty(), "{:?}", world.violations);
    match end {
        End::Reported(report) => report.failed.map_or(Ok(()), Err),
        End::Refused(refusal) => Err(refusal.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stop_after_which_containers_run_on_fails_each_time_until_that_is_accepted() {
    let (case, runs_on) = (case("nothing"), Err(format!("stop a: {RUNS_ON}")));
    let mut world = case.world();
    assert_eq!(stop(&case, &mut world, "a", false), runs_on);
    assert_eq!(stop(&case, &mut world, "a", false), runs_on, "it is still not true that there is nothing to stop");
    assert_eq!(stop(&case, &mut world, "a", true), Ok(()));
    let mut accepted = case.world();
    assert_eq!(stop(&case, &mut accepted, "a", true), Ok(()));
}

#[test]
fn a_stop_that_ends_its_containers_succeeds() {
    let case = case("stop");
    assert_eq!(stop(&case, &mut case.world(), "a.zip", false), Ok(()));
}

#[test]
fn a_name_that_means_another_release_is_refused_and_any_other_stops_what_is_live() {
    let case = case("stop");
    for name in ["b", "b.zip"] {
        let mut world = case.world();
        assert_eq!(stop(&case, &mut world, name, false), Err(format!("stop {name}: it is not live: a is")));
        assert!(world.running.contains_key("/opt/deploys/a"), "{name}");
    }
    assert_eq!(stop(&case, &mut case.world(), "whatever", false), Ok(()));
}

/// A machine behind a proxy with a deploy in containers, stopped by this command.
fn proxied(stop: &str) -> Case {
    let mode = json!({ "proxy": { "endPoints": {} } });
    let config = json!({ "releases": { "localdir": "/srv/releases" }, "deployMode": mode });
    let a = json!({ "release": "a.zip", "port": 8000, "stop": stop, "files": { "docker-compose.yml": "" } });
    let value = json!({ "host": { "deployed": { "a": a } }, "config": config, "command": ["stop", "a"] });
    Case { name: "stopping".into(), folder: Default::default(), value }
}

#[test]
fn behind_a_proxy_it_fails_too_while_containers_run_on_and_leaves_the_deploy_as_it_was() {
    let case = proxied("nothing");
    let mut world = proxied::world(&case);
    for _ in 0..2 {
        assert!(stop(&case, &mut world, "a", false).unwrap_err().contains(RUNS_ON));
        assert!(world.tree.get("/opt/deploys/a/docker-compose.yml").is_some());
        assert!(world.tree.text("/opt/deploys/frontend-proxy/state.json").unwrap().contains("a.zip"));
    }
    let case = proxied("stop");
    let mut world = proxied::world(&case);
    assert_eq!(stop(&case, &mut world, "a", false), Ok(()));
    assert!(stop(&case, &mut world, "a", false).unwrap_err().contains("there is no deploy a"));
}

#[test]
fn behind_a_proxy_containers_of_a_deploy_whose_folder_was_removed_are_said_to_run_on() {
    let case = proxied("stop");
    let mut world = proxied::world(&case);
    world.tree.0.retain(|path, _| !path.starts_with("/opt/deploys/a"));
    assert!(stop(&case, &mut world, "a", false).unwrap_err().contains(RUNS_ON));
    assert_eq!(stop(&case, &mut world, "a", true), Ok(()), "that is accepted");
}

#[test]
fn a_deploy_is_stopped_by_the_name_of_its_release_too() {
    for name in ["a", "a.zip", "releases/a.zip"] {
        let case = proxied("stop");
        let mut world = proxied::world(&case);
        assert_eq!(stop(&case, &mut world, name, false), Ok(()), "{name}");
        assert!(world.running.is_empty(), "{name}");
    }
}

#[test]
fn of_two_deploys_whose_names_differ_by_the_extension_the_one_that_is_named_is_stopped() {
    let mut case = proxied("stop");
    let other = json!({ "release": "a.zip", "port": 8001, "files": { "docker-compose.yml": "" } });
    case.value["host"]["deployed"]["a.zip"] = other;
    for (name, left) in [("a.zip", "a"), ("a", "a.zip")] {
        let mut world = proxied::world(&case);
        assert_eq!(stop(&case, &mut world, name, false), Ok(()));
        assert_eq!(world.running.keys().collect::<Vec<_>>(), [&format!("/opt/deploys/{left}")]);
    }
}

#[test]
fn behind_a_proxy_an_engine_that_cannot_be_asked_fails_the_stop_of_a_deploy_with_a_compose_file_alone() {
    for (files, fails) in [(json!({ "docker-compose.yml": "" }), true), (json!({}), false)] {
        let mut case = proxied("stop");
        case.value["host"]["deployed"]["a"]["files"] = files;
        let mut world = proxied::world(&case);
        world.no_docker = true;
        assert_eq!(stop(&case, &mut world, "a", false).is_err(), fails);
        assert_eq!(world.tree.get("/opt/deploys/a").is_some(), fails, "it stays as it was");
        assert_eq!(stop(&case, &mut world, "a", true).is_ok(), fails, "that is accepted, of what is still there");
    }
}
