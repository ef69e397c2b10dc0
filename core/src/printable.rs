//! Text from elsewhere (records, archives, stores, what a command printed) made fit for terminals, logs and records:
//! the one place that says which characters are shown as escapes. Ordinary text stays as it is, byte for byte.

use crate::prelude::*;
use alloc::borrow::Cow;

use serde_json::Value;

/// The longest text in a slave's record.
pub const RECORD_TEXT_BYTES: usize = 4096;

/// Whether it does something to what is shown beside it: control characters (C0, DEL, C1), direction marks (Unicode,
/// UAX #9, section 2), and the separators that end a line for some readers.
#[must_use]
pub fn is_unprintable(character: char) -> bool {
    character.is_control() || is_direction_mark(character) || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Whether it changes the direction of the text around it.
#[must_use]
pub fn is_direction_mark(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text that stays within its line: `a\nb`, `\u{1b}[2J`, `\u{202e}`.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unprintable)
}

/// A text whose lines and tabs stay what they are.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| is_unprintable(character) && !matches!(character, '\n' | '\t'))
}

/// A message: its further lines are indented by two blanks more than the first, so that none passes for another message.
#[must_use]
pub fn message(text: &str) -> Cow<'_, str> {
    let text = lines(text);
    if !text.trim_end_matches('\n').contains('\n') {
        return text;
    }
    let indent = text.len() - text.trim_start_matches(' ').len() + 2;
    let mut all = text.lines();
    let first = all.next().unwrap_or_default().to_string();
    Cow::Owned(all.fold(first, |message, line| format!("{message}\n{:indent$}{line}", "")))
}

/// JSON that a terminal may show: what serde_json leaves in its texts is escaped as JSON escapes it.
#[must_use]
pub fn json(value: &Value) -> String {
    let text = format!("{value:#}");
    // Outside of its texts JSON has no such character but the ends of its lines.
    let Cow::Owned(escaped) = escaped_by(
        &text,
        |c| is_unprintable(c) && c != '\n',
        |c, out| {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        },
    ) else {
        return text;
    };
    escaped
}

/// At most [`RECORD_TEXT_BYTES`] of a text, for a record. Its lines stay lines.
#[must_use]
pub fn for_record(text: &str) -> String {
    const CUT: &str = " ... (cut)";
    let text = lines(text);
    if text.len() <= RECORD_TEXT_BYTES {
        return text.into_owned();
    }
    let fits = (0..=RECORD_TEXT_BYTES - CUT.len()).rev().find_map(|end| text.get(..end));
    format!("{}{CUT}", fits.unwrap_or_default())
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    escaped_by(text, is_escaped, |character, out| out.extend(character.escape_default()))
}

fn escaped_by(text: &str, is_escaped: impl Fn(char) -> bool, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') || byte.is_ascii() && !is_escaped(char::from(byte));
    // Nearly all text is seen to be ordinary by its bytes.
    if text.bytes().all(is_plain) || !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_escaped(character) {
            true => escape(character, &mut out),
            false => out.push(character),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of them alone.
    fn all() -> impl Iterator<Item = char> {
        let ranges = ['\0'..='\u{1f}', '\u{7f}'..='\u{9f}', '\u{200e}'..='\u{200f}', '\u{2028}'..='\u{202e}'];
        ranges.into_iter().flatten().chain('\u{2066}'..='\u{2069}').chain(['\u{61c}'])
    }

    #[test]
    fn every_control_character_and_direction_mark_is_shown_as_an_escape() {
        for character in all() {
            let text = format!("a{character}b");
            let (line, in_json) = (one_line(&text), json(&Value::from(text.as_str())));
            assert!(line.starts_with("a\\") && line.ends_with('b'), "{line:?}");
            assert!(!line.contains(is_unprintable) && !in_json.contains(is_unprintable), "{line:?} {in_json:?}");
            let read: Value = serde_json::from_str(&in_json).expect("it is JSON");
            assert_eq!(read, Value::from(text.as_str()), "JSON still says the same");
            let kept = matches!(character, '\n' | '\t');
            assert_eq!(lines(&text).contains(character), kept, "{character:?}");
        }
        assert_eq!(one_line("\u{1b}[2Ja\u{202e}b\r\n\t\u{9b}\u{7f}"), "\\u{1b}[2Ja\\u{202e}b\\r\\n\\t\\u{9b}\\u{7f}");
        assert_eq!(json(&Value::from("\u{202e}\u{9b}\n")), r#""\u202e\u009b\n""#);
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in
            ["", "deploy app-1.2", "Grüße, 日本語, 🚀, א", "C:\\u{1b} \"quoted\" 'so'", "zero\u{200d}width\u{a0}"]
        {
            for shown in [one_line(text), lines(text), message(text)] {
                assert!(matches!(shown, Cow::Borrowed(shown) if shown == text), "{text:?}");
            }
        }
        assert_eq!(lines("a\n\tb\n"), "a\n\tb\n");
    }

    #[test]
    fn further_lines_of_a_message_are_indented_and_none_passes_for_another_message() {
        assert_eq!(message("c2: it failed: a\nc2: all is well\n  b"), "c2: it failed: a\n  c2: all is well\n    b");
        assert_eq!(message("    hint\nmore"), "    hint\n      more");
        assert_eq!(message("one\n"), "one\n");
    }

    #[test]
    fn a_text_for_a_record_is_cut_where_a_reader_would_refuse_it() {
        let long = "ä".repeat(RECORD_TEXT_BYTES);
        let cut = for_record(&long);
        assert!(cut.len() <= RECORD_TEXT_BYTES && cut.starts_with("ää") && cut.ends_with("(cut)"), "{cut}");
        let fits = "x".repeat(RECORD_TEXT_BYTES);
        assert_eq!(for_record(&fits), fits);
    }
}
