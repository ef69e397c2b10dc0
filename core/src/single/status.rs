//! `status` without a proxy: what is live, where, since when.

use crate::prelude::*;

use serde_json::json;

use super::live::{Live, live};
use crate::{
    config::ToolConfig,
    deploy::{Deploys, base_name},
    printable::one_line,
    seam::{Command, Facts, Outcome, Refusal, Report, Step},
    time::utc,
};

/// `status [--json-output]` without a proxy.
#[derive(Clone, Debug)]
pub struct Status {
    /// The configuration.
    pub config: ToolConfig,
    /// Whether it prints JSON.
    pub json: bool,
}

impl Command for Status {
    fn next(&self, facts: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        let deploys = Deploys(self.config.deploys_dir.as_str());
        let (now, intents) = (live(facts, deploys), facts.intents(&deploys.intents()));
        let now = now?;
        // Others than the owner may look at what is live, and not at c2's own folder.
        let intents = match intents {
            Err(Refusal::World(failure)) => Err(failure),
            intents => Ok(intents?),
        };
        let mut report = if self.json {
            let current = now.as_ref().map(|live| {
                json!({
                    "deploy": base_name(&live.path),
                    "release": live.folder.as_ref().and_then(|folder| folder.release.clone()),
                    "folder": live.path,
                    "since": utc(live.since),
                    "whole": live.folder.is_some(),
                })
            });
            Report::json(&json!({ "current": current }))
        } else {
            Report::text(text(now.as_ref()))
        };
        if let Some(live) = now.filter(|live| live.folder.is_none()) {
            report.notes.push(format!("current points to {}, which holds no release", live.path));
        }
        match intents {
            Ok(intents) if intents.is_empty() => (),
            Ok(_) => report.notes.push(
                "a change is under way, or was interrupted: then the next start or stop goes back before it goes on"
                    .to_string(),
            ),
            Err(failure) => report.notes.push(format!("whether a change is under way is not known: {failure}")),
        }
        Ok(Step::Done(report))
    }
}

fn text(now: Option<&Live>) -> String {
    let Some(live) = now else { return "nothing is live\n".to_string() };
    let release = live.folder.as_ref().and_then(|folder| folder.release.as_deref());
    let release = match &live.folder {
        Some(_) => release.unwrap_or(base_name(&live.path)),
        None => "unknown",
    };
    let (deploy, since) = (base_name(&live.path), utc(live.since));
    format!("Current: {}\nRelease: {release}\nFolder: {}\nSince: {since}\n", one_line(deploy), one_line(&live.path))
}
