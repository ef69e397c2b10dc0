//! The steps from what is to what is wanted, and the order in which they are tried.

mod await_ready;
mod deploy;
mod go_back;
mod restart;
mod shut_down;
mod stop;
mod switch;
mod tidy;

use crate::prelude::*;

use await_ready::await_ready;
use deploy::deploy;
use go_back::go_back;
use restart::{keeps_what_is_left, restart};
use shut_down::shut_down;
use stop::stop;
use switch::switch;
use tidy::tidy;

use super::{
    ended::note_jobs,
    reconcile::{Reconcile, Refused},
    routes::{is_used, wanted_routes},
    target::Upkeep,
    tries::note_try,
};
use crate::{
    config::{Deploy, DeployName, Label, State},
    seam::{Failure, Plan, Purpose, Refusal, Settled as _, Step},
};

/// Where a run stands.
#[expect(clippy::large_enum_variant, reason = "nearly every one is a step")]
pub(super) enum Next {
    /// This comes first.
    Step(Step),
    /// There is nothing more to do; this was refused.
    End(Vec<Refused>),
}

/// A step that is taken where there is something to do; what it is refused without ending the run is added.
type Try = fn(&Reconcile<'_>, &State, &mut Vec<Refused>) -> Result<Option<Step>, Refusal>;

/// The steps in their order: the first that has something to do is the next.
const ORDER: [Try; 10] = [
    // An endpoint that answers 503 and can be routed is, before anything else takes its time.
    restore_endpoints,
    // What has ended comes back where it is: its endpoints are routed to it still.
    revive_dead,
    // What a release has cost counts before it is tried again.
    note_failed_try,
    // A deploy is there before an endpoint is switched to it: what serves goes on until then.
    start_deploys,
    // An endpoint whose former deploy is about to be ready again must not be left unrouted by the end of this run.
    await_former,
    // The endpoints leave what is no longer wanted before that is stopped: no request is lost.
    switch_routes,
    // What nothing is routed to any more is stopped.
    stop_unwanted,
    // What this run has started may still become ready, and is routed to then: nothing else waits for it.
    await_started,
    // What has ended well is known over later boots.
    note_done,
    // What was kept for going back is removed when there is nothing left to go back to.
    remove_leftovers,
];

/// The next small plan, chosen from what really runs. What is wanted is judged only when no change is interrupted.
pub(super) fn next(
    r: &Reconcile<'_>,
    wanted: impl FnOnce(&Reconcile<'_>) -> Result<State, Refusal>,
) -> Result<Next, Refusal> {
    if r.target.proxy == Upkeep::Stop {
        return Ok(shut_down(r));
    }
    r.seen.check_plausible()?;
    // Until an interrupted change is taken back, what is found is neither what was nor what was to be.
    for (deploy, intent) in &r.seen.intents {
        if r.tried(&Purpose::GoBackDeploy(deploy.clone())).is_none() {
            return go_back(r, deploy, intent).map(Step::Do).map(Next::Step);
        }
    }
    let wanted = match wanted(r) {
        Ok(wanted) => wanted,
        // A refusal with nothing done is the command's; after that it is one trouble among others.
        Err(refusal) if r.past.is_empty() => return Err(refusal),
        Err(refusal) => return Ok(Next::End(vec![refusal.into()])),
    };
    let mut refused = Vec::new();
    for step in ORDER {
        if let Some(step) = step(r, &wanted, &mut refused)? {
            return Ok(Next::Step(step));
        }
    }
    Ok(Next::End(refused))
}

fn restore_endpoints(r: &Reconcile<'_>, wanted: &State, _: &mut Vec<Refused>) -> Result<Option<Step>, Refusal> {
    if !r.policy.routes_later {
        return Ok(None);
    }
    let present = r.seen.routes();
    let unrouted = |endpoint: &Label| present.port(endpoint).is_none();
    if wanted_routes(r, wanted)?.targets.keys().any(unrouted)
        // What cannot be configured holds up no deploy, and is said when all of them are seen to.
        && let Some(plan) = switch(r, wanted).known_or(None)?
    {
        return Ok(Some(Step::Do(plan)));
    }
    await_ready(r, wanted, unrouted)
}

fn revive_dead(r: &Reconcile<'_>, wanted: &State, _: &mut Vec<Refused>) -> Result<Option<Step>, Refusal> {
    for deploy in r.dead {
        if let Some(to) = wanted.deploys.get(deploy)
            && let Some(plan) = restart(r, deploy, to).known_or(None)?
        {
            return Ok(Some(Step::Do(plan)));
        }
    }
    Ok(None)
}

/// First those that are missing, then those that have changed; one refusal does not hold up the others.
fn start_deploys(r: &Reconcile<'_>, wanted: &State, refused: &mut Vec<Refused>) -> Result<Option<Step>, Refusal> {
    let started = wanted.deploys.iter().filter(|(deploy, _)| r.target.starts.has(deploy));
    let (changed, missing): (Vec<_>, Vec<_>) =
        started.partition(|(deploy, _)| r.seen.state.deploys.contains_key(*deploy));
    let mut is_open = false;
    for (deploy, to) in missing.into_iter().chain(changed) {
        let tried = r.tried(&Purpose::StartDeploy(deploy.clone())).is_some();
        if tried || r.postponed.contains(deploy) || r.seen.intents.contains_key(deploy) {
            continue;
        }
        match start(r, deploy, to, wanted) {
            Ok(None) => (),
            Ok(Some(plan)) => return Ok(Some(Step::Do(plan))),
            Err(Refusal::Unknown) => is_open = true,
            Err(refusal) => {
                let refusal = if r.policy.goes_on { named(deploy, refusal) } else { refusal };
                refused.push(Refused { deploy: Some(deploy.clone()), refusal });
            }
        }
    }
    if is_open {
        return Err(Refusal::Unknown);
    }
    if r.past.is_empty() && !r.policy.goes_on && !refused.is_empty() {
        return Err(refused.swap_remove(0).refusal);
    }
    Ok(None)
}

/// The next plan towards a deploy that is not as it is wanted.
fn start(r: &Reconcile<'_>, deploy: &DeployName, to: &Deploy, wanted: &State) -> Result<Option<Plan>, Refusal> {
    if r.stands(deploy, to)? {
        return Ok(None);
    }
    match restart(r, deploy, to)? {
        Some(plan) => Ok(Some(plan)),
        None if keeps_what_is_left(r, deploy, to)? => Ok(None),
        None => self::deploy(r, deploy, to, wanted).map(Some),
    }
}

fn await_former(r: &Reconcile<'_>, wanted: &State, _: &mut Vec<Refused>) -> Result<Option<Step>, Refusal> {
    if r.policy.routes_later {
        return Ok(None);
    }
    // What a change that was cut short has started again may be about to be ready. What is asked for is proven by its plan.
    await_ready(r, wanted, |endpoint| r.switch_failed() || r.target.endpoint() != Some(endpoint))
}

fn switch_routes(r: &Reconcile<'_>, wanted: &State, refused: &mut Vec<Refused>) -> Result<Option<Step>, Refusal> {
    let plan = switch(r, wanted).map_err(|refusal| refusal.during(&r.target.doing()));
    unless_refused(r, plan, refused)
}

fn stop_unwanted(r: &Reconcile<'_>, wanted: &State, refused: &mut Vec<Refused>) -> Result<Option<Step>, Refusal> {
    let unwanted = r.seen.state.deploys.iter().filter(|(deploy, _)| !wanted.deploys.contains_key(*deploy));
    for (deploy, _) in unwanted.filter(|(deploy, known)| !is_used(r, deploy, known, wanted)) {
        if r.tried(&Purpose::StopDeploy(deploy.clone())).is_none() {
            let plan = stop(r, deploy).map(Some);
            if let Some(step) = unless_refused(r, plan, refused)? {
                return Ok(Some(step));
            }
        }
    }
    Ok(None)
}

fn await_started(r: &Reconcile<'_>, wanted: &State, _: &mut Vec<Refused>) -> Result<Option<Step>, Refusal> {
    if r.policy.routes_later { await_ready(r, wanted, |_| true) } else { Ok(None) }
}

fn note_failed_try(r: &Reconcile<'_>, _: &State, _: &mut Vec<Refused>) -> Result<Option<Step>, Refusal> {
    Ok(note_try(r)?.map(Step::Do))
}

fn note_done(r: &Reconcile<'_>, _: &State, _: &mut Vec<Refused>) -> Result<Option<Step>, Refusal> {
    Ok(note_jobs(r)?.map(Step::Do))
}

fn remove_leftovers(r: &Reconcile<'_>, _: &State, _: &mut Vec<Refused>) -> Result<Option<Step>, Refusal> {
    Ok(tidy(r)?.map(Step::Do))
}

/// The plan; where one refusal holds up nothing else, it is noted instead.
fn unless_refused(
    r: &Reconcile<'_>,
    plan: Result<Option<Plan>, Refusal>,
    refused: &mut Vec<Refused>,
) -> Result<Option<Step>, Refusal> {
    match plan.known()? {
        Ok(plan) => Ok(plan.map(Step::Do)),
        Err(refusal) if r.policy.goes_on => {
            refused.push(refusal.into());
            Ok(None)
        }
        Err(refusal) => Err(refusal),
    }
}

/// The same refusal, naming the deploy.
fn named(deploy: &DeployName, refusal: Refusal) -> Refusal {
    use crate::prelude::*;
    let about = Purpose::StartDeploy(deploy.clone()).to_string();
    match refusal {
        Refusal::Unknown => Refusal::Unknown,
        // It keeps apart what was printed.
        Refusal::World(Failure::Called { .. }) => refusal.during(&about),
        refusal => {
            let text = String::from(format!("{refusal}").strip_prefix(&format!("{about}: ")).unwrap_or_default());
            let why = if text.is_empty() { format!("{refusal}") } else { text };
            let hint = refusal.hint().map(String::from);
            let renamed = Refusal::no(about, why);
            match hint {
                Some(hint) => renamed.with_hint(hint),
                None => renamed,
            }
        }
    }
}
