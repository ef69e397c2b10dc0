//! The plan that takes a deploy off the proxy, stops it and puts its folder away.

use crate::prelude::*;

use super::super::{
    parts::{clear, identify, note, put_away, tidied},
    proxying::Proxying,
    reconcile::Reconcile,
    tries,
};
use crate::{
    config::DeployName,
    deploy::fresh_id,
    seam::{Effect, Plan, Purpose, Refusal, Stage},
};

/// The next plan that stops a deploy.
pub(super) fn stop(r: &Reconcile<'_>, deploy: &DeployName) -> Result<Plan, Refusal> {
    let home = r.seen.deploys.live_dir(deploy.as_str());
    let (there, id, proxying) = (r.seen.facts.folder(&home), fresh_id(r.seen.facts), Proxying::new(r));
    let (there, id, mut proxying) = (there?, id?, proxying?);
    if let Some(plan) = identify(r, &home, there.as_ref(), &id)? {
        return Ok(plan);
    }
    let mut after = r.seen.state.clone();
    after.connections.retain(|_, to| to != deploy);
    let mut stages: Vec<Stage> = match after.deploys.remove(deploy) {
        Some(known) => clear(r, &mut proxying, deploy, &known, false)?,
        None => vec![],
    };
    if r.target.stops.as_ref() == Some(deploy) && !r.force {
        // A release without a compose file may use no docker, and needs none to be stopped.
        let must_answer = there.as_ref().is_some_and(|folder| folder.compose);
        let prove = Effect::ProveStopped { folder: home, must_answer };
        stages.push(Stage::new("see that nothing of it runs on", vec![prove]));
    }
    stages.push(put_away(r, deploy)?);
    stages.extend(note(r, &after));
    let mut tidy = tidied(r, core::iter::once(deploy));
    tidy.extend(tries::forget(r, deploy)?);
    Ok(Plan { tidy, notes: proxying.notes, ..Plan::new(Purpose::StopDeploy(deploy.clone()), stages) })
}
