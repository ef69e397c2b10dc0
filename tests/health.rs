//! Health over time: what dies on a machine that follows is seen, said and brought back; what has ended well is left
//! alone; a boot brings everything back.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::mem::swap;

use c2_core::{
    nginx::Generation,
    seam::{End, Facts, REVERTED, drive},
};
use serde_json::{Value, json};
use support::{
    fleet::{begun_on, config, machine, master_of, put_master},
    hooked::Hooked,
    rounds::{Machine, STATE},
    words::command,
};

const HOME: &str = "/opt/deploys/a";
const PERIOD_S: u32 = 10;

/// A release with a compose file whose containers behave as these files say.
fn release(files: Value) -> Value {
    let mut all = files;
    all["compose.yml"] = json!("");
    json!({ "files": all })
}

/// A machine that serves main from the deploy a of such a release, at rest.
fn serving(files: Value) -> Machine {
    let mut one = Machine::with(&[("r1.zip", release(files))]);
    rounds(&mut one, 3);
    assert_eq!((one.error().as_str(), ports(&one)), ("", vec![8000]));
    one
}

/// Polls, with nothing that must never happen.
fn rounds(one: &mut Machine, count: u32) {
    for _ in 0..count {
        one.poll(PERIOD_S);
        assert!(one.world.violations.is_empty(), "{:?}", one.world.violations);
    }
}

/// The ports that are served.
fn ports(one: &Machine) -> Vec<u16> {
    let served = Generation::of_file(&one.world.proxy.as_ref().unwrap().loaded).unwrap();
    served.routes.pairs().map(|(_, port)| port).collect()
}

fn jobs(one: &Machine) -> u32 {
    one.world.job_runs.get(HOME).copied().unwrap_or(0)
}

/// How a machine gets from a death to service again: the rounds until the record tells an error, and its first one; the
/// rounds until all is well.
fn recovery(one: &mut Machine) -> (Option<(u32, String)>, Option<u32>) {
    let (mut said, mut well) = (None, None);
    for round in 1..=12 {
        rounds(one, 1);
        assert_eq!(ports(one), [8000], "the route stays");
        let error = one.error();
        if said.is_none() && !error.is_empty() {
            said = Some((round, error));
        } else if said.is_some() && well.is_none() && error.is_empty() {
            well = Some(round);
        }
    }
    (said, well)
}

#[test]
fn a_deploy_that_dies_is_said_by_the_third_look_and_started_again_by_the_engine() {
    let mut one = serving(json!({}));
    one.world.die(HOME, "web", 3);
    let (said, well) = recovery(&mut one);
    let (round, error) = said.unwrap();
    assert_eq!(round, 3);
    assert!(error.contains("main") && error.contains("a-web-1 has ended with exit code 3"), "{error}");
    assert!(well.unwrap() <= 5, "{well:?}");
    assert!(one.world.accepting.contains_key(HOME));
}

#[test]
fn a_container_that_dies_beside_one_that_serves_is_said_and_started_again() {
    let mut one = serving(json!({ "second-restarts-every": "0" }));
    one.world.die(HOME, "db", 3);
    let (said, well) = recovery(&mut one);
    let (round, error) = said.unwrap();
    assert!(round == 3 && error.contains("a-db-1 has ended with exit code 3"), "{round} {error}");
    assert!(well.unwrap() <= 5, "{well:?}");
}

#[test]
fn a_container_that_begins_to_loop_is_said_and_its_route_stays() {
    let mut one = serving(json!({}));
    one.world.tree.write(&format!("{HOME}/second-restarts-every"), 0o644, b"2000");
    let (said, well) = recovery(&mut one);
    assert!(said.unwrap().1.contains("a-db-1"), "it is named");
    assert_eq!(well, None);
    assert!(one.world.tree.0.remove(&format!("{HOME}/second-restarts-every")).is_some());
    rounds(&mut one, 8);
    assert_eq!(one.error(), "");
}

