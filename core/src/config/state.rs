//! What runs and what is routed where: the state of a machine, of the master and of a slave. Fields that this version
//! does not know are kept.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::decode::{Bounded, Decode, Decoder, Percent, Step, hint};
use super::macros::{record, union};
use super::names::{DeployName, Label, ReleaseName};
use super::node::{Node, quoted};
use super::tool::ProxyModeConfig;
use super::web::PageText;

/// The deploys and the wishes for the endpoints (`state.adl`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// By label; no two on one port.
    pub deploys: BTreeMap<DeployName, Deploy>,
    /// Which deploy an endpoint is to be routed to. It may name a deploy or an endpoint that is not there.
    pub connections: BTreeMap<Label, DeployName>,
    /// The shares of the connected endpoints that are to go to a second deploy.
    pub splits: BTreeMap<Label, Split>,
    /// The endpoints that are to answer with a page, connected or not.
    pub maintenance: BTreeMap<Label, Maintenance>,
    /// What this version does not know.
    pub extra: Map<String, Value>,
}

record!(State keeps extra {
    deploys: "deploys", connections: "connections", splits: "splits" = "{}", maintenance: "maintenance" = "{}",
}; check_state);

/// A deploy of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// Its name, the same as its key.
    pub label: DeployName,
    /// What is deployed.
    pub release: ReleaseName,
    /// The `http` port that it was given.
    pub port: Port,
    /// What this version does not know.
    pub extra: Map<String, Value>,
}

record!(Deploy keeps extra { label: "label", release: "release", port: "port" });

/// The share of an endpoint that goes to a second deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The second deploy. It may name one that is not there.
    pub deploy: DeployName,
    /// How many of a hundred clients go to it.
    pub percent: Percent,
    /// What this version does not know.
    pub extra: Map<String, Value>,
}

record!(Split keeps extra { deploy: "deploy", percent: "percent" });

/// An endpoint's time of maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    /// What its page says.
    pub message: PageText,
    /// What this version does not know.
    pub extra: Map<String, Value>,
}

record!(Maintenance keeps extra { message: "message" });

/// What a slave reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaveState {
    /// How its last round ended.
    pub status: SlaveStatus,
    /// Its address, or why it is not known.
    pub ip_address: String,
    /// Its host name.
    pub host_name: String,
    /// What it runs.
    pub state: State,
    /// What this version does not know.
    pub extra: Map<String, Value>,
}

record!(SlaveState keeps extra { status: "status", ip_address: "ipAddress", host_name: "hostName", state: "state" });

/// How the last round of a slave ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlaveStatus {
    /// Well.
    Ok,
    /// Not well, and why.
    Error(String),
}

union!(SlaveStatus { Ok = "ok", Error(String) = "error" });

/// A TCP port, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port(pub u16);

impl Decode for Port {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        Bounded::<1, 65535>::decode(node, at).and_then(|port| u16::try_from(port.get()).ok()).map(Self)
    }
}

impl State {
    /// The deploy that an endpoint is connected to; a connection to a deploy that is not there is none.
    pub fn connected(&self, endpoint: &Label) -> Option<&Deploy> {
        self.connections.get(endpoint).and_then(|deploy| self.deploys.get(deploy))
    }

    /// The second deploy of a connected endpoint and the share that goes to it; a split that names a deploy which is not
    /// there, or the one that the endpoint is connected to, is none.
    pub fn split(&self, endpoint: &Label) -> Option<(&Deploy, Percent)> {
        let (main, split) = (self.connected(endpoint)?, self.splits.get(endpoint)?);
        let second = self.deploys.get(&split.deploy).filter(|second| second.label != main.label)?;
        Some((second, split.percent))
    }

    /// What is usable but odd under today's configuration, one sentence each.
    pub fn oddities(&self, proxy: &ProxyModeConfig) -> Vec<String> {
        let known: Vec<&str> = proxy.end_points.keys().map(Label::as_str).collect();
        let range = proxy.dynamic_port_range;
        let outside = self.deploys.values().filter(|deploy| !range.contains(deploy.port.0)).map(|deploy| {
            format!(
                "the deploy {} has the port {}, which is outside the range dynamicPortRange",
                deploy.label, deploy.port.0
            )
        });
        let is_gone = |endpoint: &&Label| !proxy.end_points.contains_key(endpoint);
        let gone = |endpoint: &Label, how: &str| {
            let hint = hint(endpoint.as_str(), &known);
            format!("the endpoint {endpoint} is {how} but not in the configuration{hint}")
        };
        let connected = self.connections.keys().filter(is_gone).map(|endpoint| gone(endpoint, "connected"));
        let maintained = self.maintenance.keys().filter(is_gone).map(|endpoint| gone(endpoint, "in maintenance"));
        outside.chain(connected).chain(maintained).collect()
    }

