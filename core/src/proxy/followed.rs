//! What came of following a master state: what runs now, what does not and why.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use super::{Look, Refused, deploying::start};
use crate::{
    Ordered,
    config::{DeployName, State},
    seam::{Outcome, Plan, Purpose, Reason, Refusal, Step},
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
    /// The deploys that are wanted and could not be brought about, and why.
    pub(crate) failed: BTreeMap<DeployName, Reason>,
    /// What else went wrong.
    pub(crate) troubles: Vec<Reason>,
    /// What is up and not ready, though its time is over: it is looked at again in each round.
    pub(crate) unready: Vec<Reason>,
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

impl Look<'_> {
    /// What came of following this state.
    pub(super) fn following(&self, master: &State, refused: &[Refused]) -> Result<Following, Refusal> {
        let want = Self::followed(master);
        let mut failed = BTreeMap::new();
        let asked: Vec<_> = want.deploys.iter().map(|(deploy, wanted)| (deploy, self.stands(deploy, wanted))).collect();
        let running = self.running();
        for (deploy, stands) in asked {
            match stands {
                Ok(true) => (),
                Err(Refusal::Unknown) => return Err(Refusal::Unknown),
                Ok(false) if self.mode.postponed.contains(deploy) => (),
                Ok(false) => drop(failed.insert(deploy.clone(), self.why_not(deploy, refused))),
                Err(refusal) => drop(failed.insert(deploy.clone(), advised(&refusal))),
            }
        }
        let is_told = |reason: &Reason| failed.values().any(|why| why == reason);
        let of_others = self.past.iter().filter(|outcome| match outcome {
            Outcome::Planned { plan, .. } => started(plan).is_none_or(|deploy| !want.deploys.contains_key(deploy)),
            Outcome::Waited { .. } => false,
        });
        let reasons =
            of_others.filter_map(Outcome::reason).chain(refused.iter().map(|refused| advised(&refused.refusal)));
        let troubles = reasons.filter(|reason| !is_told(reason)).collect();
        let running = running?;
        let notes = self.past.iter().filter_map(|outcome| match outcome {
            Outcome::Planned { plan, failed: None, .. } => Some(format!("done: {}", plan.purpose)),
            _ => None,
        });
        Ok(Following {
            failed,
            troubles,
            unready: if self.now.has_proxy() { self.unready(master)? } else { Vec::new() },
            notes: notes.collect(),
            standing: Some(self.standing()),
            noted: self.now.have.clone(),
            running,
        })
    }

    /// Why a deploy that is wanted does not run.
    fn why_not(&self, deploy: &DeployName, refused: &[Refused]) -> Reason {
        let its = refused.iter().find(|refused| refused.deploy.as_ref() == Some(deploy));
        let tried = self.past.iter().rev().find_map(|outcome| match outcome {
            Outcome::Planned { plan, .. } if started(plan) == Some(deploy) => outcome.reason(),
            _ => None,
        });
        let text = its.map(|refused| advised(&refused.refusal)).or(tried);
        text.unwrap_or_else(|| format!("{}: it was started and does not run", start(deploy)).into())
    }

    /// What really runs, and where the endpoints are really routed.
    fn running(&self) -> Result<State, Refusal> {
        let have = &self.now.have;
        let asked: Vec<_> =
            have.deploys.iter().map(|(deploy, known)| (deploy, known, self.stands(deploy, known))).collect();
        let mut state = State::default();
        for (deploy, known, stands) in asked {
            match stands {
                Err(Refusal::Unknown) => return Err(Refusal::Unknown),
                Ok(true) => drop(state.deploys.insert(deploy.clone(), known.clone())),
                _ => (),
            }
        }
        if !self.now.proxy.running {
            return Ok(state);
        }
        let routes = self.now.routes();
        for (endpoint, target) in &routes.targets {
            let of_port =
                |port: u16| state.deploys.iter().find(|(_, known)| known.port.0 == port).map(|(it, _)| it.clone());
            let Some(deploy) = of_port(target.port) else { continue };
            state.connections.insert(endpoint.clone(), deploy);
            let split = have.splits.get(endpoint).filter(|_| target.share.is_some());
            state.splits.extend(split.map(|split| (endpoint.clone(), split.clone())));
        }
        let paged = have.maintenance.iter().filter(|(endpoint, _)| routes.maintenance.contains(*endpoint));
        state.maintenance = paged.map(|(endpoint, page)| (endpoint.clone(), page.clone())).into_map();
        Ok(state)
    }
}

/// A refusal with what to do about it: a report has no other place for that.
fn advised(refusal: &Refusal) -> Reason {
    Reason::from(refusal).advised(refusal.hint())
}

/// The deploy that a plan starts.
pub(super) fn started(plan: &Plan) -> Option<&DeployName> {
    match &plan.purpose {
        Purpose::StartDeploy(deploy) | Purpose::RestartDeploy(deploy) => Some(deploy),
        _ => None,
    }
}
