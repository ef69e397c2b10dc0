//! How a command ended, and what it prints.

use crate::prelude::*;

use serde_json::Value;

use super::{Failure, Memo, Outcome};
use crate::printable;

/// What goes to standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// This text.
    Text(String),
    /// This text, which tells the calling program that the command failed; nothing else is printed.
    Failure(String),
    /// The content of this file, however large.
    File(String),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What goes to standard output.
    pub output: Output,
    /// What a person should know, for standard error.
    pub notes: Vec<String>,
    /// What failed, and why; `None` is success.
    pub failed: Option<String>,
    /// How things stand after a failure, where that is known.
    pub now: Option<String>,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
    /// The last lines that the one command printed which failed: shown again only when others have printed since.
    pub tail: Vec<String>,
    /// The exit code of a failure.
    pub code: u8,
    /// What the command is to know in its next round.
    pub memo: Option<Memo>,
}

/// What to do next where nothing better is known: the command once more.
pub(crate) fn retry_hint(command: &str) -> String {
    format!("fix the cause, then run {command} again; c2 show-log has the full output")
}

/// The exit code of an operation that failed.
pub const FAILED: u8 = 1;
/// The exit code of a rollout that was halted and taken back.
pub const REVERTED: u8 = 3;

impl Report {
    /// Success, with a text for standard output.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Report {
            output: Output::Text(text.into()),
            notes: vec![],
            failed: None,
            now: None,
            hint: None,
            tail: vec![],
            code: FAILED,
            memo: None,
        }
    }

    /// Success, with JSON for standard output, indented by four as the older tool did it.
    #[must_use]
    pub fn json(value: &Value) -> Self {
        // serde_json indents by two, and no text in JSON goes over a line's end.
        let line = |line: &str| format!("{:1$}{line}\n", "", line.len() - line.trim_start().len());
        Report::text(printable::json(value).lines().map(line).collect::<String>())
    }

    /// Success, with a note for standard error.
    #[must_use]
    pub fn note(note: impl Into<String>) -> Self {
        Report { notes: vec![note.into()], ..Report::text("") }
    }

    /// Failure.
    #[must_use]
    pub fn failed(what: impl Into<String>, hint: Option<&str>) -> Self {
        Report { failed: Some(what.into()), hint: hint.map(Into::into), ..Report::text("") }
    }

    /// The same report of a run that has done this; where one command alone failed in it, with that command's last lines.
    #[must_use]
    pub fn after(self, past: &[Outcome]) -> Self {
        let failures = past.iter().filter_map(Outcome::failure);
        let mut tails = failures.map(Failure::tail).filter(|tail| !tail.is_empty());
        match (tails.next(), tails.next()) {
            (Some(tail), None) => Report { tail: tail.to_vec(), ..self },
            _ => self,
        }
    }
}
