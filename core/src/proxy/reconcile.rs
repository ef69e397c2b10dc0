//! One look at the machine, what is wanted of it, how the run goes about it, and what it has done so far.

use alloc::collections::{BTreeMap, BTreeSet};

use super::{
    policy::Policy,
    seen::Seen,
    target::{Target, Upkeep},
};
use crate::{
    config::{Deploy, DeployName, Label, Maintenance, Readiness},
    deploy::Commands,
    seam::{Effect, Outcome, Plan, Purpose, Refusal, Role, tried},
};

/// What the steps between what is and what is wanted are made from.
pub(crate) struct Reconcile<'a> {
    pub(super) seen: Seen<'a>,
    pub(super) target: Target,
    pub(super) policy: Policy,
    pub(super) past: &'a [Outcome],
    /// The endpoints that are wanted in maintenance, and what their pages say.
    pub(super) pages: BTreeMap<Label, Maintenance>,
    /// Whether an endpoint of the configuration needs the proxy, or the verb does.
    pub(super) needs_proxy: bool,
    /// Whether a stop command that fails is only reported.
    pub(super) force: bool,
    /// The deploys that are not tried in this run.
    pub(super) postponed: &'a BTreeSet<DeployName>,
    /// The deploys of which something has ended that is to be started again now.
    pub(super) dead: &'a BTreeSet<DeployName>,
    /// What asks for it, where that is known: asked by another it is tried again.
    pub(super) asked_by: Option<&'a str>,
}

impl Reconcile<'_> {
    /// How the last plan for this purpose ended in this run: whether it was done; `None` when there was none.
    pub(super) fn tried(&self, purpose: &Purpose) -> Option<bool> {
        tried(self.past, purpose)
    }

    /// Whether the switch that the verb is for failed in this run: what is left is to route what can be routed.
    pub(super) fn switch_failed(&self) -> bool {
        self.tried(&self.target.routing()) == Some(false)
    }

    /// Whether this run repairs a proxy that is stale, and starts one that is needed.
    pub(super) fn repairs(&self) -> bool {
        !matches!(self.target.proxy, Upkeep::Leave | Upkeep::Stop) && !self.switch_failed()
    }

    /// Whether a deploy is as it is wanted. A follower does not ask whether it is ready, takes what has ended well for
    /// done, and trusts one without a compose file that no endpoint has: it would start it again in every round.
    pub(super) fn stands(&self, deploy: &DeployName, wanted: &Deploy) -> Result<bool, Refusal> {
        if !self.seen.state.deploys.get(deploy).is_some_and(|known| known.is_as(wanted)) {
            return Ok(false);
        }
        match self.seen.folder(deploy, wanted)? {
            None => Ok(false),
            Some(folder) if self.policy.trusts_unseen => {
                let (port, is_connected) = (wanted.port.0, self.seen.is_routed(wanted.port.0));
                let runs = (!folder.compose && !is_connected) || self.seen.folder_runs(deploy, &folder, port)?;
                Ok(runs || (folder.compose && self.seen.has_ended_well(deploy, port)?))
            }
            Some(folder) => self.seen.folder_runs(deploy, &folder, wanted.port.0),
        }
    }

    /// Whether what the verb is for was done in this run.
    pub(super) fn is_done(&self) -> bool {
        self.tried(&self.target.purpose) == Some(true)
    }

    /// Refuses an endpoint on a deploy that proves nothing of itself and is seen not to run.
    pub(super) fn may_be_proven(&self, deploy: &DeployName) -> Result<(), Refusal> {
        let known = self.seen.state.deploys.get(deploy);
        let Some(known) = known.filter(|_| self.tried(&self.target.purpose).is_none()) else { return Ok(()) };
        if self.seen.readiness(deploy)? != Readiness::None || self.seen.runs(deploy, known)? {
            return Ok(());
        }
        Err(Refusal::no(self.target.doing(), format!("{deploy} does not run"))
            .with_hint(format!("start it again: c2 start {} {deploy}; or wait until it listens", known.release)))
    }

    /// A command of a release in a folder; the empty one runs nothing.
    pub(super) fn run(&self, role: Role, commands: &Commands, folder: &str, tolerant: bool) -> Option<Effect> {
        self.policy.running(self.seen.config).run(role, commands, folder, tolerant)
    }

    /// The wait for workers that may still pass requests to a deploy that is about to be stopped.
    pub(super) fn drain(&self, folder: &str) -> Option<Effect> {
        let drain = Effect::DrainProxy { folder: folder.into(), limit_s: self.seen.config.drain_s.get() };
        self.seen.has_proxy().then_some(drain)
    }
}

/// What was refused, without ending the run.
#[derive(Debug)]
pub(super) struct Refused {
    /// The deploy that it keeps from being started; `None`: it is about something else.
    pub(super) deploy: Option<DeployName>,
    pub(super) refusal: Refusal,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Refused { deploy: None, refusal }
    }
}

/// The deploy that a plan starts.
pub(super) fn started(plan: &Plan) -> Option<&DeployName> {
    match &plan.purpose {
        Purpose::StartDeploy(deploy) | Purpose::RestartDeploy(deploy) => Some(deploy),
        _ => None,
    }
}

/// The milliseconds that a run has waited, for a deploy that it started: since then. And whether it did.
pub(super) fn waited_for(past: &[Outcome], deploy: &DeployName) -> (u64, bool) {
    let starts = |outcome: &Outcome| match outcome {
        Outcome::Planned { plan, failed, .. } => failed.is_none() && started(plan) == Some(deploy),
        Outcome::Waited { .. } => false,
    };
    let since = past.iter().rposition(starts);
    let waited = past.iter().skip(since.unwrap_or(0)).map(|outcome| match outcome {
        Outcome::Waited { ms, .. } => u64::from(*ms),
        Outcome::Planned { .. } => 0,
    });
    (waited.sum(), since.is_some())
}
