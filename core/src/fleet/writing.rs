//! One read-decide-write on the state of the master, under the condition that it is unchanged; else it starts over.

use crate::prelude::*;

use serde_json::Map;

use super::{Base, state_of};
use crate::{
    aws::s3::Condition,
    config::{self, S3Path, State, Write},
    deploy::rejected,
    printable::one_line,
    seam::{
        Effect, Facts, Failure, Outcome, Phase, Plan, Purpose, Query, Refusal, Report, Secret, Settled as _, Stage,
        Step, WaitFor,
    },
    time::utc,
};

/// How long a write is retried when others write, or its outcome is unknown.
const LIMIT_S: u64 = 60;
/// The longest pause before the second attempt; it doubles with each further one, up to the second number.
const PAUSE_MS: (u64, u64) = (100, 4_000);
/// How many writings a state remembers: more than others can do while one of them waits for an answer.
const REMEMBERED: usize = 32;

/// What to do when the outcome of a write is unknown.
const AGAIN: &str = "run the same command again: what is done is not done twice";

/// A write that is to be done once, whoever else writes.
pub(super) struct Writing<'a> {
    pub(super) facts: &'a Facts,
    pub(super) past: &'a [Outcome],
    pub(super) base: &'a S3Path,
    /// What it is for: tells it from the other writes of this run.
    pub(super) what: Purpose,
    /// Whether a store is written to that ignores conditions.
    pub(super) unsafe_store: bool,
    /// How long in seconds it is retried whatever stands in its way; `None`: only as long as others write.
    pub(super) retry_for_s: Option<u64>,
}

/// Where a write stands.
pub(super) enum Turn {
    /// To be decided on this state of the master.
    Master(Master),
    /// Done: this is the state.
    Written(State),
    /// This comes first, or ends it.
    Step(Step),
}

/// The state of the master as it was read.
pub(super) struct Master {
    pub(super) state: State,
    /// What tells it from any other; `None`: there is none yet.
    pub(super) etag: Option<String>,
}

