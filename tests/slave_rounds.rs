//! Round after round of a machine that follows: when it looks at itself, when it reports, and what it tells.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use c2_core::{
    config::{DeployMode, FromText, Label, SlaveLabel, SlaveStatus, slave_state},
    seam::Report,
    world::PRINTED,
};
use serde_json::json;
use support::{
    fleet::{master, operate, put_master, slave},
    rounds::{Machine, STATE},
};

#[test]
fn a_machine_at_rest_looks_at_itself_and_reports_with_each_heartbeat() {
    let mut one = Machine::new();
    assert_eq!(one.poll(10).0.failed, None);
    // It took what its deploy takes to settle.
    let began_s = one.world.clock - 10;
    let (mut looks, mut reports) = (Vec::new(), BTreeMap::new());
    for _ in 0..60 {
        let at_s = one.world.clock - began_s;
        if one.poll(10).1 {
            looks.push(at_s);
        }
        reports.insert(one.reported().unwrap() - began_s, ());
    }
    assert_eq!(looks, [120, 240, 360, 480, 600]);
    assert_eq!(reports.into_keys().collect::<Vec<_>>(), [0, 120, 240, 360, 480, 600]);
}

#[test]
fn a_report_that_cannot_be_written_is_tried_again_after_a_while_and_the_machine_is_not_looked_at_at_each_poll() {
    let mut one = Machine::new();
    one.poll(10);
    one.world.clock += 120;
    let mut looks = 0;
    for _ in 0..30 {
        one.unwritable = true;
        looks += u32::from(one.poll(10).1);
    }
    assert_eq!(looks, 10, "once in thirty seconds");
    one.unwritable = false;
    let since_s = one.world.clock;
    (0..4).for_each(|_| drop(one.poll(10)));
    assert!(one.reported().unwrap() >= since_s);
}

#[test]
fn a_store_that_stays_away_is_told_once_between_two_looks() {
    let mut one = Machine::new();
    one.poll(10);
    one.world.cut_off = true;
    let told = (0..12).filter(|_| one.poll(10).0.failed.is_some()).count();
    // The first poll, and the looks of every thirty seconds from the first heartbeat on.
    assert!((1..=3).contains(&told), "{told} times");
}

#[test]
fn pauses_between_reports_that_are_too_long_are_warned_about_once() {
    let warns = |report: &Report| report.notes.iter().any(|note| note.contains("counts as dead"));
    let mut one = Machine::new();
    assert!(warns(&one.poll(181).0));
    assert!(!warns(&one.poll(181).0));
    assert!(!warns(&Machine::new().poll(180).0));
}

#[test]
fn what_is_not_pinned_is_not_started_where_pins_are_required_and_the_report_says_what_to_do() {
    let mut one = Machine::new();
    one.config.require_pins = true;
    let failed = one.poll(10).0.failed.unwrap();
    assert!(failed.contains("start the deploy a: ") && failed.contains("pin it: c2 start"), "{failed}");
    assert!(one.world.running.is_empty());
}

#[test]
fn a_configuration_that_cannot_be_read_any_more_is_reported_at_once_and_that_it_can_be_again() {
    let report = |one: &Machine| {
        let report = one.world.objects.get(&slave("one")).unwrap();
        slave_state("the report", &String::from_utf8_lossy(&report.bytes)).unwrap().value
    };
    let mut one = Machine::new();
    one.poll(10);
    for (misconfigured, expected) in
        [(Some("parse /etc/c2.yml: no".to_string()), Some("parse /etc/c2.yml: no")), (None, None)]
    {
        one.misconfigured = misconfigured;
        assert!(one.poll(10).1, "it looks at itself");
        let report = report(&one);
        // It is no failure of a change that a rollout brings.
        assert_eq!(report.status, SlaveStatus::Ok);
        assert_eq!(report.extra.get("misconfigured").and_then(|why| why.as_str()), expected);
        assert_eq!(one.world.running.len(), 1);
        assert!(!one.poll(10).1, "it is at rest");
    }
}

#[test]
fn a_clock_that_is_set_back_silences_nothing() {
    let mut one = Machine::new();
    one.poll(10);
    one.world.clock -= 7_200;
    let began_s = one.world.clock;
    assert!(one.poll(10).1, "it looks at itself");
    assert_eq!(one.reported(), Some(began_s));
    assert!(!one.poll(10).1, "it is at rest");
}

#[test]
fn a_store_that_refuses_for_long_is_told_once_though_each_answer_has_another_id() {
    let mut one = Machine::new();
    one.poll(10);
    let mut told = Vec::new();
    for id in 0..100 {
        one.refusal = Some(format!("answered 403 AccessDenied (request id {id})"));
        told.extend(one.poll(10).0.failed);
    }
    // The first poll, and the looks of every thirty seconds from the first heartbeat on.
    assert!(told[0].contains("(request id 0)") && told.len() < 35, "{} times", told.len());
    let puts = one.reports.iter().filter(|text| text.contains("AccessDenied")).count();
    assert!((1..10).contains(&puts), "with each heartbeat, not with each look: {puts}");
    assert!(one.reports.iter().all(|text| !text.contains("request id")), "{:?}", one.reports);
}

