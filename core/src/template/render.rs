//! Renders parsed texts: ramhorns walks the numbered tags, and the content here says what each of them prints.

use crate::prelude::*;
use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use core::cell::{Cell, RefCell};
use core::slice;

use ramhorns::encoding::Encoder;
use ramhorns::traits::ContentSequence;
use ramhorns::{Content, Section};
use serde_json::Value;

use super::Strictness;
use super::limits::{MAX_DEPTH, MAX_OUTPUT_BYTES, MAX_PARTIAL_DEPTH, MAX_TAGS};
use super::lookup::Scope;
use super::number;
use super::problem::{NoText, Place, Problem, What};
use super::scan::{Kind, Piece};
use super::unit::Unit;
use crate::nearest;

/// Renders a text with the partials that it and they mention.
pub(super) fn rendered(
    unit: &Unit<'_>,
    partials: &BTreeMap<&str, Unit<'_>>,
    context: &Value,
    strictness: Strictness,
) -> Result<String, Vec<Problem>> {
    let run = Run {
        partials,
        strictness,
        tags_left: Cell::new(MAX_TAGS),
        bytes_left: Cell::new(MAX_OUTPUT_BYTES),
        stopped: Cell::new(false),
        reported: RefCell::default(),
        problems: RefCell::default(),
    };
    let scope = Scope { value: context, outer: None };
    let output = unit.root.render(&Frame { run: &run, unit, scope: &scope, indent: "", depth: 0, partial_depth: 0 });
    let problems = run.problems.into_inner();
    if problems.is_empty() { Ok(output) } else { Err(problems) }
}

/// What all frames of a rendering share.
struct Run<'a> {
    partials: &'a BTreeMap<&'a str, Unit<'a>>,
    strictness: Strictness,
    tags_left: Cell<usize>,
    bytes_left: Cell<usize>,
    /// Set when a limit is reached: ramhorns cannot be stopped, but from then on nothing is printed or entered.
    stopped: Cell<bool>,
    /// The tags already reported, by path, place and reason, so that a loop does not report one again each turn.
    reported: RefCell<BTreeSet<(String, Place, NoText)>>,
    problems: RefCell<Vec<Problem>>,
}

/// Where the rendering is: in which text, over which values, behind which indentation, how deep.
#[derive(Clone, Copy)]
struct Frame<'a> {
    run: &'a Run<'a>,
    unit: &'a Unit<'a>,
    scope: &'a Scope<'a>,
    indent: &'a str,
    depth: usize,
    partial_depth: usize,
}

/// Every answer is `true`: the innermost frame knows all values, ramhorns' own stack of four is never asked further.
impl Content for Frame<'_> {
    fn render_field_escaped<E: Encoder>(&self, _: u64, number: &str, encoder: &mut E) -> Result<bool, E::Error> {
        if let Some((_, Piece { place, kind: Kind::Escaped(name) })) = self.piece(number)
            && let Some(text) = self.text_of(name, *place)
            && self.may_print(escaped_length(&text), *place)
        {
            write_escaped(&text, encoder)?;
        }
        Ok(true)
    }

    fn render_field_unescaped<E: Encoder>(&self, _: u64, number: &str, encoder: &mut E) -> Result<bool, E::Error> {
        let Some((number, piece)) = self.piece(number) else { return Ok(true) };
        match piece.kind {
            Kind::Text { text, starts_line } => self.write_text(text, starts_line, piece.place, encoder)?,
            Kind::Unescaped(name) => {
                if let Some(text) = self.text_of(name, piece.place)
                    && self.may_print(text.len(), piece.place)
                {
                    encoder.write_unescaped(&text)?;
                }
            }
            Kind::Partial { name, indent } => encoder.write_unescaped(&self.partial(name, indent, piece.place))?,
            _ => {
                if let Some(body) = self.unit.bodies.get(&number) {
                    encoder.write_unescaped(&body.render(self))?;
                }
            }
        }
        Ok(true)
    }

    fn render_field_section<C: ContentSequence, E: Encoder>(
        &self,
        _: u64,
        number: &str,
        section: Section<'_, C>,
        encoder: &mut E,
    ) -> Result<bool, E::Error> {
        let Some((_, Piece { place, kind: Kind::Section(name) })) = self.piece(number) else { return Ok(true) };
        let values: &[Value] = match self.scope.find(name) {
            Some(Value::Array(items)) => items,
            Some(value) if !is_false(value) => slice::from_ref(value),
            _ => &[],
        };
        for value in values {
            let scope = Scope { value, outer: Some(self.scope) };
            let Some(frame) = self.deeper(*place) else { break };
            section.without_last().with(&Frame { scope: &scope, ..frame }).render(encoder)?;
        }
        Ok(true)
    }

    fn render_field_inverse<C: ContentSequence, E: Encoder>(
        &self,
        _: u64,
        number: &str,
        section: Section<'_, C>,
        encoder: &mut E,
    ) -> Result<bool, E::Error> {
        if let Some((_, Piece { place, kind: Kind::Inverted(name) })) = self.piece(number)
            && self.scope.find(name).is_none_or(is_false)
            && let Some(frame) = self.deeper(*place)
        {
            section.without_last().with(&frame).render(encoder)?;
        }
        Ok(true)
    }
}