impl Writing<'_> {
    /// Where it stands.
    pub(super) fn turn(&self) -> Result<Turn, Refusal> {
        let mut tried = self.past.iter().enumerate().filter_map(|(index, outcome)| match outcome {
            Outcome::Planned { plan, failed, .. } if plan.purpose == self.what => Some((index, plan, failed)),
            _ => None,
        });
        let attempts = tried.clone().count();
        let Some((index, plan, failed)) = tried.next_back() else { return self.read().map(Turn::Master) };
        let Some((_, failure)) = failed else { return written(plan).map(Turn::Written) };
        let passes = match failure {
            Failure::Conflict { .. } | Failure::OutcomeUnknown { .. } => true,
            // What is not allowed does not pass by itself.
            Failure::NotYet { .. } => false,
            _ => self.retry_for_s.is_some(),
        };
        if !passes {
            let text = format!("{}: {failure}", self.what);
            let is_open =
                |failed: &Option<(String, Failure)>| matches!(failed, Some((_, Failure::OutcomeUnknown { .. })));
            let report = match tried.any(|(_, _, failed)| is_open(failed)) {
                true => Report::failed(
                    format!("{text}; an earlier attempt got no answer and may have done it"),
                    Some(AGAIN),
                ),
                false => Report::failed(text, failure.hint()),
            };
            return Ok(Turn::Step(Step::Done(report)));
        }
        if self.past.len() == index + 1 {
            return self.pause(attempts, failure).map(Turn::Step);
        }
        self.look_again(failure)
    }

    /// The state that this run tried to write last; `None` before its first attempt.
    pub(super) fn attempted(&self) -> Result<Option<State>, Refusal> {
        let last = self.past.iter().rev().find_map(|outcome| outcome.plan_for(&self.what));
        last.map(written).transpose()
    }

    /// The pause before the next attempt: any length up to a limit, so that writers do not meet again.
    fn pause(&self, attempts: usize, failure: &Failure) -> Result<Step, Refusal> {
        let limit = PAUSE_MS.0.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(PAUSE_MS.1);
        let pause_ms = u32::try_from(self.facts.nonce()? % (limit + 1)).unwrap_or_default();
        let mut forget = vec![Query::Shared(Base(self.base).master()), Query::Now, Query::Nonce];
        // From here on the time is taken: what this run did before does not count.
        forget.extend((attempts == 1).then_some(Query::Began));
        Ok(Step::Wait { why: format!("{failure}; looking again"), what: self.wait(), pause_ms, forget })
    }

    /// What the pause is for: one of a rollout's writes is a part of that.
    fn wait(&self) -> WaitFor {
        match &self.what {
            Purpose::Rollout { id, .. } => WaitFor::Rollout { id: id.clone(), phase: Phase::Writing },
            _ => WaitFor::Look,
        }
    }

    /// The fresh state after a write that was lost, or whose answer was.
    fn look_again(&self, failure: &Failure) -> Result<Turn, Refusal> {
        let (id, now, began, master) = (self.id(), self.facts.now(), self.facts.began(), self.read());
        let unknown = matches!(failure, Failure::OutcomeUnknown { .. });
        let (id, now, began) = (id?, now?, began?);
        let master = master.known()?.map_err(|refusal| match refusal {
            refusal if unknown && self.retry_for_s.is_none() => {
                let why = format!("it is not known whether it was written: {refusal}");
                Refusal::no(self.what.to_string(), why).with_hint(AGAIN)
            }
            refusal => refusal,
        })?;
        if master.state.writes.iter().any(|write| write.id == id) {
            return Ok(Turn::Written(master.state));
        }
        let limit_s = self.retry_for_s.map_or(LIMIT_S, |retry_for_s| retry_for_s.max(LIMIT_S));
        if now.saturating_sub(began) < limit_s {
            return Ok(Turn::Master(master));
        }
        let by = last_writer(&master.state);
        let what = format!("{}: not done within {limit_s} s: {failure}{by}", self.what);
        let hint = "nothing of it was written; run the same command again";
        Ok(Turn::Step(Step::Done(Report::failed(what, Some(hint)))))
    }

    /// The state as it is now.
    pub(super) fn read(&self) -> Result<Master, Refusal> {
        let at = Base(self.base).master();
        let Some(shared) = self.facts.shared(&at)? else {
            return Ok(Master { state: State::default(), etag: None });
        };
        let parsed = state_of(&at, &shared).map_err(rejected("read the state of the master"));
        let parsed =
            parsed.map_err(|refusal| refusal.with_hint("repair the object, or put a former version of it back"))?;
        Ok(Master { state: parsed.value, etag: Some(shared.etag) })
    }

    /// What this run's write is known by.
    pub(super) fn id(&self) -> Result<String, Refusal> {
        // What is done in one run has names of its own.
        let part: u64 =
            self.what.to_string().bytes().fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        self.facts.run_id().map(|run| format!("{:016x}", run.wrapping_add(part)))
    }

    /// The plan that writes this state in place of the one that was read.
    pub(super) fn write(&self, master: &Master, mut state: State, mut notes: Vec<String>) -> Result<Step, Refusal> {
        let (facts, base) = (self.facts, Base(self.base));
        let honors_conditions = facts.honors_conditions(&base.probe(), master.etag.is_none());
        let users = ["SUDO_USER", "USER", "LOGNAME"].map(|name| facts.environment(name));
        let (id, host, now) = (self.id(), facts.host_name(), facts.now());
        let condition = self.condition(master, honors_conditions, &mut notes)?;
        let (id, host, now) = (id?, host?.unwrap_or_default(), now?);
        let mut user = String::from("somebody");
        for found in users.into_iter().rev() {
            user = found?.filter(|name| !name.is_empty()).unwrap_or(user);
        }
        state.writes.push(Write { id, host, user, time: utc(now), extra: Map::new() });
        state.writes.drain(..state.writes.len().saturating_sub(REMEMBERED));
        let bytes = Secret::new(state.to_json().into_bytes());
        let put = Effect::Put { at: base.master(), bytes, condition };
        Ok(Step::Do(Plan { notes, ..Plan::new(self.what.clone(), vec![Stage::new("write it", vec![put])]) }))
    }

    /// The condition of the write, and whether the store can be trusted with one.
    fn condition(
        &self,
        master: &Master,
        honors_conditions: Result<Option<String>, Refusal>,
        notes: &mut Vec<String>,
    ) -> Result<Condition, Refusal> {
        let mut ignores = match honors_conditions {
            Ok(ignores) => ignores,
            Err(Refusal::World(Failure::NotYet { why, .. })) => {
                notes.push(format!(
                    "warning: whether the store heeds conditions on writes could not be tried ({}): {why}",
                    Base(self.base).probe()
                ));
                None
            }
            Err(refusal) => return Err(refusal),
        };
        if master.etag.as_ref().is_some_and(String::is_empty) {
            ignores = Some("it gives objects no ETag".into());
        }
        match (ignores, &master.etag) {
            (None, None) => Ok(Condition::Absent),
            (None, Some(etag)) => Ok(Condition::Is(etag.clone())),
            (Some(why), _) if self.unsafe_store => {
                notes.push(format!("warning: of two who write at one time one is lost: {why}"));
                Ok(Condition::Always)
            }
            (Some(why), _) => Err(Refusal::no(
                self.what.to_string(),
                format!(
                    "the store does not heed conditions on writes, so that one of two writers would be lost: {why}"
                ),
            )
            .with_hint("use a store that does, or write all the same with --allow-unsafe-store")),
        }
    }
}

