//! A state and what may be changed of it, wherever it is kept.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::Map;

use super::{Goal, configured::no_split};
use crate::{
    commands::{ZIP, is_zip},
    config::{Deploy, DeployName, FromText, Label, Maintenance, Port, ProxyModeConfig, Split, State},
    nearest,
    seam::Refusal,
};

/// A state and the endpoints that it is for.
pub(crate) struct Known<'a> {
    /// The state.
    pub(crate) state: &'a State,
    /// The endpoints.
    pub(crate) proxy: &'a ProxyModeConfig,
    /// Where the state is kept, for messages.
    pub(crate) place: String,
}

impl Known<'_> {
    /// Refuses a change that this state does not allow.
    pub(crate) fn allows(&self, goal: &Goal) -> Result<(), Refusal> {
        match goal {
            Goal::Stop(deploy) => self.may_stop(deploy),
            Goal::Connect { endpoint, deploy } => {
                self.endpoint(endpoint, false)?;
                self.deploy(&goal.to_string(), deploy).map(drop)
            }
            Goal::Split { endpoint, deploy, .. } => self.may_split(endpoint, deploy).map(drop),
            Goal::Maintain { endpoint, .. } => self.endpoint(endpoint, false),
            Goal::Disconnect(endpoint) | Goal::EndMaintenance(endpoint) => self.endpoint(endpoint, true),
            Goal::Start { .. } | Goal::Follow(_) | Goal::Refresh | Goal::Restart | Goal::Shutdown => Ok(()),
        }
    }

    /// Refuses what is no split: of an endpoint without a deploy, to no deploy or to that very one. The answer is the
    /// deploy that the endpoint is connected to.
    pub(super) fn may_split(&self, endpoint: &Label, deploy: &DeployName) -> Result<&Deploy, Refusal> {
        self.endpoint(endpoint, false)?;
        let what = format!("split {endpoint}");
        if let Some(path) = &self.proxy.nginx_conf_template_path {
            return Err(no_split(endpoint, path));
        }
        let Some(main) = self.state.connected(endpoint) else {
            return Err(Refusal::no(what, "it is not connected, so there is nothing to take a share of")
                .with_hint(format!("run c2 connect {endpoint} {deploy}")));
        };
        self.deploy(&what, deploy)?;
        if main.label == *deploy {
            return Err(Refusal::no(
                what,
                format!("it is connected to {deploy} already, so no second deploy takes a share"),
            )
            .with_hint(format!("name another deploy; c2 connect {endpoint} {deploy} ends a split")));
        }
        Ok(main)
    }

    fn may_stop(&self, deploy: &DeployName) -> Result<(), Refusal> {
        let what = format!("stop the deploy {deploy}");
        self.deploy(&what, deploy)?;
        let have = self.state;
        let connected = have.connections.iter().filter(|(_, to)| *to == deploy);
        let names: Vec<&str> = connected.map(|(endpoint, _)| endpoint.as_str()).collect();
        let takes_share = |endpoint: &&Label| have.split(endpoint).is_some_and(|(second, _)| second.label == *deploy);
        if let (true, Some(endpoint)) = (names.is_empty(), have.splits.keys().find(takes_share)) {
            let main = have.connections.get(endpoint).filter(|_| self.proxy.end_points.contains_key(endpoint));
            let cure = match main {
                Some(main) => format!("connect {endpoint} {main}"),
                None => format!("disconnect {endpoint}"),
            };
            return Err(Refusal::no(what, format!("a share of {endpoint} goes to it"))
                .with_hint(format!("run c2 {cure} first, which ends the split")));
        }
        match names.first() {
            None => Ok(()),
            Some(first) => Err(Refusal::no(what, format!("connected to it: {}", names.join(", ")))
                .with_hint(format!("connect another deploy first, or run c2 disconnect {first}"))),
        }
    }

    /// Refuses an endpoint that nobody knows. Of those that only the state still knows, what it notes can be ended.
    fn endpoint(&self, endpoint: &Label, noted_is_enough: bool) -> Result<(), Refusal> {
        let known = &self.proxy.end_points;
        let noted = self.state.connections.contains_key(endpoint) || self.state.maintenance.contains_key(endpoint);
        if known.contains_key(endpoint) || noted_is_enough && noted {
            return Ok(());
        }
        let names: Vec<&str> = known.keys().map(Label::as_str).collect();
        let refusal = Refusal::no(format!("find the endpoint {endpoint}"), "the configuration has no such endpoint");
        Err(refusal.with_hint(near("endpoint", endpoint.as_str(), &names)))
    }

    /// A deploy that must be there.
    fn deploy(&self, what: &str, deploy: &DeployName) -> Result<&Deploy, Refusal> {
        self.state.deploys.get(deploy).ok_or_else(|| {
            let names: Vec<&str> = self.state.deploys.keys().map(DeployName::as_str).collect();
            let why = format!("there is no deploy {deploy} in {}", self.place);
            Refusal::no(what, why).with_hint(near("deploy", deploy.as_str(), &names))
        })
    }
}

impl Goal {
    /// The same goal about the deploy that is meant, where this state has none of the name but one of the name that a
    /// release so named is deployed under.
    pub(crate) fn meant(&self, state: &State) -> Goal {
        let mut goal = self.clone();
        if let Goal::Stop(deploy) | Goal::Connect { deploy, .. } | Goal::Split { deploy, .. } = &mut goal
            && is_zip(deploy.as_str())
            && !state.deploys.contains_key(deploy)
            && let Some(Ok(without)) = deploy.as_str().strip_suffix(ZIP).map(DeployName::from_text)
        {
            *deploy = without;
        }
        goal
    }

    /// Makes the change in a state that allows it. A new deploy gets this port.
    pub(crate) fn apply(&self, state: &mut State, port: Option<Port>) {
        match self {
            Goal::Start { deploy, release, pin } => {
                let known = state.deploys.remove(deploy);
                let (port, extra) = known.map_or((port, Map::new()), |known| (Some(known.port), known.extra));
                let Some(port) = port else { return };
                let (label, release, pin) = (deploy.clone(), release.clone(), pin.clone());
                state.deploys.insert(deploy.clone(), Deploy { label, release, port, pin, extra });
            }
            Goal::Stop(deploy) => drop(state.deploys.remove(deploy)),
            Goal::Connect { endpoint, deploy } => {
                state.connections.insert(endpoint.clone(), deploy.clone());
                state.splits.remove(endpoint);
            }
            Goal::Disconnect(endpoint) => {
                state.connections.remove(endpoint);
                state.splits.remove(endpoint);
            }
            Goal::Split { endpoint, deploy, percent } => {
                let extra = state.splits.remove(endpoint).map(|known| known.extra).unwrap_or_default();
                state.splits.insert(endpoint.clone(), Split { deploy: deploy.clone(), percent: *percent, extra });
            }
            Goal::Maintain { endpoint, message } => {
                let known = state.maintenance.remove(endpoint);
                let known = known.unwrap_or_else(|| Maintenance { message: Default::default(), extra: Map::new() });
                let message = message.clone().unwrap_or(known.message);
                state.maintenance.insert(endpoint.clone(), Maintenance { message, extra: known.extra });
            }
            Goal::EndMaintenance(endpoint) => drop(state.maintenance.remove(endpoint)),
            Goal::Follow(_) | Goal::Refresh | Goal::Restart | Goal::Shutdown => (),
        }
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
