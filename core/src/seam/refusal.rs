//! The core said no: the host is untouched by the plan that was not made.

use crate::prelude::*;
use core::fmt;

use super::Failure;

/// Why there is no next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A fact is not known yet; its query was noted beside this result.
    Unknown,
    /// The world could not answer a question.
    World(Failure),
    /// The core said no.
    No {
        /// What cannot be done, or what is wrong.
        what: String,
        /// Why.
        why: String,
        /// What to do about it, where that is known.
        hint: Option<String>,
    },
}

impl Refusal {
    /// A refusal with its two nouns.
    #[must_use]
    pub fn no(what: impl Into<String>, why: impl Into<String>) -> Self {
        Refusal::No { what: what.into(), why: why.into(), hint: None }
    }

    /// The same refusal, with what to do about it; the world's own word on that comes first.
    #[must_use]
    pub fn with_hint(self, text: impl Into<String>) -> Self {
        match self {
            Refusal::No { what, why, .. } => Refusal::No { what, why, hint: Some(text.into()) },
            Refusal::World(Failure::World { doing, why, hint: None }) => {
                Refusal::World(Failure::World { doing, why, hint: Some(text.into()) })
            }
            Refusal::World(Failure::Called { doing, why, hint: None }) => {
                Refusal::World(Failure::Called { doing, why, hint: Some(text.into()) })
            }
            other => other,
        }
    }

    /// The same refusal, with the goal in front of the step that could not be done.
    #[must_use]
    pub fn during(self, goal: &str) -> Self {
        match self {
            Refusal::No { what, why, hint } if !what.starts_with(goal) => {
                Refusal::No { what: format!("{goal}: {what}"), why, hint }
            }
            Refusal::World(Failure::World { doing, why, hint }) => {
                Refusal::World(Failure::World { doing: format!("{goal}: {doing}"), why, hint })
            }
            Refusal::World(Failure::Called { doing, why, hint }) => {
                Refusal::World(Failure::Called { doing: format!("{goal}: {doing}"), why, hint })
            }
            other => other,
        }
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Refusal::No { hint, .. } => hint.as_deref(),
            Refusal::World(failure) => failure.hint(),
            Refusal::Unknown => None,
        }
    }
}

/// A result of questions, some of which may be open.
pub trait Settled<T> {
    /// The result where every question is answered.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] while one is open: nothing may stand in for what is not known yet.
    fn known(self) -> Result<Result<T, Refusal>, Refusal>;

    /// The result, or this in place of a refusal.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] while a question is open.
    fn known_or(self, otherwise: T) -> Result<T, Refusal>;
}

impl<T> Settled<T> for Result<T, Refusal> {
    fn known(self) -> Result<Result<T, Refusal>, Refusal> {
        match self {
            Err(Refusal::Unknown) => Err(Refusal::Unknown),
            settled => Ok(settled),
        }
    }

    fn known_or(self, otherwise: T) -> Result<T, Refusal> {
        Ok(self.known()?.unwrap_or(otherwise))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Unknown => f.write_str("a question was left unanswered"),
            Refusal::World(failure) => failure.fmt(f),
            Refusal::No { what, why, .. } => write!(f, "{what}: {why}"),
        }
    }
}
