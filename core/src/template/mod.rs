//! The template language: the core of Mustache, strict by default; it turns texts and a JSON context into a text.
//!
//! What the language is: <https://github.com/mustache/spec>, the modules comments, delimiters, interpolation,
//! inverted, partials and sections. Out of scope: lambdas, inheritance, dynamic names.
//!
//! # What ramhorns does here
//! Alone, `ramhorns` is not Mustache: it knows no set-delimiter tags and no standalone lines, joins partials only when
//! it parses, so that none can contain itself, ends a context stack at four and section nesting at sixteen, cuts off
//! white space at the end, and reports neither places nor absent names. So the work is shared:
//! - `scan` reads the text by Mustache's rules, into numbered pieces; `unit` pairs the sections and writes the pieces
//!   down again for ramhorns, each as a tag whose name is the piece's number: `{{&0}}{{#1}}{{2}}{{/1}}`. No text of a
//!   user's reaches ramhorns' parser: without optimisation its lexer recurs at every lone brace, down to a crash.
//! - ramhorns parses that, walks it, enters and repeats sections, gathers the output and escapes what goes into it.
//! - `render` is the content that ramhorns asks about each number. It looks names up, decides which sections are
//!   entered, renders a partial by ramhorns' template of it (again, however deep: that is all recursion takes), adds
//!   the indentation and the `&#39;` that ramhorns lacks, keeps the limits and collects the problems.
//!
//! # Limits
//! `limits` names them: depth of sections and partials, size of the output, number of tags. They end what would not
//! end, or not before the memory does, and are far beyond what a configuration file needs. At full depth a build
//! without optimisation takes less than 1 MiB of stack.

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use unit::Unit;

mod limits;
mod lookup;
mod number;
mod problem;
mod render;
mod scan;
#[cfg(test)]
mod tests;
mod unit;

pub use problem::{NoText, Problem, What};

/// A template or partial: its text, and the path under which problems are reported.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The path as problems show it.
    pub path: &'a str,
    /// The whole text.
    pub text: &'a str,
}

/// Whether a tag that has nothing to print is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// A variable tag over an absent name, `null`, an object or a list is an error, and so is an absent partial.
    Strict,
    /// Absent names, `null` and absent partials print nothing; objects and lists print as JSON on one line.
    Lenient,
}

/// Names the partials that a text mentions, as its tags write them, in order of first mention, each once.
///
/// # Errors
/// All problems of the text's syntax, at most 100, in the order of its lines.
pub fn partial_names(source: Source<'_>) -> Result<Vec<String>, Vec<Problem>> {
    let unit = Unit::parse(&source)?;
    let mut seen = BTreeSet::new();
    Ok(unit.partials().filter(|name| seen.insert(*name)).map(String::from).collect())
}

/// Renders a template; `partials` holds the texts of partials by the names that tags give them.
///
/// A partial that is not in the map does not exist; one that no tag mentions is not looked at. Problems inside a
/// partial are reported under its name.
///
/// # Errors
/// All problems at once: either those of syntax, of the template and of every partial that it mentions, directly or
/// through others, or else those of rendering it, in the order in which they were met. Behind a limit nothing more is
/// looked for.
pub fn render(
    source: Source<'_>,
    partials: &BTreeMap<String, String>,
    context: &Value,
    strictness: Strictness,
) -> Result<String, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut units: BTreeMap<&str, Unit<'_>> = BTreeMap::new();
    let template = Unit::parse(&source).map_err(|found| problems.extend(found)).ok();
    let mut mentioned: Vec<&str> = template.iter().flat_map(Unit::partials).collect();
    let mut read = BTreeSet::new();
    let mut next = 0;
    while let Some(name) = mentioned.get(next) {
        next += 1;
        if let Some((path, text)) = partials.get_key_value(*name)
            && read.insert(path)
        {
            match Unit::parse(&Source { path, text }) {
                Ok(unit) => {
                    mentioned.extend(unit.partials());
                    units.insert(path, unit);
                }
                Err(found) => problems.extend(found),
            }
        }
    }
    match template {
        Some(template) if problems.is_empty() => render::rendered(&template, &units, context, strictness),
        _ => Err(problems),
    }
}

/// The path of what is rendered from a template: without its last extension (`x/y.conf.tpl` gives `x/y.conf`).
///
/// A path without an extension stays as it is; a dot that begins a file's name begins no extension.
pub fn output_path(template_path: &str) -> &str {
    let name_start = template_path.rfind('/').map_or(0, |slash| slash + 1);
    let name = &template_path[name_start..];
    match name.rfind('.') {
        Some(dot) if !name[..dot].trim_start_matches('.').is_empty() => &template_path[..name_start + dot],
        _ => template_path,
    }
}
