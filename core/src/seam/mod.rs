//! The seam between deciding and doing: ask, plan, perform, look again.
//!
//! A [`Command`] is a pure function from what is known ([`Facts`]) and what this run has done ([`Outcome`]s) to the
//! next [`Step`]. [`drive`] is the only loop: it has questions answered and plans performed by a [`Host`].

mod command_line;
mod container;
mod drive;
mod effect;
mod effect_text;
mod facts;
mod failure;
mod folder;
mod intent;
mod past;
mod plan;
mod purpose;
mod query;
mod reason;
mod refusal;
mod report;
mod secret;
mod standing;
mod supposed;

use alloc::{string::String, vec::Vec};

pub use command_line::CommandLine;
pub use container::{Container, ContainerState, Health, run_on};
pub use drive::{End, Host, Message, drive, settle};
pub(crate) use effect::leads_to;
pub use effect::{Effect, Modes, Rendered, Role};
pub use facts::Facts;
pub use failure::{Ending, Failure, Signal};
pub use folder::Folder;
pub use intent::Intent;
pub use past::{last_is, tried};
pub use plan::{Outcome, Plan, Stage};
pub use purpose::{Phase, Purpose, RolloutVerb, WaitFor};
pub use query::{Answer, COMPOSE_FILES, Content, Link, Listed, Location, ProxyNow, Query, RECORD_BYTES, Shared, Stat};
pub use reason::Reason;
pub use refusal::Refusal;
pub(crate) use report::retry_hint;
pub use report::{FAILED, Output, REVERTED, Report};
pub use secret::Secret;
pub use standing::Standing;
pub use supposed::Supposed;

/// A command of the program.
pub trait Command {
    /// What to do next, given what is known of the world and what this run has done so far.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] while a question is open; any other refusal ends the command.
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal>;

    /// The lock's file; `None` for a command that only reads.
    fn lock(&self) -> Option<String> {
        None
    }

    /// Whether what it does is logged.
    fn is_logged(&self) -> bool {
        self.lock().is_some()
    }

    /// Whether it tells, as it goes on, what it does; else only what fails.
    fn shows_progress(&self) -> bool {
        true
    }

    /// Whether a command of a release may call it while the run that it belongs to holds the lock.
    fn may_nest(&self) -> bool {
        true
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Perform this.
    Do(Plan),
    /// Not there yet: pause, then ask these again.
    Wait {
        /// What is waited for, in words.
        why: String,
        /// The same, for who looks back.
        what: WaitFor,
        /// How long, in milliseconds.
        pause_ms: u32,
        /// What to ask again; without any, everything that may have changed.
        forget: Vec<Query>,
    },
    /// What to print, and how it ended.
    Done(Report),
}
