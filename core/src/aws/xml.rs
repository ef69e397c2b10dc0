//! Reads the small subset of XML that S3 answers in into a tree; anything else is an error that says where.
//!
//! There are no document types, so no entities beyond the five of XML itself and character references: nothing expands.

use crate::prelude::*;

/// A listing nests four deep.
const MAX_DEPTH: usize = 16;
/// A page of 1,000 objects holds some 12,000 elements.
const MAX_ELEMENTS: usize = 100_000;
/// `#x10FFFF` and some leading zeros.
const MAX_ENTITY: usize = 16;

/// An element with its text or its children; attributes and comments are dropped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: String,
    pub(crate) children: Vec<Element<'a>>,
}

impl Element<'_> {
    /// The text of the first child of this name.
    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        self.children.iter().find(|child| child.name == name).map(|child| child.text.as_str())
    }
}

/// Parses a whole document and returns its root element.
///
/// # Errors
/// A text that says what is wrong and at which byte: cut off, not well-formed, not UTF-8, or beyond the limits on depth
/// and number of elements.
pub(crate) fn parse(body: &[u8]) -> Result<Element<'_>, String> {
    let text = core::str::from_utf8(body).map_err(|error| format!("no UTF-8 at byte {}", error.valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Parser { text, at: 0, open: Vec::new(), elements: 0 }.document()
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Element<'a>>,
    elements: usize,
}

impl<'a> Parser<'a> {
    fn document(mut self) -> Result<Element<'a>, String> {
        let mut root = None;
        while self.at < self.text.len() {
            let finished = match self.rest() {
                rest if rest.starts_with("<!--") => self.skip_past("<!--", "-->")?,
                rest if rest.starts_with("<?") => self.skip_past("<?", "?>")?,
                rest if rest.starts_with("<!") => return Err(self.wrong("a document type or a CDATA section")),
                rest if rest.starts_with("</") => self.end_tag()?,
                rest if rest.starts_with('<') => self.start_tag(root.is_some())?,
                _ => self.text()?,
            };
            root = finished.or(root);
        }
        match (root, self.open.pop()) {
            (_, Some(open)) => Err(format!("cut off at byte {} inside <{}>", self.at, open.name)),
            (Some(root), None) => Ok(root),
            (None, None) => Err("empty".to_owned()),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn wrong(&self, what: &str) -> String {
        format!("{what} at byte {}", self.at)
    }

    /// Finds `end` from here on and returns what is before it, moving behind it.
    fn take_until(&mut self, end: &str) -> Result<&'a str, String> {
        let rest = self.rest();
        let length = rest.find(end).ok_or_else(|| format!("cut off at byte {}", self.text.len()))?;
        self.at += length + end.len();
        Ok(&rest[..length])
    }

    fn skip_past(&mut self, start: &str, end: &str) -> Result<Option<Element<'a>>, String> {
        self.at += start.len();
        self.take_until(end).map(|_| None)
    }

    fn start_tag(&mut self, root_seen: bool) -> Result<Option<Element<'a>>, String> {
        if root_seen {
            return Err(self.wrong("a second root element"));
        }
        self.elements += 1;
        if self.open.len() == MAX_DEPTH || self.elements > MAX_ELEMENTS {
            return Err(self.wrong("more elements than an answer of S3 has"));
        }
        self.at += 1;
        let name = self.name()?;
        if let Some(parent) = self.open.last_mut()
            && !core::mem::take(&mut parent.text).trim().is_empty()
        {
            return Err(self.wrong("an element behind text"));
        }
        self.attributes()?;
        let empty = self.rest().starts_with('/');
        self.at += usize::from(empty);
        self.expect('>')?;
        self.open.push(Element { name, ..Element::default() });
        if empty { Ok(self.close()) } else { Ok(None) }
    }

    fn end_tag(&mut self) -> Result<Option<Element<'a>>, String> {
        let start = self.at;
        self.at += 2;
        let name = self.name()?;
        self.skip_blanks();
        self.expect('>')?;
        match self.open.last() {
            Some(open) if open.name == name => Ok(self.close()),
            _ => Err(format!("</{name}> closes nothing at byte {start}")),
        }
    }

    /// Closes the innermost open element: into its parent, or out, when it is the root.
    fn close(&mut self) -> Option<Element<'a>> {
        let element = self.open.pop()?;
        match self.open.last_mut() {
            Some(parent) => {
                parent.children.push(element);
                None
            }
            None => Some(element),
        }
    }

    fn name(&mut self) -> Result<&'a str, String> {
        let rest = self.rest();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        let length = rest.find(|c| !is_name(c)).ok_or_else(|| format!("cut off at byte {}", self.text.len()))?;
        if length == 0 {
            return Err(self.wrong("a tag without a name"));
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn attributes(&mut self) -> Result<(), String> {
        loop {
            self.skip_blanks();
            if self.rest().is_empty() || self.rest().starts_with(['>', '/']) {
                return Ok(());
            }
            self.name()?;
            self.skip_blanks();
            self.expect('=')?;
            self.skip_blanks();
            let quote = if self.rest().starts_with('\'') { '\'' } else { '"' };
            self.expect(quote)?;
            self.take_until(if quote == '"' { "\"" } else { "'" })?;
        }
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        match self.rest().chars().next() {
            Some(c) if c == wanted => {
                self.at += wanted.len_utf8();
                Ok(())
            }
            Some(c) => Err(format!("{c:?} where {wanted:?} belongs at byte {}", self.at)),
            None => Err(format!("cut off at byte {}", self.at)),
        }
    }

    /// Text belongs to an element without children; between elements only blanks may stand.
    fn text(&mut self) -> Result<Option<Element<'a>>, String> {
        let rest = self.rest();
        let raw = &rest[..rest.find('<').unwrap_or(rest.len())];
        let blank = raw.trim().is_empty();
        let place = self.open.last().map(|open| open.children.is_empty());
        match (place, blank) {
            (Some(true), _) => {
                let text = unescape(raw).map_err(|what| self.wrong(&what))?;
                self.open.last_mut().into_iter().for_each(|open| open.text.push_str(&text));
            }
            (_, true) => {}
            (Some(false), false) => return Err(self.wrong("text behind an element")),
            (None, false) => return Err(self.wrong("text outside of an element")),
        }
        self.at += raw.len();
        Ok(None)
    }
}

