//! `show-log`: prints the log.

use crate::prelude::*;

use crate::{
    config::ToolConfig,
    seam::{Command, Facts, Outcome, Output, Refusal, Report, Step},
};

/// `show-log`.
#[derive(Clone, Debug)]
pub struct ShowLog {
    /// The configuration.
    pub config: ToolConfig,
}

impl Command for ShowLog {
    fn next(&self, _: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        Ok(Step::Done(Report { output: Output::File(self.config.log_file.to_string()), ..Report::text("") }))
    }
}
