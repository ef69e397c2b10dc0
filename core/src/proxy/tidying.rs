//! Removing what is no longer needed, also what runs that were cut short left behind.

use alloc::{vec, vec::Vec};

use super::Look;
use crate::{
    config::DeployName,
    seam::{Effect, Plan, Purpose, Refusal},
};

impl Look<'_> {
    /// What removes the former folders of these deploys, and with them all that others left behind that nobody goes
    /// back to.
    pub(super) fn tidied<'d>(&self, deploys: impl Iterator<Item = &'d DeployName> + Clone) -> Vec<Effect> {
        if self.now.intents.keys().all(|other| deploys.clone().any(|deploy| deploy == other)) {
            return vec![Effect::Remove(self.deploys.asides())];
        }
        deploys.map(|deploy| Effect::Remove(self.deploys.aside(deploy.as_str()))).collect()
    }

    /// The plan that removes what a run which was cut short left behind.
    pub(super) fn tidy(&self) -> Result<Option<Plan>, Refusal> {
        let left = self.now.intents.is_empty() && self.tried(&Purpose::Tidy).is_none();
        if !left || self.facts.folder(&self.deploys.asides())?.is_none() {
            return Ok(None);
        }
        Ok(Some(Plan { tidy: self.tidied(core::iter::empty()), ..Plan::new(Purpose::Tidy, vec![]) }))
    }
}
