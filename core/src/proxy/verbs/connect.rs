//! `connect <endpoint> <deploy>`

use crate::prelude::*;

use super::{
    super::{
        known_state::KnownState,
        reconcile::Reconcile,
        target::{Asked, Target, Upkeep},
    },
    Verb,
};
use crate::{
    config::{DeployName, Label, Port, State},
    seam::{Purpose, Refusal},
};

/// An endpoint goes to a deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// The endpoint.
    pub endpoint: Label,
    /// The deploy.
    pub deploy: DeployName,
}

impl Connect {
    fn purpose(&self) -> Purpose {
        Purpose::Connect(self.endpoint.clone(), self.deploy.clone())
    }
}

impl Verb for Connect {
    fn target(&self) -> Target {
        let asked = Asked { endpoint: self.endpoint.clone(), deploy: self.deploy.clone(), share: false };
        Target { routes: Some(asked), ..Target::switching(self.purpose(), Upkeep::Run) }
    }

    fn command(&self) -> String {
        format!("c2 connect {} {}", self.endpoint, self.deploy)
    }

    fn done(&self, _: &State, untouched: bool) -> String {
        let already = if untouched { " already" } else { "" };
        format!("{} is connected to {}{already}", self.endpoint, self.deploy)
    }

    fn planned(&self, _: &State) -> String {
        format!("{} is to be connected to {}", self.endpoint, self.deploy)
    }

    fn allows(&self, known: &KnownState<'_>) -> Result<(), Refusal> {
        known.endpoint(&self.endpoint, false)?;
        known.deploy(&self.purpose().to_string(), &self.deploy).map(drop)
    }

    fn judge(&self, r: &Reconcile<'_>, known: &KnownState<'_>) -> Result<Option<Port>, Refusal> {
        self.allows(known)?;
        r.may_be_proven(&self.deploy)?;
        Ok(None)
    }

    fn apply(&self, state: &mut State, _: Option<Port>) {
        state.connections.insert(self.endpoint.clone(), self.deploy.clone());
        state.splits.remove(&self.endpoint);
    }
}
