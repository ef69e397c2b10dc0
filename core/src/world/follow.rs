//! A machine that follows a state, as a command of its own: without the state's object, and without a record.

use crate::prelude::*;

use crate::{
    deploy::Deploys,
    proxy::{Follow, Followed},
    seam::{Command, Facts, Outcome, Refusal, Report, Step},
};

impl Command for Follow {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        Ok(match self.round(facts, past)? {
            Followed::Step(step) => step,
            Followed::Done(following) => {
                let reasons: Vec<String> =
                    following.failed.into_values().chain(following.troubles).map(|reason| reason.full).collect();
                let failed = (!reasons.is_empty()).then(|| reasons.join("\n"));
                let notes = following.unready.into_iter().map(|reason| reason.full).collect();
                Step::Done(Report { failed, notes, ..Report::text("") })
            }
        })
    }

    fn lock(&self) -> Option<String> {
        Some(Deploys(self.config.deploys_dir.as_str()).lock())
    }

    fn may_nest(&self) -> bool {
        false
    }
}
