//! From a tree to typed values: collects every error and warning with its path instead of stopping at the first.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::json;
use super::node::{Entry, Node, SyntaxFault, Value, quoted};
use super::problem::{Parsed, Position, Problem, Rejected};
use super::text::{BadText, FromText};
use crate::nearest;

/// A type that a node of a file is read into. `None` means that at least one error was noted.
pub(super) trait Decode: Sized {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self>;
}

/// A field of a record as the schema files list it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// The JSON text that an absent field is read from; `None` for a required field.
    pub(super) default: Option<&'static str>,
}

/// A branch of a union as the schema files list it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    pub(super) tag: &'static str,
    pub(super) has_value: bool,
}

/// Reads a whole file that a person wrote. Of a key that is there twice the last one counts.
pub(super) fn read<T: Decode>(file: &str, tree: Result<Node, SyntaxFault>) -> Result<Parsed<T>, Rejected> {
    read_by(file, tree, false)
}

/// Reads a whole file that c2 wrote: a key that is there twice may hide a deploy, so such a file is refused.
pub(super) fn read_state<T: Decode>(file: &str, tree: Result<Node, SyntaxFault>) -> Result<Parsed<T>, Rejected> {
    read_by(file, tree, true)
}

fn read_by<T: Decode>(
    file: &str,
    tree: Result<Node, SyntaxFault>,
    refuses_repeated: bool,
) -> Result<Parsed<T>, Rejected> {
    let (path, errors, warnings, notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut at = Decoder { file: file.to_owned(), path, errors, warnings, notes, refuses_repeated };
    let value = match tree {
        Ok(node) => {
            let value = T::decode(&node, &mut at);
            if value.is_none() && at.errors.is_empty() {
                at.error(node.position, "cannot be read".into());
            }
            value
        }
        Err(fault) => {
            let problem = at.problem(fault.position, fault.text);
            at.errors.push(Problem { of_syntax: true, ..problem });
            None
        }
    };
    match value {
        Some(value) if at.errors.is_empty() => Ok(Parsed { value, warnings: at.warnings, notes: at.notes }),
        _ => Err(Rejected { errors: at.errors, warnings: at.warnings }),
    }
}

/// Where the reading of a file stands, and what was noted so far.
pub(super) struct Decoder {
    file: String,
    path: Vec<Step>,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    notes: Vec<Problem>,
    refuses_repeated: bool,
}

/// One step of a path.
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The fields that an object gives to a record.
pub(super) struct Fields<'n> {
    position: Position,
    table: &'static [Field],
    entries: &'n [Entry],
}

impl Decoder {
    pub(super) fn error(&mut self, position: Position, text: String) {
        let problem = self.problem(position, text);
        insert_in_order(&mut self.errors, problem);
    }

    pub(super) fn warning(&mut self, position: Position, text: String) {
        let problem = self.problem(position, text);
        insert_in_order(&mut self.warnings, problem);
    }

    /// Advice: nothing is wrong, and it might be better.
    pub(super) fn note(&mut self, position: Position, text: String) {
        let problem = self.problem(position, text);
        insert_in_order(&mut self.notes, problem);
    }

    /// Notes that a value is not what its place takes.
    pub(super) fn unexpected<T>(&mut self, node: &Node, expected: &str) -> Option<T> {
        self.error(node.position, format!("found {}, expected {expected}", node.value));
        None
    }

    /// Reads a text by the rule of its type.
    fn text<T: FromText>(&mut self, text: &str, position: Position) -> Option<T> {
        match T::check(text) {
            Ok(value) => Some(value),
            Err(why) => {
                let error = BadText { found: text.into(), expected: T::EXPECTED, why };
                self.error(position, error.to_string());
                None
            }
        }
    }

    /// Notes that a value is not a text; a number or truth value was most likely meant as one.
    fn no_text<T>(&mut self, node: &Node, expected: &str) -> Option<T> {
        let cure = match &node.value {
            Value::Number(text) => format!("; put it in quotes: {}", quoted(text)),
            Value::Bool(value) => format!("; put it in quotes: \"{value}\""),
            _ => String::new(),
        };
        self.unexpected(node, &format!("{expected}{cure}"))
    }

    /// Does something one step further down the path.
    pub(super) fn within<T>(&mut self, step: Step, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = inner(self);
        self.path.pop();
        result
    }

    /// Does something some steps further down the path.
    pub(super) fn within_all<const N: usize>(&mut self, steps: [Step; N], inner: impl FnOnce(&mut Self)) {
        let depth = self.path.len();
        self.path.extend(steps);
        inner(self);
        self.path.truncate(depth);
    }

