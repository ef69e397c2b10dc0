//! Going fully back to what an intent says was there, after a run that was cut short.

use crate::prelude::*;

use super::super::{
    health::holds,
    parts::{intent_file, ready},
    proxying::Proxying,
    reconcile::Reconcile,
};
use crate::{
    config::DeployName,
    deploy::{WayBack, is_whole, release_json},
    seam::{Effect, Folder, Intent, Plan, Purpose, Refusal, Role, Stage},
};

/// The plan that ends an interrupted change: forgotten when it had come to its end, else taken fully back.
pub(super) fn go_back(r: &Reconcile<'_>, deploy: &DeployName, intent: &Intent) -> Result<Plan, Refusal> {
    let (seen, home) = (&r.seen, r.seen.deploys.live_dir(deploy.as_str()));
    let (there, staged, proxying) = (seen.facts.folder(&home), seen.facts.folder(&intent.staged), Proxying::new(r));
    let (there, staged, mut proxying) = (there?, staged?, proxying?);
    let known = seen.state.deploys.get(deploy);
    let runs = match known {
        Some(known) => seen.runs(deploy, known)?,
        None => false,
    };
    let mut stages = Vec::new();
    let (mut holds_now, mut moved): (Option<&Folder>, bool) = (there.as_ref(), false);
    if !runs {
        stages.extend(off(r, &mut proxying, intent, known.map(|known| known.port.0))?);
        if let Some(folder) = there.as_ref().filter(|folder| is_whole(folder)) {
            let commands = release_json(folder, &home).ok();
            let stop = commands.and_then(|commands| r.run(Role::Stop, &commands, &home, true));
            stages.push(Stage::new("stop what may run", r.drain(&home).into_iter().chain(stop).collect()));
        }
        let back = WayBack::new(intent, &home, there.as_ref(), staged.as_ref());
        (holds_now, moved) = (back.holds, back.exchange.is_some());
        stages.extend(back.exchange.map(|exchange| Stage::new("put the old back", vec![exchange])));
    }
    stages.push(Stage::new("clean up", vec![Effect::Forget(intent_file(r, deploy))]));
    if let (false, Some(known), Some(folder)) = (runs, known, holds_now)
        && holds(folder, known)
        && let Ok(commands) = release_json(folder, &home)
    {
        let readiness = commands.readiness.as_ref().unwrap_or(&seen.config.readiness).clone();
        let start = r.run(Role::Start, &commands, &home, !moved);
        let waits = seen.waiting_for(deploy).next().is_some();
        let ready = ready(known.port.0, readiness, &home, waits && !r.policy.routes_later);
        stages.push(Stage::new("start the old again", start.into_iter().chain([ready]).collect()));
    }
    // What cannot be removed keeps nothing down.
    let tidy = vec![Effect::Remove(intent.staged.clone())];
    Ok(Plan { tidy, notes: proxying.notes, ..Plan::new(Purpose::GoBackDeploy(deploy.clone()), stages) })
}

/// The stages that take the endpoints off both ports of an interrupted change.
fn off(
    r: &Reconcile<'_>,
    proxying: &mut Proxying<'_>,
    intent: &Intent,
    port: Option<u16>,
) -> Result<Vec<Stage>, Refusal> {
    let dead = |at: u16| Some(at) == intent.port || Some(at) == port;
    let without = proxying.routes().without(dead);
    if r.seen.routes_are(&without) || !r.seen.has_proxy() {
        return Ok(vec![]);
    }
    let stages = proxying.switch_to("answer 503 meanwhile", &without)?;
    // There is nothing to go back to: this is the way back.
    Ok(stages.into_iter().map(|stage| Stage { undo: vec![], ..stage }).collect())
}
