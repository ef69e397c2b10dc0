//! The tests of the configuration, through its public face.

mod json;
mod lets_encrypt;
mod mutated;
mod release;
mod schema;
mod state;
mod texts;
mod tool;
mod warnings;
mod web;
mod yaml;

use crate::prelude::*;
use core::fmt::Debug;

use super::{BadText, FromText, Parsed, Rejected, Syntax, ToolConfig, tool_config};

/// Errors and warnings, one a line, warnings marked.
fn report<T>(result: &Result<Parsed<T>, Rejected>) -> String {
    let (errors, warnings) = match result {
        Ok(parsed) => (&[][..], &parsed.warnings),
        Err(rejected) => (&rejected.errors[..], &rejected.warnings),
    };
    let errors = errors.iter().map(ToString::to_string);
    let warnings = warnings.iter().map(|warning| format!("warning: {warning}"));
    errors.chain(warnings).collect::<Vec<_>>().join("\n")
}

fn json(text: &str) -> Result<Parsed<ToolConfig>, Rejected> {
    tool_config("c.json", text, Syntax::Json)
}

fn yaml(text: &str) -> Result<Parsed<ToolConfig>, Rejected> {
    tool_config("c.yaml", text, Syntax::Yaml)
}

/// A configuration with one more field, given as JSON.
fn with(field: &str) -> Result<Parsed<ToolConfig>, Rejected> {
    json(&format!("{{\"releases\": {{\"localdir\": \"/r\"}},\n{field}}}"))
}

/// A configuration with a proxy and one more field of it.
fn with_proxy(field: &str) -> Result<Parsed<ToolConfig>, Rejected> {
    with(&format!("\"deployMode\": {{\"proxy\": {{\"endPoints\": {{}},\n{field}}}}}"))
}

fn good<T: Debug>(result: Result<Parsed<T>, Rejected>) -> T {
    let parsed = result.expect("no errors");
    assert_eq!(parsed.warnings, []);
    parsed.value
}

/// Each good text is taken; each bad one is refused for the reason beside it.
fn check<T: FromText + core::fmt::Debug>(good: &[&str], bad: &[(&str, &str)]) {
    for text in good {
        assert!(T::from_text(text).is_ok(), "{text:?}: {:?}", T::from_text(text));
    }
    for (text, why) in bad {
        let expected = BadText { found: text.to_string(), expected: T::EXPECTED, why: why.to_string() };
        assert_eq!(T::from_text(text).map(|_| ()), Err(expected), "{text:?}");
    }
}
