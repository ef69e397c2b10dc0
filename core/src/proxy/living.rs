//! Whether a deploy runs as the state says.

use alloc::string::{String, ToString};

use super::Look;
use crate::{
    commands::is_whole,
    config::{Deploy, DeployName},
    seam::{Container, Folder, Refusal},
};

impl Look<'_> {
    /// Whether a deploy runs as the state says: its folder holds that release for that port, and the port answers or
    /// its compose project runs. A folder without a stamp, of the older tool, is taken for what the state says.
    pub(super) fn lives(&self, deploy: &DeployName, known: &Deploy) -> Result<bool, Refusal> {
        let folder = self.facts.folder(&self.deploys.home(deploy.as_str()))?;
        let Some(folder) = folder.filter(|folder| holds(folder, known)) else { return Ok(false) };
        self.runs(deploy, &folder, known.port.0)
    }

    pub(super) fn runs(&self, deploy: &DeployName, folder: &Folder, port: u16) -> Result<bool, Refusal> {
        let listens = self.facts.listens(port);
        let runs = if folder.compose { self.project_runs(deploy) } else { Ok(false) };
        Ok(listens? || runs?)
    }

    /// Whether a container of a deploy's compose project lives.
    pub(super) fn project_runs(&self, deploy: &DeployName) -> Result<bool, Refusal> {
        let containers = self.facts.containers(&self.deploys.home(deploy.as_str()))?;
        Ok(containers.iter().any(Container::lives))
    }
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
