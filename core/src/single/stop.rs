//! `stop` without a proxy: whatever is live is stopped, and `current` removed.

use crate::prelude::*;

use super::{
    live::{Live, live},
    roll_back,
    start::{change_of, foreground_alone, running, standing, stop_stage},
};
use crate::{
    config::{FromText, ReleaseName, ToolConfig, default_deploy_name},
    deploy::{CURRENT_INTENT, Deploys, Running, base_name, is_whole},
    seam::{
        Command, Effect, Facts, Failure, Intent, Outcome, Plan, Purpose, Refusal, Report, Settled as _, Stage, Step,
        retry_hint, run_on,
    },
};

/// `stop <deploy>` without a proxy.
#[derive(Clone, Debug)]
pub struct Stop {
    /// The configuration.
    pub config: ToolConfig,
    /// The release or deploy that is meant to be live.
    pub deploy: String,
    /// Whether a stop command that fails is only reported.
    pub force: bool,
}

impl Command for Stop {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let deploys = Deploys(self.config.deploys_dir.as_str());
        if let Some(change @ Outcome::Planned { failed: None, plan, .. }) = change_of(past) {
            if let Some(step) = roll_back::forget_again(change, past) {
                return Ok(step);
            }
            let stopped = plan.intent.as_ref().and_then(|(_, intent)| intent.old_folder.as_deref());
            return match stopped.map(|folder| self.runs_on(facts, folder)).transpose()?.flatten() {
                Some(report) => Ok(Step::Done(report.after(past))),
                None => Ok(Step::Done(roll_back::well_done(format!("done: {}", plan.purpose), past))),
            };
        }
        let running = running(&self.config);
        let (now, intents) = (live(facts, deploys), facts.intents(&deploys.intents()));
        let (now, intents) = (now?, intents?);
        if let (Some(text), true) = (intents.get(CURRENT_INTENT), roll_back::may(past)) {
            return roll_back::from_note(facts, deploys, text, running).map(Step::Do);
        }
        match (change_of(past), now) {
            (Some(outcome), now) => {
                let again = retry_hint(&format!("c2 stop {}", self.deploy.escape_debug()));
                let hint = outcome.failure().and_then(Failure::hint).unwrap_or(&again);
                let report = Report::failed(outcome.failure_text().unwrap_or_default(), Some(hint)).after(past);
                Ok(Step::Done(Report { now: Some(standing(now.as_ref())), ..report }))
            }
            (None, None) => {
                let runs_on =
                    self.folder_named(facts, deploys)?.map(|folder| self.runs_on(facts, &folder)).transpose()?;
                let nothing = || Report::note("nothing is live: there is nothing to stop");
                Ok(Step::Done(runs_on.flatten().unwrap_or_else(nothing)))
            }
            (None, Some(now)) => {
                if !self.names(&now) && self.folder_named(facts, deploys)?.is_some() {
                    let (named, live) = (self.deploy.escape_debug(), base_name(&now.path));
                    return Err(Refusal::no(format!("stop {named}"), format!("it is not live: {live} is"))
                        .with_hint(format!("to stop what is live: c2 stop {live}")));
                }
                self.plan(facts, deploys, &now, running).map(Step::Do)
            }
        }
    }

    fn lock(&self) -> Option<String> {
        Some(Deploys(self.config.deploys_dir.as_str()).lock())
    }

    fn may_nest(&self) -> bool {
        false
    }
}

impl Stop {
    fn plan(&self, facts: &Facts, deploys: Deploys<'_>, live: &Live, running: Running) -> Result<Plan, Refusal> {
        let stays = facts.foreground_runs(&live.path)?;
        let alone = || stays.then(|| foreground_alone(live));
        let mut notes = Vec::new();
        if live.folder.is_some() && !self.names(live) {
            notes.push(format!(
                "what is live is {}, not {}: it is stopped all the same",
                base_name(&live.path),
                self.deploy.escape_debug()
            ));
        }
        let stop = match &live.folder {
            None => {
                let rest = if stays { "its start command is ended and the link" } else { "only the link is" };
                notes.push(format!("current points to {}, which holds no release: {rest} removed", live.path));
                alone()
            }
            Some(folder) => match stop_stage(live, folder, running, self.force, stays) {
                Ok(stage) => stage,
                Err(refusal) if self.force => {
                    notes.push(format!("{refusal}: only the link is removed (--force)"));
                    alone()
                }
                Err(refusal) => {
                    return Err(refusal.with_hint("stop it by hand and remove the link with --force"));
                }
            },
        };
        let at = deploys.current();
        let unlink = Stage::new("remove the link", vec![Effect::Unlink(at.clone())])
            .undone_by(vec![Effect::Link { at, to: live.target.clone() }]);
        let intent = Intent {
            old_target: Some(live.target.clone()),
            old_folder: live.folder.is_some().then(|| live.path.clone()),
            live_dir: None,
            live_id: None,
            staged: deploys.staging(),
            stopping: false,
            port: None,
        };
        let stop = stop.map(|stage| roll_back::noting(stage, deploys, &intent)).unwrap_or_default();
        let stages = stop.into_iter().chain([unlink]).collect();
        let intent = Some((deploys.current_intent(), intent));
        // A start that stayed with what is stopped here has kept the folder's former content until now.
        let tidy = vec![Effect::Remove(deploys.staging())];
        Ok(Plan { intent, notes, tidy, ..Plan::new(Purpose::StopRelease(base_name(&live.path).into()), stages) })
    }

    /// The folder of the deploy that the name means, where there is one.
    fn folder_named(&self, facts: &Facts, deploys: Deploys<'_>) -> Result<Option<String>, Refusal> {
        let Ok(release) = ReleaseName::from_text(&self.deploy) else { return Ok(None) };
        let names = [self.deploy.as_str(), default_deploy_name(&release)];
        let homes = names.into_iter().filter(|name| !name.contains('/')).map(|name| deploys.live_dir(name));
        let asked: Vec<_> = homes.map(|home| (facts.folder(&home), home)).collect();
        for (found, home) in asked {
            match found.known()? {
                Ok(Some(folder)) if is_whole(&folder) => return Ok(Some(home)),
                // What is not a directory is not a deploy.
                Ok(_) | Err(_) => (),
            }
        }
        Ok(None)
    }

    /// That containers of a deploy which is stopped run on, unless that is accepted.
    fn runs_on(&self, facts: &Facts, folder: &str) -> Result<Option<Report>, Refusal> {
        // A release that uses no docker needs none to be stopped.
        let Ok(containers) = facts.containers(folder).known()? else { return Ok(None) };
        let why = run_on(&containers).filter(|_| !self.force);
        Ok(why.map(|why| Report::failed(format!("stop {}: {why}", base_name(folder)), None)))
    }

    /// Whether the name given is the live release's or its deploy's.
    fn names(&self, live: &Live) -> bool {
        let deploy = base_name(&live.path);
        let release = live.folder.as_ref().and_then(|folder| folder.release.as_ref());
        let by_release = ReleaseName::from_text(&self.deploy).ok();
        self.deploy == deploy
            || release == Some(&self.deploy)
            || by_release.is_some_and(|name| default_deploy_name(&name) == deploy)
    }
}
