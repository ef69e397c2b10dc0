//! What a command wants the machine to be, from what it is.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use serde_json::Map;

use super::{
    Goal, Look,
    configured::no_split,
    deploying::stop_about,
    observed::PROXY,
    routing::{SWITCH, connect_about, maintenance_about, split_about},
};
use crate::{
    config::{Deploy, DeployName, Label, Maintenance, Port, Split, State},
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
                    want.splits.remove(endpoint);
                }
            }
            Goal::Disconnect(endpoint) => {
                if self.tried(SWITCH) != Some(true) {
                    self.known_endpoint(endpoint, true)?;
                }
                want.connections.remove(endpoint);
                want.splits.remove(endpoint);
            }
            Goal::Split { endpoint, deploy, percent } => {
                self.may_split(endpoint, deploy)?;
                if self.tried(&split_about(endpoint, deploy)) != Some(false) {
                    let extra = want.splits.remove(endpoint).map(|known| known.extra).unwrap_or_default();
                    let split = Split { deploy: deploy.clone(), percent: *percent, extra };
                    want.splits.insert(endpoint.clone(), split);
                }
            }
            Goal::Maintain { endpoint, .. } => self.known_endpoint(endpoint, false)?,
            Goal::EndMaintenance(endpoint) => {
                if self.tried(&maintenance_about(endpoint, false)) != Some(true) {
                    self.known_endpoint(endpoint, true)?;
                }
            }
            Goal::Follow(master) => want = Self::followed(master),
            Goal::Restart | Goal::Shutdown => (),
        }
        want.maintenance = self.wanted_maintenance();
        Ok(want)
    }

    /// The endpoints that are wanted in maintenance. What could not be brought about is no longer wanted.
    pub(super) fn wanted_maintenance(&self) -> BTreeMap<Label, Maintenance> {
        let mut wanted = self.now.have.maintenance.clone();
        match &self.mode.goal {
            Goal::Maintain { endpoint, message } if self.tried(&maintenance_about(endpoint, true)) != Some(false) => {
                let known = wanted.remove(endpoint);
                let known = known.unwrap_or_else(|| Maintenance { message: Default::default(), extra: Map::new() });
                let message = message.clone().unwrap_or(known.message);
                wanted.insert(endpoint.clone(), Maintenance { message, extra: known.extra });
            }
            Goal::EndMaintenance(endpoint) if self.tried(&maintenance_about(endpoint, false)) != Some(false) => {
                wanted.remove(endpoint);
            }
            Goal::Follow(master) => wanted.clone_from(&master.maintenance),
            _ => (),
        }
        wanted
    }

    /// Refuses what is no split: of an endpoint without a deploy that runs, to no deploy or to that very one.
    fn may_split(&self, endpoint: &Label, deploy: &DeployName) -> Result<(), Refusal> {
        self.known_endpoint(endpoint, false)?;
        let what = format!("split {endpoint}");
        if let Some(path) = &self.mode.proxy.nginx_conf_template_path {
            return Err(no_split(endpoint, path));
        }
        let Some(main) = self.now.have.connected(endpoint) else {
            return Err(Refusal::no(what, "it is not connected, so there is nothing to take a share of")
                .with_hint(format!("run c2 connect {endpoint} {deploy}")));
        };
        if !self.now.have.deploys.contains_key(deploy) {
            return Err(self.no_deploy(&what, deploy));
        }
        if main.label == *deploy {
            return Err(Refusal::no(
                what,
                format!("it is connected to {deploy} already, so no second deploy takes a share"),
            )
            .with_hint(format!("name another deploy; c2 connect {endpoint} {deploy} ends a split")));
        }
        if !self.lives(&main.label, main)? {
            return Err(Refusal::no(what, format!("{}, which it is connected to, does not run", main.label))
                .with_hint("start it again, or connect another deploy"));
        }
        Ok(())
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
        let have = &self.now.have;
        let connected = have.connections.iter().filter(|(_, to)| *to == deploy);
        let names: Vec<&str> = connected.map(|(endpoint, _)| endpoint.as_str()).collect();
        let takes_share = |endpoint: &&Label| have.split(endpoint).is_some_and(|(second, _)| second.label == *deploy);
        if let (true, Some(endpoint)) = (names.is_empty(), have.splits.keys().find(takes_share)) {
            let main = have.connections.get(endpoint).filter(|_| self.mode.proxy.end_points.contains_key(endpoint));
            let cure = match main {
                Some(main) => format!("connect {endpoint} {main}"),
                None => format!("disconnect {endpoint}"),
            };
            return Err(Refusal::no(what(), format!("a share of {endpoint} goes to it"))
                .with_hint(format!("run c2 {cure} first, which ends the split")));
        }
        match names.first() {
            None => Ok(()),
            Some(first) => Err(Refusal::no(what(), format!("connected to it: {}", names.join(", ")))
                .with_hint(format!("connect another deploy first, or run c2 disconnect {first}"))),
        }
    }

    /// Refuses an endpoint that nobody knows. Of those that only the state still knows, what it notes can be ended.
    fn known_endpoint(&self, endpoint: &Label, noted_is_enough: bool) -> Result<(), Refusal> {
        let known = &self.mode.proxy.end_points;
        let have = &self.now.have;
        let noted = have.connections.contains_key(endpoint) || have.maintenance.contains_key(endpoint);
        if known.contains_key(endpoint) || noted_is_enough && noted {
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
