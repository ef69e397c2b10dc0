//! Completion of command lines: commands, options, releases, deploys, files.

use alloc::{string::String, vec::Vec};

use crate::{
    config::ToolConfig,
    seam::{Command, Facts, Outcome, Refusal, Report, Step},
};

/// The candidates for a word of a command line, one a line.
#[derive(Clone, Debug)]
pub struct Complete {
    /// The configuration, where there is one.
    pub config: Option<ToolConfig>,
    /// The index of the word to complete; 0 is the program.
    pub index: usize,
    /// The words of the command line.
    pub words: Vec<String>,
}

impl Command for Complete {
    fn next(&self, _: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        Ok(Step::Done(Report::text("")))
    }
}
