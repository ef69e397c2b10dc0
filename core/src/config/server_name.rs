//! A name that nginx answers to: whatever its `server_name` takes.

use crate::prelude::*;

use super::decode::{Decode, Decoder, Step};
use super::node::{Node, Value};
use super::text::{not_empty, not_escaping, not_first, only, text_type, unquoted};

text_type!(
    /// One word of nginx's `server_name` (<https://nginx.org/en/docs/http/server_names.html>), as it would stand in an
    /// nginx file: `a.example.com`, `*.a`, `.a`, `_`, `~regex`, also already in nginx quotes.
    ServerName,
    "a server name (a host name, *.name, name.*, .name, _ or ~regex, one name without blanks)",
    server_name
);

/// The names of an endpoint. The older tool wrote each text into the nginx file as it is, so that one could hold several
/// names.
pub(super) struct ServerNames(pub(super) Vec<ServerName>);

impl Decode for ServerNames {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        let Value::List(items) = &node.value else { return at.unexpected(node, "an array") };
        let mut names = Vec::new();
        let mut complete = true;
        for (index, item) in items.iter().enumerate() {
            let decoded = at.within(Step::Index(index), |at| each_name(item, at));
            complete &= decoded.is_some();
            names.extend(decoded.unwrap_or_default());
        }
        complete.then_some(Self(names))
    }
}

fn each_name(item: &Node, at: &mut Decoder) -> Option<Vec<ServerName>> {
    let words: Vec<&str> = match &item.value {
        Value::Text(text) if !text.contains(|c: char| c.is_control()) => text.split_whitespace().collect(),
        _ => Vec::new(),
    };
    if words.len() < 2 {
        return ServerName::decode(item, at).map(|name| vec![name]);
    }
    let text = |word: &&str| Node { value: Value::Text((*word).into()), position: item.position };
    let names: Vec<_> = words.iter().map(|word| ServerName::decode(&text(word), at)).collect();
    let names: Vec<ServerName> = names.into_iter().collect::<Option<_>>()?;
    at.warning(item.position, format!("found {} names in one text, expected each in a text of its own", names.len()));
    Some(names)
}

impl ServerName {
    /// The name as it stands in an nginx file: in quotes where it needs them.
    pub fn in_nginx(&self) -> String {
        let is_quoted = self.0.starts_with(['"', '\'']);
        if is_quoted || !self.0.contains(['{', '}', ';', '"', '\'', '#']) {
            return self.0.clone();
        }
        let mut quoted = String::from("\"");
        let mut escaped = false;
        for character in self.0.chars() {
            if character == '"' && !escaped {
                quoted.push('\\');
            }
            escaped = character == '\\' && !escaped;
            quoted.push(character);
        }
        quoted.push('"');
        quoted
    }

    /// Whether it is one full host name, as a certificate needs it, and no pattern.
    pub fn is_host_name(&self) -> bool {
        self.0 != "_"
            && self
                .0
                .split('.')
                .all(|label| !label.is_empty() && label.chars().all(|c| is_letter(c) || c == '-' || c == '_'))
    }
}

fn server_name(text: &str) -> Result<(), String> {
    not_empty(text)?;
    only(text, |c| !c.is_control() && !c.is_whitespace())?;
    let bare = unquoted(text)?.unwrap_or(text);
    not_escaping(bare)?;
    match bare.strip_prefix('~') {
        Some("") => Err("the regular expression is empty".into()),
        Some(_) => Ok(()),
        None => host_pattern(bare),
    }
}

/// The `*` stands for whole labels at one end, as nginx demands.
fn host_pattern(text: &str) -> Result<(), String> {
    if text == "$hostname" {
        return Ok(());
    }
    not_first(text, &['-'])?;
    let name = text.strip_prefix("*.").or_else(|| text.strip_suffix(".*")).unwrap_or(text);
    if name.is_empty() || name == "." {
        return Err("there is no name beside the dot".into());
    }
    if name.contains('*') {
        return Err("a * may stand only for whole parts, as in *.name or name.*".into());
    }
    only(name, |c| is_letter(c) || "._-[]:".contains(c))
}

/// A letter or digit of a host name; names in other scripts than ASCII's are taken as they are.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii()
}
