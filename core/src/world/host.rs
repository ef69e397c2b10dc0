//! The simulated host as a run has it: questions answered, effects performed with their faults, time that passes.

use crate::prelude::*;

use super::{InjectedFault, World};
use crate::seam::{Answer, CommandLine, Effect, Ending, Failure, Host, Message, Query, Reason, Role, Signal};

impl Host for World {
    fn answer(&mut self, queries: &[Query]) -> Vec<Answer> {
        queries.iter().map(|query| self.answer_one(query)).collect()
    }

    fn perform(&mut self, effect: &Effect) -> Result<(), Failure> {
        self.performed += 1;
        self.write_over();
        let fault = self.faults.iter().find(|(number, _)| *number == self.performed).map(|(_, fault)| *fault);
        match fault {
            Some(InjectedFault::Clean) => return Err(injected(effect)),
            Some(InjectedFault::Half) => {
                self.half(effect);
                self.check_routes(effect);
                return Err(Failure::Gone);
            }
            Some(InjectedFault::Lie) if matches!(effect, Effect::ReloadProxy) => return Ok(()),
            _ => (),
        }
        let done = self.act(effect);
        self.check_routes(effect);
        let checks = self.faults.is_empty() && self.unanswered.is_none() && !self.trusts_claims;
        if done.is_ok() && checks {
            self.check_claims(effect);
        }
        match fault {
            Some(InjectedFault::Torn) => done.and(Err(injected(effect))),
            Some(InjectedFault::Crash) => Err(Failure::Gone),
            Some(InjectedFault::Signal) => {
                self.signalled = Some(Signal::Terminate);
                self.end_by_signal(effect).map_or(done, Err)
            }
            _ => done,
        }
    }

    fn pause(&mut self, ms: u32) -> bool {
        self.pass(ms);
        true
    }

    fn lock(&mut self, _: &str, _: bool) -> Result<(), Failure> {
        self.locked = true;
        Ok(())
    }

    fn unlock(&mut self) {
        self.locked = false;
    }

    fn defer_signals(&mut self, on: bool) {
        self.deferred = on;
        if !on {
            self.disinherit();
        }
    }

    fn forward_signals(&mut self, signals: bool) {
        self.forwards_signals = signals;
    }

    fn interrupted(&self) -> Option<Signal> {
        self.signalled.filter(|_| self.deferred)
    }

    fn say(&mut self, _: Message<'_>) {}
}

/// What every program that an injected fault fails has printed: no record may show it.
pub const PRINTED: &str = "printed-secret";

/// What an injected fault looks like: as the real effect would fail.
fn injected(effect: &Effect) -> Failure {
    match effect {
        Effect::Run { role, folder, command, .. } => Failure::Command {
            role: *role,
            folder: folder.clone(),
            command: command.clone(),
            ending: Ending::NotRun("injected".to_string()),
            tail: vec![PRINTED.to_string()],
        },
        Effect::Put { .. } => Failure::OutcomeUnknown { doing: effect.to_string(), why: "injected".to_string() },
        Effect::TestProxy { .. }
        | Effect::ReloadProxy
        | Effect::ProveProxy { .. }
        | Effect::ProxyUp { .. }
        | Effect::ProxyDown { .. }
        | Effect::WaitReady { .. } => Failure::Called {
            doing: effect.to_string(),
            why: Reason { full: format!("injected\n  {PRINTED}"), public: "injected".to_string() },
            hint: None,
        },
        effect => Failure::world(effect.to_string(), "injected"),
    }
}

/// The failure of a command that ended so.
pub(super) fn ended(role: Role, folder: &str, command: &CommandLine, ending: Ending) -> Failure {
    Failure::Command { role, folder: folder.to_string(), command: command.clone(), ending, tail: vec![] }
}
