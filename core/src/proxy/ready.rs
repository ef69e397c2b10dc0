//! The look at a deploy in a plan, and what is thought of one that is there.

use super::{Look, living::holds};
use crate::{
    commands::release_json,
    config::{Deploy, DeployName, Readiness},
    ready::{Verdict, cure},
    seam::{Effect, Reason, Refusal, Standing},
};

/// Looks at a deploy until it is ready; where that is not demanded, once.
pub(super) fn ready(port: u16, readiness: Readiness, folder: &str, demanded: bool) -> Effect {
    Effect::WaitReady { port, readiness, folder: folder.into(), demanded }
}

/// What is thought of a deploy by one look.
pub(super) struct Looked {
    pub(super) verdict: Verdict,
    pub(super) readiness: Readiness,
    pub(super) standing: Standing,
}

impl Looked {
    /// Whether it is no longer waited for, so long after it was started.
    pub(super) fn is_over(&self, waited_ms: u64) -> bool {
        self.verdict.is_over(waited_ms, &self.readiness, &self.standing)
    }

    /// Why it is not ready on this port, and what to do; `None` when it is.
    pub(super) fn why(&self, port: u16) -> Option<Reason> {
        let why = self.verdict.why()?;
        Some(why.advised(cure(&self.standing, port).as_deref()))
    }
}

impl Look<'_> {
    /// Whether a deploy is ready, by one look.
    pub(super) fn is_ready(&self, deploy: &DeployName, known: &Deploy) -> Result<bool, Refusal> {
        Ok(self.looked(deploy, known)?.is_some_and(|looked| looked.verdict == Verdict::Ready))
    }

    /// One look at a deploy; `None` where its folder does not hold what the state says.
    pub(super) fn looked(&self, deploy: &DeployName, known: &Deploy) -> Result<Option<Looked>, Refusal> {
        let home = self.deploys.home(deploy.as_str());
        let folder = self.facts.folder(&home)?;
        if !folder.is_some_and(|folder| holds(&folder, known)) {
            return Ok(None);
        }
        let readiness = self.own_readiness(deploy)?;
        let standing = self.facts.standing(&home, known.port.0, &readiness)?;
        Ok(Some(Looked { verdict: Verdict::of(&standing, &readiness), readiness, standing }))
    }

    /// When a deploy that is there counts as ready.
    pub(super) fn own_readiness(&self, deploy: &DeployName) -> Result<Readiness, Refusal> {
        let home = self.deploys.home(deploy.as_str());
        let folder = self.facts.folder(&home)?;
        let own = folder.and_then(|folder| release_json(&folder, &home).ok()).and_then(|config| config.readiness);
        Ok(self.readiness(own.as_ref()))
    }

    /// When a release counts as ready: its own word, else that of the configuration.
    pub(super) fn readiness(&self, own: Option<&Readiness>) -> Readiness {
        own.unwrap_or(&self.mode.config.readiness).clone()
    }
}
