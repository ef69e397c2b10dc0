//! `rollout run`: drives a rollout from stage to stage, watches what the slaves report, and takes it back when they fail.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Base,
    rollout::{RolloutVerb, Standing, first_line, none},
    slaves::{STALE_S, queries, slaves},
    writing::{Master, Turn, Writing},
};
use crate::{
    config::{Hundredths, ProxyModeConfig, S3Path},
    seam::{Command, Facts, Outcome, Query, REVERTED, Refusal, Report, Step},
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
        let abort = RolloutVerb::Abort.to_string();
        // Once it is being taken back nothing else counts.
        if let Some(why) = self.halted(past) {
            let writing = self.writing(facts, past, abort);
            return match writing.turn()? {
                Turn::Step(step) => Ok(step),
                Turn::Master(master) if master.state.rollout.is_some() => {
                    self.write(&writing, &master, RolloutVerb::Abort)
                }
                _ => Ok(Step::Done(Report { code: REVERTED, ..Report::failed(why, Some(TAKEN_BACK)) })),
            };
        }
        if past.iter().any(
            |outcome| matches!(outcome, Outcome::Planned { plan, .. } if plan.about == RolloutVerb::Finish.to_string()),
        ) {
            return self.end(facts, past);
        }
        for percent in &self.stages {
            let stage = RolloutVerb::Advance(*percent);
            let writing = self.writing(facts, past, stage.to_string());
            let master = match writing.turn()? {
                Turn::Step(step) => return Ok(step),
                Turn::Written(_) => writing.read()?,
                Turn::Master(master) => match &master.state.rollout {
                    Some(rollout) if rollout.percent < *percent => return self.write(&writing, &master, stage),
                    Some(_) => master,
                    None => return Err(none("run the rollout")),
                },
            };
            // A stage that is over, in this run or in one that was broken off.
            if master.state.rollout.as_ref().is_some_and(|rollout| rollout.percent > *percent) {
                continue;
            }
            if let Some(step) = self.watch(facts, past, *percent, &master)? {
                return Ok(step);
            }
        }
        self.end(facts, past)
    }

    fn is_logged(&self) -> bool {
        true
    }
}

const TAKEN_BACK: &str = "the change is taken back: all machines follow the state without it";

impl RolloutRun {
    fn writing<'a>(&'a self, facts: &'a Facts, past: &'a [Outcome], what: String) -> Writing<'a> {
        Writing { facts, past, base: &self.base, what, unsafe_store: self.unsafe_store }
    }

    fn write(&self, writing: &Writing<'_>, master: &Master, verb: RolloutVerb) -> Result<Step, Refusal> {
        match verb.applied(&master.state)? {
            Some(state) => writing.write(master, state, Vec::new()),
            None => Ok(Step::Done(Report::note("the master says so already"))),
        }
    }

    /// What comes before the next stage; `None`: its machines did well for long enough.
    fn watch(
        &self,
        facts: &Facts,
        past: &[Outcome],
        percent: Hundredths,
        master: &Master,
    ) -> Result<Option<Step>, Refusal> {
        let (baking, waiting) = (waited_s(past, &baking(percent)), waited_s(past, &waiting(percent)));
        let (Some(rollout), Some(etag)) = (&master.state.rollout, &master.etag) else {
            return Ok(Some(Step::Done(ended_by_others())));
        };
        let slaves = slaves(facts, Base(&self.base))?;
        let standing = Standing::of(&slaves, rollout, etag, &self.proxy);
        // One that was dead before this stage is nobody's failure; one that died since is.
        let since_s = u64::from(baking) + u64::from(waiting);
        let died = standing.stale.iter().filter(|slave| slave.age_s.unwrap_or_default() < STALE_S + since_s);
        let mut failed: Vec<String> = standing
            .failed
            .iter()
            .map(|slave| format!("{}: {}", slave.label, slave.error().map_or_else(String::new, first_line)))
            .collect();
        failed.extend(died.map(|slave| format!("{}: nothing heard of it any more", slave.label)));
        let late = waiting >= self.timeout_s;
        if late {
            let late = standing.waiting.iter().map(|slave| format!("{}: not done within {waiting} s", slave.label));
            failed.extend(late);
        }
        let forget = [Query::Shared(Base(&self.base).master()), Query::Now, Query::Nonce];
        let forget: Vec<Query> = forget.into_iter().chain(queries(Base(&self.base), &slaves)).collect();
        let line = standing.line();
        if failed.len() > self.max_failures as usize {
            let why = format!("{HALT} at {} %: {} failed\n  {}", percent.get(), failed.len(), failed.join("\n  "));
            return Ok(Some(Step::Wait { why, pause_ms: 0, forget }));
        }
        let done = standing.waiting.is_empty() || late;
        if done && baking >= self.bake_s {
            return Ok(None);
        }
        let why = if done { baking_line(percent, &line) } else { waiting_line(percent, &line) };
        let left_ms = if done { self.bake_s.saturating_sub(baking).saturating_mul(1_000) } else { LOOK_MS };
        Ok(Some(Step::Wait { why, pause_ms: LOOK_MS.min(left_ms), forget }))
    }

    /// Why the rollout is taken back, where that was decided.
    fn halted(&self, past: &[Outcome]) -> Option<String> {
        past.iter().find_map(|outcome| match outcome {
            Outcome::Waited { why, .. } if why.starts_with(HALT) => Some(why.clone()),
            _ => None,
        })
    }

    /// After the last stage.
    fn end(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let last = self.stages.last().map_or(0, |percent| percent.get());
        if last < 100 {
            let note = format!(
                "the rollout stands at {last} %: go on with c2 rollout run, or end it with c2 rollout finish or abort"
            );
            return Ok(Step::Done(Report::note(note)));
        }
        let writing = self.writing(facts, past, RolloutVerb::Finish.to_string());
        match writing.turn()? {
            Turn::Step(step) => Ok(step),
            Turn::Master(master) if master.state.rollout.is_some() => {
                self.write(&writing, &master, RolloutVerb::Finish)
            }
            Turn::Master(_) => Ok(Step::Done(ended_by_others())),
            Turn::Written(_) => {
                Ok(Step::Done(Report::note("the rollout is finished: the change holds for all machines")))
            }
        }
    }
}

fn ended_by_others() -> Report {
    Report::failed("run the rollout: somebody else ended it", Some("c2 status shows what holds now"))
}

const HALT: &str = "halt the rollout";

fn baking(percent: Hundredths) -> String {
    format!("{} %: baking", percent.get())
}

fn waiting(percent: Hundredths) -> String {
    format!("{} %: waiting", percent.get())
}

fn baking_line(percent: Hundredths, line: &str) -> String {
    format!("{} ({line})", baking(percent))
}

fn waiting_line(percent: Hundredths, line: &str) -> String {
    format!("{} ({line})", waiting(percent))
}

/// The seconds that were waited for this.
fn waited_s(past: &[Outcome], what: &str) -> u32 {
    let waited = past.iter().map(|outcome| match outcome {
        Outcome::Waited { ms, why } if why.starts_with(what) => *ms,
        _ => 0,
    });
    waited.sum::<u32>() / 1_000
}
