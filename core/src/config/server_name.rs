//! A name that nginx answers to: whatever its `server_name` takes.

use alloc::string::String;

use super::text::{not_empty, not_first, only, text_type};

text_type!(
    /// One word of nginx's `server_name` (<https://nginx.org/en/docs/http/server_names.html>), as it would stand in an
    /// nginx file: `a.example.com`, `*.a`, `.a`, `_`, `~regex`, also already in nginx quotes.
    ServerName,
    "a server name (a host name, *.name, name.*, .name, _ or ~regex, one name without blanks)",
    server_name
);

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
    let bare = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let inner = text.get(1..text.len() - 1).filter(|_| text.ends_with(quote) && text.len() > 2);
            inner.filter(|inner| !has_unescaped(inner, quote)).ok_or("its quotes do not match")?
        }
        _ => text,
    };
    // A backslash at the end would take the meaning from what nginx reads next.
    if bare.chars().rev().take_while(|&c| c == '\\').count() % 2 == 1 {
        return Err("it ends in a backslash".into());
    }
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

/// A letter or digit of a host name; names in other scripts than ASCII's are taken as they are.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii()
}
