//! Where the deploys folder keeps what.

use crate::prelude::*;

use crate::seam::{Facts, Refusal, leads_to};

/// The deploys folder and the paths in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deploys<'a>(pub(crate) &'a str);

impl Deploys<'_> {
    /// The link to the live release's folder.
    pub(crate) fn current(self) -> String {
        format!("{}/current", self.0)
    }

    /// A deploy's folder.
    pub(crate) fn live_dir(self, deploy: &str) -> String {
        format!("{}/{deploy}", self.0)
    }

    /// The folder of everything that is not in its place yet, or no longer.
    pub(crate) fn staging(self) -> String {
        format!("{}/.c2/new", self.0)
    }

    /// The folder beside a deploy's. Its base name is the deploy's, as commands run in it and Compose takes the
    /// project's name from it.
    pub(crate) fn staged(self, deploy: &str) -> String {
        format!("{}/.c2/new/{deploy}", self.0)
    }

    /// The folder of the intents.
    pub(crate) fn intents(self) -> String {
        format!("{}/.c2/intents", self.0)
    }

    /// The note that a machine is held.
    pub(crate) fn hold(self) -> String {
        format!("{}/.c2/hold", self.0)
    }

    /// The note of a deploy's tries that stopped what ran and failed.
    pub(crate) fn tries(self, deploy: &str) -> String {
        format!("{}/.c2/tries/{deploy}", self.0)
    }

    /// The intent of a change of `current`.
    pub(crate) fn current_intent(self) -> String {
        format!("{}/{CURRENT_INTENT}", self.intents())
    }

    /// The lock's file.
    pub(crate) fn lock(self) -> String {
        format!("{}/.c2/lock", self.0)
    }

    /// The folder that a link of this folder points to.
    pub(crate) fn resolve(self, target: &str) -> String {
        leads_to(&self.current(), target)
    }

    /// What a link to a deploy's folder holds: absolute where the deploys folder is, as the older tool wrote it.
    pub(crate) fn target(self, deploy: &str) -> String {
        if self.0.starts_with('/') { self.live_dir(deploy) } else { deploy.into() }
    }
}

/// The name of the intent of a change of `current`.
pub(crate) const CURRENT_INTENT: &str = "current.json";

/// A deploy's name from its folder.
pub(crate) fn base_name(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap_or(folder)
}

/// An id for a folder, from a fresh random number.
pub(crate) fn fresh_id(facts: &Facts) -> Result<String, Refusal> {
    facts.nonce().map(|number| format!("{number:016x}"))
}
