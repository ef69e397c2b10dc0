//! Proxy mode on one machine: from what runs to what is wanted, one small plan at a time.

mod certificate;
mod configured;
mod deploying;
mod expiry;
mod followed;
mod following;
mod going_back;
mod known;
mod living;
mod observed;
mod page;
mod proxying;
mod ready;
mod report;
mod restarting;
mod routing;
mod served;
mod sharing;
pub(crate) mod status;
#[cfg(test)]
mod tests;
mod tidying;
mod wanted;

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

pub use certificate::GenerateCertificate;
pub use living::project_name;
pub use served::{MARK_HOST, Routes, Served, Share, Target};
pub use status::ProxyStatus;

use crate::{
    commands::{Deploys, Running},
    config::{DeployName, Label, PageText, Percent, Pin, Positive, ProxyModeConfig, ReleaseName, State, ToolConfig},
    seam::{Command, Facts, Outcome, Purpose, Refusal, Report, Role, Step, tried},
};
pub(crate) use followed::{Followed, Following};
pub(crate) use known::Known;
use observed::{Observed, observe};
pub(crate) use wanted::no_port;

/// The longest run of a start command in seconds, where the configuration gives none.
const START_S: u32 = 600;
/// The longest run of any other command of a release on a machine that follows, where the configuration gives none.
const FOLLOWING_S: u32 = 3_600;

/// The deploys that the state of this machine notes, for completions.
pub(crate) fn noted_deploys(facts: &Facts, deploys: Deploys<'_>) -> Result<Vec<String>, Refusal> {
    let state = noted_state(facts, deploys)?.unwrap_or_default();
    Ok(state.deploys.keys().map(ToString::to_string).collect())
}

/// The state of this machine; `None` when it has none.
pub(crate) fn noted_state(facts: &Facts, deploys: Deploys<'_>) -> Result<Option<State>, Refusal> {
    observed::state(facts, deploys)
}

/// What one of the commands of proxy mode is to bring about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// `start <release> [<asdeploy>]`
    Start {
        /// The deploy's name.
        deploy: DeployName,
        /// Its release.
        release: ReleaseName,
        /// The bytes that its archive must have.
        pin: Option<Pin>,
    },
    /// `stop <deploy>`
    Stop(DeployName),
    /// `connect <endpoint> <deploy>`
    Connect {
        /// The endpoint.
        endpoint: Label,
        /// The deploy.
        deploy: DeployName,
    },
    /// `disconnect <endpoint>`
    Disconnect(Label),
    /// `split <endpoint> <deploy> --percent N`
    Split {
        /// The endpoint.
        endpoint: Label,
        /// The second deploy.
        deploy: DeployName,
        /// The share that goes to it.
        percent: Percent,
    },
    /// `maintenance <endpoint> [--message TEXT]`
    Maintain {
        /// The endpoint.
        endpoint: Label,
        /// What its page says; else what it says already, or a text that always fits.
        message: Option<PageText>,
    },
    /// `maintenance <endpoint> --off`
    EndMaintenance(Label),
    /// A slave follows this master state.
    Follow(State),
    /// The proxy runs and serves its configuration: what does already is left as it is.
    Refresh,
    /// `restart-frontend-proxy`
    Restart,
    /// `shutdown-frontend-proxy`
    Shutdown,
}

impl Goal {
    /// What the plan is for that brings it about.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        match self {
            Goal::Start { deploy, .. } => Purpose::StartDeploy(deploy.clone()),
            Goal::Stop(deploy) => Purpose::StopDeploy(deploy.clone()),
            Goal::Connect { endpoint, deploy } => Purpose::Connect(endpoint.clone(), deploy.clone()),
            Goal::Disconnect(endpoint) => Purpose::Disconnect(endpoint.clone()),
            Goal::Split { endpoint, deploy, .. } => Purpose::Split(endpoint.clone(), deploy.clone()),
            Goal::Maintain { endpoint, .. } => Purpose::Maintain(endpoint.clone()),
            Goal::EndMaintenance(endpoint) => Purpose::EndMaintenance(endpoint.clone()),
            Goal::Follow(_) => Purpose::Only("follow the master state".into()),
            Goal::Refresh => Purpose::RefreshProxy,
            Goal::Restart => Purpose::RestartProxy,
            Goal::Shutdown => Purpose::ShutDownProxy,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.purpose().fmt(f)
    }
}

