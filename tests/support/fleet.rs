//! A fleet in the model: machines with a bucket in common.

use c2_core::{
    config::{State, Syntax, ToolConfig, state, tool_config},
    seam::{End, Facts, Location, drive},
    world::{Object, World},
};
use serde_json::{Value, json};

use super::{case::release_of, states::DEPLOYS, words::command};

/// The configuration of a machine of the fleet.
pub fn config(label: &str, endpoints: &[&str]) -> ToolConfig {
    let endpoints: serde_json::Map<_, _> = endpoints
        .iter()
        .map(|name| (name.to_string(), json!({ "serverNames": [format!("{name}.example.com")], "etype": "httpOnly" })))
        .collect();
    let proxy = json!({
        "endPoints": endpoints, "dynamicPortRange": { "v1": 8000, "v2": 8004 },
        "remoteStateS3": "s3://fleet/base", "slaveLabel": { "label": label },
    });
    let text = json!({
        "deploysDir": DEPLOYS, "contextCache": "/opt/config", "logFile": "/opt/var/log/camus2.log",
        "releases": { "s3": "s3://fleet/releases" }, "readiness": { "tcp": { "timeoutSecs": 2 } },
        "deployMode": { "proxy": proxy },
    });
    tool_config("config.json", &text.to_string(), Syntax::Json).unwrap().value
}

pub fn object(key: &str) -> Location {
    Location::Object { bucket: "fleet".into(), key: key.into() }
}

/// Where the state of the master is.
pub fn master() -> Location {
    object("base/master/state.json")
}

/// Where a slave reports.
pub fn slave(label: &str) -> Location {
    object(&format!("base/slaves/{label}/state.json"))
}

/// The state of the master as it is in the bucket.
pub fn master_of(world: &World) -> State {
    world.objects.get(&master()).map_or_else(State::default, |object| {
        state("the master", &String::from_utf8_lossy(&object.bytes)).unwrap().value
    })
}

pub fn put_master(world: &mut World, text: &str) {
    world.objects.insert(master(), Object { bytes: text.into(), ..Object::default() });
}

/// A machine with these archives in its bucket, r1.zip and so on, each with how it starts.
pub fn machine(name: &str, releases: &[(&str, Value)]) -> World {
    let mut world = World { clock: 1_700_000_000, nonce: 100, name: name.into(), ..World::default() };
    world.tree.make_folder(DEPLOYS, 0o755);
    for (release, value) in releases {
        world.releases.insert(object(&format!("releases/{release}")), release_of(release, value));
    }
    world
}

/// A machine of this name with two releases in its bucket.
pub fn named(name: &str) -> World {
    machine(name, &[("r1.zip", json!({})), ("r2.zip", json!({}))])
}

/// A command that must succeed on the shared state.
pub fn operate(world: &mut World, words: &[&str]) {
    let end = drive(&*command(&config("operator", &["main"]), words), world, &mut Facts::default());
    assert!(matches!(&end, End::Reported(report) if report.failed.is_none()), "{words:?} {end:?}");
}

/// An operator's machine with a rollout of `b` beside `a` that nobody is in yet.
pub fn begun() -> World {
    begun_on(named("operator"))
}

/// The same on this machine.
pub fn begun_on(mut operator: World) -> World {
    operate(&mut operator, &["start", "r1.zip", "a"]);
    operate(&mut operator, &["connect", "main", "a"]);
    operate(&mut operator, &["start", "r2.zip", "b", "--rollout", "1"]);
    operate(&mut operator, &["connect", "main", "b", "--rollout", "1"]);
    operator
}
