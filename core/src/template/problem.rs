//! What is wrong in a template, and where: said to a person who has the file open.

use crate::prelude::*;
use core::fmt;

use super::limits::{MAX_DEPTH, MAX_OUTPUT_BYTES, MAX_PARTIAL_DEPTH, MAX_SECTION_DEPTH, MAX_TAGS};

/// A place in a text, both numbers from 1; the column counts characters, a tab as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// One thing that is wrong in a template or a partial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The template's path as it was given, or the partial's name as its tag has it.
    pub path: String,
    /// The line on which the tag opens, from 1.
    pub line: u32,
    /// The column at which the tag opens, in characters, from 1.
    pub column: u32,
    /// What is wrong with the tag there.
    pub what: What,
}

/// The kinds of problems; the first six are found in the text alone, the others when it is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A tag that no closing delimiter ends.
    UnclosedTag {
        /// What opened it, such as `{{` or `{{{`.
        open: String,
        /// What must close it.
        close: String,
    },
    /// A tag without a name.
    EmptyTag,
    /// A set-delimiter tag that does not name two delimiters; nothing behind it can be read.
    BadDelimiters,
    /// A section without its closing tag.
    UnclosedSection {
        /// The section's name.
        name: String,
    },
    /// A closing tag whose section is not open.
    UnopenedSection {
        /// The name in the closing tag.
        name: String,
        /// Name and line of the innermost section that is open there.
        innermost: Option<(String, u32)>,
    },
    /// More sections within each other than one text may have.
    SectionsTooDeep,
    /// Strict: a variable tag whose value has no text.
    NoText {
        /// The name in the tag.
        name: String,
        /// Why there is no text.
        why: NoText,
    },
    /// Strict: a partial that is not there.
    NoPartial {
        /// The partial's name as the tag has it.
        name: String,
        /// The partial with the nearest name, if one is near.
        nearest: Option<String>,
    },
    /// More partials within each other than one rendering may have.
    PartialsTooDeep {
        /// The partial that was one too many.
        name: String,
    },
    /// More sections and partials within each other than one rendering may have.
    TooDeep,
    /// More output than one rendering may have.
    OutputTooLarge,
    /// More tags than one rendering may print.
    TooManyTags,
}

/// Why a variable tag has no text to print.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoText {
    /// No such name in the context; with the nearest one, if one is near.
    Absent(Option<String>),
    /// The value is `null`.
    Null,
    /// The value is an object.
    Object,
    /// The value is a list.
    List,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.what)
    }
}

impl core::error::Error for Problem {}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::UnclosedTag { open, close } => {
                write!(f, "the tag that opens here with {} is not closed by {}", Short(open), Short(close))
            }
            What::EmptyTag => f.write_str("the tag here holds no name"),
            What::BadDelimiters => f.write_str(
                "the tag here sets no delimiters; write it as {{=<% %>=}}: two of them, without white space or = in them",
            ),
            What::UnclosedSection { name } => {
                write!(f, "the section {0} that opens here is never closed; add {{{{/{0}}}}}", Short(name))
            }
            What::UnopenedSection { name, innermost: None } => {
                write!(f, "{{{{/{}}}}} closes a section, but none is open", Short(name))
            }
            What::UnopenedSection { name, innermost: Some((open, line)) } => {
                write!(f, "{{{{/{}}}}} closes no open section; open is {} of line {line}", Short(name), Short(open))
            }
            What::SectionsTooDeep => write!(f, "the section here is more than {MAX_SECTION_DEPTH} sections deep"),
            What::NoText { name, why } => write_no_text(f, Short(name), why),
            What::NoPartial { name, nearest } => {
                write!(f, "no file for the partial {{{{> {}}}}}", Short(name))?;
                write_nearest(f, nearest)
            }
            What::PartialsTooDeep { name } => write!(
                f,
                "the partial {{{{> {}}}}} is more than {MAX_PARTIAL_DEPTH} partials deep; do partials include each other \
                 without end?",
                Short(name)
            ),
            What::TooDeep => {
                write!(f, "the tag here is more than {MAX_DEPTH} sections and partials deep; do partials recur without end?")
            }
            What::OutputTooLarge => {
                write!(f, "the output grew beyond {} MiB here; do partials or lists multiply?", MAX_OUTPUT_BYTES >> 20)
            }
            What::TooManyTags => {
                write!(f, "more than {MAX_TAGS} tags were rendered up to here; do partials or lists multiply?")
            }
        }
    }
}

fn write_no_text(f: &mut fmt::Formatter<'_>, name: Short<'_>, why: &NoText) -> fmt::Result {
    match why {
        NoText::Absent(nearest) => {
            write!(f, "no value for {{{{{name}}}}}")?;
            write_nearest(f, nearest)
        }
        NoText::Null => {
            write!(f, "the value of {{{{{name}}}}} is null; give it one, or put the tag into {{{{#{name}}}}}")
        }
        NoText::Object => write!(f, "the value of {{{{{name}}}}} is an object; name one of its fields"),
        NoText::List => write!(f, "the value of {{{{{name}}}}} is a list; print its items within {{{{#{name}}}}}"),
    }
}

fn write_nearest(f: &mut fmt::Formatter<'_>, nearest: &Option<String>) -> fmt::Result {
    match nearest {
        Some(nearest) => write!(f, "; nearest known name: {}", Short(nearest)),
        None => Ok(()),
    }
}

/// A name as a message shows it: on one line, and cut where a lost delimiter made half a file of it.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 80;
        for character in self.0.chars().take(MAX_CHARS) {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        if self.0.chars().nth(MAX_CHARS).is_some() { f.write_str("...") } else { Ok(()) }
    }
}
