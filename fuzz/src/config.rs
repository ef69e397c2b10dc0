//! The tool's configuration, in both its syntaxes.

use c2_core::config::{Parsed, Problem, Rejected, Syntax, ToolConfig, tool_config};

/// Reads the input as JSON and as YAML; what is good JSON must say the same as YAML.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let json = read(text, Syntax::Json);
    let yaml = read(text, Syntax::Yaml);
    if let Ok(json) = json
        && is_yaml_too(text)
    {
        assert_eq!(Ok(json), yaml, "the same text means the same as JSON and as YAML");
    }
}

fn read(text: &str, syntax: Syntax) -> Result<Parsed<ToolConfig>, Rejected> {
    let read = tool_config("c", text, syntax);
    match &read {
        Ok(Parsed { warnings, .. }) => check_problems(text, warnings),
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

/// JSON is YAML but for what YAML 1.2 does not take.
fn is_yaml_too(_text: &str) -> bool {
    true
}
