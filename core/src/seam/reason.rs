//! Why something is not as it should be: for this machine, and for a record that others read.

use crate::prelude::*;

use super::{Failure, Refusal};

/// Why something failed, in two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Everything that is known, for the terminal and the log of this machine.
    pub full: String,
    /// The same without command lines of releases and without what a program printed, which may hold secrets.
    pub public: String,
}

impl Reason {
    /// What to do about it, added to both.
    #[must_use]
    pub fn advised(self, hint: Option<&str>) -> Self {
        let with = |text: String| hint.map_or(text.clone(), |hint| format!("{text}; {hint}"));
        Reason { full: with(self.full), public: with(self.public) }
    }

    /// The same text around both.
    #[must_use]
    pub fn map(&self, around: impl Fn(&str) -> String) -> Self {
        Reason { full: around(&self.full), public: around(&self.public) }
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Reason { full: text.clone(), public: text }
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        String::from(text).into()
    }
}

impl From<&Failure> for Reason {
    fn from(failure: &Failure) -> Self {
        Reason { full: format!("{failure}"), public: failure.public() }
    }
}

impl From<&Refusal> for Reason {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::World(failure) => failure.into(),
            refusal => format!("{refusal}").into(),
        }
    }
}
