//! `disconnect <endpoint>`

use crate::prelude::*;

use super::{
    super::{
        known_state::KnownState,
        target::{Target, Upkeep},
    },
    Verb,
};
use crate::{
    config::{Label, Port, State},
    seam::{Purpose, Refusal},
};

/// An endpoint goes nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// The endpoint.
    pub endpoint: Label,
}

impl Verb for Disconnect {
    fn target(&self) -> Target {
        Target::switching(Purpose::Disconnect(self.endpoint.clone()), Upkeep::Repair)
    }

    fn command(&self) -> String {
        format!("c2 disconnect {}", self.endpoint)
    }

    fn done(&self, _: &State, untouched: bool) -> String {
        match untouched {
            true => format!("{} is not connected: there is nothing to do", self.endpoint),
            false => format!("{} is disconnected", self.endpoint),
        }
    }

    fn planned(&self, _: &State) -> String {
        format!("{} is to be disconnected", self.endpoint)
    }

    fn allows(&self, known: &KnownState<'_>) -> Result<(), Refusal> {
        known.endpoint(&self.endpoint, true)
    }

    fn apply(&self, state: &mut State, _: Option<Port>) {
        state.connections.remove(&self.endpoint);
        state.splits.remove(&self.endpoint);
    }

    fn takes_off(&self) -> bool {
        true
    }
}
