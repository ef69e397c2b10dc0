//! Reads YAML 1.2 into a tree with positions: anchors, aliases and `<<` merge keys are resolved, one document only.

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use super::node::{Entry, MAX_DEPTH, Node, SyntaxFault, Value, last_of_each, quoted};
use super::problem::Position;
use super::yaml_scalar::plain;

/// How much anchors and aliases may add to a document, in nodes plus bytes of text.
const MAX_EXPANSION: usize = 1_000_000;

/// Reads the one document of a YAML text; an empty text is `null`.
pub(super) fn tree(text: &str) -> Result<Node, SyntaxFault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut loader = Loader { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), expansion: 0 };
    let mut root = None;
    loop {
        let (event, span) = loader.next()?;
        match event {
            Event::StreamEnd => break,
            Event::DocumentStart(_) if root.is_some() => {
                return Err(fault(span.start, "a second document begins, expected only one"));
            }
            Event::DocumentStart(_) => {
                let (event, span) = loader.next()?;
                root = Some(loader.node(event, span, 0)?);
            }
            _ => {}
        }
    }
    Ok(root.unwrap_or(Node { value: Value::Null, position: Position { line: 1, column: 1 } }))
}

struct Loader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// What each finished anchor stands for.
    anchors: BTreeMap<usize, Node>,
    expansion: usize,
}

impl<'t> Loader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), SyntaxFault> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(fault(*error.marker(), &format!("no valid YAML: {}", error.info()))),
            None => Err(fault(Marker::default(), "no valid YAML: the text ends too early")),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, SyntaxFault> {
        let position = position(span.start);
        if depth == MAX_DEPTH {
            return Err(SyntaxFault { position, text: format!("nested more than {MAX_DEPTH} levels deep") });
        }
        let (anchor, value) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span.start, depth),
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, scalar(text.into_owned(), style, tag.as_deref(), span.start)?)
            }
            Event::SequenceStart(anchor, tag) => {
                only_core(tag.as_deref(), &["seq"], span.start)?;
                (anchor, self.list(depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                only_core(tag.as_deref(), &["map"], span.start)?;
                (anchor, self.object(depth)?)
            }
            _ => return Err(SyntaxFault { position, text: "no valid YAML: expected a value".into() }),
        };
        let node = Node { value, position };
        self.remember(anchor, &node)?;
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Value, SyntaxFault> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::List(items));
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, SyntaxFault> {
        let mut entries = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let (key, key_position) = self.key(event, span)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if is_merge {
                merged.extend(merge_sources(value)?);
            } else {
                entries.push(Entry { key, key_position, value, first: None });
            }
        }
        let mut entries = last_of_each(entries);
        // A key of the object itself wins over a merged one, an earlier merged one over a later one.
        let mut known: BTreeSet<String> = BTreeSet::new();
        if !merged.is_empty() {
            known.extend(entries.iter().map(|entry| entry.key.clone()));
        }
        entries.extend(merged.into_iter().filter(|entry| known.insert(entry.key.clone())));
        Ok(Value::Object(entries))
    }

    /// A key is text whatever it looks like: `8080:` has the key `8080`.
    fn key(&mut self, event: Event<'t>, span: Span) -> Result<(String, Position), SyntaxFault> {
        let position = position(span.start);
        let text = match event {
            Event::Scalar(text, _, anchor, _) => {
                let text = text.into_owned();
                self.remember(anchor, &Node { value: Value::Text(text.clone()), position })?;
                text
            }
            Event::Alias(anchor) => match self.alias(anchor, span.start, 0)?.value {
                Value::Text(text) | Value::Number(text) => text,
                other => return Err(SyntaxFault { position, text: format!("found {other} as a key, expected text") }),
            },
            _ => return Err(SyntaxFault { position, text: "found an array or object as a key, expected text".into() }),
        };
        Ok((text, position))
    }

    fn alias(&mut self, anchor: usize, marker: Marker, depth: usize) -> Result<Node, SyntaxFault> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(fault(marker, "found an alias inside the value that its anchor names"));
        };
        let (weight, levels) = measure(node);
        if depth + levels > MAX_DEPTH {
            return Err(fault(marker, &format!("nested more than {MAX_DEPTH} levels deep by this alias")));
        }
        let node = node.clone();
        self.charge(weight, marker)?;
        Ok(node)
    }

    fn remember(&mut self, anchor: usize, node: &Node) -> Result<(), SyntaxFault> {
        if anchor > 0 {
            let Position { line, column } = node.position;
            let marker = Marker::new(0, line as usize, (column as usize).saturating_sub(1));
            self.charge(measure(node).0, marker)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn charge(&mut self, weight: usize, marker: Marker) -> Result<(), SyntaxFault> {
        self.expansion += weight;
        if self.expansion > MAX_EXPANSION {
            return Err(fault(marker, "anchors and aliases make this document too big"));
        }
        Ok(())
    }
}

fn scalar(text: String, style: ScalarStyle, tag: Option<&Tag>, marker: Marker) -> Result<Value, SyntaxFault> {
    let is_text = tag.is_some_and(|tag| {
        (tag.is_yaml_core_schema() && tag.suffix == "str") || (tag.handle.is_empty() && tag.suffix == "!")
    });
    if is_text {
        return Ok(Value::Text(text));
    }
    only_core(tag, &["null", "bool", "int", "float"], marker)?;
    let is_plain = style == ScalarStyle::Plain || tag.is_some();
    Ok(if is_plain { plain(&text) } else { Value::Text(text) })
}

fn only_core(tag: Option<&Tag>, known: &[&str], marker: Marker) -> Result<(), SyntaxFault> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && known.contains(&tag.suffix.as_str())) => {
            Err(fault(marker, &format!("found the tag {}, which is not known here", quoted(&format!("{tag}")))))
        }
        _ => Ok(()),
    }
}

/// The entries that a merge key (<https://yaml.org/type/merge.html>) brings, the strongest first.
fn merge_sources(value: Node) -> Result<Vec<Entry>, SyntaxFault> {
    match value.value {
        Value::Object(entries) => Ok(entries),
        Value::List(items) if items.iter().all(|item| matches!(item.value, Value::Object(_))) => {
            let objects = items.into_iter().map(merge_sources);
            Ok(objects.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
        other => Err(SyntaxFault {
            position: value.position,
            text: format!("found {other} behind the merge key <<, expected an object or an array of objects"),
        }),
    }
}

/// How much a value weighs (nodes plus bytes of text) and how many levels it has.
fn measure(node: &Node) -> (usize, usize) {
    match &node.value {
        Value::Absent | Value::Null | Value::Bool(_) => (1, 1),
        Value::Number(text) | Value::Text(text) => (1 + text.len(), 1),
        Value::List(items) => items.iter().fold((1, 1), |sum, item| add(sum, measure(item))),
        Value::Object(entries) => entries.iter().fold((1, 1), |sum, entry| {
            let (weight, levels) = measure(&entry.value);
            add(sum, (weight + entry.key.len(), levels))
        }),
    }
}

fn add(sum: (usize, usize), child: (usize, usize)) -> (usize, usize) {
    (sum.0 + child.0, sum.1.max(child.1 + 1))
}

/// The parser counts lines from 1 and columns from 0.
fn position(marker: Marker) -> Position {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position { line: number(marker.line().max(1)), column: number(marker.col().saturating_add(1)) }
}

fn fault(marker: Marker, text: &str) -> SyntaxFault {
    SyntaxFault { position: position(marker), text: text.into() }
}
