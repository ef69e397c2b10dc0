//! What a command wants the machine to be, from what it is.

use alloc::{collections::BTreeMap, format, string::ToString, vec::Vec};

use super::{Goal, Look, ProxyMode, known::Known, observed::PROXY};
use crate::{
    config::{Deploy, DeployName, Label, Maintenance, Port, Readiness, State},
    seam::Refusal,
};

impl Look<'_> {
    /// The state that is wanted: the present one with the command's change.
    pub(super) fn want(&self) -> Result<State, Refusal> {
        let goal = &self.mode.goal;
        if let Goal::Follow(master) = goal {
            return Ok(Self::followed(master));
        }
        let known = Known { state: &self.now.have, proxy: &self.mode.proxy, place: self.deploys.home(PROXY) };
        let mut port = None;
        match goal {
            Goal::Start { deploy, .. } => port = Some(self.port_of(deploy)?),
            Goal::Split { endpoint, deploy, .. } => {
                let main = known.may_split(endpoint, deploy)?;
                if !self.lives(&main.label, main)? {
                    let why = format!("{}, which it is connected to, does not run", main.label);
                    return Err(Refusal::no(format!("split {endpoint}"), why)
                        .with_hint("start it again, or connect another deploy"));
                }
            }
            // What is done already is not judged by what it left.
            Goal::Stop(_) | Goal::Disconnect(_) | Goal::EndMaintenance(_)
                if self.tried(&goal.purpose()) == Some(true) => {}
            goal => known.allows(goal)?,
        }
        if let Goal::Connect { deploy, .. } | Goal::Split { deploy, .. } = goal
            && self.tried(&goal.purpose()).is_none()
        {
            self.may_be_proven(deploy)?;
        }
        let mut want = self.now.have.clone();
        if !self.is_given_up() {
            goal.apply(&mut want, port);
        }
        Ok(want)
    }

    /// Refuses an endpoint on a deploy that proves nothing of itself and is seen not to run.
    fn may_be_proven(&self, deploy: &DeployName) -> Result<(), Refusal> {
        let Some(known) = self.now.have.deploys.get(deploy) else { return Ok(()) };
        if self.own_readiness(deploy)? != Readiness::None || self.lives(deploy, known)? {
            return Ok(());
        }
        Err(Refusal::no(self.mode.goal.to_string(), format!("{deploy} does not run"))
            .with_hint(format!("start it again: c2 start {} {deploy}; or wait until it listens", known.release)))
    }

    /// The endpoints that are wanted in maintenance.
    pub(super) fn wanted_maintenance(&self) -> BTreeMap<Label, Maintenance> {
        if let Goal::Follow(master) = &self.mode.goal {
            return master.maintenance.clone();
        }
        let mut want = State { maintenance: self.now.have.maintenance.clone(), ..State::default() };
        if !self.is_given_up() {
            self.mode.goal.apply(&mut want, None);
        }
        want.maintenance
    }

    /// Whether the change could not be brought about in this run: what is no longer wanted.
    fn is_given_up(&self) -> bool {
        let goal = &self.mode.goal;
        let routes = matches!(
            goal,
            Goal::Connect { .. }
                | Goal::Disconnect(_)
                | Goal::Split { .. }
                | Goal::Maintain { .. }
                | Goal::EndMaintenance(_)
        );
        routes && self.tried(&goal.purpose()) == Some(false)
    }

    /// The port that a deploy has, else the lowest of the range that no deploy has and nobody listens on.
    fn port_of(&self, deploy: &DeployName) -> Result<Port, Refusal> {
        if let Some(Deploy { port, .. }) = self.now.have.deploys.get(deploy) {
            return Ok(*port);
        }
        let range = self.mode.proxy.dynamic_port_range;
        let held: Vec<u16> = self.now.have.deploys.values().map(|deploy| deploy.port.0).collect();
        for port in range.ports().filter(|port| !held.contains(port)) {
            if !self.facts.listens(port)? {
                return Ok(Port(port));
            }
        }
        Err(no_port(deploy))
    }
}

impl ProxyMode {
    /// Whether the proxy is asked for, or an endpoint of the configuration is to be connected or in maintenance: where
    /// that is not so, none is started, and neither docker nor its ports are needed.
    pub(super) fn needs_proxy(&self, have: &State) -> bool {
        let some = |state: &State| {
            let routed = |label| state.connected(label).is_some() || state.maintenance.contains_key(label);
            self.proxy.end_points.keys().any(routed)
        };
        match &self.goal {
            Goal::Follow(master) => some(master),
            Goal::Start { .. } | Goal::Stop(_) | Goal::Disconnect(_) | Goal::EndMaintenance(_) => some(have),
            Goal::Connect { .. }
            | Goal::Split { .. }
            | Goal::Maintain { .. }
            | Goal::Refresh
            | Goal::Restart
            | Goal::Shutdown => true,
        }
    }
}

/// That every port is taken.
pub(crate) fn no_port(deploy: &DeployName) -> Refusal {
    Refusal::no(format!("start the deploy {deploy}"), "no port of dynamicPortRange is free")
        .with_hint("stop a deploy, or widen the range in the configuration")
}