/// A command of proxy mode on local state.
#[derive(Clone, Debug)]
pub struct ProxyMode {
    /// The configuration.
    pub config: ToolConfig,
    /// Its part about the proxy.
    pub proxy: ProxyModeConfig,
    /// What it is to bring about.
    pub goal: Goal,
    /// Whether a stop command that fails is only reported.
    pub force: bool,
    /// The deploys that are not tried to be brought about in this run.
    pub postponed: BTreeSet<DeployName>,
}

impl Command for ProxyMode {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        if self.is_elsewhere() {
            let what = if self.goal == Goal::Restart { "restarted" } else { "shut down" };
            let note =
                format!("the state is kept in S3 (remoteStateS3): no proxy is {what} here, slaves see to theirs");
            return Ok(Step::Done(Report::note(note)));
        }
        let look = self.look(facts, past)?;
        if self.goal == Goal::Shutdown {
            return look.shut_down();
        }
        look.now.is_plausible(look.deploys)?;
        let goal = self.goal.meant(&look.now.have);
        // What this run has stopped by that name is no longer in the state.
        if goal != self.goal && look.tried(&self.goal.purpose()).is_none() {
            return ProxyMode { goal, ..self.clone() }.next(facts, past);
        }
        match look.turn()? {
            Turn::Step(step) => Ok(step),
            Turn::End(refused) => Ok(Step::Done(look.report(&refused))),
        }
    }

    fn lock(&self) -> Option<String> {
        (!self.is_elsewhere()).then(|| self.deploys().lock())
    }

    // Called by a command of a release, it would go back from what its caller has begun.
    fn may_nest(&self) -> bool {
        false
    }
}

impl ProxyMode {
    /// The next step of following a master state, or what came of it.
    pub(crate) fn follow(&self, facts: &Facts, past: &[Outcome]) -> Result<Followed, Refusal> {
        let look = self.look(facts, past)?;
        look.now.is_plausible(look.deploys)?;
        match (look.turn()?, &self.goal) {
            (Turn::Step(step), _) => Ok(Followed::Step(step)),
            (Turn::End(refused), Goal::Follow(master)) => look.following(master, &refused).map(Followed::Done),
            (Turn::End(_), _) => Ok(Followed::Done(Following::keeping(look.now.have))),
        }
    }

    fn look<'a>(&'a self, facts: &'a Facts, past: &'a [Outcome]) -> Result<Look<'a>, Refusal> {
        let deploys = self.deploys();
        let now = observe(facts, deploys, |have| self.needs_proxy(have))
            .map_err(|refusal| refusal.during(&self.goal.to_string()))?;
        Ok(Look { mode: self, facts, past, deploys, now })
    }

    /// Whether the state that the goal is about is kept in S3, and nothing is done here.
    fn is_elsewhere(&self) -> bool {
        self.proxy.remote_state_s3.is_some() && !matches!(self.goal, Goal::Follow(_) | Goal::Refresh)
    }

    fn deploys(&self) -> Deploys<'_> {
        Deploys(self.config.deploys_dir.as_str())
    }

    /// How a release's command is run: here a start command must return, and nobody watches over a machine that follows.
    fn running(&self, role: Role) -> Running {
        let (each, own) = (self.config.command_timeout_s, self.config.start_timeout_s);
        let limit_s = match role {
            Role::Start => own.or(each).map(Positive::get).or(Some(START_S)),
            Role::Prestart | Role::Stop => {
                each.map(Positive::get).or(matches!(self.goal, Goal::Follow(_)).then_some(FOLLOWING_S))
            }
        };
        Running { limit_s, may_stay: false }
    }
}

