//! Machines in proxy mode: deploys that run behind a proxy which the program itself has started.

use std::collections::BTreeMap;

use c2_core::{
    commands::Request,
    config::{DeployMode, State, ToolConfig, state},
    proxy::{Goal, ProxyMode},
    seam::{Command, End, Facts, Location, drive},
    world::World,
};
use serde_json::{Value, json};

use super::case::{Case, entries, release_of};

const DEPLOYS: &str = "/opt/deploys";

/// The command that these words mean.
pub fn command(config: &ToolConfig, words: &[&str]) -> Box<dyn Command> {
    let request = match *words {
        ["follow", master] => return Box::new(follow(config, state("master", master).unwrap().value)),
        ["start", release, deploy] => {
            Request::Start { release: release.into(), as_deploy: Some(deploy.into()), force: false }
        }
        ["stop", deploy] => Request::Stop { deploy: deploy.into(), force: false },
        ["connect", endpoint, deploy] => Request::Connect { endpoint: endpoint.into(), deploy: deploy.into() },
        ["disconnect", endpoint] => Request::Disconnect { endpoint: endpoint.into() },
        ["restart-frontend-proxy"] => Request::RestartProxy,
        ["shutdown-frontend-proxy"] => Request::ShutdownProxy,
        ["status"] => Request::Status { show_slaves: false, json: false },
        ["status", "--json-output", "--show-slaves"] => Request::Status { show_slaves: true, json: true },
        _ => panic!("{words:?}"),
    };
    request.command(config.clone()).unwrap()
}

/// A machine that follows this master state.
pub fn follow(config: &ToolConfig, master: State) -> ProxyMode {
    let DeployMode::Proxy(proxy) = &config.deploy_mode else { panic!("no proxy") };
    ProxyMode { config: config.clone(), proxy: proxy.clone(), goal: Goal::Follow(master), force: false }
}

/// A simulated host with these archives and nothing deployed.
pub fn bare(releases: &BTreeMap<String, Value>) -> World {
    let mut world = World { clock: 1_700_000_000, nonce: 100, ..World::default() };
    world.tree.make_folder(DEPLOYS, 0o755);
    for (name, value) in releases {
        world.releases.insert(Location::File(format!("/srv/releases/{name}")), release_of(name, value));
    }
    world
}

/// A deploy that runs.
pub fn deploy(world: &mut World, label: &str, release: &str, port: u16, value: &Value) {
    let home = format!("{DEPLOYS}/{label}");
    for (path, (mode, bytes)) in &release_of(release, value).files {
        world.tree.write(&format!("{home}/{path}"), *mode, bytes);
    }
    world.tree.write(&format!("{home}/.c2-id"), 0o644, format!("id-of-{label}\n{release}\n{port}\n").as_bytes());
    world.running.insert(home.clone(), release.to_string());
    world.accepting.insert(home, port);
    world.proven.insert(port);
}

/// The state file of these deploys and connections.
pub fn note_state(world: &mut World, deploys: &BTreeMap<String, (String, u16)>, connections: &BTreeMap<String, Value>) {
    let deploys: BTreeMap<&String, Value> = deploys
        .iter()
        .map(|(label, (release, port))| (label, json!({ "label": label, "release": release, "port": port })))
        .collect();
    let state = json!({ "deploys": deploys, "connections": connections });
    world.tree.write(&format!("{DEPLOYS}/frontend-proxy/state.json"), 0o644, format!("{state:#}\n").as_bytes());
}

/// Has the program start the proxy.
pub fn start_proxy(world: &mut World, config: &ToolConfig) {
    world.begin(&[]);
    let end = drive(&*command(config, &["restart-frontend-proxy"]), world, &mut Facts::default());
    assert!(matches!(&end, End::Reported(report) if report.failed.is_none()), "{end:?}");
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

/// The host that a case of proxy mode sets out from.
pub fn world(case: &Case) -> World {
    let host = &case.value["host"];
    let releases = entries(&host["releases"]);
    let mut world = bare(&releases);
    let mut deploys = BTreeMap::new();
    for (label, value) in entries(&host["deployed"]) {
        let (release, port) =
            (value["release"].as_str().unwrap(), u16::try_from(value["port"].as_u64().unwrap()).unwrap());
        deploy(&mut world, &label, release, port, &value);
        deploys.insert(label, (release.to_string(), port));
    }
    world.foreign.extend(host["foreign"].as_array().into_iter().flatten().map(|port| port.as_u64().unwrap() as u16));
    if !deploys.is_empty() {
        note_state(&mut world, &deploys, &entries(&host["connections"]));
    }
    if host["proxy"].as_bool().unwrap_or(false) {
        start_proxy(&mut world, &case.config(""));
    }
    world.begin(&[]);
    world
}
