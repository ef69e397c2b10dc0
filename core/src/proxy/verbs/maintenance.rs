//! `maintenance <endpoint> [--message TEXT]` and `maintenance <endpoint> --off`

use crate::prelude::*;

use serde_json::Map;

use super::{
    super::{
        known_state::KnownState,
        target::{Target, Upkeep},
    },
    Verb,
};
use crate::{
    config::{Label, Maintenance, PageText, Port, State},
    seam::{Purpose, Refusal},
};

/// An endpoint answers with a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintain {
    /// The endpoint.
    pub endpoint: Label,
    /// What its page says; else what it says already, or a text that always fits.
    pub message: Option<PageText>,
}

impl Verb for Maintain {
    fn target(&self) -> Target {
        Target::switching(Purpose::Maintain(self.endpoint.clone()), Upkeep::Run)
    }

    fn command(&self) -> String {
        format!("c2 maintenance {}", self.endpoint)
    }

    fn done(&self, _: &State, untouched: bool) -> String {
        let already = if untouched { " already" } else { "" };
        format!("{} is in maintenance{already}", self.endpoint)
    }

    fn planned(&self, _: &State) -> String {
        format!("{} is to be in maintenance", self.endpoint)
    }

    fn allows(&self, known: &KnownState<'_>) -> Result<(), Refusal> {
        known.endpoint(&self.endpoint, false)
    }

    fn apply(&self, state: &mut State, _: Option<Port>) {
        let known = state.maintenance.remove(&self.endpoint);
        let known = known.unwrap_or_else(|| Maintenance { message: Default::default(), extra: Map::new() });
        let message = self.message.clone().unwrap_or(known.message);
        state.maintenance.insert(self.endpoint.clone(), Maintenance { message, extra: known.extra });
    }

    fn takes_off(&self) -> bool {
        true
    }
}

/// An endpoint answers again as it is routed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndMaintenance {
    /// The endpoint.
    pub endpoint: Label,
}

impl Verb for EndMaintenance {
    fn target(&self) -> Target {
        Target::switching(Purpose::EndMaintenance(self.endpoint.clone()), Upkeep::Repair)
    }

    fn command(&self) -> String {
        format!("c2 maintenance {} --off", self.endpoint)
    }

    fn done(&self, _: &State, untouched: bool) -> String {
        match untouched {
            true => format!("{} is not in maintenance: there is nothing to do", self.endpoint),
            false => format!("{} is no longer in maintenance", self.endpoint),
        }
    }

    fn planned(&self, _: &State) -> String {
        format!("{} is to be in maintenance no longer", self.endpoint)
    }

    fn allows(&self, known: &KnownState<'_>) -> Result<(), Refusal> {
        known.endpoint(&self.endpoint, true)
    }

    fn apply(&self, state: &mut State, _: Option<Port>) {
        state.maintenance.remove(&self.endpoint);
    }

    fn takes_off(&self) -> bool {
        true
    }
}
