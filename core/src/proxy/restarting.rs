//! Starting a deploy again from what is on disk: nothing is fetched, so that a machine comes up without its stores.

use alloc::{format, string::String, vec, vec::Vec};

use super::{Look, deploying::start, living::holds, proxying::Proxying};
use crate::{
    commands::release_json,
    config::{Deploy, DeployName},
    seam::{Plan, Purpose, Refusal, Role, Stage},
};

impl Look<'_> {
    /// What a person should know of a deploy whose bytes a master does not pin; refused where pins are required.
    pub(super) fn unpinned(&self, deploy: &DeployName, wanted: &Deploy) -> Result<Option<String>, Refusal> {
        if !self.follows() || wanted.pin.is_some() {
            return Ok(None);
        }
        let why = format!("the master pins no hash for it, so that whatever {} holds would run", wanted.release);
        if self.mode.config.require_pins {
            let hint = format!("pin it: c2 start {} {deploy}; or do not set requirePins", wanted.release);
            return Err(Refusal::no(start(deploy), why).with_hint(hint));
        }
        Ok(Some(format!("warning: {why}")))
    }

    /// The plan that starts a deploy again which is on disk as it is wanted and does not run. `None` when it is not, or
    /// when that was tried in this run: then it is brought anew.
    pub(super) fn restart(&self, deploy: &DeployName, wanted: &Deploy) -> Result<Option<Plan>, Refusal> {
        let purpose = Purpose::RestartDeploy(deploy.clone());
        let known = self.now.have.deploys.get(deploy).filter(|known| known.is_as(wanted));
        if !self.follows() || known.is_none() || self.tried(&purpose).is_some() {
            return Ok(None);
        }
        let home = self.deploys.home(deploy.as_str());
        let (folder, proxying) = (self.facts.folder(&home), Proxying::new(self));
        let (folder, mut proxying) = (folder?, proxying?);
        let Some(folder) = folder.filter(|folder| holds(folder, wanted)) else { return Ok(None) };
        let Ok(commands) = release_json(&folder, &home) else { return Ok(None) };
        let without = proxying.routes().without(|at| at == wanted.port.0);
        let mut stages: Vec<Stage> = Vec::new();
        if !proxying.routes_are(&without) {
            let dark = proxying.switch_to("answer 503 meanwhile", &without)?;
            // There is nothing to go back to.
            stages.extend(dark.into_iter().map(|stage| Stage { undo: vec![], ..stage }));
        }
        let stop = || self.mode.running(Role::Stop).run(Role::Stop, &commands, &home, true);
        let clear = self.drain(&home).into_iter().chain(stop()).collect();
        stages.push(Stage::new("stop what is left of it", clear));
        let run = self.mode.running(Role::Start).run(Role::Start, &commands, &home, false);
        let back = self.drain(&home).into_iter().chain(stop()).collect();
        stages.push(Stage::new("start", run.into_iter().collect()).undone_by(back));
        Ok(Some(Plan { notes: proxying.notes, ..Plan::new(purpose, stages) }))
    }
}
