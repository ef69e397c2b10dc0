//! JSON as a syntax: strict, with places, of each key the last.

use crate::config::{ConfigSource, Problem, Releases, config_source};

use super::{good, json, report};

#[test]
fn what_is_no_json_is_told_with_its_place() {
    for (text, expected) in [
        ("", "1:1: no valid JSON: EOF while parsing a value"),
        (" \n ", "2:1: no valid JSON: EOF while parsing a value"),
        ("{", "1:1: no valid JSON: EOF while parsing an object"),
        ("{\"a\":}", "1:6: no valid JSON: expected value"),
        ("{\"a\": 1,}", "1:9: no valid JSON: key must be a string"),
        ("{a: 1}", "1:2: no valid JSON: key must be a string"),
        ("{'a': 1}", "1:2: no valid JSON: key must be a string"),
        ("{\n  \"ä\": 01}", "2:9: no valid JSON: invalid number"),
        ("{\"a\": NaN}", "1:7: no valid JSON: expected value"),
        ("{\"a\": +1}", "1:7: no valid JSON: expected value"),
        ("{} {}", "1:4: no valid JSON: trailing characters"),
        ("{} // comment", "1:4: no valid JSON: trailing characters"),
        ("{\"a\": \"\\x\"}", "1:9: no valid JSON: invalid escape"),
        ("{\"ä\": \"\\ud800\"}", "1:14: no valid JSON: unexpected end of hex escape"),
        ("{\"a\": \"x\ny\"}", "1:8: no valid JSON: control character (\\u0000-\\u001F) found while parsing a string"),
    ] {
        assert_eq!(report(&json(text)), format!("c.json:{expected}"), "{text:?}");
    }
}

#[test]
fn of_a_key_given_twice_the_last_one_counts_with_a_warning_that_names_both_places() {
    let text =
        "{\"releases\": 5,\n \"logFile\": \"/a\", \"releases\": {\"localdir\": \"/r\"},\n \"log\\u0046ile\": \"/b\"}";
    let read = json(text);
    let expected =
        "warning: c.json:2:19: releases: this key is there twice, first at line 1, column 2; only this one counts
warning: c.json:3:2: logFile: this key is there twice, first at line 2, column 2; only this one counts";
    assert_eq!(report(&read), expected);
    assert_eq!(read.expect("no errors").value.log_file.as_str(), "/b");
    let text = "{\"releases\": {\"localdir\": \"/r\", \"localdir\": \"/s\"}, \"configSources\": {\"a\": {\"file\": \"/x\"}, \"a\": {\"file\": \"/y\"}}}";
    let read = json(text);
    let expected = "warning: c.json:1:33: releases.localdir: this key is there twice, first at line 1, column 15; only this one counts
warning: c.json:1:91: configSources.a: this key is there twice, first at line 1, column 70; only this one counts";
    assert_eq!(report(&read), expected);
    let config = read.expect("no errors").value;
    assert!(matches!(config.releases, Releases::LocalDir(path) if path.as_str() == "/s"));
    let sources: Vec<_> = config.config_sources.into_values().collect();
    assert!(matches!(&sources[..], [ConfigSource::File(path)] if path.as_str() == "/y"), "{sources:?}");
}

#[test]
fn a_byte_order_mark_and_escapes_are_understood() {
    let config = good(json("\u{feff}{\"releases\": {\"localdir\": \"/\\u00e4\\ud83d\\ude00\\/b\"}}"));
    assert!(format!("{:?}", config.releases).contains("/ä😀/b"));
    let expected = r#"c.json:1:1: releases: found nothing, expected {"s3": ...} or {"localdir": ...}"#;
    assert_eq!(report(&json("\u{feff}{}")), expected);
}

#[test]
fn a_column_counts_characters_and_a_line_ends_at_its_line_feed() {
    let text = "{\"ä😀\": 1, \"releases\": {\"localdir\": \"/r\"},\r\n\t\"drainSecs\": \"ä\"}";
    let expected = "c.json:2:15: drainSecs: found \"ä\", expected an integer from 0 to 3600
warning: c.json:1:2: \"ä😀\": unknown field, ignored";
    assert_eq!(report(&json(text)), expected);
}

#[test]
fn a_config_source_keeps_its_numbers_and_its_secrets() {
    let text = "\u{feff}{\"big\": 123456789012345678901234567890, \"exact\": 1.50, \"a\": 1, \"a\": 2}";
    let value = config_source("s.json", text).expect("valid JSON");
    assert_eq!(value.to_string(), r#"{"a":2,"big":123456789012345678901234567890,"exact":1.50}"#);
    let error = config_source("s.json", "{\"password\": \"hunter2\"\n \"x\": 1}").expect_err("no JSON");
    assert_eq!(error.to_string(), "s.json:2:2: no valid JSON: expected `,` or `}`");
    let bare: Result<_, Problem> = config_source("s.json", "hunter2");
    assert_eq!(bare.expect_err("no JSON").to_string(), "s.json:1:1: no valid JSON: expected value");
}
