//! A command line of a release, which may hold secrets where it was filled from a template.

use crate::prelude::*;
use core::fmt;

use crate::printable::one_line;

/// A line for `sh`. One that was filled from `release.json.tpl` may hold values of the config sources: it prints as
/// its length alone, in plans, logs, errors and `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    text: String,
    filled: bool,
}

impl CommandLine {
    /// The line, and whether it was filled from a template.
    #[must_use]
    pub fn new(text: impl Into<String>, filled: bool) -> Self {
        CommandLine { text: text.into(), filled }
    }

    /// The line itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.filled {
            write!(f, "({} bytes, filled from release.json.tpl)", self.text.len())
        } else {
            f.write_str(&one_line(&self.text))
        }
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandLine({self})")
    }
}