impl<'a> Frame<'a> {
    /// The piece that a tag of ramhorns' names, unless a limit is reached.
    fn piece(&self, number: &str) -> Option<(usize, &'a Piece<'a>)> {
        let number: usize = number.parse().ok()?;
        let piece: &'a Piece<'a> = self.unit.pieces.get(number)?;
        self.may_go_on(piece.place).then_some((number, piece))
    }

    /// What a variable tag prints; nothing, in strict mode with a problem, if there is no text for it.
    fn text_of(&self, name: &str, place: Place) -> Option<Cow<'a, str>> {
        let why = match self.scope.find(name) {
            Some(Value::String(text)) => return Some(Cow::Borrowed(text)),
            Some(Value::Number(number)) => return Some(number::printed(number)),
            Some(Value::Bool(true)) => return Some(Cow::Borrowed("true")),
            Some(Value::Bool(false)) => return Some(Cow::Borrowed("false")),
            Some(value @ (Value::Object(_) | Value::Array(_))) if self.run.strictness == Strictness::Lenient => {
                return serde_json::to_string(value).ok().map(Cow::Owned);
            }
            Some(Value::Object(_)) => NoText::Object,
            Some(Value::Array(_)) => NoText::List,
            Some(Value::Null) => NoText::Null,
            None => NoText::Absent(None),
        };
        self.report_in_strict_mode(place, why.clone(), || {
            let why = if why == NoText::Absent(None) { NoText::Absent(self.scope.nearest(name)) } else { why };
            What::NoText { name: name.into(), why }
        });
        None
    }

    /// A partial's output; alone on a line, its lines stand behind that line's indentation.
    fn partial(&self, name: &str, indent: Option<&str>, place: Place) -> String {
        let Some(unit) = self.run.partials.get(name) else {
            self.report_in_strict_mode(place, NoText::Absent(None), || What::NoPartial {
                name: name.into(),
                nearest: nearest(name, self.run.partials.keys().copied()).map(String::from),
            });
            return String::new();
        };
        if self.partial_depth == MAX_PARTIAL_DEPTH {
            self.stop(place, What::PartialsTooDeep { name: name.into() });
            return String::new();
        }
        let Some(frame) = self.deeper(place) else { return String::new() };
        let indent = indent.map_or(String::new(), |indent| String::from(self.indent) + indent);
        unit.root.render(&Frame { unit, indent: &indent, partial_depth: self.partial_depth + 1, ..frame })
    }

    fn write_text<E: Encoder>(
        &self,
        text: &str,
        starts_line: bool,
        place: Place,
        encoder: &mut E,
    ) -> Result<(), E::Error> {
        if text.is_empty() && self.may_print(self.indent.len(), place) {
            encoder.write_unescaped(self.indent)?;
        }
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let indent = if starts_line || number > 0 { self.indent } else { "" };
            if !self.may_print(indent.len() + line.len(), place) {
                break;
            }
            encoder.write_unescaped(indent)?;
            encoder.write_unescaped(line)?;
        }
        Ok(())
    }

    /// This frame one section or partial further in.
    fn deeper(&self, place: Place) -> Option<Frame<'a>> {
        if self.depth == MAX_DEPTH {
            self.stop(place, What::TooDeep);
        }
        self.may_go_on(place).then_some(Frame { depth: self.depth + 1, ..*self })
    }

    fn may_go_on(&self, place: Place) -> bool {
        match self.run.tags_left.get().checked_sub(1) {
            Some(left) => self.run.tags_left.set(left),
            None => self.stop(place, What::TooManyTags),
        }
        !self.run.stopped.get()
    }

    fn may_print(&self, bytes: usize, place: Place) -> bool {
        match self.run.bytes_left.get().checked_sub(bytes) {
            Some(left) => self.run.bytes_left.set(left),
            None => self.stop(place, What::OutputTooLarge),
        }
        !self.run.stopped.get()
    }

    fn stop(&self, place: Place, what: What) {
        if !self.run.stopped.replace(true) {
            self.report(place, what);
        }
    }

    fn report_in_strict_mode(&self, place: Place, why: NoText, what: impl FnOnce() -> What) {
        if self.run.strictness == Strictness::Strict
            && self.run.reported.borrow_mut().insert((self.unit.path.into(), place, why))
        {
            self.report(place, what());
        }
    }

    fn report(&self, Place { line, column }: Place, what: What) {
        self.run.problems.borrow_mut().push(Problem { path: self.unit.path.into(), line, column, what });
    }
}

/// Whether a section over a value is left out; `0` and the empty string are true.
fn is_false(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// An upper bound of how many bytes a text has when it is escaped.
fn escaped_length(text: &str) -> usize {
    text.len() + text.matches(['&', '<', '>', '"', '\'']).count() * ("&quot;".len() - 1)
}

/// Escapes with ramhorns, and the apostrophe, which it leaves as it is.
fn write_escaped<E: Encoder>(text: &str, encoder: &mut E) -> Result<(), E::Error> {
    for (number, stretch) in text.split('\'').enumerate() {
        if number > 0 {
            encoder.write_unescaped("&#39;")?;
        }
        encoder.write_escaped(stretch)?;
    }
    Ok(())
}
