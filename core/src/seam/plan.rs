//! Plans: printable values that are performed as they stand, and what came of them.

use crate::prelude::*;
use core::fmt;

use super::{Effect, Failure, Intent, Memo, Purpose, Query, Reason, WaitFor};

/// Some effects that belong together, and those that take them back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What it is for.
    pub title: String,
    /// What is done, in order.
    pub effects: Vec<Effect>,
    /// What takes it back, in order; also when only a part of it was done.
    pub undo: Vec<Effect>,
}

impl Stage {
    /// A stage with nothing to take back.
    #[must_use]
    pub fn new(title: &str, effects: Vec<Effect>) -> Self {
        Stage { title: title.into(), effects, undo: vec![] }
    }

    /// The same stage with its undo.
    #[must_use]
    pub fn undone_by(self, undo: Vec<Effect>) -> Self {
        Stage { undo, ..self }
    }
}

/// What will be done. No effect of a plan needs another's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What the plan is for.
    pub purpose: Purpose,
    /// What was there before: the file of the note and the note, written before the first stage and removed when
    /// the plan is done or wholly undone.
    pub intent: Option<(String, Intent)>,
    /// What a person should know before it is performed.
    pub notes: Vec<String>,
    /// What is done, in order.
    pub stages: Vec<Stage>,
    /// What is done after success; its failure is only reported.
    pub tidy: Vec<Effect>,
    /// Whether it is performed without the lock.
    pub without_lock: bool,
    /// What the command is to know when it is done.
    pub memo: Option<Memo>,
}

impl Plan {
    /// A plan of these stages and nothing else.
    #[must_use]
    pub fn new(purpose: impl Into<Purpose>, stages: Vec<Stage>) -> Self {
        let purpose = purpose.into();
        Plan { purpose, intent: None, notes: vec![], stages, tidy: vec![], without_lock: false, memo: None }
    }
}

impl Plan {
    /// What else has to be asked again after it: what it wrote, done or failed.
    #[must_use]
    pub fn outdates(&self) -> Vec<Query> {
        let put = |effect: &Effect| match effect {
            Effect::Put { at, .. } => Some(Query::Shared(at.clone())),
            _ => None,
        };
        self.stages.iter().flat_map(|stage| &stage.effects).filter_map(put).collect()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "plan: {}", self.purpose)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "  note: {note}"))?;
        if let Some((path, _)) = &self.intent {
            writeln!(f, "  before: note the intent {path}")?;
        }
        for stage in &self.stages {
            writeln!(f, "  stage: {}", stage.title)?;
            stage.effects.iter().try_for_each(|effect| writeln!(f, "    {effect}"))?;
            stage.undo.iter().try_for_each(|effect| writeln!(f, "    undo: {effect}"))?;
        }
        if let Some((path, _)) = &self.intent {
            writeln!(f, "  after: remove the intent {path}")?;
        }
        self.tidy.iter().try_for_each(|effect| writeln!(f, "  tidy: {effect}"))
    }
}

/// What this run has done so far.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every outcome is a plan")]
pub enum Outcome {
    /// A plan was performed.
    Planned {
        /// The plan.
        plan: Plan,
        /// The title of the stage that failed and why; `None` when the plan is done.
        failed: Option<(String, Failure)>,
        /// What went wrong besides: an undo, the removal of the intent, the tidying.
        trouble: Vec<Failure>,
    },
    /// It was waited.
    Waited {
        /// So many milliseconds.
        ms: u32,
        /// What for.
        what: WaitFor,
        /// The same in words.
        why: String,
    },
}

impl Outcome {
    /// Why a plan failed; `None` for one that is done.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Outcome::Planned { failed: Some((_, failure)), .. } => Some(failure),
            _ => None,
        }
    }

    /// The failure of a plan as one text: the stage, why, and what became of the undo; `None` for one that is done.
    #[must_use]
    pub fn failure_text(&self) -> Option<String> {
        self.text_by(|failure| failure.to_string())
    }

    /// The same text, and what others may read of it.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        Some(Reason { full: self.failure_text()?, public: self.text_by(Failure::public)? })
    }

    fn text_by(&self, words: impl Fn(&Failure) -> String) -> Option<String> {
        let Outcome::Planned { plan, failed: Some((stage, failure)), trouble } = self else { return None };
        let failed = words(failure);
        let stage = if failed.starts_with(stage) { String::new() } else { format!("{stage}: ") };
        let mut text = format!("{}: {stage}{failed}", plan.purpose);
        for failure in trouble {
            text.push_str(&format!("\nand then, while undoing: {}", words(failure)));
        }
        Some(text)
    }
}
