//! `rollout run`: drives a rollout from stage to stage, watches what the slaves report, and takes it back when they fail.

use crate::prelude::*;

use super::{
    Base,
    rollout::{Standing, begun, ended, first_line, none, own},
    slaves::{STALE_S, Slave, queries, slaves},
    writing::{Master, Turn, Writing},
};
use crate::{
    config::{Hundredths, ProxyModeConfig, Rollout, S3Path},
    seam::{
        Command, Facts, Failure, Outcome, Phase, Purpose, Query, REVERTED, Refusal, Report, RolloutVerb, Step, WaitFor,
    },
};

/// The pause between two looks at the reports.
const LOOK_MS: u32 = 2_000;

/// `rollout run --stages 10,50,100 --bake SECS --max-failures N --stage-timeout SECS`
#[derive(Clone, Debug)]
pub struct RolloutRun {
    /// The part of the configuration about the proxy.
    pub proxy: ProxyModeConfig,
    /// Where the state is kept.
    pub base: S3Path,
    /// The shares of the machines, one after the other; after 100 % it is finished.
    pub stages: Vec<Hundredths>,
    /// How long all machines of a stage must do well before the next.
    pub bake_s: u32,
    /// How many machines may fail.
    pub max_failures: u32,
    /// How long the machines of a stage are waited for.
    pub timeout_s: u32,
    /// Whether a store is written to that ignores conditions.
    pub unsafe_store: bool,
}

impl Command for RolloutRun {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let id = match begun(past) {
            Some(id) => id,
            None => {
                let what = Purpose::Only("run the rollout".into());
                let (base, unsafe_store) = (&self.base, self.unsafe_store);
                let writing = Writing { facts, past, base, what, unsafe_store, retry_for_s: None };
                let master = writing.read()?;
                master
                    .state
                    .rollout
                    .as_ref()
                    .map(|rollout| rollout.id.to_string())
                    .ok_or_else(|| none(&writing.what.to_string()))?
            }
        };
        let run = Run { of: self, facts, past, id };
        match run.next() {
            // What is not allowed does not pass by itself.
            Err(Refusal::World(failure)) if !matches!(failure, Failure::NotYet { .. }) => run.tolerate_outage(failure),
            step => step,
        }
    }

    fn is_logged(&self) -> bool {
        true
    }
}

const TAKEN_BACK: &str = "the change is taken back: all machines follow the state without it";
const HALT: &str = "halt the rollout";

/// A run that drives this rollout, and no other that somebody may begin meanwhile.
struct Run<'a> {
    of: &'a RolloutRun,
    facts: &'a Facts,
    past: &'a [Outcome],
    id: String,
}

impl<'a> Run<'a> {
    fn next(&self) -> Result<Step, Refusal> {
        // Once it is being taken back nothing else counts.
        if let Some(why) = self.waits(|phase| phase == Phase::Halted).map(|(why, _)| why).next() {
            let report = || Report { code: REVERTED, ..Report::failed(why, Some(TAKEN_BACK)) };
            return self.bring(RolloutVerb::Abort, report);
        }
        let finish = self.purpose(RolloutVerb::Finish);
        if self.past.iter().any(|outcome| outcome.plan_for(&finish).is_some()) {
            return self.end();
        }
        for percent in &self.of.stages {
            let stage = RolloutVerb::Advance(*percent);
            let writing = self.writing(stage);
            let mut master = writing.read()?;
            // Once the state says so it does not matter who wrote that.
            if own(&master.state, &self.id).is_some_and(|rollout| rollout.percent < *percent) {
                master = match writing.turn()? {
                    Turn::Step(step) => return Ok(step),
                    Turn::Written(_) => writing.read()?,
                    Turn::Master(master) => return Self::write(&writing, &master, stage),
                };
            }
            let (Some(rollout), Some(etag)) = (own(&master.state, &self.id), &master.etag) else {
                return Ok(Step::Done(self.ended(&master)));
            };
            // A stage that is over, in this run or in one that was broken off.
            if rollout.percent > *percent {
                continue;
            }
            if let Some(step) = self.watch(*percent, rollout, etag)? {
                return Ok(step);
            }
        }
        self.end()
    }

    fn purpose(&self, change: RolloutVerb) -> Purpose {
        Purpose::Rollout { id: self.id.clone(), change }
    }

