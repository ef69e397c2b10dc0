//! The tool's configuration, in both its syntaxes.

use c2_core::config::{Parsed, Problem, Rejected, Syntax, ToolConfig, tool_config};

/// Reads the input as a whole configuration, and as the value of a field that is not known.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    check_both(text);
    check_both(&format!("{{\"releases\": {{\"localdir\": \"r\"}}, \"x\": {text}}}"));
}

/// What is good JSON must mean the same as YAML, and stand at the same places.
fn check_both(text: &str) {
    let json = read(text, Syntax::Json);
    let yaml = read(text, Syntax::Yaml);
    if json.is_ok() && is_yaml_too(text) {
        assert_eq!(json, yaml, "the same text means the same as JSON and as YAML");
    }
}

fn read(text: &str, syntax: Syntax) -> Result<Parsed<ToolConfig>, Rejected> {
    let read = tool_config("c", text, syntax);
    match &read {
        Ok(Parsed { warnings, notes, .. }) => {
            check_problems(text, warnings);
            check_problems(text, notes);
        }
        Err(rejected) => {
            assert!(!rejected.errors.is_empty() && !rejected.to_string().is_empty(), "a refusal says why");
            check_problems(text, &rejected.errors);
            check_problems(text, &rejected.warnings);
        }
    }
    read
}

/// Problems stand in the order of the text, at places that are in it, and fit on a line each.
pub(crate) fn check_problems(text: &str, problems: &[Problem]) {
    assert!(problems.is_sorted_by_key(|problem| problem.position), "{problems:?}");
    // A YAML text that ends too early ends on the line behind its last one.
    let lines = text.matches(['\n', '\r']).count() + 2;
    for problem in problems {
        assert!(!problem.to_string().contains(char::is_control), "{problem}");
        if let Some(position) = problem.position {
            assert!(position.line >= 1 && position.column >= 1, "{problem}");
            assert!(position.line as usize <= lines, "{problem}");
        }
    }
}

/// JSON is YAML (its specification, section 1.2) but for escapes that are halves of a character; and to YAML a carriage
/// return of its own ends a line, so that problems stand elsewhere.
fn is_yaml_too(text: &str) -> bool {
    !text.contains("\\ud") && !text.contains("\\uD") && !text.replace("\r\n", "").contains('\r')
}
