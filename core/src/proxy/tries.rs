//! The tries of a release that stop what runs under its name: at most two of the very same content, until something
//! changes. What fails before that stops nothing and may be tried for ever.

use crate::prelude::*;

use sha2::{Digest as _, Sha256};

use super::{proxying::write, reconcile::Reconcile};
use crate::{
    config::DeployName,
    hex::hex,
    seam::{
        CommandLine, Effect, Ending, Failure, Location, Outcome, Plan, Purpose, Refusal, Role, Settled as _, Stage,
    },
};

/// The most tries that stop what runs.
const TRIES: u32 = 2;

/// What was noted of the tries: how many, and of what.
struct Noted {
    count: u32,
    content: String,
}

/// Refuses, on a machine that follows, a plan that would stop what runs for a content that has failed so twice.
pub(super) fn judge(r: &Reconcile<'_>, deploy: &DeployName, plan: &Plan) -> Result<(), Refusal> {
    if !r.policy.goes_on || !stops(plan.stages.iter()) {
        return Ok(());
    }
    let noted = noted(r, deploy)?.filter(|noted| noted.count >= TRIES && noted.content == content_of(r, plan));
    if noted.is_none() {
        return Ok(());
    }
    let why =
        format!("it has failed {TRIES} times after what ran was stopped for it, which was started again each time");
    let hint = "it is tried once more when its release, its rendered files or the rollout change";
    Err(Refusal::no(plan.purpose.to_string(), why).with_hint(hint))
}

/// The plan that notes a try of this run whose start command failed after what ran was stopped.
pub(super) fn note_try(r: &Reconcile<'_>) -> Result<Option<Plan>, Refusal> {
    if !r.policy.goes_on {
        return Ok(None);
    }
    for outcome in r.past {
        let Outcome::Planned { plan, failed: Some((title, failure)), .. } = outcome else { continue };
        let Purpose::StartDeploy(deploy) = &plan.purpose else { continue };
        let purpose = Purpose::NoteTry(deploy.clone());
        let before = plan.stages.iter().take_while(|stage| stage.title != *title);
        if !is_of_the_release(failure) || !stops(before) || r.tried(&purpose).is_some() {
            continue;
        }
        let content = content_of(r, plan);
        let count = noted(r, deploy)?.filter(|noted| noted.content == content).map_or(0, |noted| noted.count);
        let text = format!("{} {content}\n", count + 1);
        let stage = Stage::new("note it", vec![write(file(r, deploy), text)]);
        return Ok(Some(Plan::new(purpose, vec![stage])));
    }
    Ok(None)
}

/// What removes the note of a deploy's tries, where there is one.
pub(super) fn forget(r: &Reconcile<'_>, deploy: &DeployName) -> Result<Option<Effect>, Refusal> {
    Ok(noted(r, deploy)?.map(|_| Effect::Remove(file(r, deploy))))
}

fn file(r: &Reconcile<'_>, deploy: &DeployName) -> String {
    r.seen.deploys.tries(deploy.as_str())
}

fn noted(r: &Reconcile<'_>, deploy: &DeployName) -> Result<Option<Noted>, Refusal> {
    let content = r.seen.facts.content(&Location::File(file(r, deploy))).known_or(None)?;
    Ok(content.and_then(|content| {
        let text = String::from_utf8_lossy(content.bytes.reveal()).into_owned();
        let (count, content) = text.trim().split_once(' ')?;
        Some(Noted { count: count.parse().ok()?, content: content.to_string() })
    }))
}

/// Whether stages stop what runs. Of what does not run the stop command may fail, and nothing is lost by another try.
fn stops<'s>(mut stages: impl Iterator<Item = &'s Stage>) -> bool {
    let is_stop = |effect: &Effect| matches!(effect, Effect::Run { role: Role::Stop, tolerant: false, .. });
    stages.any(|stage| stage.effects.iter().any(is_stop))
}

/// Whether a failure is that of the release's own start command.
fn is_of_the_release(failure: &Failure) -> bool {
    matches!(failure, Failure::Command { role: Role::Start, ending, .. } if !matches!(ending, Ending::NotRun(_)))
}

/// What tells the content that a plan puts in place, and who asks for it, from any other.
fn content_of(r: &Reconcile<'_>, plan: &Plan) -> String {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    add(r.asked_by.unwrap_or_default().as_bytes());
    for effect in plan.stages.iter().flat_map(|stage| &stage.effects) {
        match effect {
            Effect::Unpack { holds, rendered, .. } => {
                for text in [&holds.release, &holds.sha256, &holds.release_json] {
                    add(text.as_deref().unwrap_or_default().as_bytes());
                }
                rendered.iter().for_each(|file| add(file.bytes.reveal()));
            }
            Effect::Run { role: Role::Start, command, .. } => add(CommandLine::reveal(command).as_bytes()),
            _ => (),
        }
    }
    hex(&hash.finalize())
}