#[test]
fn a_job_that_has_ended_well_is_never_run_again() {
    let beside = json!({ "second-ends-after": "1000" });
    for (files, connected) in [(beside, true), (json!({ "never-accepts": "", "ends-after": "1000" }), false)] {
        let mut one = Machine::with(&[("r1.zip", release(files))]);
        if !connected {
            put_master(&mut one.world, &STATE.replace(r#""main": "a""#, ""));
        }
        for _ in 0..500 {
            one.poll(120);
        }
        assert_eq!((jobs(&one), one.error().as_str()), (1, ""), "connected: {connected}");
        for comes_back in [true, false] {
            one.world.reboot(comes_back);
            one.kept = None;
            for _ in 0..50 {
                one.poll(120);
            }
            assert_eq!((jobs(&one), one.error().as_str()), (1, ""), "connected: {connected}");
        }
        assert!(one.world.violations.is_empty(), "{:?}", one.world.violations);
        assert_eq!(one.world.accepting.contains_key(HOME), connected);
    }
}

#[test]
fn a_server_that_ends_by_itself_with_success_has_ended_badly_all_the_same() {
    let mut one = serving(json!({}));
    one.world.die(HOME, "web", 0);
    let (said, well) = recovery(&mut one);
    assert!(said.is_some() && well.is_some_and(|round| round <= 5), "{said:?} {well:?}");
}

#[test]
fn a_boot_brings_everything_back_also_a_release_without_a_compose_file() {
    for files in [json!({}), json!({ "compose.yml": "" }), json!({ "compose.yml": "", "second-restarts-every": "0" })] {
        let mut one = Machine::with(&[("r1.zip", json!({ "files": files }))]);
        rounds(&mut one, 3);
        one.world.reboot(false);
        one.kept = None;
        rounds(&mut one, 2);
        assert!(one.world.accepting.contains_key(HOME), "{files}");
        rounds(&mut one, 3);
        assert_eq!((one.error().as_str(), ports(&one)), ("", vec![8000]), "{files}");
    }
}

#[test]
fn a_release_without_a_compose_file_that_dies_is_started_again() {
    let mut one = Machine::with(&[("r1.zip", json!({}))]);
    rounds(&mut one, 3);
    one.world.die(HOME, "web", 3);
    let (said, well) = recovery(&mut one);
    assert!(said.unwrap().1.contains("nothing accepts"), "it is said");
    assert!(well.is_some_and(|round| round <= 6), "{well:?} {}", one.error());
}

#[test]
fn what_dies_over_and_over_is_started_with_growing_pauses_and_the_record_is_not_written_each_time() {
    let mut one = serving(json!({}));
    one.world.die(HOME, "web", 3);
    // Somebody has its port: docker cannot start it.
    one.world.foreign.insert(8000);
    one.world.tree.write(&format!("{HOME}/never-ready"), 0o644, b"");
    let (before, began_s) = (one.reports.len(), one.world.clock);
    let mut tries = 0;
    while one.world.clock < began_s + 3_600 {
        let (report, _) = one.poll(PERIOD_S);
        tries += u32::from(report.failed.is_some_and(|why| why.contains("address in use")));
    }
    assert!(one.reports.len() - before < 60, "{} records in an hour", one.reports.len() - before);
    assert!(tries > 3, "{tries}");
    assert!(one.error().contains("address in use"), "{}", one.error());
}

#[test]
fn a_release_that_dies_while_its_rollout_bakes_is_taken_back() {
    for files in [json!({ "dies-after": "60000" }), json!({ "second-dies-after": "60000" })] {
        let releases = [("r1.zip", release(json!({}))), ("r2.zip", release(files))];
        let operator = begun_on(machine("operator", &releases));
        let mut one = Machine::with(&releases);
        let mut operator = Hooked::pausing(operator, |world| {
            one.world.pass(u32::try_from(world.clock.saturating_sub(one.world.clock) * 1_000).unwrap());
            swap(&mut one.world.objects, &mut world.objects);
            one.poll(0);
            swap(&mut one.world.objects, &mut world.objects);
        });
        let words = ["rollout", "run", "--stages", "100", "--bake", "3600", "--stage-timeout", "600"];
        let command = command(&config("operator", &["main"]), &words);
        let end = drive(&*command, &mut operator, &mut Facts::default());
        let End::Reported(report) = end else { panic!("{end:?}") };
        let why = report.failed.unwrap();
        assert!(why.contains("b, which serves main, is not well"), "{why}");
        assert_eq!((report.code, master_of(&operator.world).deploys.len()), (REVERTED, 1));
    }
}

#[test]
fn a_round_that_none_follows_tells_at_once_what_it_finds_and_what_it_cannot_start() {
    // As from cron: a process of its own each time.
    let poll = |one: &mut Machine| {
        one.kept = None;
        one.poll(0);
    };
    let mut one = serving(json!({}));
    one.world.die(HOME, "web", 3);
    one.world.foreign.insert(8000);
    one.world.tree.write(&format!("{HOME}/never-ready"), 0o644, b"");
    poll(&mut one);
    assert!(one.error().contains("address in use"), "{}", one.error());
    let mut one = serving(json!({}));
    one.world.tree.write(&format!("{HOME}/healthy-after"), 0o644, b"0");
    poll(&mut one);
    assert!(one.error().contains("unhealthy"), "{}", one.error());
}
