//! A template or partial made ready to be rendered: its pieces, and ramhorns templates that name them by number.

use crate::Ordered;
use crate::prelude::*;
use alloc::collections::BTreeMap;
use core::mem;

use ramhorns::Template;

use super::Source;
use super::limits::{MAX_SECTION_DEPTH, MAX_SYNTAX_PROBLEMS};
use super::problem::{Place, Problem, What};
use super::scan::{Kind, Piece, Scan, scan};

/// How many sections ramhorns can parse within each other.
const RAMHORNS_DEPTH: usize = 16;

/// One text, parsed.
pub(super) struct Unit<'a> {
    pub(super) path: &'a str,
    pub(super) pieces: Vec<Piece<'a>>,
    /// The whole text, but for the bodies below.
    pub(super) root: Template<'static>,
    /// The bodies of those sections, by number, that ramhorns could not parse in place.
    pub(super) bodies: BTreeMap<usize, Template<'static>>,
}

impl<'a> Unit<'a> {
    /// Parses a text, or returns all that is wrong with it, in the order of the lines.
    pub(super) fn parse(source: &Source<'a>) -> Result<Self, Vec<Problem>> {
        let Scan { pieces, mut problems, sections_known } = scan(source);
        if sections_known {
            problems.extend(unpaired_sections(source.path, &pieces));
        }
        if !problems.is_empty() {
            problems.sort_by_key(|problem| (problem.line, problem.column));
            problems.truncate(MAX_SYNTAX_PROBLEMS);
            return Err(problems);
        }
        let (root, bodies) = numbered_sources(&pieces);
        let bodies = bodies.into_iter().map(|(section, source)| (section, parsed(source))).into_map();
        Ok(Unit { path: source.path, pieces, root: parsed(root), bodies })
    }

    /// The names of the partials that the text mentions, in order, with repetitions.
    pub(super) fn partials(&self) -> impl Iterator<Item = &'a str> {
        self.pieces.iter().filter_map(|piece| match piece.kind {
            Kind::Partial { name, .. } => Some(name),
            _ => None,
        })
    }
}

fn parsed(source: String) -> Template<'static> {
    Template::new(source).expect("it holds only numbered tags, its sections closed and at most 16 deep")
}

/// The sections that are not closed by their own name within the section they were opened in, and closing tags alone.
fn unpaired_sections(path: &str, pieces: &[Piece<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut problem = |place: Place, what: What| {
        problems.push(Problem { path: path.into(), line: place.line, column: place.column, what });
        problems.len() < MAX_SYNTAX_PROBLEMS
    };
    let mut open: Vec<(&str, Place)> = Vec::new();
    for piece in pieces {
        match piece.kind {
            Kind::Section(name) | Kind::Inverted(name) => {
                open.push((name, piece.place));
                if open.len() == MAX_SECTION_DEPTH + 1 && !problem(piece.place, What::SectionsTooDeep) {
                    return problems;
                }
            }
            Kind::Close(name) => match open.iter().rposition(|(opened, _)| *opened == name) {
                Some(depth) => {
                    for (name, place) in open.drain(depth..).skip(1) {
                        problem(place, What::UnclosedSection { name: name.into() });
                    }
                }
                None => {
                    let innermost = open.last().map(|(name, place)| (String::from(*name), place.line));
                    if !problem(piece.place, What::UnopenedSection { name: name.into(), innermost }) {
                        return problems;
                    }
                }
            },
            _ => {}
        }
    }
    for (name, place) in open {
        problem(place, What::UnclosedSection { name: name.into() });
    }
    problems
}

/// The sources for ramhorns: of the whole text, and of the section bodies that it could not parse in place.
///
/// Each piece becomes a tag that names it by its number; a tag in a section's body with the section's own number
/// stands for that body.
fn numbered_sources(pieces: &[Piece<'_>]) -> (String, BTreeMap<usize, String>) {
    let mut bodies = BTreeMap::new();
    let mut outer: Vec<String> = Vec::new();
    let mut source = String::new();
    let mut open: Vec<usize> = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        match piece.kind {
            Kind::Text { .. } | Kind::Unescaped(_) | Kind::Partial { .. } => source += &format!("{{{{&{number}}}}}"),
            Kind::Escaped(_) => source += &format!("{{{{{number}}}}}"),
            Kind::Section(_) | Kind::Inverted(_) => {
                let sigil = if matches!(piece.kind, Kind::Section(_)) { '#' } else { '^' };
                source += &format!("{{{{{sigil}{number}}}}}");
                open.push(number);
                if open.len().is_multiple_of(RAMHORNS_DEPTH) {
                    source += &format!("{{{{&{number}}}}}");
                    outer.push(mem::take(&mut source));
                }
            }
            Kind::Close(_) => {
                let section = open.pop().unwrap_or_default();
                if (open.len() + 1).is_multiple_of(RAMHORNS_DEPTH) {
                    bodies.insert(section, mem::replace(&mut source, outer.pop().unwrap_or_default()));
                }
                source += &format!("{{{{/{section}}}}}");
            }
        }
    }
    (source, bodies)
}
