//! `check-config`: everything that is wrong or doubtful about the configuration.

use alloc::{format, string::String};

use super::load_config::read_config;
use crate::seam::{Command, Facts, Outcome, Refusal, Report, Step};

/// `check-config`.
#[derive(Clone, Copy, Debug)]
pub struct CheckConfig;

impl Command for CheckConfig {
    fn next(&self, facts: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        let (errors, warnings) = match read_config(facts)? {
            Ok(parsed) => (alloc::vec![], parsed.warnings),
            Err(rejected) => (rejected.errors, rejected.warnings),
        };
        let mut text = String::new();
        errors.iter().for_each(|problem| text.push_str(&format!("error: {problem}\n")));
        warnings.iter().for_each(|problem| text.push_str(&format!("warning: {problem}\n")));
        let report = Report::text(text);
        Ok(Step::Done(if errors.is_empty() && warnings.is_empty() {
            Report::text("the configuration is fine\n")
        } else {
            let count = format!("{}, {}", counted(errors.len(), "error"), counted(warnings.len(), "warning"));
            Report { failed: Some(format!("check the configuration: {count}")), ..report }
        }))
    }
}

/// `1 error`, `2 errors`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
