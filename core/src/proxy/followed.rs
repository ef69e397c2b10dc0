//! What came of following a master state: what runs now, what does not and why.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::{
    reconcile::{Reconcile, Refused, started},
    report::standing,
    routes::{Awaited, awaited},
    target::Upkeep,
};
use crate::{
    Ordered,
    config::{DeployName, State},
    seam::{Outcome, Plan, Purpose, Reason, Refusal, Settled as _, Step},
};

/// Where following stands.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub(crate) enum Followed {
    /// This comes first.
    Step(Step),
    /// There is nothing more to do now.
    Done(Following),
}

/// What came of following.
#[derive(Clone, Debug, Default)]
pub(crate) struct Following {
    /// The wanted deploys that could not be started, and why.
    pub(crate) failed: BTreeMap<DeployName, Reason>,
    /// What else went wrong.
    pub(crate) troubles: Vec<Reason>,
    /// What is up and not ready, though its time is over: it is looked at again in each round.
    pub(crate) unready: Vec<Reason>,
    /// The deploys that were started again, and why they could not be.
    pub(crate) restarted: BTreeMap<DeployName, Option<Reason>>,
    /// What was done.
    pub(crate) notes: Vec<String>,
    /// How the endpoints stand, in words; `None`: it was not found out.
    pub(crate) standing: Option<String>,
    /// The state that this machine notes.
    pub(crate) noted: State,
    /// What really runs and is routed.
    pub(crate) running: State,
}

impl Following {
    /// Nothing was found out: what is noted is all that can be said.
    pub(crate) fn keeping(noted: State) -> Self {
        Following { running: noted.clone(), noted, ..Following::default() }
    }
}

/// What came of following this state.
pub(super) fn following(r: &Reconcile<'_>, wanted: &State, refused: &[Refused]) -> Result<Following, Refusal> {
    let asked: Vec<_> = wanted.deploys.iter().map(|(deploy, to)| (deploy, r.stands(deploy, to))).collect();
    let running = running(r);
    let mut failed = BTreeMap::new();
    for (deploy, stands) in asked {
        match stands.known()? {
            Ok(true) => (),
            Ok(false) if r.postponed.contains(deploy) => (),
            Ok(false) => drop(failed.insert(deploy.clone(), why_not(r, deploy, refused))),
            Err(refusal) => drop(failed.insert(deploy.clone(), advised(&refusal))),
        }
    }
    let is_told = |reason: &Reason| failed.values().any(|why| why == reason);
    let of_others = r.past.iter().filter(|outcome| match outcome {
        Outcome::Planned { plan, .. } => started(plan).is_none_or(|deploy| !wanted.deploys.contains_key(deploy)),
        Outcome::Waited { .. } => false,
    });
    let reasons = of_others.filter_map(Outcome::reason).chain(refused.iter().map(|refused| advised(&refused.refusal)));
    let troubles = reasons.filter(|reason| !is_told(reason)).collect();
    let running = running?;
    let notes = r.past.iter().filter_map(|outcome| match outcome {
        Outcome::Planned { plan, failed: None, .. } => Some(format!("done: {}", plan.purpose)),
        _ => None,
    });
    Ok(Following {
        failed,
        troubles,
        unready: if r.seen.has_proxy() && r.target.proxy != Upkeep::Leave { unready(r, wanted)? } else { Vec::new() },
        restarted: restarted(r),
        notes: notes.collect(),
        standing: Some(standing(r)),
        noted: r.seen.state.clone(),
        running,
    })
}

/// The deploys that were started again, and why they could not be.
fn restarted(r: &Reconcile<'_>) -> BTreeMap<DeployName, Option<Reason>> {
    let outcomes = r.past.iter().filter_map(|outcome| match outcome {
        Outcome::Planned { plan: Plan { purpose: Purpose::RestartDeploy(deploy), .. }, .. } => {
            Some((deploy.clone(), outcome.reason()))
        }
        _ => None,
    });
    outcomes.into_map()
}

/// Why a deploy that is wanted does not run.
fn why_not(r: &Reconcile<'_>, deploy: &DeployName, refused: &[Refused]) -> Reason {
    let its = refused.iter().find(|refused| refused.deploy.as_ref() == Some(deploy));
    let tried = r.past.iter().rev().find_map(|outcome| match outcome {
        Outcome::Planned { plan, .. } if started(plan) == Some(deploy) => outcome.reason(),
        _ => None,
    });
    let text = its.map(|refused| advised(&refused.refusal)).or(tried);
    text.unwrap_or_else(|| format!("{}: it was started and does not run", Purpose::StartDeploy(deploy.clone())).into())
}

/// The endpoints that wait for a deploy which is not ready, in words.
fn unready(r: &Reconcile<'_>, wanted: &State) -> Result<Vec<Reason>, Refusal> {
    let text = |Awaited { endpoint, deploy, known, share }: Awaited<'_>| {
        let why = match r.seen.looked(deploy, known).known_or(None)? {
            None => Some("it cannot be told how it stands".into()),
            // One that is ready waits for something else, which is said elsewhere.
            Some(looked) => looked.why(known.port.0),
        };
        let meanwhile = match r.seen.deploy_on(r.seen.routes().port(endpoint)) {
            Some(_) if share => format!("no share of {endpoint} goes to it"),
            Some((kept, _)) => format!("{endpoint} stays with {kept}"),
            None => format!("{endpoint} answers 503"),
        };
        let around = |why: &str| {
            let text = format!("{deploy} is not ready on port {}: {why}", known.port.0);
            format!("{text}; until it is, which is looked at in each round, {meanwhile}")
        };
        Ok(why.map(|why| why.map(around)))
    };
    let texts: Vec<_> = awaited(r, wanted).into_iter().map(text).collect();
    texts.into_iter().filter_map(Result::transpose).collect()
}

/// What really runs, and where the endpoints are really routed.
fn running(r: &Reconcile<'_>) -> Result<State, Refusal> {
    let known = &r.seen.state;
    let asked: Vec<_> = known.deploys.iter().map(|(deploy, it)| (deploy, it, r.stands(deploy, it))).collect();
    let mut state = State::default();
    for (deploy, it, stands) in asked {
        if stands.known_or(false)? {
            state.deploys.insert(deploy.clone(), it.clone());
        }
    }
    if !r.seen.proxy.running {
        return Ok(state);
    }
    let routes = r.seen.routes();
    for (endpoint, route) in &routes.targets {
        let of_port =
            |port: u16| state.deploys.iter().find(|(_, known)| known.port.0 == port).map(|(it, _)| it.clone());
        let Some(deploy) = of_port(route.port) else { continue };
        state.connections.insert(endpoint.clone(), deploy);
        let split = known.splits.get(endpoint).filter(|_| route.share.is_some());
        state.splits.extend(split.map(|split| (endpoint.clone(), split.clone())));
    }
    let paged = known.maintenance.iter().filter(|(endpoint, _)| routes.maintenance.contains(*endpoint));
    state.maintenance = paged.map(|(endpoint, page)| (endpoint.clone(), page.clone())).into_map();
    Ok(state)
}

/// A refusal with what to do about it: a report has no other place for that.
fn advised(refusal: &Refusal) -> Reason {
    Reason::from(refusal).advised(refusal.hint())
}
