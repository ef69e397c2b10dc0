//! `reconcile` without a proxy: what is live and has ended, or was cut short, comes back by itself.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use c2_core::{
    config::{Positive, Syntax, ToolConfig, tool_config},
    request::{Options, Request},
    seam::{End, Facts, Memo, Report, drive},
    world::{InjectedFault, World},
};
use serde_json::{Value, json};
use support::{proxied, words::command};

const HOME: &str = "/opt/deploys/r1";
const PERIOD_S: u32 = 10;

fn config() -> ToolConfig {
    let text = json!({
        "deploysDir": "/opt/deploys", "contextCache": "/opt/config", "logFile": "/opt/var/log/camus2.log",
        "releases": { "localdir": "/srv/releases" },
    });
    tool_config("config.json", &text.to_string(), Syntax::Json).unwrap().value
}

/// A machine, and what its rounds keep.
struct Machine {
    world: World,
    kept: Option<Memo>,
}

impl Machine {
    /// One on which r1.zip, whose containers behave as these files say, is live.
    fn live(files: Value) -> Self {
        let release = |files: Value| {
            let mut all = files;
            all["compose.yml"] = json!("");
            json!({ "files": all })
        };
        let releases = [("r1.zip".to_string(), release(files)), ("r2.zip".to_string(), release(json!({})))];
        let mut one = Machine { world: proxied::bare(&BTreeMap::from(releases)), kept: None };
        one.run(&["start", "r1.zip"], &[]);
        one
    }

    fn run(&mut self, words: &[&str], faults: &[(usize, InjectedFault)]) {
        self.world.begin(faults);
        drop(drive(&*command(&config(), words), &mut self.world, &mut Facts::default()));
        assert!(self.world.violations.is_empty(), "{:?}", self.world.violations);
    }

    fn round(&mut self) -> Report {
        let request =
            Request::Reconcile { repeat_s: Positive::new(PERIOD_S), kept: self.kept.take(), misconfigured: None };
        self.world.begin(&[]);
        let command = request.command(config(), &Options::DEFAULT).unwrap();
        let End::Reported(report) = drive(&*command, &mut self.world, &mut Facts::default()) else {
            panic!("no report")
        };
        self.kept.clone_from(&report.memo);
        self.world.pass(PERIOD_S * 1_000);
        assert!(self.world.violations.is_empty(), "{:?}", self.world.violations);
        report
    }

    fn runs(&self, service: &'static str) -> bool {
        self.world.running.contains_key(HOME) && !self.world.ended.contains_key(&(HOME.into(), service))
    }
}

#[test]
fn what_has_ended_is_started_again_by_the_third_look_and_the_job_beside_it_is_not() {
    let mut one = Machine::live(json!({ "second-ends-after": "1000" }));
    for _ in 0..20 {
        assert_eq!(one.round().failed, None);
    }
    for code in [3, 0] {
        one.world.die(HOME, "web", code);
        (0..2).for_each(|_| assert!(one.round().failed.is_none()));
        one.round();
        assert!(one.runs("web"));
        // Settled again, it is looked at as if nothing had been.
        (0..3).for_each(|_| drop(one.round()));
    }
    assert_eq!(one.world.job_runs[HOME], 1);
}

#[test]
fn a_boot_brings_everything_back_but_a_job_that_has_ended() {
    for comes_back in [true, false] {
        let mut one = Machine::live(json!({ "second-ends-after": "1000" }));
        (0..3).for_each(|_| drop(one.round()));
        one.world.reboot(comes_back);
        one.kept = None;
        assert_eq!(one.round().failed, None);
        assert!(one.runs("web"));
        assert_eq!(one.world.job_runs[HOME], 1);
    }
}

#[test]
fn what_cannot_be_started_again_is_tried_with_growing_pauses_and_said() {
    let mut one = Machine::live(json!({}));
    one.round();
    one.world.die(HOME, "web", 3);
    one.world.no_docker = true;
    one.world.looks.clear();
    let mut tries = 0;
    for _ in 0..360 {
        let report = one.round();
        tries += u32::from(report.failed.is_some_and(|why| why.contains("start what has ended")));
    }
    assert!((4..20).contains(&tries), "{tries} tries in an hour");
    one.world.no_docker = false;
    (0..31).for_each(|_| drop(one.round()));
    assert!(one.runs("web"));
}

#[test]
fn a_power_failure_at_any_point_of_a_start_ends_with_a_release_that_runs() {
    for fault in [InjectedFault::Crash, InjectedFault::Half] {
        for number in 1.. {
            let mut one = Machine::live(json!({}));
            one.run(&["start", "r2.zip"], &[(number, fault)]);
            if one.world.performed < number {
                break;
            }
            one.world.reboot(false);
            one.kept = None;
            let told: Vec<_> = (0..3).map(|_| one.round().failed).collect();
            assert_eq!(one.world.running.len(), 1, "{fault:?} at {number}: {told:?}");
            assert_eq!(told.last(), Some(&None), "{fault:?} at {number}");
        }
    }
}