    fn writing(&self, verb: RolloutVerb) -> Writing<'a> {
        let RolloutRun { base, unsafe_store, .. } = self.of;
        let (facts, past, what) = (self.facts, self.past, self.purpose(verb));
        let retry_for_s = Some(u64::from(self.of.timeout_s));
        Writing { facts, past, base, what, unsafe_store: *unsafe_store, retry_for_s }
    }

    fn write(writing: &Writing<'_>, master: &Master, verb: RolloutVerb) -> Result<Step, Refusal> {
        match verb.applied(&master.state)? {
            Some(state) => writing.write(master, state, Vec::new()),
            None => Ok(Step::Done(Report::note("the master says so already"))),
        }
    }

    /// Ends the rollout so, and reports that.
    fn bring(&self, verb: RolloutVerb, report: impl FnOnce() -> Report) -> Result<Step, Refusal> {
        let writing = self.writing(verb);
        match writing.turn()? {
            Turn::Step(step) => Ok(step),
            Turn::Written(_) => Ok(Step::Done(report())),
            Turn::Master(master) if own(&master.state, &self.id).is_some() => Self::write(&writing, &master, verb),
            Turn::Master(master) => Ok(Step::Done(self.ended(&master))),
        }
    }

    /// What comes before the next stage; `None`: its machines did well for long enough.
    fn watch(&self, percent: Hundredths, rollout: &Rollout, etag: &str) -> Result<Option<Step>, Refusal> {
        let stage = format!("the rollout {} at {} %:", self.id, percent.get());
        let (baking, waiting, doubt) = (Phase::Baking(percent), Phase::Waiting(percent), Phase::GoesOn(percent));
        let (baked_s, waited_s) = (self.waited_s(baking), self.waited_s(waiting));
        let base = Base(&self.of.base);
        let slaves = slaves(self.facts, base)?;
        let standing = Standing::of(&slaves, rollout, etag, &self.of.proxy);
        let late = waited_s >= self.of.timeout_s;
        let (done, failed) = self.judged(&standing, etag, late.then_some(waited_s), baked_s + waited_s);
        // The 100 % stage needs at least one healthy slave.
        let none_well = standing.well.is_empty() && percent.get() == 100;

        let forget = [Query::Shared(base.master()), Query::Now, Query::Nonce];
        let forget: Vec<Query> = forget.into_iter().chain(queries(base, &slaves)).collect();
        let wait = |phase, why, pause_ms| {
            Ok(Some(Step::Wait { why, what: self.wait_for(phase), pause_ms, forget: forget.clone() }))
        };
        let line = standing.line();
        let told = format!("{} failed\n  {}", failed.len(), failed.join("\n  "));
        if failed.len() > self.of.max_failures as usize {
            return wait(Phase::Halted, format!("{HALT} {} at {} %: {told}", self.id, percent.get()), 0);
        }
        if none_well && late {
            let why = format!("{HALT} {} at {} %: no slave has taken it up ({line})", self.id, percent.get());
            return wait(Phase::Halted, why, 0);
        }
        if !late && (!done || none_well) {
            return wait(waiting, format!("{stage} waiting ({line})"), LOOK_MS);
        }
        if baked_s < self.of.bake_s {
            let pause_ms = LOOK_MS.min((self.of.bake_s - baked_s).saturating_mul(1_000));
            return wait(baking, format!("{stage} baking ({line})"), pause_ms);
        }
        let goes_on = format!("{stage} it goes on");
        let why = match (failed.is_empty(), standing.well.is_empty()) {
            (false, _) => format!("{goes_on}, though {told}"),
            (true, true) => format!("{goes_on}, though no slave is in that does well ({line})"),
            (true, false) => return Ok(None),
        };
        if self.waits(|phase| phase == doubt).next().is_some() { Ok(None) } else { wait(doubt, why, 0) }
    }

    /// Whether all machines of a stage are done, and those that failed, in words. `late_s`: how long they were waited for,
    /// when that was too long. `since_s`: how long the stage is under way.
    fn judged(&self, standing: &Standing<'_>, etag: &str, late_s: Option<u32>, since_s: u32) -> (bool, Vec<String>) {
        let error = |slave: &&Slave| format!("{}: {}", slave.label, slave.error().map_or_else(String::new, first_line));
        let mut failed: Vec<String> = standing.failed.iter().map(error).collect();
        // A slave that was dead before this stage does not count as a failure. Of the others, one that had taken the change up has died
        // of it; one that had not may be busy with it, and is waited for.
        // Who cannot be looked at could not report either.
        let was_unreachable = self.was_unreachable();
        let alive = |slave: &&&Slave| slave.age_s.unwrap_or_default() < STALE_S + u64::from(since_s);
        let (died, silent): (Vec<&Slave>, Vec<&Slave>) = standing.stale.iter().filter(alive).partition(|slave| {
            !was_unreachable && slave.report.followed.as_deref() == Some(etag) && slave.error().is_none()
        });
        failed.extend(died.iter().map(|slave| format!("{}: nothing heard of it any more", slave.label)));
        if let Some(late_s) = late_s {
            let late = standing.waiting.iter().chain(&silent);
            failed.extend(late.map(|slave| format!("{}: not done within {late_s} s", slave.label)));
        }
        (standing.waiting.is_empty() && silent.is_empty(), failed)
    }

    /// What follows when the store cannot be looked at: it is waited for as long as for the machines of a stage.
    fn tolerate_outage(&self, failure: Failure) -> Result<Step, Refusal> {
        let what = format!("the rollout {} cannot be looked at", self.id);
        let unreachable = self.wait_for(Phase::Unreachable);
        let ms = |outcome: &Outcome| match outcome {
            Outcome::Waited { what, ms, .. } if *what == unreachable => Some(u64::from(*ms)),
            _ => None,
        };
        let waited_ms: u64 = self.past.iter().rev().map_while(ms).sum();
        if waited_ms / 1_000 >= u64::from(self.of.timeout_s) {
            let hint = "it stands as it is: c2 rollout run goes on with it, c2 rollout abort takes it back";
            return Err(Refusal::no(what, failure.to_string()).with_hint(hint));
        }
        let base = Base(&self.of.base);
        let asked = [
            Query::Shared(base.master()),
            Query::HonorsConditions { probe: base.probe(), absent: false },
            Query::Now,
            Query::Nonce,
        ];
        let forget = asked.into_iter().chain(queries(base, &[])).collect();
        Ok(Step::Wait {
            why: format!("{what}: {failure}; looking again"),
            what: unreachable,
            pause_ms: LOOK_MS,
            forget,
        })
    }

    fn wait_for(&self, phase: Phase) -> WaitFor {
        WaitFor::Rollout { id: self.id.clone(), phase }
    }

    /// Whether the store was unreachable so lately that a slave which is well may not have been heard of since.
    fn was_unreachable(&self) -> bool {
        let (mut since_ms, unreachable) = (0, self.wait_for(Phase::Unreachable));
        for outcome in self.past.iter().rev() {
            let Outcome::Waited { what, ms, .. } = outcome else { continue };
            if *what == unreachable {
                return true;
            }
            since_ms += u64::from(*ms);
            if since_ms > STALE_S * 1_000 {
                break;
            }
        }
        false
    }

    /// The waits of this run in such phases: for what, in words, and how long in milliseconds.
    fn waits(&self, of: impl Fn(Phase) -> bool) -> impl Iterator<Item = (&'a str, u32)> {
        self.past.iter().filter_map(move |outcome| match outcome {
            Outcome::Waited { what: WaitFor::Rollout { phase, .. }, why, ms } if of(*phase) => {
                Some((why.as_str(), *ms))
            }
            _ => None,
        })
    }

    /// The seconds that were waited in this phase.
    fn waited_s(&self, of: Phase) -> u32 {
        let waited_ms: u64 = self.waits(|phase| phase == of).map(|(_, ms)| u64::from(ms)).sum();
        u32::try_from(waited_ms / 1_000).unwrap_or(u32::MAX)
    }

    /// That somebody else has ended the rollout.
    fn ended(&self, master: &Master) -> Report {
        ended(&format!("run the rollout {}", self.id), &master.state, &self.id)
    }

    /// After the last stage.
    fn end(&self) -> Result<Step, Refusal> {
        let last = self.of.stages.last().map_or(0, |percent| percent.get());
        if last < 100 {
            let id = &self.id;
            let note = format!(
                "the rollout {id} stands at {last} %: go on with c2 rollout run, or end it with c2 rollout finish or abort"
            );
            return Ok(Step::Done(Report::note(note)));
        }
        let finished =
            || Report::note(format!("the rollout {} is finished: the change holds for all machines", self.id));
        self.bring(RolloutVerb::Finish, finished)
    }
}
