//! Starting a deploy again from what is on disk: nothing is fetched, so that a machine comes up without its stores.

use crate::prelude::*;

use super::super::{proxying::Proxying, reconcile::Reconcile};
use crate::{
    config::{Deploy, DeployName},
    deploy::release_json,
    seam::{Plan, Purpose, Refusal, Role, Stage},
};

/// The plan that starts a deploy again which is on disk as it is wanted and does not run. `None` when it is not, or
/// when that was tried in this run: then it is deployed from its release.
pub(super) fn restart(r: &Reconcile<'_>, deploy: &DeployName, wanted: &Deploy) -> Result<Option<Plan>, Refusal> {
    let purpose = Purpose::RestartDeploy(deploy.clone());
    let known = r.seen.state.deploys.get(deploy).filter(|known| known.is_as(wanted));
    if !r.policy.starts_from_disk || known.is_none() || r.tried(&purpose).is_some() {
        return Ok(None);
    }
    let home = r.seen.deploys.live_dir(deploy.as_str());
    let (folder, proxying) = (r.seen.folder(deploy, wanted), Proxying::new(r));
    let (Some(folder), mut proxying) = (folder?, proxying?) else { return Ok(None) };
    let Ok(commands) = release_json(&folder, &home) else { return Ok(None) };
    let without = proxying.routes().without(|at| at == wanted.port.0);
    let mut stages: Vec<Stage> = Vec::new();
    if !proxying.routes_are(&without) {
        let unrouted = proxying.switch_to("answer 503 meanwhile", &without)?;
        // There is nothing to go back to.
        stages.extend(unrouted.into_iter().map(|stage| Stage { undo: vec![], ..stage }));
    }
    let stop = || r.run(Role::Stop, &commands, &home, true);
    let clear = r.drain(&home).into_iter().chain(stop()).collect();
    stages.push(Stage::new("stop what is left of it", clear));
    let start = r.run(Role::Start, &commands, &home, false);
    let back = r.drain(&home).into_iter().chain(stop()).collect();
    stages.push(Stage::new("start", start.into_iter().collect()).undone_by(back));
    Ok(Some(Plan { notes: proxying.notes, ..Plan::new(purpose, stages) }))
}
