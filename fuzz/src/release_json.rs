//! The other JSON files: a release's, states, and the sources of what templates can use.

use std::collections::BTreeSet;

use c2_core::config::{Parsed, Rejected, config_source, release_config, slave_state, state};

use super::config::check_problems;

/// Reads the input as each of the files. What is written after reading one must read as the same again.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    if let Some(release) = accepted(text, release_config("f", text)) {
        let outputs: BTreeSet<_> = release.templates.iter().map(|template| template.output()).collect();
        assert_eq!(outputs.len(), release.templates.len(), "no two templates of a release have one output");
        for path in release.templates.iter().chain(release.config_sources.values()).chain(&outputs) {
            assert!(stays_inside(path.as_str()), "{path} leads out of the release");
        }
    }
    if let Some(read) = accepted(text, state("f", text)) {
        let again = state("f", &read.to_json()).map(|parsed| parsed.value);
        assert_eq!(again, Ok(read), "a state that is read and written is still the same");
    }
    if let Some(read) = accepted(text, slave_state("f", text)) {
        let again = slave_state("f", &read.to_json()).map(|parsed| parsed.value);
        assert_eq!(again, Ok(read), "a slave's state that is read and written is still the same");
    }
    match config_source("f", text) {
        Ok(source) => {
            assert_eq!(config_source("f", &source.to_string()), Ok(source), "a source that is cached is the same");
        }
        Err(problem) => check_problems(text, &[problem]),
    }
}

fn accepted<T>(text: &str, read: Result<Parsed<T>, Rejected>) -> Option<T> {
    match read {
        Ok(Parsed { value, warnings, .. }) => {
            check_problems(text, &warnings);
            Some(value)
        }
        Err(rejected) => {
            assert!(!rejected.errors.is_empty() && !rejected.to_string().is_empty(), "a refusal says why");
            check_problems(text, &rejected.errors);
            check_problems(text, &rejected.warnings);
            None
        }
    }
}

fn stays_inside(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.contains(char::is_control)
}
