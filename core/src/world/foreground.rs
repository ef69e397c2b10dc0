//! Start commands of the simulated host that stay in the foreground of their folder.

use crate::prelude::*;

use super::{Script, World, host::ended};
use crate::seam::{CommandLine, Effect, Ending, Failure, Role};

impl World {
    /// A start command that stays: this run may attend it, and it is there when this run is gone.
    pub(super) fn stay(&mut self, script: Script, folder: &str) {
        self.attended = match script {
            Script::Foreground => Some((folder.to_string(), Ok(()))),
            Script::FailsLate => Some((folder.to_string(), Err(4))),
            _ => None,
        };
        if script == Script::Foreground {
            self.foreground.insert(folder.to_string());
        }
    }

    pub(super) fn foreground_runs(&self, folder: &str) -> bool {
        self.foreground.contains(folder) || self.attended.as_ref().is_some_and(|(at, _)| at == folder)
    }

    /// What runs in a folder ends, and with it the start command that stays for as long as it runs.
    pub(super) fn ends(&mut self, folder: &str) {
        self.running.remove(folder);
        self.ended.retain(|(at, _), _| at != folder);
        self.foreground.remove(folder);
    }

    /// What was started in the foreground ends with the start command.
    pub(super) fn end_foreground(&mut self, folder: &str) {
        if self.foreground_runs(folder) {
            self.ends(folder);
            self.attended.take_if(|(at, _)| at == folder);
        }
    }

    /// A release is not started while a former start command of it still runs.
    pub(super) fn check_foreground(&mut self, folder: &str) {
        if self.foreground_runs(folder) {
            self.note(format!("{folder} was started while its former start command ran: it runs twice"));
        }
    }

    /// What a signal does to a command that runs: it ends, whatever it has done.
    pub(super) fn end_by_signal(&mut self, effect: &Effect) -> Option<Failure> {
        match effect {
            Effect::Run { folder, .. } if self.forwards_signals => self.end_foreground(folder),
            Effect::Attend { folder, .. } if self.forwards_signals => self.ends(folder),
            _ => return None,
        }
        self.signalled.map(Failure::Interrupted)
    }

    /// Stays with the start command. In the model, one that does not fail is ended by a stop from elsewhere.
    pub(super) fn attend(&mut self, folder: &str) -> Result<(), Failure> {
        if self.locked {
            self.note(String::from("a start command was attended under the lock"));
        }
        match self.attended.take() {
            Some((_, Err(status))) => {
                self.running.remove(folder);
                let command = CommandLine::new(Script::FailsLate.line(), false);
                Err(ended(Role::Start, folder, &command, Ending::Status(status)))
            }
            // That stop noted its intent.
            _ => {
                self.changes += 1;
                Ok(())
            }
        }
    }
}
