//! Machines in proxy mode: deploys that run behind a proxy which the program itself has started.

use std::collections::BTreeMap;

use c2_core::{
    config::{DeployMode, State, ToolConfig},
    proxy::Follow,
    seam::{End, Facts, Location, drive},
    world::World,
};
use serde_json::{Value, json};

use super::{
    case::{Case, entries, release_of},
    words,
};

const DEPLOYS: &str = "/opt/deploys";

/// A machine that follows this master state.
pub fn follow(config: &ToolConfig, master: State) -> Follow {
    let DeployMode::Proxy(proxy) = &config.deploy_mode else { panic!("no proxy") };
    Follow {
        config: config.clone(),
        proxy: proxy.clone(),
        master,
        postponed: Default::default(),
        dead: Default::default(),
        asked_by: None,
        is_held: false,
    }
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

/// A deploy that runs, and accepts connections unless it is one that never does.
pub fn deploy(world: &mut World, label: &str, release: &str, port: u16, value: &Value) {
    let home = format!("{DEPLOYS}/{label}");
    for (path, (mode, bytes)) in &release_of(release, value).files {
        world.tree.write(&format!("{home}/{path}"), *mode, bytes);
    }
    world.tree.write(&format!("{home}/.c2-id"), 0o644, format!("id-of-{label}\n{release}\n{port}\n").as_bytes());
    world.running.insert(home.clone(), release.to_string());
    if world.tree.get(&format!("{home}/never-accepts")).is_none() {
        world.accepting.insert(home, port);
        world.proven.insert(port);
    }
}

/// The state file of these deploys, with the fields of `others`: `connections`, perhaps `splits` and `maintenance`.
pub fn note_state(world: &mut World, deploys: &BTreeMap<String, (String, u16)>, others: Value) {
    let deploys: BTreeMap<&String, Value> = deploys
        .iter()
        .map(|(label, (release, port))| (label, json!({ "label": label, "release": release, "port": port })))
        .collect();
    let mut state = others;
    state["deploys"] = json!(deploys);
    world.tree.write(&format!("{DEPLOYS}/frontend-proxy/state.json"), 0o644, format!("{state:#}\n").as_bytes());
}

/// Has the program start the proxy.
pub fn start_proxy(world: &mut World, config: &ToolConfig) {
    world.begin(&[]);
    let end = drive(&*words::command(config, &["restart-frontend-proxy"]), world, &mut Facts::default());
    assert!(matches!(&end, End::Reported(report) if report.failed.is_none()), "{end:?}");
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

/// The host that a case of proxy mode sets out from.
pub fn world(case: &Case) -> World {
    let host = &case.value["host"];
    let releases = entries(&host["releases"]);
    let mut world = bare(&releases);
    case.put_config(&mut world, "");
    case.put_objects(&mut world);
    let mut deploys = BTreeMap::new();
    for (label, value) in entries(&host["deployed"]) {
        let (release, port) =
            (value["release"].as_str().unwrap(), u16::try_from(value["port"].as_u64().unwrap()).unwrap());
        deploy(&mut world, &label, release, port, &value);
        deploys.insert(label, (release.to_string(), port));
    }
    for (path, text) in entries(&host["files"]) {
        world.tree.write(&path, 0o644, text.as_str().unwrap().as_bytes());
    }
    world.foreign.extend(host["foreign"].as_array().into_iter().flatten().map(|port| port.as_u64().unwrap() as u16));
    if !deploys.is_empty() {
        let mut others = json!({ "connections": entries(&host["connections"]) });
        for name in ["splits", "maintenance"].into_iter().filter(|name| host[name].is_object()) {
            others[name] = host[name].clone();
        }
        note_state(&mut world, &deploys, others);
    }
    world.log_driver = host["logDriver"].as_str().map(Into::into);
    if host["proxy"].as_bool().unwrap_or(false) {
        // Of a machine that follows, its round would: a command on the shared state touches nothing here.
        let mut config = case.config("");
        if let DeployMode::Proxy(proxy) = &mut config.deploy_mode {
            proxy.remote_state_s3 = None;
        }
        start_proxy(&mut world, &config);
    }
    if let (Some(found), Some(container)) = (host["container"].as_object(), &mut world.proxy) {
        // Made from another compose file: that of the older tool has no name.
        if let Some(project) = found.get("project") {
            container.project = project.as_str().map(Into::into);
        }
        container.mounted = found["mounted"].as_bool().unwrap();
        // One that was made before there were limits of its logs.
        let compose = format!("{DEPLOYS}/frontend-proxy/docker-compose.yml");
        if let (true, Some(text)) = (found.contains_key("unbounded"), world.tree.text(&compose)) {
            let lines = text.lines().filter(|line| !line.contains("logging:")).map(|line| format!("{line}\n"));
            world.tree.write(&compose, 0o644, lines.collect::<String>().as_bytes());
        }
    }
    let dead = entries(&host["deployed"]).into_iter().filter(|(_, value)| value["dead"] == true);
    for (label, value) in dead {
        // That the endpoints go there is nobody's doing.
        world.reboot(true);
        let home = format!("{DEPLOYS}/{label}");
        assert!(world.running.remove(&home).is_some(), "{value}");
        world.accepting.remove(&home);
    }
    world.no_docker = host["noDocker"] == true;
    world.begin(&[]);
    world
}
