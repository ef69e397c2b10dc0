//! What a pin names is what runs, whenever somebody writes over the archive in its folder.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use c2_core::{
    config::{Syntax, ToolConfig, tool_config},
    seam::{Command, End, Facts, Location, drive},
    world::{Release, World},
};
use serde_json::{Value, json};
use support::{case::release_of, proxied, words::command};

const ARCHIVE: &str = "/srv/releases/a.zip";

/// A release of this version, whose archive says of itself nothing else.
fn release(version: &str) -> Release {
    release_of("a", &json!({ "version": version }))
}

/// A machine on which the good archive lies until so much has been asked and done, then the bad one.
fn machine(mut world: World, moment: usize) -> World {
    let at = Location::File(ARCHIVE.into());
    world.releases.insert(at.clone(), release("good"));
    world.written_over = Some((moment, at, release("bad")));
    world.begin(&[]);
    world
}

/// Runs the command for every moment at which the archive is written over; the answer is how often it ended well.
fn at_every_moment(world: &World, command: &dyn Command) -> usize {
    let mut well = 0;
    for moment in 1.. {
        let mut world = machine(world.clone(), moment);
        let end = drive(command, &mut world, &mut Facts::default());
        let running: Vec<&String> = world.running.values().collect();
        match &end {
            End::Reported(report) if report.failed.is_none() => assert_eq!(running, ["good"], "moment {moment}"),
            _ => assert!(running.is_empty(), "moment {moment}: {running:?} runs, though {end:?}"),
        }
        well += usize::from(!running.is_empty());
        if world.written_over.is_some() {
            return well;
        }
    }
    unreachable!("a run has an end");
}

fn config(mode: Value) -> ToolConfig {
    let text = json!({
        "deploysDir": "/opt/deploys", "contextCache": "/opt/config", "logFile": "/opt/var/log/camus2.log",
        "releases": { "localdir": "/srv/releases" }, "deployMode": mode,
    });
    tool_config("config.json", &text.to_string(), Syntax::Json).unwrap().value
}

/// `start a.zip`, perhaps with the good archive's hash.
fn start(mode: Value, pinned: bool) -> Box<dyn Command> {
    let sha256 = release("good").pin().sha256.to_string();
    let pin: &[&str] = if pinned { &["--sha256", &sha256] } else { &[] };
    let words = [&["start", "a.zip"], pin].concat();
    command(&config(mode), &words)
}

#[test]
fn without_a_proxy_nothing_but_the_pinned_bytes_runs_whenever_the_archive_is_written_over() {
    assert!(at_every_moment(&proxied::bare(&BTreeMap::new()), &*start(json!("noproxy"), true)) > 3);
}

#[test]
fn behind_the_proxy_nothing_but_the_pinned_bytes_runs_whenever_the_archive_is_written_over() {
    let mode = json!({ "proxy": { "endPoints": {} } });
    assert!(at_every_moment(&proxied::bare(&BTreeMap::new()), &*start(mode, true)) > 3);
}

#[test]
fn a_shared_state_pins_what_was_judged_whenever_the_archive_is_written_over() {
    let command = start(json!({ "proxy": { "endPoints": {}, "remoteStateS3": "s3://fleet/base" } }), false);
    let bad = Release { broken: Some("it is not a zip file".into()), ..release("bad") };
    for moment in 1.. {
        let mut world = machine(proxied::bare(&BTreeMap::new()), moment);
        world.written_over = world.written_over.map(|(moment, at, _)| (moment, at, bad.clone()));
        let end = drive(&*command, &mut world, &mut Facts::default());
        let at = Location::Object { bucket: "fleet".into(), key: "base/master/state.json".into() };
        match world.objects.get(&at) {
            None => assert!(!matches!(&end, End::Reported(report) if report.failed.is_none()), "{moment}: {end:?}"),
            Some(state) => {
                let state = String::from_utf8(state.bytes.clone()).unwrap();
                assert!(state.contains(&release("good").pin().sha256.to_string()), "moment {moment}: {state}");
            }
        }
        if world.written_over.is_some() {
            return;
        }
    }
}
