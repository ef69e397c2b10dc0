//! The stages that several steps have in common: a deploy taken offline, its folder put away, the state noted.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::{
    health::project_name,
    proxying::{Proxying, write},
    reconcile::Reconcile,
    seen::state_file,
};
use crate::{
    config::{Deploy, DeployName, Readiness, State},
    deploy::{is_whole, release_json},
    ready::unsettled,
    seam::{Effect, Folder, Plan, Purpose, Refusal, Role, Stage},
};

/// Looks at a deploy until it is ready; where that is not demanded, once.
pub(super) fn ready(port: u16, readiness: Readiness, folder: &str, demanded: bool) -> Effect {
    Effect::WaitReady { port, readiness, folder: folder.into(), demanded }
}

/// The plan that gives an id to a folder of the older tool: what is exchanged must have a name to go back by.
pub(super) fn identify(
    r: &Reconcile<'_>,
    path: &str,
    home: Option<&Folder>,
    id: &str,
) -> Result<Option<Plan>, Refusal> {
    let Some(folder) = home.filter(|folder| folder.id.is_none()) else { return Ok(None) };
    if release_json(folder, path).is_err() {
        return Ok(None);
    }
    let take_over = Purpose::TakeOver(path.into());
    if r.tried(&take_over) == Some(false) {
        return Err(Refusal::no(take_over.to_string(), "it could not be given an id"));
    }
    let identify = Effect::Identify { folder: path.into(), id: id.into() };
    Ok(Some(Plan::new(take_over, vec![Stage::new("give it an id", vec![identify])])))
}

/// The plan that gives an id to the first of these deploys' folders that needs one.
pub(super) fn identify_all<'d>(
    r: &Reconcile<'_>,
    deploys: impl Iterator<Item = &'d DeployName>,
    id: &str,
) -> Result<Option<Plan>, Refusal> {
    for deploy in deploys {
        let path = r.seen.deploys.live_dir(deploy.as_str());
        if let Some(plan) = identify(r, &path, r.seen.facts.folder(&path)?.as_ref(), id)? {
            return Ok(Some(plan));
        }
    }
    Ok(None)
}

/// The stages that stop a deploy whose folder is to be put away.
pub(super) fn clear(
    r: &Reconcile<'_>,
    proxying: &mut Proxying<'_>,
    deploy: &DeployName,
    known: &Deploy,
    comes_back: bool,
) -> Result<Vec<Stage>, Refusal> {
    let there = r.seen.facts.folder(&r.seen.deploys.live_dir(deploy.as_str()))?;
    let mut stages = vec![Stage::new("make room", vec![Effect::Remove(r.seen.deploys.staged(deploy.as_str()))])];
    stages.extend(take_offline(r, proxying, deploy, known, there.as_ref(), comes_back)?);
    Ok(stages)
}

/// No endpoint on a deploy, no old worker on it, not running; undone: running, proven, its endpoints back.
pub(super) fn take_offline(
    r: &Reconcile<'_>,
    proxying: &mut Proxying<'_>,
    deploy: &DeployName,
    known: &Deploy,
    there: Option<&Folder>,
    comes_back: bool,
) -> Result<Vec<Stage>, Refusal> {
    let (port, home) = (known.port.0, r.seen.deploys.live_dir(deploy.as_str()));
    let before = proxying.routes().clone();
    let without = before.without(|at| at == port);
    let mut stages = Vec::new();
    let (listens, runs) = (r.seen.facts.listens(port), r.seen.runs(deploy, known));
    let (listens, runs) = (listens?, runs?);
    // What goes back was proven before: one good look is enough, and ends the time without an answer.
    let readiness = unsettled(&r.seen.readiness(deploy)?);
    let proof = ready(port, readiness, &home, listens);
    // What is on disk counts too: a proxy that docker starts again goes by it.
    if without != before || !proxying.routes_are(&without) {
        let title = match comes_back {
            true if before.answers_503_without(port) => "answer 503 meanwhile",
            true => "give its share to the other deploy meanwhile",
            false => "take its endpoints off",
        };
        stages.extend(proxying.switch_to(title, &without)?);
        // Going back begins with the proof that there is something to go back to.
        if let Some(stage) = stages.last_mut() {
            stage.undo.insert(0, proof.clone());
        }
    }
    let Some(folder) = there.filter(|folder| is_whole(folder)) else { return Ok(stages) };
    let commands = match release_json(folder, &home) {
        Ok(commands) => commands,
        Err(_) if r.force => return Ok(stages),
        Err(refusal) => return Err(refusal.with_hint("repair that file, or go on without stopping it by --force")),
    };
    // We cannot tell whether an unresponsive deploy runs, so its commands may fail.
    let stop = r.run(Role::Stop, &commands, &home, r.force || !runs);
    let start = r.run(Role::Start, &commands, &home, !runs);
    let effects = r.drain(&home).into_iter().chain(stop).collect();
    stages.push(Stage::new("stop it", effects).undone_by(start.into_iter().chain([proof]).collect()));
    Ok(stages)
}

