//! A state and what may be changed of it, wherever it is kept.

use crate::prelude::*;

use crate::{
    config::{Deploy, DeployName, Label, ProxyModeConfig, State},
    nearest,
    seam::Refusal,
};

/// A state and the endpoints that it is for.
pub(crate) struct KnownState<'a> {
    /// The state.
    pub(crate) state: &'a State,
    /// The endpoints.
    pub(crate) proxy: &'a ProxyModeConfig,
    /// Where the state is kept, for messages.
    pub(crate) place: String,
}

impl KnownState<'_> {
    /// Refuses an unknown endpoint. With `noted_is_enough` one that only the state still has passes: it can be disconnected.
    pub(super) fn endpoint(&self, endpoint: &Label, noted_is_enough: bool) -> Result<(), Refusal> {
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
    pub(super) fn deploy(&self, what: &str, deploy: &DeployName) -> Result<&Deploy, Refusal> {
        self.state.deploys.get(deploy).ok_or_else(|| {
            let names: Vec<&str> = self.state.deploys.keys().map(DeployName::as_str).collect();
            let why = format!("there is no deploy {deploy} in {}", self.place);
            Refusal::no(what, why).with_hint(near("deploy", deploy.as_str(), &names))
        })
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
