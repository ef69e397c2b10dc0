//! `start <release> [<asdeploy>]`

use crate::prelude::*;

use serde_json::Map;

use super::{
    super::{
        known_state::KnownState,
        reconcile::Reconcile,
        target::{Starts, Target},
    },
    Verb,
};
use crate::{
    config::{Deploy, DeployName, Pin, Port, ReleaseName, State},
    seam::{Purpose, Refusal},
};

/// A deploy is created, or its release replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The deploy's name.
    pub deploy: DeployName,
    /// Its release.
    pub release: ReleaseName,
    /// The bytes that its archive must have.
    pub pin: Option<Pin>,
}

impl Verb for Start {
    fn target(&self) -> Target {
        let deploy = self.deploy.clone();
        Target { starts: Starts::One(deploy.clone()), ..Target::new(Purpose::StartDeploy(deploy)) }
    }

    fn command(&self) -> String {
        format!("c2 start {} {}", self.release, self.deploy)
    }

    fn done(&self, state: &State, untouched: bool) -> String {
        let how = if untouched { "runs already" } else { "is started" };
        format!("{} ({}) {how} on port {}", self.deploy, self.release, self.port(state))
    }

    fn planned(&self, state: &State) -> String {
        format!("{} ({}) is to run on port {}", self.deploy, self.release, self.port(state))
    }

    fn judge(&self, r: &Reconcile<'_>, _: &KnownState<'_>) -> Result<Option<Port>, Refusal> {
        self.port_on(r).map(Some)
    }

    fn apply(&self, state: &mut State, port: Option<Port>) {
        let Start { deploy, release, pin } = self;
        let known = state.deploys.remove(deploy);
        let restarts = known.as_ref().and_then(|known| known.restarts);
        let (port, extra) = known.map_or((port, Map::new()), |known| (Some(known.port), known.extra));
        let Some(port) = port else { return };
        let (label, release, pin) = (deploy.clone(), release.clone(), pin.clone());
        state.deploys.insert(deploy.clone(), Deploy { label, release, port, pin, restarts, extra });
    }
}

impl Start {
    fn port(&self, state: &State) -> u16 {
        state.deploys.get(&self.deploy).map_or(0, |known| known.port.0)
    }

    /// The port that a deploy has, else the lowest free one of the range: no deploy has it and nothing listens on it.
    fn port_on(&self, r: &Reconcile<'_>) -> Result<Port, Refusal> {
        let deploys = &r.seen.state.deploys;
        if let Some(Deploy { port, .. }) = deploys.get(&self.deploy) {
            return Ok(*port);
        }
        let is_held = |port: u16| deploys.values().any(|deploy| deploy.port.0 == port);
        for port in r.seen.proxy_config.dynamic_port_range.ports().filter(|port| !is_held(*port)) {
            if !r.seen.facts.listens(port)? {
                return Ok(Port(port));
            }
        }
        Err(no_port(&self.deploy))
    }
}

/// That every port is taken.
pub(crate) fn no_port(deploy: &DeployName) -> Refusal {
    Refusal::no(format!("start the deploy {deploy}"), "no port of dynamicPortRange is free")
        .with_hint("stop a deploy, or widen the range in the configuration")
}
