//! What a command wants the machine to be, from what it is.

use alloc::{format, string::String, vec::Vec};

use super::{
    Goal, Look,
    deploying::stop_about,
    observed::PROXY,
    routing::{SWITCH, connect_about},
};
use crate::{
    config::{Deploy, DeployName, Label, Port, State},
    nearest,
    seam::Refusal,
};

impl Look<'_> {
    /// The state that is wanted: the present one with the command's change.
    pub(super) fn want(&self) -> Result<State, Refusal> {
        let mut want = self.now.have.clone();
        match &self.mode.goal {
            Goal::Start { deploy, release } => {
                let port = match want.deploys.get(deploy) {
                    Some(Deploy { port, .. }) => *port,
                    None => Port(self.free_port(deploy)?),
                };
                let extra = want.deploys.remove(deploy).map(|known| known.extra).unwrap_or_default();
                let wanted = Deploy { label: deploy.clone(), release: release.clone(), port, extra };
                want.deploys.insert(deploy.clone(), wanted);
            }
            Goal::Stop(deploy) => {
                if self.tried(&stop_about(deploy)) != Some(true) {
                    self.may_stop(deploy)?;
                }
                want.deploys.remove(deploy);
            }
            Goal::Connect { endpoint, deploy } => {
                self.known_endpoint(endpoint, false)?;
                if !want.deploys.contains_key(deploy) {
                    return Err(self.no_deploy(&format!("connect {endpoint} to {deploy}"), deploy));
                }
                // What could not be brought about is no longer wanted: the endpoint stays where it was.
                if self.tried(&connect_about(endpoint, deploy)) != Some(false) {
                    want.connections.insert(endpoint.clone(), deploy.clone());
                }
            }
            Goal::Disconnect(endpoint) => {
                if self.tried(SWITCH) != Some(true) {
                    self.known_endpoint(endpoint, true)?;
                }
                want.connections.remove(endpoint);
            }
            Goal::Follow(master) => want = Self::followed(master),
            Goal::Restart | Goal::Shutdown => (),
        }
        Ok(want)
    }

    /// The lowest port of the range that no deploy has and nobody listens on.
    fn free_port(&self, deploy: &DeployName) -> Result<u16, Refusal> {
        let range = self.mode.proxy.dynamic_port_range;
        let held: Vec<u16> = self.now.have.deploys.values().map(|deploy| deploy.port.0).collect();
        for port in range.ports().filter(|port| !held.contains(port)) {
            if !self.facts.listens(port)? {
                return Ok(port);
            }
        }
        Err(Refusal::no(format!("start the deploy {deploy}"), "no port of dynamicPortRange is free")
            .with_hint("stop a deploy, or widen the range in the configuration"))
    }

    fn may_stop(&self, deploy: &DeployName) -> Result<(), Refusal> {
        let what = || format!("stop the deploy {deploy}");
        if !self.now.have.deploys.contains_key(deploy) {
            return Err(self.no_deploy(&what(), deploy));
        }
        let connected = self.now.have.connections.iter().filter(|(_, to)| *to == deploy);
        let names: Vec<&str> = connected.map(|(endpoint, _)| endpoint.as_str()).collect();
        match names.first() {
            None => Ok(()),
            Some(first) => Err(Refusal::no(what(), format!("connected to it: {}", names.join(", ")))
                .with_hint(format!("connect another deploy first, or run c2 disconnect {first}"))),
        }
    }

    /// Refuses an endpoint that nobody knows. Those that only the state still knows can be disconnected.
    fn known_endpoint(&self, endpoint: &Label, noted_is_enough: bool) -> Result<(), Refusal> {
        let known = &self.mode.proxy.end_points;
        if known.contains_key(endpoint) || noted_is_enough && self.now.have.connections.contains_key(endpoint) {
            return Ok(());
        }
        let names: Vec<&str> = known.keys().map(Label::as_str).collect();
        let refusal = Refusal::no(format!("find the endpoint {endpoint}"), "the configuration has no such endpoint");
        Err(refusal.with_hint(near("endpoint", endpoint.as_str(), &names)))
    }

    fn no_deploy(&self, what: &str, deploy: &DeployName) -> Refusal {
        let names: Vec<&str> = self.now.have.deploys.keys().map(DeployName::as_str).collect();
        let why = format!("there is no deploy {deploy} in {}", self.deploys.home(PROXY));
        Refusal::no(what, why).with_hint(near("deploy", deploy.as_str(), &names))
    }
}

/// What there is instead of a name that there is not.
fn near(kind: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None if known.is_empty() => format!("there is no {kind} at all"),
        None => format!("the {kind}s there are: {}", known.join(", ")),
    }
}
