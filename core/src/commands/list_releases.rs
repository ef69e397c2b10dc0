//! `list-releases`: the names that `start` takes, newest first.

use crate::prelude::*;

use crate::{
    config::{FromText, ReleaseName, Releases, ToolConfig},
    seam::{Command, Facts, Listed, Location, Outcome, Refusal, Report, Step},
};

/// `list-releases`.
#[derive(Clone, Debug)]
pub struct ListReleases {
    /// The configuration.
    pub config: ToolConfig,
}

impl Command for ListReleases {
    fn next(&self, facts: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        let (names, notes) = releases(facts, &self.config)?;
        let text: String = names.iter().map(|name| format!("{name}\n")).collect();
        Ok(Step::Done(Report { notes, ..Report::text(text) }))
    }
}

/// The releases of the store, newest first, and what was left out with a reason.
pub(crate) fn releases(facts: &Facts, config: &ToolConfig) -> Result<(Vec<String>, Vec<String>), Refusal> {
    let at = match &config.releases {
        Releases::LocalDir(folder) => Location::File(folder.to_string()),
        Releases::S3(path) => {
            let base = path.key().strip_suffix('/').unwrap_or(path.key());
            Location::Object { bucket: path.bucket().into(), key: format!("{base}/") }
        }
    };
    let mut listed = facts.releases(&at)?;
    listed.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.name.cmp(&b.name)));
    let (mut names, mut notes) = (Vec::new(), Vec::new());
    for Listed { name, .. } in listed {
        if name.is_empty() || name.ends_with('/') || is_own_state(&name, config) {
            continue;
        }
        match ReleaseName::from_text(&name) {
            Ok(name) => names.push(name.to_string()),
            Err(why) => notes.push(format!("left out of the list: {name:?}: {why}")),
        }
    }
    Ok((names, notes))
}

/// Whether the name is one of the tool's own state objects: the remote state may lie below the releases' prefix.
fn is_own_state(name: &str, config: &ToolConfig) -> bool {
    let (Some(state), Releases::S3(releases)) = (config.shared_state(), &config.releases) else { return false };
    let full = format!("{}/{name}", releases.key().strip_suffix('/').unwrap_or(releases.key()));
    let same_bucket = state.bucket() == releases.bucket();
    let Some(below) = full.strip_prefix(state.key()).filter(|_| same_bucket) else { return false };
    below == "/master/state.json"
        || below == "/master/.c2-probe"
        || below.strip_prefix("/slaves/").is_some_and(|slave| slave.ends_with("/state.json"))
}