    /// The entries of an object.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, expected: &str) -> Option<&'n [Entry]> {
        let Value::Object(entries) = &node.value else { return self.unexpected(node, expected) };
        entries.iter().for_each(|entry| self.repeated(entry));
        Some(entries)
    }

    /// Notes that a key is there twice.
    fn repeated(&mut self, entry: &Entry) {
        let Some(Position { line, column }) = entry.first else { return };
        let text = format!("this key is there twice, first at line {line}, column {column}");
        let refuses = self.refuses_repeated;
        self.within(Step::Key(entry.key.clone()), |at| match refuses {
            true => at.error(entry.key_position, text),
            false => at.warning(entry.key_position, format!("{text}; only this one counts")),
        });
    }

    /// The fields of a record. Unknown ones are warned about unless `keeps_unknown`.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        table: &'static [Field],
        keeps_unknown: bool,
    ) -> Option<Fields<'n>> {
        let names: Vec<&str> = table.iter().map(|field| field.name).collect();
        let required: Vec<&str> =
            table.iter().filter(|field| field.default.is_none()).map(|field| field.name).collect();
        let expected =
            if required.is_empty() { "an object".into() } else { format!("an object with {}", required.join(", ")) };
        let entries = self.entries(node, &expected)?;
        for entry in entries.iter().filter(|_| !keeps_unknown) {
            // As in compose files, what begins with x- is there to hold anchors.
            if !names.contains(&entry.key.as_str()) && !entry.key.starts_with("x-") {
                let text = format!("unknown field, ignored{}", hint(&entry.key, &names));
                self.within(Step::Key(entry.key.clone()), |at| at.warning(entry.key_position, text));
            }
        }
        Some(Fields { position: node.position, table, entries })
    }

    /// Reads one field, or its default when it is absent.
    pub(super) fn field<T: Decode>(&mut self, fields: &Fields<'_>, name: &'static str) -> Option<T> {
        let step = Step::Key(name.to_owned());
        if let Some(entry) = fields.entries.iter().find(|entry| entry.key == name) {
            return self.within(step, |at| T::decode(&entry.value, at));
        }
        let default = fields.table.iter().find(|field| field.name == name)?.default;
        let absent = Node { value: Value::Absent, position: fields.position };
        let node = default.map_or(Ok(absent), json::tree).ok()?;
        self.within(step, |at| T::decode(&node, at))
    }

    /// The branch of a union that a value names, with the branch's value.
    pub(super) fn branch<'n>(
        &mut self,
        node: &'n Node,
        branches: &'static [Branch],
    ) -> Option<(&'static str, Option<&'n Node>)> {
        let expected = branches.iter().map(spelling).collect::<Vec<_>>().join(" or ");
        let (tag, position, value) = match &node.value {
            Value::Text(tag) => (tag, node.position, None),
            Value::Object(entries) if entries.len() == 1 => {
                self.repeated(&entries[0]);
                (&entries[0].key, entries[0].key_position, Some(&entries[0].value))
            }
            Value::Object(entries) => {
                self.error(node.position, format!("found an object of {} keys, expected {expected}", entries.len()));
                return None;
            }
            _ => return self.unexpected(node, &expected),
        };
        let Some(branch) = branches.iter().find(|branch| branch.tag == tag) else {
            let tags: Vec<&str> = branches.iter().map(|branch| branch.tag).collect();
            self.error(position, format!("found {}, expected {expected}{}", quoted(tag), hint(tag, &tags)));
            return None;
        };
        match value {
            None if branch.has_value => {
                self.error(position, format!("found {} without its value, expected {expected}", quoted(tag)));
                None
            }
            Some(node) if !branch.has_value && node.value != Value::Null => {
                let text = format!("found {}, expected nothing: {} takes no value", node.value, quoted(tag));
                self.within(Step::Key(tag.clone()), |at| at.error(node.position, text));
                None
            }
            value => Some((branch.tag, value)),
        }
    }

    fn problem(&self, position: Position, text: String) -> Problem {
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Index(index) => path.push_str(&format!("[{index}]")),
                Step::Key(key) => {
                    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
                    let key = if !key.is_empty() && key.chars().all(is_plain) { key.clone() } else { quoted(key) };
                    path.push_str(if path.is_empty() { "" } else { "." });
                    path.push_str(&key);
                }
            }
        }
        Problem { file: self.file.clone(), position: Some(position), path, text, of_syntax: false }
    }
}

