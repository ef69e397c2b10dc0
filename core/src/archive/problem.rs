//! What is wrong with an archive, told one by one.

use crate::prelude::*;
use core::fmt;

use crate::printable::one_line;

/// The most problems that are told of one archive.
const MOST: usize = 20;

/// The most characters of a name that are told.
const NAME_CHARACTERS: usize = 200;

/// One reason to refuse an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The entry that it is about, printable; `None` when it is about the whole archive.
    pub entry: Option<String>,
    /// What is wrong, and what helps where that is known.
    pub what: String,
}

impl Problem {
    /// A problem of the whole archive.
    pub fn of_archive(what: impl Into<String>) -> Self {
        Problem { entry: None, what: what.into() }
    }

    /// A problem of the entry with this name, as stored.
    pub fn of_entry(name: &[u8], what: impl Into<String>) -> Self {
        Problem { entry: Some(printable(name)), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some(entry) => write!(f, "{entry}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// Collects problems: all are counted, the first twenty are kept.
#[derive(Debug, Default)]
pub struct Problems {
    first: Vec<Problem>,
    more: u64,
}

impl Problems {
    /// Adds a problem.
    pub fn add(&mut self, problem: Problem) {
        match self.first.len() < MOST {
            true => self.first.push(problem),
            false => self.more += 1,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The problems in the order found; when there are more than are kept, the last one says how many.
    pub fn into_list(mut self) -> Vec<Problem> {
        if self.more > 0 {
            self.first.push(Problem::of_archive(format!("and {} more", self.more)));
        }
        self.first
    }
}

/// A stored name as it can be shown: not endless.
pub(super) fn printable(name: &[u8]) -> String {
    // A character has at most four bytes: more need not be looked at.
    let name = name.get(..4 * NAME_CHARACTERS).unwrap_or(name);
    let name: String = String::from_utf8_lossy(name).chars().take(NAME_CHARACTERS).collect();
    let shown = one_line(&name).into_owned();
    if shown.is_empty() { String::from("(an entry without a name)") } else { shown }
}
