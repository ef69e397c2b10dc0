//! Cuts a text into pieces: what stands between the tags, and the tags; delimiters and standalone lines are settled
//! here, after the Mustache specification.

use crate::prelude::*;

use super::Source;
use super::limits::MAX_SYNTAX_PROBLEMS;
use super::problem::{Place, Problem, What};

/// A stretch of text or a tag, and where it begins.
pub(super) struct Piece<'a> {
    pub(super) place: Place,
    pub(super) kind: Kind<'a>,
}

/// What a piece is; tags hold their name without the white space around it.
///
/// Comments and set-delimiter tags leave no piece.
pub(super) enum Kind<'a> {
    /// Text to print as it is. Empty, with `starts_line`, where a line starts with a tag.
    Text {
        text: &'a str,
        starts_line: bool,
    },
    Escaped(&'a str),
    Unescaped(&'a str),
    Section(&'a str),
    Inverted(&'a str),
    Close(&'a str),
    /// A partial, with the white space before it if it stands alone on its line.
    Partial {
        name: &'a str,
        indent: Option<&'a str>,
    },
}

/// A text in pieces, and what is wrong with its tags.
pub(super) struct Scan<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    pub(super) problems: Vec<Problem>,
    /// Whether every section's tags are among the pieces, so that those without a partner can be told.
    pub(super) sections_known: bool,
}

/// Cuts a text into its pieces.
pub(super) fn scan<'a>(source: &Source<'a>) -> Scan<'a> {
    let mut scanner = Scanner {
        path: source.path,
        text: source.text,
        open: "{{",
        close: "}}",
        at: 0,
        close_at: 0,
        place: Place { line: 1, column: 1 },
        placed: 0,
        scan: Scan { pieces: Vec::new(), problems: Vec::new(), sections_known: true },
    };
    while let Some(start) = find(scanner.text, scanner.at, scanner.open) {
        let readable = scanner.take_tag(start);
        if !readable || scanner.scan.problems.len() >= MAX_SYNTAX_PROBLEMS {
            scanner.scan.sections_known = false;
            return scanner.scan;
        }
    }
    scanner.take_text(scanner.text.len());
    scanner.scan
}

fn find(text: &str, from: usize, wanted: &str) -> Option<usize> {
    text[from..].find(wanted).map(|found| from + found)
}

struct Scanner<'a> {
    path: &'a str,
    text: &'a str,
    open: &'a str,
    close: &'a str,
    /// Where the part begins that is in no piece yet.
    at: usize,
    /// The last closing delimiter found: no other lies between it and where it was looked for.
    close_at: usize,
    /// The line and column of the byte at `placed`.
    place: Place,
    placed: usize,
    scan: Scan<'a>,
}

impl<'a> Scanner<'a> {
    /// Reads the tag that opens at `start`; returns whether what follows can be understood.
    fn take_tag(&mut self, start: usize) -> bool {
        let inner = start + self.open.len();
        if self.text[inner..].starts_with('=') {
            return self.take_delimiters(start);
        }
        let triple = self.text[inner..].starts_with('{');
        let inner = inner + usize::from(triple);
        let Some(close_at) = self.closing_delimiter(inner) else {
            self.unclosed(start, triple);
            return false;
        };
        let content = &self.text[inner..close_at];
        let end = close_at + self.close.len();
        let sigil = if triple { Some('{') } else { content.trim_start().chars().next() };
        if sigil == Some('!') {
            self.end_tag(start, end, true, |_| None);
        } else if let Some(next) = content.find(self.open) {
            // The closing delimiter found belongs to the next tag: this one's was forgotten.
            self.unclosed(start, triple);
            self.skip_tag(sigil, inner + next);
        } else if sigil == Some('{') {
            match self.triple_end(inner, close_at) {
                Some((name, end)) => self.take_named(start, end, sigil, name),
                None => {
                    self.unclosed(start, triple);
                    self.skip_tag(sigil, end);
                }
            }
        } else if let Some('&' | '#' | '^' | '/' | '>') = sigil {
            self.take_named(start, end, sigil, &content.trim_start()[1..]);
        } else {
            self.take_named(start, end, None, content);
        }
        true
    }

    fn take_named(&mut self, start: usize, end: usize, sigil: Option<char>, name: &'a str) {
        let name = name.trim();
        if name.is_empty() {
            self.problem(start, What::EmptyTag);
            return self.skip_tag(sigil, end);
        }
        let may_stand_alone = matches!(sigil, Some('#' | '^' | '/' | '>'));
        self.end_tag(start, end, may_stand_alone, |indent| {
            Some(match sigil {
                Some('{' | '&') => Kind::Unescaped(name),
                Some('#') => Kind::Section(name),
                Some('^') => Kind::Inverted(name),
                Some('/') => Kind::Close(name),
                Some('>') => Kind::Partial { name, indent },
                _ => Kind::Escaped(name),
            })
        });
    }

