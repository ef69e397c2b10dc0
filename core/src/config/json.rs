//! Reads JSON into a tree with positions, strictly by RFC 8259; a byte order mark before it is dropped.

use crate::prelude::*;
use core::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::node::{Entry, MAX_DEPTH, Node, SyntaxFault, Value, last_of_each};
use super::problem::Position;

/// Reads one JSON value.
pub(super) fn tree(text: &str) -> Result<Node, SyntaxFault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, last: (0, Position { line: 1, column: 1 }) };
    let raw = reader.parse::<&RawValue>(text)?;
    reader.node(raw, 0)
}

/// Why a text is not JSON, without any of its content.
pub(super) fn fault(text: &str, error: &serde_json::Error) -> SyntaxFault {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Reader { text, last: (0, Position { line: 1, column: 1 }) }.fault(text, error)
}

struct Reader<'t> {
    text: &'t str,
    /// The offset last asked for and its position: the next one is counted from there.
    last: (usize, Position),
}

impl<'t> Reader<'t> {
    fn node(&mut self, raw: &'t RawValue, depth: usize) -> Result<Node, SyntaxFault> {
        let fragment = raw.get();
        let position = self.position(self.offset(fragment));
        if depth == MAX_DEPTH {
            return Err(SyntaxFault { position, text: format!("nested more than {MAX_DEPTH} levels deep") });
        }
        let value = match fragment.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = self.parse(fragment)?;
                let entries = members.into_iter().map(|(key, value)| self.entry(key, value, depth));
                Value::Object(last_of_each(entries.collect::<Result<_, _>>()?))
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = self.parse(fragment)?;
                Value::List(items.into_iter().map(|item| self.node(item, depth + 1)).collect::<Result<_, _>>()?)
            }
            Some(b'"') => Value::Text(self.parse(fragment)?),
            Some(b'n') => Value::Null,
            Some(b't' | b'f') => Value::Bool(fragment == "true"),
            _ => Value::Number(fragment.into()),
        };
        Ok(Node { value, position })
    }

    fn entry(&mut self, key: &'t RawValue, value: &'t RawValue, depth: usize) -> Result<Entry, SyntaxFault> {
        let key_position = self.position(self.offset(key.get()));
        Ok(Entry { key: self.parse(key.get())?, key_position, value: self.node(value, depth + 1)?, first: None })
    }

    fn parse<T: Deserialize<'t>>(&mut self, fragment: &'t str) -> Result<T, SyntaxFault> {
        serde_json::from_str(fragment).map_err(|error| self.fault(fragment, &error))
    }

    /// The package counts line and column within the fragment, the column in bytes.
    fn fault(&mut self, fragment: &str, error: &serde_json::Error) -> SyntaxFault {
        let lines_before = fragment.split_inclusive('\n').take(error.line().saturating_sub(1));
        let within = lines_before.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
        let mut offset = (self.offset(fragment) + within).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let whole = error.to_string();
        let why = whole.split(" at line ").next().unwrap_or(&whole);
        SyntaxFault { position: self.position(offset), text: format!("no valid JSON: {why}") }
    }

    /// Where a fragment, which is always a part of the text, begins in it.
    fn offset(&self, fragment: &str) -> usize {
        (fragment.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len())
    }

    fn position(&mut self, offset: usize) -> Position {
        let (from, mut position) = if offset < self.last.0 { (0, Position { line: 1, column: 1 }) } else { self.last };
        for character in self.text.get(from..offset).unwrap_or_default().chars() {
            if character == '\n' {
                position = Position { line: position.line + 1, column: 1 };
            } else {
                position.column += 1;
            }
        }
        self.last = (offset, position);
        position
    }
}

/// The members of an object in the order of the text, repeated keys and all.
struct Members<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