/// Keeps the order of the file. (A stable sort at the end would cost 15 kB of code.)
fn insert_in_order(problems: &mut Vec<Problem>, problem: Problem) {
    let index = problems.partition_point(|other| other.position <= problem.position);
    problems.insert(index, problem);
}

/// The end of a message about an unknown name.
pub(super) fn hint(name: &str, known: &[&str]) -> String {
    nearest(name, known.iter().copied()).map(|name| format!("; nearest known name: {name}")).unwrap_or_default()
}

fn spelling(branch: &Branch) -> String {
    if branch.has_value { format!("{{\"{}\": ...}}", branch.tag) } else { format!("\"{}\"", branch.tag) }
}

impl Decode for bool {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        match node.value {
            Value::Bool(value) => Some(value),
            _ => at.unexpected(node, "true or false"),
        }
    }
}

impl Decode for u64 {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        let value = if let Value::Number(text) = &node.value { integer(text) } else { None };
        value.or_else(|| at.unexpected(node, "an integer, 0 or more"))
    }
}

/// The Word32 of the schema between two bounds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounded<const MIN: u32, const MAX: u32>(u32);

/// A Word32 other than 0.
pub type Positive = Bounded<1, { u32::MAX }>;

/// A share in hundredths: neither nothing nor all.
pub type Percent = Bounded<1, 99>;

impl<const MIN: u32, const MAX: u32> Bounded<MIN, MAX> {
    /// The least of them.
    pub const LEAST: Self = Self(MIN);

    /// The number, where it lies between the bounds.
    pub fn new(number: u32) -> Option<Self> {
        (MIN..=MAX).contains(&number).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Decode for Bounded<MIN, MAX> {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        let value = if let Value::Number(text) = &node.value { integer(text) } else { None };
        let bounded = value.and_then(|value| u32::try_from(value).ok()).and_then(Self::new);
        bounded.or_else(|| at.unexpected(node, &format!("an integer from {MIN} to {MAX}")))
    }
}

/// `30.0` is an integer too, as it is in JSON Schema.
fn integer(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    whole.parse().ok().filter(|_| fraction.bytes().all(|digit| digit == b'0'))
}

/// The Maybe of the schema: `"nothing"`, `null`, `{"just": x}` or a bare `x`.
impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        match &node.value {
            Value::Null => Some(None),
            Value::Text(text) if text == "nothing" => Some(None),
            Value::Object(entries) if matches!(entries.as_slice(), [entry] if entry.key == "nothing") => {
                const NOTHING: &[Branch] = &[Branch { tag: "nothing", has_value: false }];
                at.branch(node, NOTHING).map(|_| None)
            }
            Value::Object(entries) if matches!(entries.as_slice(), [entry] if entry.key == "just") => {
                at.within(Step::Key("just".to_owned()), |at| T::decode(&entries[0].value, at)).map(Some)
            }
            _ => T::decode(node, at).map(Some),
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        let Value::List(items) = &node.value else { return at.unexpected(node, "an array") };
        let each = |(index, item)| at.within(Step::Index(index), |at| T::decode(item, at));
        let decoded: Vec<Option<T>> = items.iter().enumerate().map(each).collect();
        decoded.into_iter().collect()
    }
}

/// The StringKeyMap of the schema.
impl<K: FromText + Ord, V: Decode> Decode for BTreeMap<K, V> {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        let entries = at.entries(node, "an object")?;
        let mut map = Self::new();
        let mut complete = true;
        for entry in entries {
            let (key, value) = at.within(Step::Key(entry.key.clone()), |at| {
                (at.text(&entry.key, entry.key_position), V::decode(&entry.value, at))
            });
            match (key, value) {
                (Some(key), Some(value)) => drop(map.insert(key, value)),
                _ => complete = false,
            }
        }
        complete.then_some(map)
    }
}

impl<T: FromText> Decode for T {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        match &node.value {
            Value::Text(text) => at.text(text, node.position),
            _ => at.no_text(node, T::EXPECTED),
        }
    }
}

/// The names of a record's fields that are not in its table, with their values.
pub(super) fn unknown_fields(fields: &Fields<'_>) -> serde_json::Map<String, serde_json::Value> {
    let mut unknown = serde_json::Map::new();
    for entry in fields.entries {
        if fields.table.iter().all(|field| field.name != entry.key) {
            unknown.insert(entry.key.clone(), entry.value.to_json());
        }
    }
    unknown
}
