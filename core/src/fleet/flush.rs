//! `slave-flush`: the records of slaves that are gone.

use crate::prelude::*;

use super::{
    Base,
    slaves::{STALE_S, records},
};
use crate::{
    config::S3Path,
    seam::{Command, Effect, Facts, Outcome, Plan, Refusal, Report, Stage, Step},
};

/// `slave-flush`
#[derive(Clone, Debug)]
pub struct SlaveFlush {
    /// Where the state is kept.
    pub base: S3Path,
}

impl Command for SlaveFlush {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        if let Some(outcome @ Outcome::Planned { plan, failed, .. }) = past.last() {
            let hint = failed.as_ref().and_then(|(_, failure)| failure.hint());
            return Ok(Step::Done(match outcome.failure_text() {
                Some(text) => Report::failed(text, hint),
                None => Report { notes: plan.notes.clone(), ..Report::text("") },
            }));
        }
        let stale = |age_s: Option<u64>| age_s.is_some_and(|age_s| age_s > STALE_S);
        let gone: Vec<_> = records(facts, Base(&self.base))?.into_iter().filter(|slave| stale(slave.age_s)).collect();
        if gone.is_empty() {
            return Ok(Step::Done(Report::note("every slave was heard of within 5 minutes: nothing is removed")));
        }
        let note = |slave: &super::slaves::Record| {
            format!("{}: nothing heard for {} s, its record is removed", slave.label, slave.age_s.unwrap_or_default())
        };
        let notes = gone.iter().map(note).collect();
        let effects = gone.iter().map(|slave| Effect::Delete(slave.at.clone())).collect();
        let stages = vec![Stage::new("remove them", effects)];
        Ok(Step::Do(Plan { notes, ..Plan::new("remove the records of slaves that are gone".to_string(), stages) }))
    }

    fn is_logged(&self) -> bool {
        true
    }
}
