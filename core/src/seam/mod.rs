//! The seam between deciding and doing: ask, plan, perform, look again.
//!
//! A [`Command`] is a pure function from what is known ([`Facts`]) and what this run has done ([`Outcome`]s) to the
//! next [`Step`]. [`drive`] is the only loop: it has questions answered and plans performed by a [`Host`].
//!
//! # How a run goes
//! 1. [`drive`] calls [`Command::next`] with what is known. Whatever it asks of [`Facts`] and is not known yet is noted, and
//!    comes back as [`Refusal::Unknown`]. What came out beside open questions does not count: the host answers all of them,
//!    and the command is called again from its first line. So it is written as if everything were known.
//! 2. With all it needs, it says what to do: a [`Plan`], a pause, or how the run ends. A plan is a value: printed by a dry
//!    run, compared by tests, performed as it stands. No effect of it needs another's result.
//! 3. The plan is performed stage by stage; the first failure takes back what was done, in reverse. What was there before
//!    is noted on disk beforehand (an [`Intent`]), for whoever comes after a run that was cut short.
//! 4. What may have changed is forgotten, the [`Outcome`] is added to the past, and the command is called again: it looks
//!    at the world as it is now, never at what it believes that it did. Plans of the past are told apart by their
//!    [`Purpose`].
//!
//! # A command, whole
//! It puts a file in place, and ends when a look shows that it is there.
//! ```
//! use c2_core::{
//!     seam::{Command, Effect, End, Facts, Location, Outcome, Plan, Refusal, Report, Secret, Stage, Step, drive},
//!     world::World,
//! };
//!
//! struct Touch;
//!
//! impl Command for Touch {
//!     fn next(&self, facts: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
//!         if facts.content(&Location::File("/srv/touched".into()))?.is_some() {
//!             return Ok(Step::Done(Report::note("it is there")));
//!         }
//!         let bytes = Secret::new(b"touched".to_vec());
//!         let write =
//!             Effect::WriteFile { path: "/srv/touched".into(), bytes, mode: 0o644, folder_mode: 0o755, durable: true };
//!         Ok(Step::Do(Plan::new("touch a file", vec![Stage::new("write it", vec![write])])))
//!     }
//! }
//!
//! let mut world = World::default();
//! let End::Reported(report) = drive(&Touch, &mut world, &mut Facts::default()) else { panic!("it was refused") };
//! assert_eq!(report.notes, ["it is there"]);
//! assert_eq!(world.tree.text("/srv/touched").as_deref(), Some("touched"));
//! ```

mod command_line;
mod container;
mod drive;
mod dry_run;
mod effect;
mod effect_text;
mod facts;
mod failure;
mod folder;
mod intent;
mod memo;
mod past;
mod plan;
mod purpose;
mod query;
mod reason;
mod refusal;
mod report;
mod standing;

use crate::prelude::*;

pub use crate::secret::Secret;
pub use command_line::CommandLine;
pub use container::{Container, ContainerState, Health, run_on};
pub use drive::{End, Host, Message, drive, settle};
pub use dry_run::DryRun;
pub(crate) use effect::leads_to;
pub use effect::{Effect, Modes, Rendered, Role};
pub use facts::Facts;
pub use failure::{Ending, Failure, Signal};
pub use folder::Folder;
pub use intent::Intent;
pub use memo::Memo;
pub use past::{last_is, tried};
pub use plan::{Outcome, Plan, Stage};
pub use purpose::{Phase, Purpose, RolloutVerb, WaitFor};
pub use query::{Answer, COMPOSE_FILES, Content, Link, Listed, Location, ProxyNow, Query, RECORD_BYTES, Shared, Stat};
pub use reason::Reason;
pub use refusal::{Refusal, Settled};
pub(crate) use report::retry_hint;
pub use report::{FAILED, Output, REVERTED, Report};
pub use standing::Standing;

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