#[test]
fn by_another_label_it_reports_at_once() {
    let mut one = Machine::new();
    one.poll(10);
    let DeployMode::Proxy(proxy) = &mut one.config.deploy_mode else { panic!("no proxy") };
    proxy.slave_label = SlaveLabel::Label(Label::from_text("two").unwrap());
    one.poll(10);
    assert!(one.world.objects.contains_key(&slave("two")));
}

#[test]
fn each_deploy_is_reported_with_its_own_failure() {
    let mut one = Machine::with(&[("r1.zip", json!({})), ("bad.zip", json!({ "start": "fail" }))]);
    let deploy = |label: &str, release: &str, port: u16| json!({ "label": label, "release": release, "port": port });
    let deploys = json!({ "app": deploy("app", "bad.zip", 8000), "app-2": deploy("app-2", "gone.zip", 8001) });
    put_master(&mut one.world, &json!({ "deploys": deploys, "connections": {} }).to_string());
    one.poll(10);
    let error = one.error();
    let lines: Vec<&str> = error.lines().collect();
    let of_app = "start the deploy app: start command in /opt/deploys/app: exited with status 3";
    let of_the_log = "the log on the machine has the commands and what they printed: c2 show-log";
    assert_eq!((lines.len(), lines[2]), (3, of_the_log), "{error}");
    assert!(lines[0].starts_with(&format!("{of_app}; it is looked at again")), "{error}");
    assert!(lines[1].starts_with("start the deploy app-2: ") && lines[1].contains("gone.zip"), "{error}");
}

#[test]
fn what_docker_printed_when_it_was_asked_is_told_here_and_not_reported() {
    let release = json!({ "files": { "compose.yml": "" } });
    let mut one = Machine::with(&[("r1.zip", release.clone()), ("r2.zip", release)]);
    one.poll(10);
    assert_eq!(one.error(), "");
    one.undocked = true;
    one.world.running.clear();
    one.world.accepting.clear();
    put_master(&mut one.world, &STATE.replace("r1.zip", "r2.zip"));
    let told = one.poll(10).0.failed.unwrap_or_default();
    assert!(told.contains(PRINTED), "{told}");
    let error = one.error();
    assert!(
        error.contains("look for the containers of a deploy: it failed") && error.contains("c2 show-log"),
        "{error}"
    );
    assert!(!error.contains(PRINTED), "{error}");
}

#[test]
fn what_waits_for_a_port_says_so_and_starts_as_soon_as_that_is_free() {
    let slow = json!({ "files": { "never-ready": "" } });
    let mut one = Machine::with(&[("r1.zip", json!({})), ("slow.zip", slow)]);
    one.poll(10);
    // As an older tool gives ports: the lowest that no deploy of the state has.
    let deploy = |label: &str, release: &str, port: u16| json!({ "label": label, "release": release, "port": port });
    let deploys = json!({ "b": deploy("b", "slow.zip", 8001), "c": deploy("c", "r1.zip", 8000) });
    put_master(&mut one.world, &json!({ "deploys": deploys, "connections": { "main": "b" } }).to_string());
    (0..23).for_each(|_| drop(one.poll(10)));
    let error = one.error();
    assert!(
        error.contains("start the deploy c: waiting for port 8000: the deploy a has it and serves main"),
        "{error}"
    );
    assert!(error.contains("start it under another name"), "{error}");
    let runs = |one: &Machine| one.world.running.keys().cloned().collect::<Vec<_>>();
    assert_eq!(runs(&one), ["/opt/deploys/a", "/opt/deploys/b"]);
    one.world.tree.0.remove("/opt/deploys/b/never-ready");
    (0..2).for_each(|_| drop(one.poll(10)));
    assert_eq!((runs(&one), one.error()), (vec!["/opt/deploys/b".into(), "/opt/deploys/c".to_string()], String::new()));
    assert!(one.world.violations.is_empty(), "{:?}", one.world.violations);
}

#[test]
fn a_restart_that_an_operator_asks_for_is_made_once_by_each_machine() {
    let mut one = Machine::new();
    one.poll(10);
    let id = |one: &Machine| one.world.tree.text("/opt/deploys/a/.c2-id").unwrap();
    let first = id(&one);
    operate(&mut one.world, &["restart", "a"]);
    one.poll(10);
    let second = id(&one);
    assert_ne!(first, second);
    (0..30).for_each(|_| drop(one.poll(10)));
    assert_eq!((id(&one), one.error().as_str()), (second.clone(), ""));
    // A state that an older tool has written does not count restarts, and asks for none.
    let text = String::from_utf8_lossy(&one.world.objects[&master()].bytes).into_owned();
    put_master(&mut one.world, &text.replace(r#""restarts": 1"#, r#""x": 1"#));
    (0..3).for_each(|_| drop(one.poll(10)));
    assert_eq!(id(&one), second);
}
