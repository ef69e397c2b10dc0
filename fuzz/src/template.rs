//! The template language, with partials.

use std::collections::BTreeMap;

use c2_core::template::{Problem, Source, Strictness, output_path, partial_names, render};
use serde_json::{Value, json};

/// A line of the input that begins with this starts the partial whose name is the rest of the line.
const PARTIAL: &str = "=== ";

/// Renders the input, whose first part is the template, strictly and leniently.
pub fn check(input: &[u8]) {
    let Ok(input) = str::from_utf8(input) else { return };
    let (text, partials) = parts(input);
    let source = Source { path: "t", text };
    let context = context();
    let strict = render(source, &partials, &context, Strictness::Strict);
    let lenient = render(source, &partials, &context, Strictness::Lenient);

    for problems in [&strict, &lenient].into_iter().filter_map(|rendered| rendered.as_ref().err()) {
        assert!(!problems.is_empty(), "a refusal says why");
        problems.iter().for_each(|problem| check_problem(problem, text, &partials));
    }
    if strict.is_ok() {
        assert_eq!(strict, lenient, "what is rendered strictly is rendered leniently, to the same text");
    }
    if !text.contains("{{") {
        assert_eq!(strict.as_deref(), Ok(text), "a text without tags is rendered to itself");
    }
    match partial_names(source) {
        Ok(names) => assert!(names.iter().all(|name| !name.is_empty() && text.contains(name.as_str()))),
        Err(problems) => {
            assert!(lenient.is_err(), "a text whose tags cannot be read is not rendered");
            problems.iter().for_each(|problem| check_problem(problem, text, &partials));
        }
    }
    for line in input.lines() {
        assert!(line.starts_with(output_path(line)), "an output is written beside its template");
    }
}

/// A problem names a place that is there, on one line.
fn check_problem(problem: &Problem, text: &str, partials: &BTreeMap<String, String>) {
    let about = if problem.path == "t" { text } else { partials[&problem.path].as_str() };
    let said = problem.what.to_string();
    assert!(!said.is_empty() && !said.contains(char::is_control), "{said:?}");
    let line = about.split('\n').nth(problem.line as usize - 1).expect("a problem's line is in its text");
    assert!(problem.column as usize <= line.chars().count() + 1, "{problem} is not in {line:?}");
}

fn parts(input: &str) -> (&str, BTreeMap<String, String>) {
    let mut starts = vec![0];
    let marks = input.match_indices(PARTIAL).map(|(at, _)| at);
    starts.extend(marks.filter(|&at| at > 0 && input.as_bytes()[at - 1] == b'\n'));
    starts.push(input.len());
    let part = |at: &[usize]| &input[at[0]..at[1]];
    let partial = |at: &[usize]| {
        let (name, text) = part(at)[PARTIAL.len()..].split_once('\n')?;
        (name != "t").then(|| (String::from(name), String::from(text)))
    };
    (part(&starts[..2]), starts.windows(2).skip(1).filter_map(partial).collect())
}

/// Something of every kind, under names that are quickly typed.
fn context() -> Value {
    json!({
        "a": {"b": {"c": "deep", "n": null}, "l": [1, 2.50, "x<y>&\"'", true, null, {"b": 1e3}, []]},
        "e": [], "f": false, "n": null, "o": {}, "s": "text", "t": true, "z": 0,
        "m": "two\nlines\n", "r": [{"s": "one", "r": [{"s": "two"}]}, {"x": 1}], "w": "{{s}}",
        "ports": {"http": 8000, "extra1": 8100}, "": "nameless", "a.b": "dotted",
    })
}
