//! Going fully back to what an intent says was there, after a run that was cut short.

use alloc::{format, vec, vec::Vec};

use super::{Look, living::holds, proxying::Proxying, ready::ready};
use crate::{
    commands::{is_whole, release_json},
    config::DeployName,
    seam::{Effect, Folder, Intent, Plan, Purpose, Refusal, Role, Stage},
};

impl Look<'_> {
    /// The plan that ends an interrupted change: forgotten when it had come to its end, else taken fully back.
    pub(super) fn go_back(&self, deploy: &DeployName, intent: &Intent) -> Result<Plan, Refusal> {
        let home = self.deploys.home(deploy.as_str());
        let (there, aside, proxying) =
            (self.facts.folder(&home), self.facts.folder(&intent.aside), Proxying::new(self));
        let (there, aside, mut proxying) = (there?, aside?, proxying?);
        let known = self.now.have.deploys.get(deploy);
        let lives = match known {
            Some(known) => self.lives(deploy, known)?,
            None => false,
        };
        let mut stages = Vec::new();
        let (mut back, mut moved): (Option<&Folder>, bool) = (there.as_ref(), false);
        if !lives {
            stages.extend(self.off(&mut proxying, intent, known.map(|known| known.port.0))?);
            if let Some(folder) = there.as_ref().filter(|folder| is_whole(folder)) {
                let config = release_json(folder, &home);
                let stop =
                    config.ok().and_then(|config| self.mode.running(Role::Stop).run(Role::Stop, &config, &home, true));
                stages.push(Stage::new("stop what may run", self.drain(&home).into_iter().chain(stop).collect()));
            }
            let former = aside.as_ref().filter(|folder| is_whole(folder) && folder.id == intent.home_id);
            let displaced = there.as_ref().and_then(|folder| folder.id.as_ref()) != intent.home_id.as_ref();
            if displaced && (intent.home_id.is_none() || former.is_some()) {
                let (aside, id) = (intent.aside.clone(), intent.home_id.clone());
                stages.push(Stage::new("put the old back", vec![Effect::Exchange { aside, home: home.clone(), id }]));
                (back, moved) = (former, true);
            }
        }
        let forget = Effect::Forget(format!("{}/{deploy}.json", self.deploys.intents()));
        stages.push(Stage::new("clean up", vec![forget]));
        if let (false, Some(known), Some(folder)) = (lives, known, back)
            && holds(folder, known)
            && let Ok(config) = release_json(folder, &home)
        {
            let readiness = self.readiness(config.readiness.as_ref());
            let start = self.mode.running(Role::Start).run(Role::Start, &config, &home, !moved);
            let waits = self.now.waiting_for(deploy, self.mode.proxy.end_points.keys()).next().is_some();
            let ready = ready(known.port.0, readiness, &home, waits && !self.follows());
            stages.push(Stage::new("start the old again", start.into_iter().chain([ready]).collect()));
        }
        // What cannot be removed keeps nothing down.
        let tidy = vec![Effect::Remove(intent.aside.clone())];
        Ok(Plan { tidy, notes: proxying.notes, ..Plan::new(Purpose::GoBackDeploy(deploy.clone()), stages) })
    }

    /// The stages that take the endpoints off both ports of an interrupted change.
    fn off(&self, proxying: &mut Proxying<'_>, intent: &Intent, port: Option<u16>) -> Result<Vec<Stage>, Refusal> {
        let dead = |at: u16| Some(at) == intent.port || Some(at) == port;
        let without = proxying.routes().without(dead);
        if self.now.routes_are(&without) || !self.now.has_proxy() {
            return Ok(vec![]);
        }
        let stages = proxying.switch_to("answer 503 meanwhile", &without)?;
        // There is nothing to go back to: this is the way back.
        Ok(stages.into_iter().map(|stage| Stage { undo: vec![], ..stage }).collect())
    }
}
