//! The states of a machine in proxy mode, all of them over a few labels, releases, ports and endpoints.

use std::collections::BTreeMap;

use c2_core::{
    config::{State, Syntax, ToolConfig, state, tool_config},
    world::World,
};
use serde_json::{Value, json};

use super::proxied;

pub const DEPLOYS: &str = "/opt/deploys";
pub const RELEASES: [&str; 2] = ["r1.zip", "r2.zip"];
const TEMPLATE: &str = "/opt/etc/proxy.conf.tpl";

/// Each deploy's release and port, and what becomes of each endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub deploys: BTreeMap<&'static str, (&'static str, u16)>,
    pub connections: BTreeMap<&'static str, &'static str>,
    /// The deploys that shares of endpoints go to.
    pub splits: BTreeMap<&'static str, &'static str>,
    /// The endpoints in maintenance.
    pub maintenance: Vec<&'static str>,
}

/// Every valid state over these labels, two releases, so many ports from 8000 on and these endpoints.
pub fn states(labels: &[&'static str], ports: u16, endpoints: &[&'static str]) -> Vec<Wanted> {
    let mut states = vec![Wanted::default()];
    for label in labels {
        let with = |state: &Wanted| {
            let free = (8000..8000 + ports).filter(|port| state.deploys.values().all(|(_, taken)| taken != port));
            let deploys = free.flat_map(|port| RELEASES.map(|release| (release, port)));
            let with = |deploy| {
                let mut state = state.clone();
                state.deploys.insert(label, deploy);
                state
            };
            [state.clone()].into_iter().chain(deploys.map(with)).collect::<Vec<_>>()
        };
        states = states.iter().flat_map(with).collect();
    }
    for endpoint in endpoints {
        let with = |state: &Wanted| {
            let with = |label: &&'static str| {
                let mut state = state.clone();
                state.connections.insert(endpoint, *label);
                state
            };
            [state.clone()].into_iter().chain(state.deploys.keys().map(with)).collect::<Vec<_>>()
        };
        states = states.iter().flat_map(with).collect();
    }
    states
}

impl Wanted {
    pub fn has(&self, release: &str) -> bool {
        self.deploys.values().any(|(found, _)| *found == release)
    }

    /// The state as the program reads it.
    pub fn state(&self) -> State {
        let deploys = self
            .deploys
            .iter()
            .map(|(label, (release, port))| (label, json!({ "label": label, "release": release, "port": port })));
        let deploys: BTreeMap<_, _> = deploys.collect();
        let mut others = self.others();
        others["deploys"] = json!(deploys);
        state("state.json", &others.to_string()).unwrap().value
    }

    /// The fields of the state beside the deploys.
    fn others(&self) -> Value {
        let mut others = json!({ "connections": self.connections });
        let split = |(endpoint, deploy): (&&str, _)| (endpoint.to_string(), json!({ "deploy": deploy, "percent": 30 }));
        let page = |endpoint: &&str| (endpoint.to_string(), json!({ "message": "back soon" }));
        if !self.splits.is_empty() {
            others["splits"] = Value::Object(self.splits.iter().map(split).collect());
        }
        if !self.maintenance.is_empty() {
            others["maintenance"] = Value::Object(self.maintenance.iter().map(page).collect());
        }
        others
    }
}

/// What of a deploy runs: its release, and the port of its folder.
pub fn runs(world: &World, label: &str) -> Option<(&'static str, u16)> {
    let home = format!("{DEPLOYS}/{label}");
    let version = world.running.get(&home)?;
    let stamp = world.tree.text(&format!("{home}/.c2-id"))?;
    Some((RELEASES.into_iter().find(|name| name == version)?, stamp.lines().nth(2)?.parse().ok()?))
}

/// The configuration of a machine with these endpoints. An own template is much quicker to fill than the built-in one.
pub fn config(endpoints: &[&str], own_template: bool) -> ToolConfig {
    let endpoint = |name: &&str| {
        (name.to_string(), json!({ "serverNames": [format!("{name}.example.com")], "etype": "httpOnly" }))
    };
    let endpoints: BTreeMap<_, _> = endpoints.iter().map(endpoint).collect();
    let mut proxy = json!({ "endPoints": endpoints, "dynamicPortRange": { "v1": 8000, "v2": 8004 } });
    if own_template {
        proxy["nginxConfTemplatePath"] = TEMPLATE.into();
    }
    let text = json!({
        "deploysDir": DEPLOYS, "contextCache": "/opt/config", "logFile": "/opt/var/log/camus2.log",
        "releases": { "localdir": "/srv/releases" }, "readiness": { "tcp": { "timeoutSecs": 2 } },
        "deployMode": { "proxy": proxy },
    });
    tool_config("config.json", &text.to_string(), Syntax::Json).unwrap().value
}

/// The simulated host in a state. What is there of the proxy, if any, was made by the program itself.
pub fn world(from: &Wanted, releases: &BTreeMap<String, Value>, deployed: &Value, proxy: Option<&ToolConfig>) -> World {
    let mut world = proxied::bare(releases);
    world.tree.write(TEMPLATE, 0o644, b"{{#endPoints}}{{#http}}{{serverNames}} {{port}}\n{{/http}}{{/endPoints}}");
    let mut deploys = BTreeMap::new();
    for (label, (release, port)) in &from.deploys {
        proxied::deploy(&mut world, label, release, *port, deployed);
        deploys.insert((*label).to_string(), ((*release).to_string(), *port));
    }
    proxied::note_state(&mut world, &deploys, from.others());
    if let Some(config) = proxy {
        proxied::start_proxy(&mut world, config);
    }
    world
}
