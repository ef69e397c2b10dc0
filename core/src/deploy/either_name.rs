//! `start app-1.0` for the release `app-1.0.zip`.

use crate::prelude::*;

use crate::{
    archive::Limits,
    seam::{Command, Facts, Location, Outcome, Refusal, Settled as _, Step},
};

/// The last extension of an archive's name, which may be left out where no release has the name without it.
pub(crate) const ZIP: &str = ".zip";

/// Whether a name ends as an archive's does.
pub(crate) fn is_zip(name: &str) -> bool {
    name.len() > ZIP.len() && name.ends_with(ZIP)
}

/// A command on a release: as it is named or, where there is none of that name, with its extension.
pub(crate) struct EitherName {
    /// The command on the release as it is named, and where that is.
    pub(crate) named: (Box<dyn Command>, Location),
    /// The same with the extension.
    pub(crate) zip: (Box<dyn Command>, Location),
    /// What an archive may hold.
    pub(crate) limits: Limits,
    /// Whether a copy of it is asked for, as the command does.
    pub(crate) copy: bool,
}

impl Command for EitherName {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let ask = if self.copy { Facts::archive_copy } else { Facts::archive };
        // What is wrong with it is the command's to say.
        let is_there = |at| Ok(!matches!(ask(facts, at, self.limits).known()?, Ok(None)));
        let zip = !is_there(&self.named.1)? && is_there(&self.zip.1)?;
        if zip { &self.zip.0 } else { &self.named.0 }.next(facts, past)
    }

    fn lock(&self) -> Option<String> {
        self.named.0.lock()
    }

    fn is_logged(&self) -> bool {
        self.named.0.is_logged()
    }

    fn shows_progress(&self) -> bool {
        self.named.0.shows_progress()
    }

    fn may_nest(&self) -> bool {
        self.named.0.may_nest()
    }
}