/// The stage that puts the folder of a deploy away which does not run any more.
pub(super) fn put_away(r: &Reconcile<'_>, deploy: &DeployName) -> Result<Stage, Refusal> {
    let (home, staged) = (r.seen.deploys.live_dir(deploy.as_str()), r.seen.deploys.staged(deploy.as_str()));
    let there = r.seen.facts.folder(&home)?;
    let exchange = |id| vec![Effect::Exchange { staged: staged.clone(), live_dir: home.clone(), id }];
    let back = exchange(there.and_then(|folder| folder.id));
    Ok(Stage::new("put it away", exchange(None)).undone_by(back))
}

/// The stage that writes the state, unless that is what is written.
pub(super) fn note(r: &Reconcile<'_>, after: &State) -> Option<Stage> {
    let path = state_file(r.seen.deploys);
    let back = match r.seen.state_is_there {
        true => write(path.clone(), r.seen.state.to_json()),
        false => Effect::Remove(path.clone()),
    };
    let noted = r.seen.state_is_there && *after == r.seen.state;
    (!noted).then(|| Stage::new("note it", vec![write(path, after.to_json())]).undone_by(vec![back]))
}

/// What removes the former folders of these deploys, and with them what else is left behind once no intent needs it.
pub(super) fn tidied<'d>(r: &Reconcile<'_>, deploys: impl Iterator<Item = &'d DeployName> + Clone) -> Vec<Effect> {
    if r.seen.intents.keys().all(|other| deploys.clone().any(|deploy| deploy == other)) {
        return vec![Effect::Remove(r.seen.deploys.staging())];
    }
    deploys.map(|deploy| Effect::Remove(r.seen.deploys.staged(deploy.as_str()))).collect()
}

/// The note of an interrupted change of a deploy.
pub(super) fn intent_file(r: &Reconcile<'_>, deploy: &DeployName) -> String {
    format!("{}/{deploy}.json", r.seen.deploys.intents())
}

/// The deploys that stand in another one's way: on its port and dead, or for Compose the same project and no longer
/// wanted.
pub(super) fn in_the_way<'s>(
    r: &'s Reconcile<'_>,
    deploy: &DeployName,
    wanted: &Deploy,
    compose: bool,
    state: &State,
) -> Result<BTreeMap<&'s DeployName, &'s Deploy>, Refusal> {
    let mut found = BTreeMap::new();
    for (other, known) in r.seen.state.deploys.iter().filter(|(other, _)| *other != deploy) {
        let same_project = compose
            && !state.deploys.contains_key(other)
            && project_name(other.as_str()) == project_name(deploy.as_str())
            && r.seen.facts.folder(&r.seen.deploys.live_dir(other.as_str()))?.is_some_and(|folder| folder.compose);
        if known.port == wanted.port || same_project {
            found.insert(other, known);
        }
    }
    Ok(found)
}