    fn skip_tag(&mut self, sigil: Option<char>, next: usize) {
        self.scan.sections_known &= !matches!(sigil, Some('#' | '^' | '/'));
        self.at = next;
    }

    /// The name in a tag that opened with a brace of its own, and where the tag ends.
    fn triple_end(&self, inner: usize, close_at: usize) -> Option<(&'a str, usize)> {
        let content = &self.text[inner..close_at];
        let behind = self.text[close_at..].strip_prefix('}');
        if behind.is_some_and(|behind| behind.starts_with(self.close)) {
            return Some((content, close_at + 1 + self.close.len()));
        }
        Some((content.strip_suffix('}')?, close_at + self.close.len()))
    }

    fn take_delimiters(&mut self, start: usize) -> bool {
        let inner = start + self.open.len() + 1;
        let end = find(self.text, inner, &format!("={}", self.close));
        let mut words = self.text[inner..end.unwrap_or(inner)].split_whitespace();
        match (end, words.next(), words.next(), words.next()) {
            (Some(end), Some(open), Some(close), None) if !open.contains('=') && !close.contains('=') => {
                self.end_tag(start, end + 1 + self.close.len(), true, |_| None);
                (self.open, self.close, self.close_at) = (open, close, 0);
                true
            }
            _ => {
                self.problem(start, What::BadDelimiters);
                false
            }
        }
    }

    /// Takes the text before a tag, then the tag, with the rest of the line if it stands alone there.
    fn end_tag(
        &mut self,
        start: usize,
        end: usize,
        may_stand_alone: bool,
        kind: impl FnOnce(Option<&'a str>) -> Option<Kind<'a>>,
    ) {
        let lines = if may_stand_alone { self.standalone(start, end) } else { None };
        let (line_start, next) = lines.unwrap_or((start, end));
        self.take_text(line_start);
        if lines.is_none() && self.starts_line(start) {
            self.push(start, Kind::Text { text: "", starts_line: true });
        }
        if let Some(kind) = kind(lines.map(|_| &self.text[line_start..start])) {
            self.push(start, kind);
        }
        self.at = next;
    }

    /// Where the line of a tag begins and the next one begins, if there is nothing but white space around the tag.
    fn standalone(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let line_start = self.at + self.text[self.at..start].trim_end_matches([' ', '\t']).len();
        let behind = self.text[end..].trim_start_matches([' ', '\t']);
        let next_line = behind.strip_prefix("\r\n").or(behind.strip_prefix('\n'));
        let next = match next_line {
            Some(next_line) => next_line,
            None if behind.is_empty() => behind,
            None => return None,
        };
        self.starts_line(line_start).then_some((line_start, self.text.len() - next.len()))
    }

    fn starts_line(&self, offset: usize) -> bool {
        offset == 0 || self.text.as_bytes()[offset - 1] == b'\n'
    }

    fn take_text(&mut self, end: usize) {
        let (start, text) = (self.at, &self.text[self.at..end]);
        if !text.is_empty() {
            self.push(start, Kind::Text { text, starts_line: self.starts_line(start) });
        }
    }

    /// The first closing delimiter at or behind `from`, which grows from call to call: no byte is searched twice.
    fn closing_delimiter(&mut self, from: usize) -> Option<usize> {
        if self.close_at < from {
            self.close_at = find(self.text, from, self.close)?;
        }
        Some(self.close_at)
    }

    fn unclosed(&mut self, start: usize, triple: bool) {
        let (open, close) = match triple {
            true => (format!("{}{{", self.open), format!("}}{}", self.close)),
            false => (self.open.to_string(), self.close.to_string()),
        };
        self.problem(start, What::UnclosedTag { open, close });
    }

    fn problem(&mut self, start: usize, what: What) {
        let Place { line, column } = self.place_of(start);
        self.scan.problems.push(Problem { path: String::from(self.path), line, column, what });
    }

    fn push(&mut self, start: usize, kind: Kind<'a>) {
        let place = self.place_of(start);
        self.scan.pieces.push(Piece { place, kind });
    }

    /// The line and column of an offset, which grows from call to call: no byte is counted twice.
    fn place_of(&mut self, offset: usize) -> Place {
        for character in self.text[self.placed..offset].chars() {
            if character == '\n' {
                self.place = Place { line: self.place.line.saturating_add(1), column: 1 };
            } else {
                self.place.column = self.place.column.saturating_add(1);
            }
        }
        self.placed = offset;
        self.place
    }
}
