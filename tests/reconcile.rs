//! `reconcile`: a machine on its own is kept as its state says, round after round, whatever dies, is cut short or is shut
//! down meanwhile.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use c2_core::{
    config::{Positive, Syntax, ToolConfig, tool_config},
    nginx::Generation,
    request::{Options, Request},
    seam::{End, Facts, Memo, Report, drive},
    world::{InjectedFault, World},
};
use serde_json::json;
use support::{proxied, words::command};

const HOME: &str = "/opt/deploys/a";
const PERIOD_S: u32 = 10;

fn config() -> ToolConfig {
    let endpoint = |host: &str| json!({ "serverNames": [host], "etype": "httpOnly" });
    let endpoints = json!({ "main": endpoint("a.example.com"), "other": endpoint("b.example.com") });
    let text = json!({
        "deploysDir": "/opt/deploys", "contextCache": "/opt/config", "logFile": "/opt/var/log/camus2.log",
        "releases": { "localdir": "/srv/releases" }, "readiness": { "tcp": { "timeoutSecs": 5, "settleSecs": 1 } },
        "deployMode": { "proxy": { "endPoints": endpoints } },
    });
    tool_config("config.json", &text.to_string(), Syntax::Json).unwrap().value
}

/// A machine on its own, and what its rounds keep.
struct Machine {
    world: World,
    kept: Option<Memo>,
}

impl Machine {
    /// One that serves main from the deploy a.
    fn serving() -> Self {
        let release = json!({ "files": { "compose.yml": "" } });
        let releases = ["r1.zip", "r2.zip"].map(|name| (name.to_string(), release.clone()));
        let mut one = Machine { world: proxied::bare(&BTreeMap::from(releases)), kept: None };
        one.run(&["start", "r1.zip", "a"], &[]);
        one.run(&["connect", "main", "a"], &[]);
        one
    }

    fn run(&mut self, words: &[&str], faults: &[(usize, InjectedFault)]) -> End {
        self.world.begin(faults);
        let end = drive(&*command(&config(), words), &mut self.world, &mut Facts::default());
        self.is_right();
        end
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
        self.is_right();
        report
    }

    fn reboot(&mut self, comes_back: bool) {
        self.world.reboot(comes_back);
        self.kept = None;
    }

    fn is_right(&self) {
        assert!(self.world.violations.is_empty(), "{:?}", self.world.violations);
    }

    /// Whether main is served from a deploy that accepts.
    fn serves(&self) -> bool {
        let proxy = self.world.proxy.as_ref().filter(|proxy| proxy.running);
        let served = proxy.and_then(|proxy| Generation::of_file(&proxy.loaded)).map(|served| served.routes);
        let main = served.iter().flat_map(|routes| routes.pairs()).find(|(label, _)| label.as_str() == "main");
        main.is_some_and(|(_, port)| self.world.accepting.values().any(|held| *held == port))
    }
}

#[test]
fn a_machine_that_is_as_its_state_says_is_left_alone() {
    let mut one = Machine::serving();
    for _ in 0..20 {
        assert_eq!(one.round().failed, None);
        assert_eq!(one.world.performed, 0);
    }
}

#[test]
fn what_dies_is_said_and_comes_back() {
    let mut one = Machine::serving();
    (0..3).for_each(|_| drop(one.round()));
    one.world.die(HOME, "web", 3);
    let told: Vec<String> = (0..6).filter_map(|_| one.round().failed).collect();
    assert!(told.iter().any(|why| why.contains("a, which serves main, is not well")), "{told:?}");
    assert!(one.serves() && one.round().failed.is_none());
}

#[test]
fn a_power_failure_at_any_point_of_a_start_over_a_connected_deploy_ends_with_an_endpoint_that_answers() {
    let mut points = 0;
    for fault in [InjectedFault::Crash, InjectedFault::Half] {
        for number in 1.. {
            let mut one = Machine::serving();
            one.run(&["start", "r2.zip", "a"], &[(number, fault)]);
            if one.world.performed < number {
                break;
            }
            for comes_back in [true, false] {
                let mut booted = Machine { world: one.world.clone(), kept: None };
                booted.reboot(comes_back);
                points += 1;
                let told: Vec<_> = (0..3).map(|_| booted.round().failed).collect();
                assert!(booted.serves(), "{fault:?} at {number}, comes back: {comes_back}: {told:?}");
                assert_eq!(told.last(), Some(&None), "{fault:?} at {number}, comes back: {comes_back}");
            }
        }
    }
    assert!(points > 40, "{points}");
}

#[test]
fn one_look_brings_back_what_a_boot_has_left_down() {
    let mut one = Machine::serving();
    one.reboot(false);
    let report = one.round();
    assert_eq!(report.failed, None);
    assert!(one.serves());
}

#[test]
fn an_endpoint_whose_app_was_down_while_a_command_ran_answers_again_by_itself() {
    let mut one = Machine::serving();
    one.world.die(HOME, "web", 3);
    one.run(&["maintenance", "other"], &[]);
    (0..6).for_each(|_| drop(one.round()));
    assert!(one.serves());
}

#[test]
fn a_proxy_that_a_person_has_shut_down_stays_so_until_a_command_wants_it() {
    for words in [&["restart-frontend-proxy"][..], &["connect", "main", "a"], &["maintenance", "other"]] {
        let mut one = Machine::serving();
        one.run(&["shutdown-frontend-proxy"], &[]);
        for _ in 0..5 {
            assert_eq!(one.round().failed, None);
            assert!(one.world.proxy.is_none());
        }
        one.reboot(false);
        (0..3).for_each(|_| drop(one.round()));
        assert!(one.world.proxy.is_none() && one.world.accepting.contains_key(HOME), "the deploy comes back");
        one.run(words, &[]);
        (0..3).for_each(|_| drop(one.round()));
        assert!(one.serves(), "{words:?}");
    }
}

#[test]
fn a_machine_that_is_held_is_only_looked_at_until_the_hold_ends() {
    let mut one = Machine::serving();
    assert_eq!(one.round().failed, None);
    one.run(&["hold", "--why", "looking for the leak"], &[]);
    one.world.die(HOME, "web", 3);
    for round in 0..8 {
        one.kept = one.kept.take().filter(|_| round % 3 > 0);
        let report = one.round();
        assert_eq!(one.world.performed, 0, "{report:?}");
        assert!(round % 3 > 0 || report.notes.iter().any(|note| note.contains("looking for the leak")), "{report:?}");
    }
    let End::Reported(report) = one.run(&["hold", "--off"], &[]) else { panic!("no report") };
    assert!(report.notes[0].contains("no longer held"), "{report:?}");
    (0..2).for_each(|_| drop(one.round()));
    assert!(one.serves());
}

#[test]
fn a_restart_brings_the_values_of_today_and_is_made_once() {
    let mut one = Machine::serving();
    let id = |one: &Machine| one.world.tree.text(&format!("{HOME}/.c2-id")).unwrap();
    for count in 1..4 {
        let before = id(&one);
        let End::Reported(report) = one.run(&["restart", "a"], &[]) else { panic!("no report") };
        assert_eq!((report.failed, report.notes.first().map(String::as_str)), (None, Some("a is started again")));
        assert_ne!(id(&one), before);
        let state = one.world.tree.text("/opt/deploys/frontend-proxy/state.json").unwrap();
        assert!(state.contains(&format!(r#""restarts": {count}"#)), "{state}");
        assert!(one.serves());
        assert_eq!(one.round().failed, None);
    }
}
