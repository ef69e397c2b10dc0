//! Proxy mode on one machine: from what runs to what is wanted, one small plan at a time.

mod certificate;
mod ended;
mod expiry;
mod followed;
mod health;
mod known_state;
mod parts;
mod policy;
mod proxying;
mod reconcile;
mod rendered;
mod report;
mod routes;
mod seen;
pub(crate) mod status;
mod steps;
mod target;
#[cfg(test)]
mod tests;
mod tries;
mod verbs;

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

pub use certificate::GenerateCertificate;
pub use health::project_name;
pub use status::ProxyStatus;
pub use verbs::{
    Connect, Disconnect, EndMaintenance, Goal, Maintain, Refresh, Restart, Shutdown, Split, Start, StartAgain, Stop,
};

pub(crate) use ended::{Look, look_at_routed};
pub(crate) use followed::{Followed, Following};
pub(crate) use known_state::KnownState;
pub(crate) use verbs::no_port;

use crate::{
    config::{DeployName, Label, ProxyModeConfig, State, ToolConfig},
    deploy::Deploys,
    seam::{Command, Facts, Outcome, Purpose, Refusal, Report, Step},
};
use policy::Policy;
use reconcile::Reconcile;
use seen::look;
use steps::{Next, next};
use target::{Starts, Target, Upkeep};
use verbs::Verb;

/// The deploys that the state of this machine notes, for completions.
pub(crate) fn noted_deploys(facts: &Facts, deploys: Deploys<'_>) -> Result<Vec<String>, Refusal> {
    let state = noted_state(facts, deploys)?.unwrap_or_default();
    Ok(state.deploys.keys().map(ToString::to_string).collect())
}

/// The state of this machine; `None` when it has none.
pub(crate) fn noted_state(facts: &Facts, deploys: Deploys<'_>) -> Result<Option<State>, Refusal> {
    seen::state(facts, deploys)
}

/// A command of proxy mode on local state.
#[derive(Clone, Debug)]
pub struct ProxyMode {
    /// The configuration.
    pub config: ToolConfig,
    /// Its part about the proxy.
    pub proxy: ProxyModeConfig,
    /// The verb.
    pub goal: Goal,
    /// Whether a stop command that fails is only reported.
    pub force: bool,
}

impl Command for ProxyMode {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        if let Some(what) = self.is_elsewhere() {
            let note =
                format!("the state is kept in S3 (remoteStateS3): no proxy is {what} here, slaves see to theirs");
            return Ok(Step::Done(Report::note(note)));
        }
        let r = self.look(facts, past, &self.goal)?;
        let goal = self.goal.meant(&r.seen.state);
        // What this run has stopped by that name is no longer in the state.
        if goal != self.goal && r.tried(&self.goal.purpose()).is_none() {
            return self.step(&self.look(facts, past, &goal)?, goal.verb());
        }
        self.step(&r, self.goal.verb())
    }

    fn lock(&self) -> Option<String> {
        self.is_elsewhere().is_none().then(|| Deploys(self.config.deploys_dir.as_str()).lock())
    }

    // Called by a command of a release, it would go back from what its caller has begun.
    fn may_nest(&self) -> bool {
        false
    }
}

