//! What runs and what is routed where: the state of a machine and of the master. Fields that this version does not
//! know are kept.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use serde_json::{Map, Value};

use super::decode::{Bounded, Decode, Decoder, Percent, Step, hint};
use super::macros::record;
use super::master::{Rollout, Write};
use super::names::{DeployName, Label, ReleaseName, Sha256};
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
    /// Who wrote the state of the master, the last one last.
    pub writes: Vec<Write>,
    /// A change of the master's state that only a part of the machines takes up yet.
    pub rollout: Option<Rollout>,
    /// The port that the state shared by a fleet gave out last: the next one follows it.
    pub last_port: Option<Port>,
    /// What this version does not know.
    pub extra: Map<String, Value>,
}

record!(State keeps extra {
    deploys: "deploys", connections: "connections", splits: "splits" = "{}", maintenance: "maintenance" = "{}",
    writes: "writes" = "[]", rollout: "rollout" = r#""nothing""#, last_port: "lastPort" = r#""nothing""#,
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
    /// The bytes of the release's archive: nothing else may be unpacked.
    pub pin: Option<Pin>,
    /// How often it was to be started again, where that was ever asked for.
    pub restarts: Option<u64>,
    /// What this version does not know.
    pub extra: Map<String, Value>,
}

/// The bytes of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Their SHA-256.
    pub sha256: Sha256,
    /// Their number.
    pub size: Option<u64>,
    /// The version of the object, in a bucket that has versions.
    pub version: Option<String>,
}

/// A deploy as its object has it.
struct Fields {
    label: DeployName,
    release: ReleaseName,
    port: Port,
    sha256: Option<Sha256>,
    size: Option<u64>,
    version: Option<String>,
    restarts: Option<u64>,
    extra: Map<String, Value>,
}

record!(Fields keeps extra {
    label: "label", release: "release", port: "port",
    sha256: "sha256" = r#""nothing""#, size: "size" = r#""nothing""#, version: "versionId" = r#""nothing""#,
    restarts: "restarts" = r#""nothing""#,
});

impl Deploy {
    #[cfg(test)]
    pub(super) const FIELDS: &'static [super::decode::Field] = Fields::FIELDS;
}

impl Decode for Deploy {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        let Fields { label, release, port, sha256, size, version, restarts, extra } = Fields::decode(node, at)?;
        Some(Deploy { label, release, port, pin: sha256.map(|sha256| Pin { sha256, size, version }), restarts, extra })
    }
}

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

/// A TCP port, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port(pub u16);

impl Decode for Port {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        Bounded::<1, 65535>::decode(node, at).and_then(|port| u16::try_from(port.get()).ok()).map(Self)
    }
}

impl ProxyModeConfig {
    /// Whether an endpoint of the configuration is connected or in maintenance: where none is, no proxy is started, and
    /// neither docker nor its ports are needed.
    pub(crate) fn is_routed(&self, state: &State) -> bool {
        let routed = |label| state.connected(label).is_some() || state.maintenance.contains_key(label);
        self.end_points.keys().any(routed)
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
    pub fn warnings(&self, proxy: &ProxyModeConfig) -> Vec<String> {
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
        let missing = self.connections.iter().filter(|(_, deploy)| !self.deploys.contains_key(*deploy));
        let missing = missing.map(|(endpoint, deploy)| {
            format!("the endpoint {endpoint} counts as not connected: its deploy {deploy} is not there")
        });
        outside.chain(connected).chain(missing).chain(maintained).collect()
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
        if !self.writes.is_empty() {
            fields.push(("writes", self.writes.iter().map(Write::to_value).collect()));
        }
        fields.extend(self.rollout.iter().map(|rollout| ("rollout", rollout.to_value())));
        fields.extend(self.last_port.map(|port| ("lastPort", Value::from(port.0))));
        object_with(&self.extra, fields)
    }
}

impl Deploy {
    /// Whether it is the same release on the same port as another one is to be, and was started again as often: nothing of
    /// it has to be replaced. Without a hash other bytes of the same name cannot be told apart; who does not count the
    /// restarts, as an older tool, asks for none.
    pub fn is_as(&self, other: &Deploy) -> bool {
        let restarted = other.restarts.is_some_and(|restarts| self.restarts != Some(restarts));
        let other_bytes = self.pin.as_ref().zip(other.pin.as_ref()).is_some_and(|(its, of)| its.sha256 != of.sha256);
        (&self.release, self.port) == (&other.release, other.port) && !other_bytes && !restarted
    }

    fn to_value(&self) -> Value {
        let mut fields = Vec::from([
            ("label", Value::from(self.label.as_str())),
            ("release", Value::from(self.release.as_str())),
            ("port", Value::from(self.port.0)),
        ]);
        if let Some(pin) = &self.pin {
            fields.push(("sha256", Value::from(pin.sha256.as_str())));
            fields.extend(pin.size.map(|size| ("size", Value::from(size))));
            fields.extend(pin.version.iter().map(|version| ("versionId", Value::from(version.as_str()))));
        }
        fields.extend(self.restarts.map(|restarts| ("restarts", Value::from(restarts))));
        object_with(&self.extra, fields)
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

pub(super) fn object(fields: Vec<(&str, Value)>) -> Value {
    object_with(&Map::new(), fields)
}

/// What is known wins over what was kept.
pub(super) fn object_with(extra: &Map<String, Value>, fields: Vec<(&str, Value)>) -> Value {
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
            "found {}, which is not a deploy of this state; counts as {}{}",
            quoted(deploy.as_str()),
            if field == "splits" { "no split" } else { "not connected" },
            hint(deploy.as_str(), &known)
        );
        let path = [field, endpoint.as_str()].map(|step| Step::Key(step.into()));
        at.within_all(path, |at| at.warning(value.map_or(node.position, |value| value.position), text));
    }
}
