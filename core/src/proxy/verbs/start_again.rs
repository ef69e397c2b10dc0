//! `restart <deploy>`

use crate::prelude::*;

use super::{
    super::{
        known_state::KnownState,
        target::{Starts, Target},
    },
    Verb,
};
use crate::{
    config::{DeployName, Port, State},
    seam::{Purpose, Refusal},
};

/// A deploy is replaced by its own release, fetched and rendered with the values of today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartAgain {
    /// The deploy.
    pub deploy: DeployName,
}

impl Verb for StartAgain {
    fn target(&self) -> Target {
        let deploy = self.deploy.clone();
        Target { starts: Starts::One(deploy.clone()), ..Target::new(Purpose::StartDeploy(deploy)) }
    }

    fn command(&self) -> String {
        format!("c2 restart {}", self.deploy)
    }

    fn done(&self, _: &State, _: bool) -> String {
        format!("{} is started again", self.deploy)
    }

    fn planned(&self, _: &State) -> String {
        format!("{} is to be started again", self.deploy)
    }

    fn allows(&self, known: &KnownState<'_>) -> Result<(), Refusal> {
        known.deploy(&format!("restart the deploy {}", self.deploy), &self.deploy).map(|_| ())
    }

    fn apply(&self, state: &mut State, _: Option<Port>) {
        if let Some(known) = state.deploys.get_mut(&self.deploy) {
            known.restarts = Some(known.restarts.unwrap_or(0) + 1);
        }
    }

    fn applies_once(&self) -> bool {
        true
    }
}