impl ProxyMode {
    fn look<'a>(&'a self, facts: &'a Facts, past: &'a [Outcome], goal: &Goal) -> Result<Reconcile<'a>, Refusal> {
        const NONE: &BTreeSet<DeployName> = &BTreeSet::new();
        let (verb, target) = (goal.verb(), goal.verb().target());
        let needs = |state: &State| target.needs_proxy(self.proxy.is_routed(state));
        let seen = look(facts, &self.config, &self.proxy, needs).map_err(|it| it.during(&target.doing()))?;
        let needs_proxy = needs(&seen.state);
        let mut pages = State { maintenance: seen.state.maintenance.clone(), ..State::default() };
        let (policy, force) = (Policy::COMMAND, self.force);
        let mut r = Reconcile {
            seen,
            target,
            policy,
            past,
            pages: BTreeMap::new(),
            needs_proxy,
            force,
            postponed: NONE,
            dead: NONE,
            asked_by: None,
        };
        if !is_given_up(&r) {
            verb.apply(&mut pages, None);
        }
        r.pages = pages.maintenance;
        Ok(r)
    }

    fn step(&self, r: &Reconcile<'_>, verb: &dyn Verb) -> Result<Step, Refusal> {
        match next(r, |r| wanted(r, verb))? {
            Next::Step(step) => Ok(step),
            Next::End(refused) => Ok(Step::Done(report::report(r, verb, &refused))),
        }
    }

    /// What would be done to the proxy, where the state that the verb is about is kept in S3 and nothing is done here.
    fn is_elsewhere(&self) -> Option<&'static str> {
        let what = match self.goal.verb().target().proxy {
            Upkeep::Restart => "restarted",
            Upkeep::Stop => "shut down",
            _ => return None,
        };
        self.proxy.remote_state_s3.is_some().then_some(what)
    }
}

/// The state that a verb wants: the present one with its change.
fn wanted(r: &Reconcile<'_>, verb: &dyn Verb) -> Result<State, Refusal> {
    let place = r.seen.deploys.live_dir(seen::PROXY);
    let port = verb.judge(r, &KnownState { state: &r.seen.state, proxy: r.seen.proxy_config, place })?;
    let mut wanted = r.seen.state.clone();
    let is_made = verb.applies_once() && r.is_done();
    if !is_given_up(r) && !is_made {
        verb.apply(&mut wanted, port);
    }
    Ok(wanted)
}

/// Whether the change of routes failed in this run: what is no longer wanted.
fn is_given_up(r: &Reconcile<'_>) -> bool {
    r.target.switches && r.switch_failed()
}

/// A machine that follows a state which it shares.
#[derive(Clone, Debug)]
pub struct Follow {
    /// The configuration.
    pub config: ToolConfig,
    /// Its part about the proxy.
    pub proxy: ProxyModeConfig,
    /// The state that is followed.
    pub master: State,
    /// The deploys that are not tried in this run.
    pub postponed: BTreeSet<DeployName>,
    /// The deploys of which something has ended that is to be started again now.
    pub dead: BTreeSet<DeployName>,
    /// The rollout that asks for it: who begins another wants it tried again.
    pub asked_by: Option<Label>,
    /// Whether it is only looked at.
    pub is_held: bool,
}

impl Follow {
    /// The next step, or what came of it.
    pub(crate) fn round(&self, facts: &Facts, past: &[Outcome]) -> Result<Followed, Refusal> {
        // A connection to a missing deploy counts as none.
        let mut wanted = self.master.clone();
        wanted.connections.retain(|_, deploy| self.master.deploys.contains_key(deploy));
        let purpose = Purpose::from("follow the master state");
        let mut target = Target { starts: Starts::All, proxy: Upkeep::Run, ..Target::new(purpose) };
        let mut needs_proxy = self.proxy.is_routed(&self.master);
        let seen = look(facts, &self.config, &self.proxy, |_| needs_proxy).map_err(|it| it.during(&target.doing()))?;
        if self.proxy.remote_state_s3.is_none() && seen.is_shut_down {
            (target.proxy, needs_proxy) = (Upkeep::Leave, false);
        }
        let (policy, pages) = (Policy::FOLLOWER, wanted.maintenance.clone());
        let (postponed, dead, asked_by) = (&self.postponed, &self.dead, self.asked_by.as_ref().map(Label::as_str));
        let r = Reconcile { seen, target, policy, past, pages, needs_proxy, force: false, postponed, dead, asked_by };
        let next = if self.is_held { Next::End(Vec::new()) } else { next(&r, |_| Ok(wanted.clone()))? };
        match next {
            Next::Step(step) => Ok(Followed::Step(step)),
            Next::End(refused) => followed::following(&r, &wanted, &refused).map(Followed::Done),
        }
    }
}
