//! Stop without a proxy tells the truth: what runs on is not stopped, and a name that means another release is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use c2_core::{
    commands::{Options, Request},
    seam::{End, Facts, drive},
    world::World,
};
use serde_json::json;
use support::case::Case;

/// A machine with two releases in folders, the first of them live in containers and stopped by this command.
fn case(stop: &str) -> Case {
    let live = json!({ "live": true, "stop": stop, "files": { "docker-compose.yml": "" } });
    let value = json!({ "host": { "deployed": { "a": live, "b": {} } }, "command": ["stop", "a"] });
    Case { name: "stopping".into(), folder: Default::default(), value }
}

fn stop(case: &Case, world: &mut World, deploy: &str, force: bool) -> Result<(), String> {
    world.begin(&[]);
    let request = Request::Stop { deploy: deploy.into(), force };
    let command = request.command(case.config(""), &Options::DEFAULT).unwrap();
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
    let (case, runs_on) = (case("nothing"), Err("stop a: containers of it run on: a-web-1".to_string()));
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
