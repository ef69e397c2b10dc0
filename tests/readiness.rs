//! Readiness on the simulated host as time passes: what crash-loops, dies early or is unhealthy is never connected, what
//! is slow and good is, soon after it is ready; by `connect`, by a replacement, by a split and by a machine that follows.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use c2_core::{
    config::{State, Syntax, ToolConfig, state, tool_config},
    nginx::Generation,
    seam::{Command, End, Facts, drive},
    world::World,
};
use serde_json::{Value, json};
use support::{
    proxied::{self, follow},
    words::command,
};

/// The settling that is configured when nothing is.
const SETTLE_S: u64 = 5;
/// How long a good one may take from being ready to being connected.
const CONNECTED_WITHIN_S: u64 = SETTLE_S + 2;

fn config() -> ToolConfig {
    let endpoints = json!({ "main": { "serverNames": ["a.example.com"], "etype": "httpOnly" } });
    let text = json!({
        "deploysDir": "/opt/deploys", "contextCache": "/opt/config", "logFile": "/opt/var/log/camus2.log",
        "releases": { "localdir": "/srv/releases" }, "deployMode": { "proxy": { "endPoints": endpoints } },
    });
    tool_config("config.json", &text.to_string(), Syntax::Json).unwrap().value
}

/// A release whose containers behave as these files say.
fn release(files: Value) -> Value {
    let mut all = files;
    all["docker-compose.yml"] = json!("");
    json!({ "files": all })
}

/// The broken releases.
fn broken() -> Vec<(&'static str, Value)> {
    vec![
        ("exits at once, restarted", json!({ "restarts-every": "200" })),
        ("exits after half a second", json!({ "restarts-every": "500" })),
        ("exits after three seconds", json!({ "restarts-every": "3000" })),
        ("listens, then dies", json!({ "dies-after": "2000" })),
        ("one of two services loops", json!({ "second-restarts-every": "2000" })),
        ("unhealthy", json!({ "healthy-after": "0" })),
        ("wrong port", json!({ "never-accepts": "" })),
    ]
}

/// The slow and good ones, with the milliseconds until they are ready.
fn slow() -> Vec<(&'static str, Value, u64)> {
    vec![
        ("at once", json!({}), 0),
        ("needs eight seconds", json!({ "accepts-after": "8000" }), 8_000),
        ("healthy after twenty seconds", json!({ "healthy-after": "20000" }), 20_000),
        ("healthy after two minutes", json!({ "healthy-after": "120000" }), 120_000),
    ]
}

/// A machine that serves main from the deploy a; the archive r2.zip behaves so.
fn machine(release: Value) -> World {
    let good = json!({ "files": { "docker-compose.yml": "" } });
    let mut world = proxied::bare(&BTreeMap::from([("r1.zip".into(), good), ("r2.zip".into(), release)]));
    for words in [&["start", "r1.zip", "a"][..], &["connect", "main", "a"]] {
        assert_eq!(run(&mut world, &*command(&config(), words)), Ok(()));
    }
    world
}

fn run(world: &mut World, command: &dyn Command) -> Result<(), String> {
    world.begin(&[]);
    let end = drive(command, world, &mut Facts::default());
    assert!(world.violations.is_empty(), "{:?}", world.violations);
    match end {
        End::Reported(report) => report.failed.map_or(Ok(()), Err),
        End::Refused(refusal) => Err(refusal.to_string()),
        other => panic!("{other:?}"),
    }
}

/// The ports that are served.
fn ports(world: &World) -> Vec<u16> {
    let served = Generation::of_file(&world.proxy.as_ref().unwrap().loaded).unwrap();
    served.routes.pairs().map(|(_, port)| port).collect()
}

/// The ways of bringing r2.zip behind main.
fn ways() -> [(&'static str, Vec<Vec<&'static str>>); 3] {
    let start = vec!["start", "r2.zip", "b"];
    [
        ("connect", vec![start.clone(), vec!["connect", "main", "b"]]),
        ("split", vec![start, vec!["split", "main", "b", "--percent", "10"]]),
        ("replace", vec![vec!["start", "r2.zip", "a"]]),
    ]
}

/// A state in which main is on the deploy b, from r2.zip.
fn master() -> State {
    let deploy = |label: &str, release: &str, port: u16| json!({ "label": label, "release": release, "port": port });
    let deploys = json!({ "a": deploy("a", "r1.zip", 8000), "b": deploy("b", "r2.zip", 8001) });
    let text = json!({ "deploys": deploys, "connections": { "main": "b" } }).to_string();
    state("master", &text).unwrap().value
}

#[test]
fn a_broken_release_is_never_connected_by_a_command() {
    for (name, files) in broken() {
        for (way, commands) in ways() {
            let mut world = machine(release(files.clone()));
            let (last, before) = commands.split_last().unwrap();
            for words in before {
                assert_eq!(run(&mut world, &*command(&config(), words)), Ok(()), "{name} by {way}");
            }
            let why = run(&mut world, &*command(&config(), last));
            assert!(why.is_err(), "{name} by {way}: it passes for ready");
            assert_eq!(ports(&world), [8000], "{name} by {way}");
        }
    }
}

#[test]
fn a_broken_release_is_never_connected_by_a_machine_that_follows_and_is_said() {
    for (name, files) in broken() {
        let mut world = machine(release(files));
        for round in 0..10 {
            // What cannot be started again is a failure of the deploy, said in another place.
            let _ = run(&mut world, &follow(&config(), master()));
            assert_eq!(ports(&world), [8000], "{name} in round {round}");
            world.clock += 10;
        }
    }
}

#[test]
fn a_good_release_is_connected_soon_after_it_is_ready_however_slow_it_is() {
    for (name, files, ready_ms) in slow() {
        for (way, commands) in ways() {
            let mut world = machine(release(files.clone()));
            let began_s = world.clock;
            for words in &commands {
                assert_eq!(run(&mut world, &*command(&config(), words)), Ok(()), "{name} by {way}");
            }
            let took_s = world.clock - began_s;
            assert!(took_s <= ready_ms / 1_000 + CONNECTED_WITHIN_S, "{name} by {way}: {took_s} s");
        }
        let mut world = machine(release(files));
        let began_s = world.clock;
        assert_eq!(run(&mut world, &follow(&config(), master())), Ok(()), "{name}");
        assert_eq!(ports(&world), [8001], "{name}");
        let took_s = world.clock - began_s;
        assert!(took_s <= ready_ms / 1_000 + CONNECTED_WITHIN_S, "{name}: {took_s} s");
    }
}

#[test]
fn what_has_run_for_a_while_is_connected_by_one_look() {
    let mut world = machine(release(json!({})));
    assert_eq!(run(&mut world, &*command(&config(), &["start", "r2.zip", "b"])), Ok(()));
    world.clock += SETTLE_S;
    let began_s = world.clock;
    assert_eq!(run(&mut world, &*command(&config(), &["connect", "main", "b"])), Ok(()));
    assert_eq!((world.clock - began_s, ports(&world)), (0, vec![8001]));
}
