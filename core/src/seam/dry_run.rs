//! The dry run: a host on which every effect is supposed to succeed, over what the real one answers.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::{Answer, Effect, Failure, Host, Message, Query, Signal};

/// Answers from the effects' claims first, then from the real host; performs nothing.
pub struct DryRun<'a> {
    real: &'a mut dyn Host,
    claimed: BTreeMap<Query, Answer>,
    plans: Vec<String>,
}

impl<'a> DryRun<'a> {
    /// Supposes over what this host answers.
    pub fn over(real: &'a mut dyn Host) -> Self {
        DryRun { real, claimed: BTreeMap::new(), plans: Vec::new() }
    }

    /// The plans that would be performed, printed.
    #[must_use]
    pub fn plans(&self) -> &[String] {
        &self.plans
    }
}

impl Host for DryRun<'_> {
    fn answer(&mut self, queries: &[Query]) -> Vec<Answer> {
        // What is found out by writing is supposed to be well.
        for query in queries.iter().filter(|query| matches!(query, Query::HonorsConditions { .. })) {
            self.claimed.insert(query.clone(), Answer::Text(None));
        }
        let open: Vec<Query> = queries.iter().filter(|query| !self.claimed.contains_key(query)).cloned().collect();
        let mut answers = self.real.answer(&open).into_iter();
        let fallback = || Answer::Failed(Failure::world("answer a question", "the host gave no answer"));
        let answer = |query| self.claimed.get(query).cloned().or_else(|| answers.next()).unwrap_or_else(fallback);
        queries.iter().map(answer).collect()
    }

    fn perform(&mut self, effect: &Effect) -> Result<(), Failure> {
        let claims = effect.claims(&mut |query| match self.claimed.get(query) {
            Some(answer) => answer.clone(),
            None => self.real.answer(core::slice::from_ref(query)).pop().unwrap_or(Answer::Flag(false)),
        });
        self.claimed.extend(claims);
        Ok(())
    }

    fn pause(&mut self, _: u32) -> bool {
        false
    }

    fn lock(&mut self, _: &str, _: bool) -> Result<(), Failure> {
        Ok(())
    }

    fn unlock(&mut self) {}

    fn defer_signals(&mut self, _: bool) {}

    fn interrupted(&self) -> Option<Signal> {
        None
    }

    fn say(&mut self, message: Message<'_>) {
        if let Message::Plan(plan) = message {
            self.plans.push(alloc::string::ToString::to_string(plan));
        }
    }
}