/// One look at the machine, and what is decided on it.
struct Look<'a> {
    mode: &'a ProxyMode,
    facts: &'a Facts,
    past: &'a [Outcome],
    deploys: Deploys<'a>,
    now: Observed,
}

/// Where a command of proxy mode stands.
#[expect(clippy::large_enum_variant, reason = "nearly every turn is a step")]
enum Turn {
    /// This comes first.
    Step(Step),
    /// There is nothing more to do; this was refused.
    End(Vec<Refused>),
}

/// What was refused in a turn.
#[derive(Debug)]
struct Refused {
    /// The deploy that cannot be brought about for it; `None`: it is about something else.
    deploy: Option<DeployName>,
    refusal: Refusal,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Refused { deploy: None, refusal }
    }
}

impl Look<'_> {
    /// The next small plan, chosen from what really runs.
    fn turn(&self) -> Result<Turn, Refusal> {
        for (deploy, intent) in &self.now.intents {
            if self.tried(&Purpose::GoBackDeploy(deploy.clone())).is_none() {
                return self.go_back(deploy, intent).map(Step::Do).map(Turn::Step);
            }
        }
        let want = match self.want() {
            Ok(want) => want,
            // A refusal with nothing done is the command's; after that it is one trouble among others.
            Err(refusal) if self.past.is_empty() => return Err(refusal),
            Err(refusal) => return Ok(Turn::End(vec![refusal.into()])),
        };
        if let Some(step) = self.meanwhile(&want)? {
            return Ok(Turn::Step(step));
        }
        let (plan, mut refused) = self.bringing(&want);
        if let Some(plan) = plan {
            return Ok(Turn::Step(Step::Do(plan)));
        }
        let is_open = refused.iter().any(|refused| refused.refusal == Refusal::Unknown);
        if is_open || (self.past.is_empty() && !self.follows() && !refused.is_empty()) {
            return Err(refused.swap_remove(0).refusal);
        }
        // What a change that was cut short has started again may be about to be ready.
        let left = |endpoint: &Label| self.gave_up() || self.asked() != Some(endpoint);
        if let (false, Some(step)) = (self.follows(), self.patience(&want, left)?) {
            return Ok(Turn::Step(step));
        }
        match self.switch(&want).map_err(|refusal| refusal.during(&self.mode.goal.to_string())) {
            Ok(Some(plan)) => return Ok(Turn::Step(Step::Do(plan))),
            Ok(None) => (),
            Err(refusal) if self.follows() && refusal != Refusal::Unknown => refused.push(refusal.into()),
            Err(refusal) => return Err(refusal),
        }
        let unwanted = self.now.have.deploys.iter().filter(|(deploy, _)| !want.deploys.contains_key(*deploy));
        for (deploy, _) in unwanted.filter(|(deploy, known)| !self.is_used(deploy, known, &want)) {
            if self.tried(&Purpose::StopDeploy(deploy.clone())).is_none() {
                match self.stop(deploy) {
                    Ok(plan) => return Ok(Turn::Step(Step::Do(plan))),
                    Err(refusal) if self.follows() && refusal != Refusal::Unknown => refused.push(refusal.into()),
                    Err(refusal) => return Err(refusal),
                }
            }
        }
        if let Some(step) = self.patience(&want, |_| self.follows())? {
            return Ok(Turn::Step(step));
        }
        Ok(self.tidy()?.map_or(Turn::End(refused), |plan| Turn::Step(Step::Do(plan))))
    }

    /// How the last plan for this purpose ended in this run: whether it was done; `None` when there was none.
    fn tried(&self, purpose: &Purpose) -> Option<bool> {
        tried(self.past, purpose)
    }
}
