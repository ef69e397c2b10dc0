//! The tree that JSON and YAML are both read into: values that know where they stand in the text.

use crate::prelude::*;
use alloc::collections::BTreeMap;
use core::fmt;

use serde_json::{Map, Number, Value as Json};

use super::problem::Position;

/// How deep arrays and objects may be nested in a text; the same as the JSON package's own limit.
pub(super) const MAX_DEPTH: usize = 128;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) position: Position,
}

/// What a value is. A number keeps its spelling, and so its exactness.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Stands for a required field that is not there; no text holds it.
    Absent,
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// In the order of the text, each key once: see [`last_of_each`].
    Object(Vec<Entry>),
}

/// One key of an object with its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_position: Position,
    pub(super) value: Node,
    /// Where the same key stood first, with a value that does not count.
    pub(super) first: Option<Position>,
}

/// Of each key the last entry, as every reader of JSON has it that collects an object into a map.
pub(super) fn last_of_each(entries: Vec<Entry>) -> Vec<Entry> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<Entry> = Vec::new();
    for entry in entries {
        match places.get(&entry.key).and_then(|&place| kept.get_mut(place)) {
            Some(former) => *former = Entry { first: former.first.or(Some(former.key_position)), ..entry },
            None => {
                places.insert(entry.key.clone(), kept.len());
                kept.push(entry);
            }
        }
    }
    kept
}

/// Why a text is not even a tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SyntaxFault {
    pub(super) position: Position,
    pub(super) text: String,
}

impl Node {
    /// The value of a key, if this is an object that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let Value::Object(entries) = &self.value else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The first text, key or number of more bytes than the limit: where it is, and how many it has.
    pub(super) fn longer_text(&self, limit: usize) -> Option<(Position, usize)> {
        let long = |text: &str, at: Position| (text.len() > limit).then_some((at, text.len()));
        match &self.value {
            Value::Absent | Value::Null | Value::Bool(_) => None,
            Value::Number(text) | Value::Text(text) => long(text, self.position),
            Value::List(items) => items.iter().find_map(|item| item.longer_text(limit)),
            Value::Object(entries) => entries
                .iter()
                .find_map(|entry| long(&entry.key, entry.key_position).or_else(|| entry.value.longer_text(limit))),
        }
    }

    /// The same value without its positions.
    pub(super) fn to_json(&self) -> Json {
        match &self.value {
            Value::Absent | Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            // Every JSON number is one; a YAML one need not be (`.inf`) and then stays as its text.
            Value::Number(text) => text.parse::<Number>().map_or_else(|_| Json::String(text.clone()), Json::Number),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Object(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    map.insert(entry.key.clone(), entry.value.to_json());
                }
                Json::Object(map)
            }
        }
    }
}

impl fmt::Display for Value {
    /// Names the value in a message: `the number 1.21`, `"text"`, `an object`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => write!(out, "nothing"),
            Self::Null => write!(out, "null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Number(text) => write!(out, "the number {}", shortened(text)),
            Self::Text(text) => write!(out, "{}", quoted(text)),
            Self::List(_) => write!(out, "an array"),
            Self::Object(_) => write!(out, "an object"),
        }
    }
}

/// A text from a file made fit for a message: in quotes, unprintable characters escaped, cut off when long.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

fn shortened(text: &str) -> String {
    const SHOWN_CHARACTERS: usize = 80;
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        None => text.into(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
