//! The commands of proxy mode on the state of the master: nothing of this machine is touched.

use crate::prelude::*;

use super::{
    Base,
    ports::next_port,
    rollout::{ended, gone, joined, since},
    slaves::{slaves, unlabelled},
    writing::{Master, Turn, Writing},
};
use crate::{
    config::{
        Deploy, DeployName, Hundredths, Label, Pin, Port, ProxyModeConfig, ReleaseName, S3Path, State, ToolConfig,
    },
    deploy::{limits, opened_copy},
    proxy::{Goal, KnownState, Start, no_port, project_name},
    seam::{Command, Facts, Outcome, Refusal, Report, Settled as _, Step},
};

/// `start`, `stop`, `connect`, `disconnect`, `split` or `maintenance` on the state of the master.
#[derive(Clone, Debug)]
pub struct MasterChange {
    /// The configuration.
    pub config: ToolConfig,
    /// Its part about the proxy.
    pub proxy: ProxyModeConfig,
    /// Where the state is kept.
    pub base: S3Path,
    /// What is to be changed.
    pub goal: Goal,
    /// The share of the machines that take it up; else all of them do.
    pub rollout: Option<Hundredths>,
    /// Whether a store is written to that ignores conditions.
    pub unsafe_store: bool,
    /// Whether a state is begun though slaves follow one that is gone.
    pub force: bool,
}

impl Command for MasterChange {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let (what, unsafe_store) = (self.goal.purpose(), self.unsafe_store);
        let writing = Writing { facts, past, base: &self.base, what, unsafe_store, retry_for_s: None };
        match writing.turn().map_err(|refusal| refusal.during(&writing.what.to_string()))? {
            Turn::Step(step) => Ok(step),
            Turn::Written(state) => self.meant(&state).written(&writing, &state),
            Turn::Master(master) => match self.gone(&writing, &master.state)? {
                Some(id) => Ok(Step::Done(ended(&writing.what.to_string(), &master.state, id.as_str()))),
                None if self.is_for_all(&master.state) => self.decide_for_all(&writing, &master),
                None => self.meant(&master.state).decide(&writing, &master),
            },
        }
    }

    fn is_logged(&self) -> bool {
        true
    }
}

impl MasterChange {
    /// The same change of the deploy that is meant, in a rollout by the candidate.
    fn meant(&self, state: &State) -> Self {
        let candidate = state.rollout.as_ref().filter(|_| self.rollout.is_some()).map(|rollout| &*rollout.candidate);
        Self { goal: self.goal.meant(candidate.unwrap_or(state)), ..self.clone() }
    }

    /// The rollout that this change is a part of, where it has ended.
    fn gone(&self, writing: &Writing<'_>, state: &State) -> Result<Option<Label>, Refusal> {
        if self.rollout.is_some() { gone(state, writing) } else { Ok(None) }
    }

    /// What was written, perhaps without an answer: others may have written since.
    fn written(&self, writing: &Writing<'_>, state: &State) -> Result<Step, Refusal> {
        let (Some(id), Some(then)) = (self.gone(writing, state)?, writing.attempted()?) else {
            return Ok(Step::Done(self.report(state, true)));
        };
        let mut report = self.report(&then, true);
        report.notes.push(since(state, id.as_str()));
        Ok(Step::Done(report))
    }

    /// Whether this is a change for all machines in the middle of a rollout. An emergency must not
    /// wait for a decision on the rollout.
    fn is_for_all(&self, state: &State) -> bool {
        self.goal.verb().takes_off() && self.rollout.is_none() && state.rollout.is_some()
    }

    /// Changes the state and the candidate beside it alike, so that neither the end of the rollout nor taking it back
    /// undoes that.
    fn decide_for_all(&self, writing: &Writing<'_>, master: &Master) -> Result<Step, Refusal> {
        let mut state = master.state.clone();
        if let Some(rollout) = &mut state.rollout {
            let allowed = self.goal.verb().allows(&self.known(&master.state));
            allowed.or_else(|refusal| self.goal.verb().allows(&self.known(&rollout.candidate)).map_err(|_| refusal))?;
            self.goal.verb().apply(&mut rollout.candidate, None);
        }
        self.goal.verb().apply(&mut state, None);
        if state == master.state {
            return Ok(Step::Done(self.report(&state, false)));
        }
        writing.write(master, state, Vec::new())
    }

    fn known<'a>(&'a self, state: &'a State) -> KnownState<'a> {
        KnownState { state, proxy: &self.proxy, place: Base(&self.base).master().to_string() }
    }

