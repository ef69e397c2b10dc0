//! Nothing good goes for something unproven: a release that fails under a live name stops what runs there at most twice.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::{
    case::release_of,
    fleet::{object, put_master},
    rounds::{Machine, STATE},
};

const PERIOD_S: u32 = 10;
const HOME: &str = "/opt/deploys/a";

fn release(start: &str) -> Value {
    json!({ "files": { "compose.yml": "" }, "start": start })
}

/// A machine that serves main from the deploy a, which is to be the release r2.zip now, and starts so.
fn machine(start: &str) -> Machine {
    let mut one = Machine::with(&[("r1.zip", release("start")), ("r2.zip", release(start))]);
    (0..3).for_each(|_| drop(one.poll(PERIOD_S)));
    put_master(&mut one.world, &STATE.replace("r1.zip", "r2.zip"));
    one.stops = 0;
    one
}

/// Polls, each time as if it were the first where nothing is kept.
fn rounds(one: &mut Machine, count: u32, keeps: bool) {
    for _ in 0..count {
        one.kept = one.kept.take().filter(|_| keeps);
        one.poll(PERIOD_S);
        assert!(one.world.violations.is_empty(), "{:?}", one.world.violations);
    }
}

#[test]
fn a_release_that_fails_under_a_live_name_stops_what_runs_there_twice_and_never_again() {
    for keeps in [true, false] {
        let mut one = machine("fail");
        rounds(&mut one, 1_000, keeps);
        // Each try stops what runs, and then what was started in its place.
        assert!((2..=4).contains(&one.stops), "{} stops, keeps: {keeps}", one.stops);
        assert!(one.world.accepting.contains_key(HOME));
        let error = one.error();
        assert!(error.contains("start the deploy a: it has failed 2 times after what ran was stopped"), "{error}");
    }
}

#[test]
fn what_fails_before_anything_is_stopped_is_tried_for_ever() {
    let mut one = machine("start");
    let good = one.world.releases.remove(&object("releases/r2.zip")).unwrap();
    rounds(&mut one, 1_000, true);
    assert_eq!((one.stops, one.world.accepting.contains_key(HOME)), (0, true));
    one.world.releases.insert(object("releases/r2.zip"), good);
    rounds(&mut one, 100, true);
    assert_eq!((one.world.running[HOME].as_str(), one.error().as_str()), ("r2.zip", ""));
}

#[test]
fn another_content_is_tried_again() {
    let mut one = machine("fail");
    rounds(&mut one, 500, true);
    one.world.releases.insert(object("releases/r2.zip"), release_of("r2.zip", &release("start")));
    rounds(&mut one, 100, true);
    assert_eq!((one.world.running[HOME].as_str(), one.error().as_str()), ("r2.zip", ""));
    assert_eq!(one.world.tree.texts("/opt/deploys/.c2/tries").len(), 0, "nothing is left of it");
}
