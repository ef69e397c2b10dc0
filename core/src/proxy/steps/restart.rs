//! Starting a deploy again from what is on disk: nothing is fetched, so that a machine comes up without its stores.

use super::super::reconcile::Reconcile;
use crate::{
    config::{Deploy, DeployName},
    deploy::{Dead, release_json},
    seam::{Effect, Plan, Purpose, Refusal, Role, Stage},
};

/// The plan that starts what has ended of a deploy which is on disk as it is wanted: by the engine where that has its
/// containers still, as its start command would run a finished job once more; else by that command. Its routes stay as
/// they are, so that a proxy which cannot be reconfigured keeps nothing down. `None` when it is not on disk, when nothing
/// has ended, or when that was tried in this run.
pub(super) fn restart(r: &Reconcile<'_>, deploy: &DeployName, wanted: &Deploy) -> Result<Option<Plan>, Refusal> {
    let purpose = Purpose::RestartDeploy(deploy.clone());
    if !is_noted(r, deploy, wanted) || r.tried(&purpose).is_some() {
        return Ok(None);
    }
    let home = r.seen.deploys.live_dir(deploy.as_str());
    let (folder, dead) = (r.seen.folder(deploy, wanted), r.seen.dead(deploy, wanted));
    let (Some(folder), Some(dead)) = (folder?, dead?) else { return Ok(None) };
    let stages = match dead {
        Dead::Containers(ids) => vec![Stage::new("start", vec![Effect::StartContainers { folder: home, ids }])],
        Dead::All => {
            let Ok(commands) = release_json(&folder, &home) else { return Ok(None) };
            let stop = || r.run(Role::Stop, &commands, &home, true);
            let start = r.run(Role::Start, &commands, &home, false);
            let started = Stage::new("start", start.into_iter().collect()).undone_by(stop().into_iter().collect());
            vec![Stage::new("stop what is left of it", stop().into_iter().collect()), started]
        }
    };
    Ok(Some(Plan::new(purpose, stages)))
}

/// Whether a deploy that was started again in this run, or could not be, is left to later rounds: what was started may
/// still come up, and where a job of it has ended well, to deploy it afresh would run that again.
pub(super) fn keeps_what_is_left(r: &Reconcile<'_>, deploy: &DeployName, wanted: &Deploy) -> Result<bool, Refusal> {
    match r.tried(&Purpose::RestartDeploy(deploy.clone())).filter(|_| is_noted(r, deploy, wanted)) {
        None => Ok(false),
        Some(true) => Ok(true),
        Some(false) => r.seen.has_jobs(deploy, wanted),
    }
}

/// Whether a machine that follows notes the deploy as it is wanted.
fn is_noted(r: &Reconcile<'_>, deploy: &DeployName, wanted: &Deploy) -> bool {
    r.policy.starts_from_disk && r.seen.state.deploys.get(deploy).is_some_and(|known| known.is_as(wanted))
}
