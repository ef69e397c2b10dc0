//! What all texts with a rule share: one way to be read, from a file as from a command line, and one kind of error.

use crate::prelude::*;
use core::fmt;

use super::node::quoted;

/// A text that breaks the rule of its type, printed as `found "a b", expected a label (...): ' ' is not allowed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadText {
    /// The text as it was found.
    pub found: String,
    /// What the type takes.
    pub expected: &'static str,
    /// Which part of the rule was broken.
    pub why: String,
}

impl fmt::Display for BadText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "found {}, expected {}: {}", quoted(&self.found), self.expected, self.why)
    }
}

/// A type that is read from a text.
pub trait FromText: Sized {
    /// What the type takes, as a noun with its rule.
    const EXPECTED: &'static str;

    /// Reads the text, or says which part of the rule it breaks.
    ///
    /// # Errors
    /// The part of the rule that the text breaks.
    fn check(text: &str) -> Result<Self, String>;

    /// Reads the text.
    ///
    /// # Errors
    /// The text with the rule that it breaks.
    fn from_text(text: &str) -> Result<Self, BadText> {
        Self::check(text).map_err(|why| BadText { found: text.into(), expected: Self::EXPECTED, why })
    }
}

/// Text that only people read.
impl FromText for String {
    const EXPECTED: &'static str = "text";

    fn check(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }
}

/// Declares a type that is a text with a rule: its name, what it takes, and the function that knows the rule.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $rule:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(alloc::string::String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $crate::config::text::FromText for $name {
            const EXPECTED: &'static str = $expected;

            fn check(text: &str) -> Result<Self, alloc::string::String> {
                $rule(text)?;
                Ok(Self(text.into()))
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(out, "{}", self.0)
            }
        }
    };
}

pub(super) use text_type;

/// Refuses the empty text.
pub(super) fn not_empty(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("it is empty".into()) } else { Ok(()) }
}

/// Refuses a text of more bytes than the limit.
pub(super) fn at_most(text: &str, limit: usize) -> Result<(), String> {
    if text.len() > limit { Err(format!("it has {} bytes, at most {limit} are allowed", text.len())) } else { Ok(()) }
}

/// Refuses the first character that the rule does not allow.
pub(super) fn only(text: &str, allowed: impl Fn(char) -> bool) -> Result<(), String> {
    match text.chars().find(|&character| !allowed(character)) {
        Some(character) if character.is_control() => {
            Err(format!("the control character U+{:04X} is not allowed", u32::from(character)))
        }
        Some(character) => Err(format!("{character:?} is not allowed")),
        None => Ok(()),
    }
}

/// Refuses control characters, the NUL among them.
pub(super) fn no_control(text: &str) -> Result<(), String> {
    only(text, |character| !character.is_control())
}

/// Refuses a text that begins with one of some characters.
pub(super) fn not_first(text: &str, refused: &[char]) -> Result<(), String> {
    match text.chars().next() {
        Some(first) if refused.contains(&first) => Err(format!("it begins with {first:?}")),
        _ => Ok(()),
    }
}

/// Refuses a text that ends in a backslash: it would take the meaning from what nginx reads next.
pub(super) fn not_escaping(text: &str) -> Result<(), String> {
    match text.chars().rev().take_while(|&c| c == '\\').count() % 2 {
        1 => Err("it ends in a backslash".into()),
        _ => Ok(()),
    }
}

/// What stands between the quotes of a word of an nginx file; `None` where it has none.
pub(super) fn unquoted(text: &str) -> Result<Option<&str>, String> {
    let Some(quote @ ('"' | '\'')) = text.chars().next() else { return Ok(None) };
    let inner = text.get(1..text.len() - 1).filter(|_| text.ends_with(quote) && text.len() > 2);
    let inner = inner.filter(|inner| !has_unescaped(inner, quote)).ok_or("its quotes do not match")?;
    not_escaping(inner)?;
    Ok(Some(inner))
}

/// Whether a quote stands in the text that no backslash takes the meaning from.
fn has_unescaped(text: &str, quote: char) -> bool {
    let mut escaped = false;
    for character in text.chars() {
        if character == quote && !escaped {
            return true;
        }
        escaped = character == '\\' && !escaped;
    }
    false
}
