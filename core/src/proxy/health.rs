//! How a deploy of this machine is: whether it runs as the state says, whether it is ready, and by what.

use crate::prelude::*;

use super::seen::Seen;
use crate::{
    config::{Deploy, DeployName, Readiness, ToolConfig},
    deploy::{Deploys, is_whole, release_json},
    ready::{Status, cure},
    seam::{Container, Facts, Folder, Reason, Refusal, Standing},
};

/// One look at a deploy: its status with the evidence.
pub(super) struct Looked {
    pub(super) status: Status,
    pub(super) readiness: Readiness,
    pub(super) standing: Standing,
}

impl Looked {
    /// Whether it is no longer waited for, so long after it was started.
    pub(super) fn is_over(&self, waited_ms: u64) -> bool {
        self.status.is_over(waited_ms, &self.readiness, &self.standing)
    }

    /// Why it is not ready on this port, and what to do; `None` when it is.
    pub(super) fn why(&self, port: u16) -> Option<Reason> {
        self.why_of(&self.status, port)
    }

    /// Why a deploy of this status is not ready, and what to do.
    pub(super) fn why_of(&self, status: &Status, port: u16) -> Option<Reason> {
        Some(status.why()?.advised(cure(&self.standing, port).as_deref()))
    }
}

impl Seen<'_> {
    /// Whether a deploy runs as the state says: its folder holds that release for that port, and the port answers or
    /// its compose project runs. A folder without a stamp, of the older tool, is taken for what the state says.
    pub(super) fn runs(&self, deploy: &DeployName, known: &Deploy) -> Result<bool, Refusal> {
        match self.folder(deploy, known)? {
            Some(folder) => self.folder_runs(deploy, &folder, known.port.0),
            None => Ok(false),
        }
    }

    /// Whether what a deploy's folder holds runs, on this port or as a container.
    pub(super) fn folder_runs(&self, deploy: &DeployName, folder: &Folder, port: u16) -> Result<bool, Refusal> {
        let listens = self.facts.listens(port);
        let containers =
            if folder.compose { self.facts.containers(&self.deploys.live_dir(deploy.as_str())) } else { Ok([].into()) };
        Ok(listens? || containers?.iter().any(Container::lives))
    }

    /// A deploy's folder, where it holds what the state says.
    pub(super) fn folder(&self, deploy: &DeployName, known: &Deploy) -> Result<Option<Folder>, Refusal> {
        folder(self.facts, &self.deploys.live_dir(deploy.as_str()), known)
    }

    /// Whether a deploy is ready, by one look.
    pub(super) fn is_ready(&self, deploy: &DeployName, known: &Deploy) -> Result<bool, Refusal> {
        Ok(self.looked(deploy, known)?.is_some_and(|looked| looked.status.is_ready()))
    }

    /// Whether a deploy is ready and its port answers: an endpoint may go to it without further proof.
    pub(super) fn is_routable(&self, deploy: &DeployName, known: &Deploy) -> Result<bool, Refusal> {
        let (listens, ready) = (self.facts.listens(known.port.0), self.is_ready(deploy, known));
        Ok(listens? && ready?)
    }

    /// One look at a deploy; `None` where its folder does not hold what the state says.
    pub(super) fn looked(&self, deploy: &DeployName, known: &Deploy) -> Result<Option<Looked>, Refusal> {
        looked(self.facts, self.config, deploy, known)
    }

    /// When a deploy that is there counts as ready: by its release's own word, else that of the configuration.
    pub(super) fn readiness(&self, deploy: &DeployName) -> Result<Readiness, Refusal> {
        let home = self.deploys.live_dir(deploy.as_str());
        let folder = self.facts.folder(&home)?;
        Ok(readiness(self.config, folder.as_ref(), &home))
    }
}

/// One look at a deploy; `None` where its folder does not hold what the state says.
pub(super) fn looked(
    facts: &Facts,
    config: &ToolConfig,
    deploy: &DeployName,
    known: &Deploy,
) -> Result<Option<Looked>, Refusal> {
    let home = Deploys(config.deploys_dir.as_str()).live_dir(deploy.as_str());
    let Some(folder) = folder(facts, &home, known)? else { return Ok(None) };
    let readiness = readiness(config, Some(&folder), &home);
    let standing = facts.standing(&home, known.port.0, &readiness)?;
    Ok(Some(Looked { status: Status::of(&standing, &readiness), readiness, standing }))
}

fn folder(facts: &Facts, home: &str, known: &Deploy) -> Result<Option<Folder>, Refusal> {
    Ok(facts.folder(home)?.filter(|folder| holds(folder, known)))
}

fn readiness(config: &ToolConfig, folder: Option<&Folder>, home: &str) -> Readiness {
    let own = folder.and_then(|folder| release_json(folder, home).ok()).and_then(|config| config.readiness);
    own.unwrap_or_else(|| config.readiness.clone())
}

/// Whether a folder holds what the state says.
pub(super) fn holds(folder: &Folder, known: &Deploy) -> bool {
    let release = folder.release.as_deref().is_none_or(|release| release == known.release.as_str());
    let pinned = known.pin.as_ref().map(|pin| pin.sha256.as_str());
    let bytes = folder.sha256.as_deref().is_none_or(|sha256| pinned.is_none_or(|pinned| pinned == sha256));
    is_whole(folder) && release && bytes && folder.port.is_none_or(|port| port == known.port.0)
}

/// What Compose calls the project of a deploy's folder (`NormalizeProjectName` of compose-go).
#[must_use]
pub fn project_name(deploy: &str) -> String {
    let lower = deploy.chars().map(|c| c.to_ascii_lowercase());
    let name: String = lower.filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    name.trim_start_matches(['-', '_']).to_string()
}