    /// The file's text: keys in order, so that equal states have equal texts.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.to_value())
    }

    /// The state as plain JSON.
    pub fn to_value(&self) -> Value {
        let deploys = self.deploys.iter().map(|(label, deploy)| (label.as_str(), deploy.to_value()));
        let connections = self.connections.iter().map(|(from, to)| (from.as_str(), Value::from(to.as_str())));
        let mut fields =
            Vec::from([("deploys", object(deploys.collect())), ("connections", object(connections.collect()))]);
        // Without any the file is what every older reader writes itself.
        if !self.splits.is_empty() {
            let splits = self.splits.iter().map(|(label, split)| (label.as_str(), split.to_value()));
            fields.push(("splits", object(splits.collect())));
        }
        if !self.maintenance.is_empty() {
            let maintenance = self.maintenance.iter().map(|(label, page)| (label.as_str(), page.to_value()));
            fields.push(("maintenance", object(maintenance.collect())));
        }
        object_with(&self.extra, fields)
    }
}

impl Deploy {
    /// Whether it is the same release on the same port: nothing of it has to be replaced.
    pub fn is_as(&self, other: &Deploy) -> bool {
        (&self.release, self.port) == (&other.release, other.port)
    }

    fn to_value(&self) -> Value {
        let fields = [
            ("label", Value::from(self.label.as_str())),
            ("release", Value::from(self.release.as_str())),
            ("port", Value::from(self.port.0)),
        ];
        object_with(&self.extra, fields.into())
    }
}

impl Split {
    fn to_value(&self) -> Value {
        let fields = [("deploy", Value::from(self.deploy.as_str())), ("percent", Value::from(self.percent.get()))];
        object_with(&self.extra, fields.into())
    }
}

impl Maintenance {
    fn to_value(&self) -> Value {
        object_with(&self.extra, [("message", Value::from(self.message.as_str()))].into())
    }
}

impl SlaveState {
    /// The file's text: keys in order, so that equal states have equal texts.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.to_value())
    }

    /// The state as plain JSON.
    pub fn to_value(&self) -> Value {
        let status = match &self.status {
            SlaveStatus::Ok => Value::from("ok"),
            SlaveStatus::Error(text) => object([("error", Value::from(text.as_str()))].into()),
        };
        let fields = [
            ("status", status),
            ("ipAddress", Value::from(self.ip_address.as_str())),
            ("hostName", Value::from(self.host_name.as_str())),
            ("state", self.state.to_value()),
        ];
        object_with(&self.extra, fields.into())
    }
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    object_with(&Map::new(), fields)
}

/// What is known wins over what was kept.
fn object_with(extra: &Map<String, Value>, fields: Vec<(&str, Value)>) -> Value {
    let mut object = extra.clone();
    for (name, value) in fields {
        object.insert(name.to_string(), value);
    }
    Value::Object(object)
}

/// Refuses what two writers or a slip may have left: it could make one deploy stop another.
fn check_state(state: &mut State, node: &Node, at: &mut Decoder) {
    let place = |key: &str, field: &str| {
        node.get("deploys").and_then(|deploys| deploys.get(key)).and_then(|deploy| deploy.get(field))
    };
    let mut by_port: BTreeMap<Port, &DeployName> = BTreeMap::new();
    let mut errors = Vec::new();
    for (key, deploy) in &state.deploys {
        if *key != deploy.label {
            let text =
                format!("found {}, expected the deploy's key {}", quoted(deploy.label.as_str()), quoted(key.as_str()));
            errors.push((key, "label", text));
        }
        if let Some(other) = by_port.insert(deploy.port, key) {
            let text = format!("found {}, expected a port of its own: the deploy {other} has it too", deploy.port.0);
            errors.push((key, "port", text));
        }
    }
    for (key, field, text) in errors {
        let position = place(key.as_str(), field).map_or(node.position, |node| node.position);
        let path = ["deploys", key.as_str(), field].map(|step| Step::Key(step.into()));
        at.within_all(path, |at| at.error(position, text));
    }
    let connections = state.connections.iter().map(|(endpoint, deploy)| ("connections", endpoint, deploy));
    let splits = state.splits.iter().map(|(endpoint, split)| ("splits", endpoint, &split.deploy));
    for (field, endpoint, deploy) in connections.chain(splits).filter(|at| !state.deploys.contains_key(at.2)) {
        let value = node.get(field).and_then(|of_endpoints| of_endpoints.get(endpoint.as_str()));
        let known: Vec<&str> = state.deploys.keys().map(DeployName::as_str).collect();
        let text = format!(
            "found {}, which is no deploy of this state; counts as {}{}",
            quoted(deploy.as_str()),
            if field == "splits" { "no split" } else { "not connected" },
            hint(deploy.as_str(), &known)
        );
        let path = [field, endpoint.as_str()].map(|step| Step::Key(step.into()));
        at.within_all(path, |at| at.warning(value.map_or(node.position, |value| value.position), text));
    }
}
