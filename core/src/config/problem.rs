//! What is wrong or doubtful in a file: where it stands, what was found and what was expected.

use crate::prelude::*;
use core::fmt;

/// A place in a text: line and column count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One error, warning or note about a file, printed as `file:line:column: path: text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name as the person gave it.
    pub file: String,
    /// Where in the file; `None` where the syntax does not tell.
    pub position: Option<Position>,
    /// The path of the value, such as `deployMode.proxy.endPoints.main.etype`; empty at the top.
    pub path: String,
    /// What was found, what was expected, and the cure where it is known.
    pub text: String,
    /// Whether the file breaks the rules of its syntax: of JSON, the text then shows nothing of what is in it.
    pub of_syntax: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file)?;
        if let Some(Position { line, column }) = self.position {
            write!(out, ":{line}:{column}")?;
        }
        if !self.path.is_empty() {
            write!(out, ": {}", self.path)?;
        }
        write!(out, ": {}", self.text)
    }
}

/// A value read from a file, with what is doubtful about the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<T> {
    /// The value.
    pub value: T,
    /// In the order of the file.
    pub warnings: Vec<Problem>,
    /// Advice, which `check-config` alone prints and which never changes its exit code. In the order of the file.
    pub notes: Vec<Problem>,
}

/// Everything that is wrong with a file, and what is doubtful besides. Printed: the errors, one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// At least one, in the order of the file.
    pub errors: Vec<Problem>,
    /// In the order of the file.
    pub warnings: Vec<Problem>,
}

impl fmt::Display for Rejected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            write!(out, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