    fn decide(&self, writing: &Writing<'_>, master: &Master) -> Result<Step, Refusal> {
        let mut notes = Vec::new();
        let rollout = joined(&master.state, self.rollout, writing)?;
        let before = rollout.as_ref().map_or(&master.state, |rollout| &rollout.candidate);
        let is_forced = self.force && matches!(self.goal, Goal::Start(_));
        if master.etag.is_none() && !is_forced {
            self.lost(writing.facts)?;
        }
        self.goal.verb().allows(&self.known(before))?;
        let (mut after, mut goal) = (before.clone(), self.goal.clone());
        let (mut port, mut given) = (None, None);
        if let Goal::Start(Start { deploy, release, pin }) = &mut goal {
            let found = self.pin(writing.facts, release, pin.as_ref(), &mut notes);
            if !before.deploys.contains_key(deploy) {
                given = Some(self.port(writing.facts, deploy, &master.state, &mut notes)?);
            }
            port = given;
            self.warnings(deploy, before, &mut notes);
            let found = found?;
            notes.extend(before.deploys.get(deploy).and_then(|known| repinned(known, release, &found)));
            *pin = Some(found);
        }
        goal.verb().apply(&mut after, port);
        let is_begun = rollout.is_some() && master.state.rollout.is_none();
        if is_begun && after == *before {
            return Ok(Step::Done(self.report(&master.state, false)));
        }
        let mut state = master.state.clone();
        match rollout {
            None => state = after,
            Some(mut rollout) => {
                *rollout.candidate = after;
                state.rollout = Some(rollout);
            }
        }
        // Also when the rollout is taken back: its slaves may still use the port.
        state.last_port = given.or(state.last_port);
        if state == master.state {
            return Ok(Step::Done(self.report(&state, false)));
        }
        writing.write(master, state, notes)
    }

    /// Refuses a first state where slaves run deploys already, or may do: they would stop what it does not name.
    fn lost(&self, facts: &Facts) -> Result<(), Refusal> {
        let at = Base(&self.base).master();
        let refused = |why: String| {
            Refusal::no(self.goal.to_string(), format!("{at} is not there, {why}"))
                .with_hint("put a former version of the object back, or begin a new state: c2 start --force")
        };
        let slaves = slaves(facts, Base(&self.base))
            .known()?
            .map_err(|refusal| refused(format!("and whether slaves run something cannot be looked at: {refusal}")))?;
        // However old its record is: one that is silent for now runs on, and would stop what a new state does not name.
        for slave in &slaves {
            let (label, deploys) = (&slave.label, &slave.report.state.deploys);
            if let (false, Some(why)) = (slave.is_known, slave.error()) {
                return Err(refused(format!("and whether the slave {label} runs something is not known: {why}")));
            }
            if !deploys.is_empty() {
                let deploys: Vec<&str> = deploys.keys().map(DeployName::as_str).collect();
                let (deploys, age) = (deploys.join(", "), slave.age_s.filter(|_| slave.is_stale()));
                let age = age.map_or_else(String::new, |age_s| format!(" by its record of {age_s} s ago"));
                return Err(refused(format!(
                    "yet the slave {label} runs {deploys}{age}: by a new state it would stop that"
                )));
            }
        }
        if let Some(name) = unlabelled(facts, Base(&self.base))?.first() {
            let why = format!("and whether the slave of the record {name:?} runs something is not known");
            return Err(refused(format!("{why}: that is not a label that c2 reads")));
        }
        Ok(())
    }

    /// The bytes of a release, which must be one that can be started.
    fn pin(
        &self,
        facts: &Facts,
        release: &ReleaseName,
        wanted: Option<&Pin>,
        notes: &mut Vec<String>,
    ) -> Result<Pin, Refusal> {
        let opened = opened_copy(facts, &self.config, release.as_str(), wanted)?;
        notes.extend(opened.notes);
        facts.pin(&opened.at, limits(&self.config))
    }

    /// The port of a new deploy, whatever a machine follows.
    fn port(
        &self,
        facts: &Facts,
        deploy: &DeployName,
        state: &State,
        notes: &mut Vec<String>,
    ) -> Result<Port, Refusal> {
        let range = self.proxy.dynamic_port_range;
        next_port(range, state, facts, Base(&self.base), notes)?.ok_or_else(|| no_port(deploy))
    }

    /// What a person should know of a start.
    fn warnings(&self, deploy: &DeployName, before: &State, notes: &mut Vec<String>) {
        if before.connections.values().any(|to| to == deploy) {
            let note = "its endpoints answer 503 while it is replaced: a switch without loss takes two deploys";
            notes.push(format!("{note} (start it under another name, then connect)"));
        }
        let project = project_name(deploy.as_str());
        let same = |other: &&DeployName| *other != deploy && project_name(other.as_str()) == project;
        if let Some(other) = before.deploys.keys().find(same) {
            notes.push(format!(
                "warning: Compose takes it and the deploy {other} for one project ({project}): where both have a compose file, slaves refuse it"
            ));
        }
    }

    /// What was changed, as the state has it now.
    fn report(&self, state: &State, written: bool) -> Report {
        let rollout = state.rollout.as_ref();
        let now = match rollout {
            Some(rollout) if self.rollout.is_some() => &*rollout.candidate,
            _ => state,
        };
        let done = self.goal.verb().planned(now);
        let who = match (self.rollout, rollout) {
            (Some(_), Some(rollout)) => format!("{} % of the slaves (rollout {})", rollout.percent.get(), rollout.id),
            _ => "the slaves".to_string(),
        };
        let how =
            if written { format!("{who} take it up at their next look") } else { "the master says so already".into() };
        let report = Report::note(format!("{done}: {how}"));
        Report { notes: report.notes.into_iter().chain(state.warnings(&self.proxy)).collect(), ..report }
    }
}

/// What to say of a deploy whose release has other bytes than it was pinned to.
fn repinned(known: &Deploy, release: &ReleaseName, found: &Pin) -> Option<String> {
    let pinned = known.pin.as_ref().filter(|pinned| known.release == *release && pinned.sha256 != found.sha256)?;
    let (before, now) = (&pinned.sha256, &found.sha256);
    Some(format!(
        "the bytes of {release} are no longer those with the SHA-256 {before}: it is started again from {now}"
    ))
}
