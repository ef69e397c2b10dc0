//! Takes keys, signatures and presigned URLs out of a text that a server or a library wrote.

use crate::prelude::*;

use crate::printable::one_line;

/// No foreign text in an error is longer, in bytes.
const MAX_BYTES: usize = 400;
/// The query parameters of a presigned URL that must stay hidden.
const PARAMETERS: [&str; 3] = ["x-amz-credential", "x-amz-security-token", "x-amz-signature"];
const HIDDEN: &str = "[hidden]";
/// What is shorter is not a key, and hiding it would take ordinary words out of a message.
const MIN_SECRET_BYTES: usize = 6;

/// Returns `text` on one line, cut to a readable length, without the `secrets` and without any word that holds a
/// part of a presigned URL.
///
/// A server may echo the request in its error message, and the text ends up in logs.
pub fn redact(text: &str, secrets: &[&str]) -> String {
    let mut clean = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let is_secret = secrets.iter().any(|secret| secret.len() >= MIN_SECRET_BYTES && word.contains(secret));
        let shown = if is_secret || has_parameter(word) { HIDDEN } else { word };
        let blank = usize::from(!clean.is_empty());
        if clean.len() + blank + shown.len() > MAX_BYTES {
            clean.push_str("...");
            break;
        }
        if blank == 1 {
            clean.push(' ');
        }
        clean.push_str(&one_line(shown));
    }
    clean
}

/// Whether the word holds a parameter with its value; the bare name, as in S3's own messages, is not a secret.
fn has_parameter(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    PARAMETERS
        .iter()
        .any(|name| word.match_indices(name).any(|(at, _)| word[at + name.len()..].starts_with(['=', '%', ':'])))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn presigned_urls_and_secrets_are_hidden() {
        let text =
            "GET http://h/b/k?a=b&X-Amz-Credential=AK%2F2&X-Amz-Signature=00ff failed, key SECRET and token=TOKEN1;";
        assert_eq!(redact(text, &["SECRET", "TOKEN1", ""]), "GET [hidden] failed, key [hidden] and [hidden]");
        assert_eq!(redact("x-amz-signature%3D00ff", &[]), "[hidden]");
    }

    #[test]
    fn names_of_parameters_stay_readable() {
        let text = "Error parsing the X-Amz-Credential parameter; the region 'us-east-1' is wrong";
        assert_eq!(redact(text, &["AK"]), text);
    }

    #[test]
    fn a_value_of_under_six_bytes_takes_no_word_out_of_a_message() {
        let text = "the test of us-east-1 timed out after 12345 ms";
        assert_eq!(redact(text, &["t", "12345", "test", ""]), text);
        assert_eq!(
            redact(text, &["timed out", "us-east-1", "12345 "]),
            "the test of [hidden] timed out after 12345 ms"
        );
    }

    #[test]
    fn a_foreign_text_stays_on_one_line_and_short() {
        assert_eq!(redact(" a\n\tb\u{1b}[31mc \u{202e}d", &[]), "a b [31mc \\u{202e}d");
        let long = redact(&"word ".repeat(1_000), &[]);
        assert!(long.len() < MAX_BYTES + 10 && long.ends_with("..."), "{long}");
        assert_eq!(redact(&format!("a {}", "x".repeat(MAX_BYTES)), &[]), "a...");
    }
}
