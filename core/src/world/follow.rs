//! A machine that follows a state, as a command of its own: without the state's object, and without a record.

use alloc::{string::String, vec::Vec};

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
                let reasons = following.failed.into_values().chain(following.troubles).chain(following.unready);
                let reasons: Vec<String> = reasons.map(|reason| reason.full).collect();
                let failed = (!reasons.is_empty()).then(|| reasons.join("\n"));
                Step::Done(Report { failed, ..Report::text("") })
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
