//! `check-config`: everything that is wrong or doubtful about the configuration, and advice.

use crate::prelude::*;

use super::{config_on_host::ConfigOnHost, load_config::read_config};
use crate::seam::{Command, Facts, Outcome, Refusal, Report, Step};

/// `check-config`.
#[derive(Clone, Copy, Debug)]
pub struct CheckConfig;

impl Command for CheckConfig {
    fn next(&self, facts: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        let lines = |problems: Vec<_>| problems.iter().map(ToString::to_string).collect::<Vec<String>>();
        let (errors, warnings, notes) = match read_config(facts)? {
            Ok(parsed) => {
                let on_host = ConfigOnHost::look(facts, &parsed.value)?;
                let (warnings, notes) = (lines(parsed.warnings), lines(parsed.notes));
                (vec![], [warnings, on_host.warnings].concat(), [notes, on_host.notes].concat())
            }
            Err(rejected) => (lines(rejected.errors), lines(rejected.warnings), vec![]),
        };
        let mut text = String::new();
        errors.iter().for_each(|error| text.push_str(&format!("error: {error}\n")));
        warnings.iter().for_each(|warning| text.push_str(&format!("warning: {warning}\n")));
        let (fails, count) = (errors.len() + warnings.len() > 0, |count, what| counted(count, what));
        let failed =
            format!("check the configuration: {}, {}", count(errors.len(), "error"), count(warnings.len(), "warning"));
        let report = Report::text(if fails { text } else { "the configuration is fine\n".to_string() });
        let notes = notes.iter().map(|note| format!("note: {note}")).collect();
        Ok(Step::Done(Report { notes, failed: fails.then_some(failed), ..report }))
    }
}

/// `1 error`, `2 errors`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
