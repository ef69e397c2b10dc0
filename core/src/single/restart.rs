//! `restart [<deploy>]` without a proxy: what is live is replaced by its own release, with the values of today.

use crate::prelude::*;

use super::{Start, live::live};
use crate::{
    config::{FromText, ReleaseName, ToolConfig},
    deploy::{Deploys, base_name},
    seam::{Command, Facts, Outcome, Refusal, Step},
};

/// `restart <deploy>` without a proxy.
#[derive(Clone, Debug)]
pub struct Restart {
    /// The configuration.
    pub config: ToolConfig,
    /// The deploy or release that is meant to be live.
    pub deploy: String,
    /// Whether a stop command that fails is only reported.
    pub force: bool,
}

impl Command for Restart {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let what = format!("restart {}", self.deploy.escape_debug());
        let Some(live) = live(facts, Deploys(self.config.deploys_dir.as_str()))? else {
            return Err(Refusal::no(what, "nothing is live").with_hint("start a release: c2 start RELEASE"));
        };
        let name = base_name(&live.path);
        let release = live.folder.and_then(|folder| folder.release).unwrap_or_else(|| name.to_string());
        if past.is_empty() && ![name, &*release].contains(&&*self.deploy) {
            return Err(Refusal::no(what, format!("it is not live: {name} is"))
                .with_hint(format!("to restart what is live: c2 restart {name}")));
        }
        let release = ReleaseName::from_text(&release).map_err(|why| Refusal::no(what, why.to_string()))?;
        let (config, force) = (self.config.clone(), self.force);
        Start { config, release, as_deploy: None, force, pin: None }.next(facts, past)
    }

    fn lock(&self) -> Option<String> {
        Some(Deploys(self.config.deploys_dir.as_str()).lock())
    }

    fn may_nest(&self) -> bool {
        false
    }
}