/// Who wrote a state last, for the end of a sentence; empty when unknown.
pub(super) fn last_writer(state: &State) -> String {
    let by = |write: &Write| {
        let [user, host, time] = [&write.user, &write.host, &write.time].map(|text| one_line(text));
        format!("; {user} on {host} wrote it last, at {time}")
    };
    state.writes.last().map_or_else(String::new, by)
}

/// The state that a plan wrote.
fn written(plan: &Plan) -> Result<State, Refusal> {
    let put = plan.stages.iter().flat_map(|stage| &stage.effects).find_map(|effect| match effect {
        Effect::Put { bytes, .. } => Some(String::from_utf8_lossy(bytes.reveal()).to_string()),
        _ => None,
    });
    let parsed = config::state("the state that was written", &put.unwrap_or_default());
    parsed.map(|parsed| parsed.value).map_err(rejected("read the state that was written"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::FromText, seam::Facts};

    #[test]
    fn a_write_that_fails_after_one_without_an_answer_may_have_been_done() {
        let told = |failures: &[Failure]| {
            let planned = |failure: &Failure| Outcome::Planned {
                plan: Plan::new("connect it", vec![]),
                failed: Some(("write it".into(), failure.clone())),
                trouble: vec![],
            };
            let past: Vec<Outcome> = failures.iter().map(planned).collect();
            let base = S3Path::from_text("s3://fleet/base").unwrap();
            let facts = Facts::default();
            let what = Purpose::from("connect it");
            let writing =
                Writing { facts: &facts, past: &past, base: &base, what, unsafe_store: false, retry_for_s: None };
            let Ok(Turn::Step(Step::Done(report))) = writing.turn() else { panic!("it goes on") };
            (report.failed.unwrap(), report.hint)
        };
        let unanswered = Failure::OutcomeUnknown { doing: "put it".into(), why: "reset".into() };
        let refused = Failure::world("put it", "connection refused");
        let (text, hint) = told(&[unanswered, refused.clone()]);
        assert!(text.contains("an earlier attempt got no answer and may have done it"), "{text}");
        assert_eq!(hint.as_deref(), Some(AGAIN));
        assert_eq!(told(&[refused]).0, "connect it: put it: connection refused");
    }
}
