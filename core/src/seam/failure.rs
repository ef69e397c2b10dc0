//! What the world refused.

use crate::prelude::*;
use core::fmt;

use super::{CommandLine, Reason, Role};

/// The world said no while a question was answered or an effect performed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An effect or a question failed.
    World {
        /// What was being done, and to what.
        doing: String,
        /// Why it failed, in the world's words.
        why: String,
        /// What to do about it, where that is known.
        hint: Option<String>,
    },
    /// A program that was called failed, or what was waited for did not come: with what was printed.
    Called {
        /// What was being done, and to what.
        doing: String,
        /// Why it failed: with the last lines that were printed, and for others without them.
        why: Reason,
        /// What to do about it, where that is known.
        hint: Option<String>,
    },
    /// Not available yet; may become so by itself (no credentials yet, no permission yet).
    NotYet {
        /// What was being done, and to what.
        doing: String,
        /// Why it failed, in the world's words.
        why: String,
    },
    /// It was not done because somebody else was first: look again.
    Conflict {
        /// What was being done, and to what.
        doing: String,
    },
    /// The outcome is unknown: look again.
    OutcomeUnknown {
        /// What was being done, and to what.
        doing: String,
        /// What came instead of an answer.
        why: String,
    },
    /// A command of a release failed.
    Command {
        /// Which of its commands.
        role: Role,
        /// The folder it ran in.
        folder: String,
        /// The command line.
        command: CommandLine,
        /// How it ended.
        ending: Ending,
        /// The last lines it printed.
        tail: Vec<String>,
    },
    /// A signal asks this process to end.
    Interrupted(Signal),
    /// This process is gone (simulated hosts only).
    Gone,
}

/// How a command ended that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this status.
    Status(i32),
    /// It was ended by this signal's number.
    Signal(i32),
    /// It ran longer than its limit (`commandTimeoutSecs`, a start command behind a proxy also that of the
    /// readiness) and was ended.
    TimedOut {
        /// The limit.
        limit_s: u32,
    },
    /// It could not be run at all.
    NotRun(String),
}

/// A signal that asks this process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGTERM`.
    Terminate,
    /// `SIGHUP`: the terminal is gone.
    Hangup,
}

impl Signal {
    /// The exit code that shells give to a process ended by it: 128 and its number.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
            Signal::Hangup => 129,
        }
    }
}

impl Failure {
    /// A failure with its two nouns.
    #[must_use]
    pub fn world(doing: impl Into<String>, why: impl Into<String>) -> Self {
        Failure::World { doing: doing.into(), why: why.into(), hint: None }
    }

    /// The failure without the command line of a release and without what was printed, which may hold secrets.
    #[must_use]
    pub fn public(&self) -> String {
        match self {
            Failure::Command { role, folder, ending, .. } => format!("{role} command in {folder}: {ending}"),
            Failure::Called { doing, why, .. } => format!("{doing}: {}", why.public),
            failure => failure.to_string(),
        }
    }

    /// Whether a command was run, came to an end and did not succeed. Where a command may fail, this alone is only
    /// reported: one that could not be run, or was interrupted, counts all the same.
    #[must_use]
    pub fn is_of_a_command(&self) -> bool {
        matches!(self, Failure::Command { ending, .. } if !matches!(ending, Ending::NotRun(_)))
    }

    /// The last lines that a command printed.
    #[must_use]
    pub fn tail(&self) -> &[String] {
        if let Failure::Command { tail, .. } = self { tail } else { &[] }
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Failure::World { hint, .. } | Failure::Called { hint, .. } => hint.as_deref(),
            Failure::Command { role: Role::Start, ending: Ending::TimedOut { .. }, .. } => {
                Some("a start command must return while what it starts runs on, as docker compose up -d does")
            }
            Failure::Command { role: Role::Stop, .. } => {
                Some("stop it by hand, or go on in spite of the failure with --force")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::World { doing, why, .. } | Failure::NotYet { doing, why } => write!(f, "{doing}: {why}"),
            Failure::Called { doing, why, .. } => write!(f, "{doing}: {}", why.full),
            Failure::Conflict { doing } => write!(f, "{doing}: somebody else wrote it first"),
            Failure::OutcomeUnknown { doing, why } => write!(f, "{doing}: no answer says whether it was done: {why}"),
            // What it printed has gone to the terminal and the log: see [`Failure::tail`].
            Failure::Command { role, folder, command, ending, .. } => {
                write!(f, "{role} command in {folder}: {ending}: {command}")
            }
            Failure::Interrupted(Signal::Interrupt) => f.write_str("interrupted"),
            Failure::Interrupted(Signal::Terminate) => f.write_str("asked to end (SIGTERM)"),
            Failure::Interrupted(Signal::Hangup) => f.write_str("the terminal is gone (SIGHUP)"),
            Failure::Gone => f.write_str("this process is gone"),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Status(status) => write!(f, "exited with status {status}"),
            Ending::Signal(signal) => write!(f, "ended by signal {signal}"),
            Ending::TimedOut { limit_s } => write!(f, "still running after {limit_s} s, its limit, ended"),
            Ending::NotRun(why) => write!(f, "could not be run ({why})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_start_command_that_stays_it_is_said_how_it_returns() {
        let hint = |role, ending| {
            let (folder, command) = (String::from("/d/a"), CommandLine::new("docker compose up", false));
            Failure::Command { role, folder, command, ending, tail: Vec::new() }.hint().map(String::from)
        };
        let late = || Ending::TimedOut { limit_s: 60 };
        assert!(hint(Role::Start, late()).is_some_and(|hint| hint.contains("docker compose up -d")));
        assert_eq!(hint(Role::Prestart, late()), None);
        assert_eq!(hint(Role::Start, Ending::Status(1)), None);
    }
}