/// Replaces the predefined entities and character references.
fn unescape(raw: &str) -> Result<String, String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        let (entity, behind) = rest[start + 1..].split_once(';').ok_or("an & that starts no entity")?;
        if entity.len() > MAX_ENTITY {
            return Err("an & that starts no entity".to_owned());
        }
        text.push(entity_to_char(entity).ok_or_else(|| format!("the unknown entity &{entity};"))?);
        rest = behind;
    }
    text.push_str(rest);
    Ok(text)
}

fn entity_to_char(entity: &str) -> Option<char> {
    let number = match entity {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => entity.strip_prefix('#')?,
    };
    let code = match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?).filter(|c| *c != '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> String {
        parse(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_document_becomes_a_tree_of_names_and_texts() {
        let body = "\u{feff}<?xml version=\"1.0\" encoding='UTF-8'?>\n<a xmlns=\"n\" b = 'c>d' >\n <!-- <x> -->\n <k>p &amp;&#x2B;&#43;&lt;</k>\n <e/><e f='g'/></a>\n";
        let root = parse(body.as_bytes()).unwrap();
        assert_eq!((root.name, root.text.as_str(), root.children.len()), ("a", "", 3));
        assert_eq!(root.child_text("k"), Some("p &++<"));
        assert_eq!(root.child_text("e"), Some(""));
        assert_eq!(root.child_text("x"), None);
    }

    #[test]
    fn what_is_cut_off_says_so() {
        let body = "<a><b c=\"d\">e&amp;f</b></a>";
        for length in 1..body.len() {
            let text = error(&body[..length]);
            assert!(text.contains("cut off") || text.contains("starts no entity"), "{length}: {text}");
        }
        assert_eq!(error("<a><b>"), "cut off at byte 6 inside <b>");
        assert_eq!(error(""), "empty");
        assert_eq!(error("  \n"), "empty");
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_its_place() {
        for (body, expected) in [
            ("<a></b>", "</b> closes nothing at byte 3"),
            ("</a>", "</a> closes nothing at byte 0"),
            ("<a/><b/>", "a second root element at byte 4"),
            ("<a/>x", "text outside of an element at byte 4"),
            ("{\"a\":1}", "text outside of an element at byte 0"),
            ("<a>x<b/></a>", "an element behind text at byte 6"),
            ("<a><b/>x</a>", "text behind an element at byte 7"),
            ("<a b>c</a>", "'>' where '=' belongs at byte 4"),
            ("<a b=c>", "'c' where '\"' belongs at byte 5"),
            ("< a>", "a tag without a name at byte 1"),
            ("<a>&nbsp;</a>", "the unknown entity &nbsp; at byte 3"),
            ("<a>&#0;</a>", "the unknown entity &#0; at byte 3"),
            ("<a>&#xD800;</a>", "the unknown entity &#xD800; at byte 3"),
            ("<a>& b</a>", "an & that starts no entity at byte 3"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "a document type or a CDATA section at byte 0"),
        ] {
            assert_eq!(error(body), expected, "{body}");
        }
        assert_eq!(parse(b"<a>\xff</a>").unwrap_err(), "no UTF-8 at byte 3");
    }

    #[test]
    fn depth_and_number_of_elements_are_limited() {
        assert!(error(&"<a>".repeat(20_000)).starts_with("more elements"));
        assert!(error(&format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS))).starts_with("more elements"));
        assert!(parse(format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS - 1)).as_bytes()).is_ok());
    }
}
