//! What the language promises, in cases that compare whole outputs and whole lists of problems.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::*;

mod limits;
mod names;
mod random;
mod spec;
mod strict;
mod syntax;

/// A template, its context as JSON, its partials, and what it renders to.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

fn partial_map(partials: &[(&str, &str)]) -> BTreeMap<String, String> {
    partials.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
}

fn run(text: &str, context: &str, partials: &[(&str, &str)], strictness: Strictness) -> Result<String, Vec<String>> {
    let context = serde_json::from_str(context).expect("the case's context is JSON");
    let source = Source { path: "x/y.conf.tpl", text };
    render(source, &partial_map(partials), &context, strictness)
        .map_err(|problems| problems.iter().map(Problem::to_string).collect())
}

/// Each case renders so when lenient, and when strict too unless it is refused there.
#[track_caller]
fn check(cases: &[Case<'_>]) {
    for (template, context, partials, expected) in cases {
        let case = alloc::format!("{template:?} with {context} and {partials:?}");
        assert_eq!(run(template, context, partials, Strictness::Lenient), Ok(expected.to_string()), "{case}");
        if let Ok(output) = run(template, context, partials, Strictness::Strict) {
            assert_eq!(output, *expected, "strict, {case}");
        }
    }
}

/// Each case renders so when strict.
#[track_caller]
fn check_strict(cases: &[Case<'_>]) {
    for (template, context, partials, expected) in cases {
        let output = run(template, context, partials, Strictness::Strict);
        assert_eq!(output, Ok(expected.to_string()), "{template:?} with {context} and {partials:?}");
    }
}

#[track_caller]
fn check_problems(text: &str, context: &str, partials: &[(&str, &str)], expected: &[&str]) {
    let problems = run(text, context, partials, Strictness::Strict).expect_err(text);
    assert_eq!(problems, expected, "{text:?} with {context} and {partials:?}");
}
