//! No input, however broken, makes the readers panic or run for long.

use crate::prelude::*;

use crate::config::{Syntax, config_source, release_config, slave_state, state, tool_config};

use super::{json, report, yaml};

const SEEDS: &[&str] = &[
    r#"{"releases": {"s3": "s3://bucket/a"}, "deployMode": {"proxy": {"endPoints": {"main": {"serverNames": ["a", "~b{2}"],
"etype": {"httpsWithRedirect": {"explicit": {"sslCertificate": "/a", "sslCertificateKey": "/b"}}}}}, "dynamicPortRange":
{"v1": 8000, "v2": 9e3}}}, "healthCheck": {"just": {"incomingPath": "/\u00e4", "outgoingPath": "/"}}, "x": null}"#,
    "x: &base {localdir: /r}\nreleases: *base\nconfigSources:\n  a: {file: /a}\n  'b c': &b\n    s3: \"s3://bucket/\\x41\"\n  c:\n    <<: *b\n\
     deployMode: !!str noproxy\nnginxDockerVersion: '1.2'\ncommandTimeoutSecs: 0x10\nreadiness:\n  http:\n    path: >-\n      /x\n    status:\n    - 200\n    - 299\n# end\n",
    "- |\n  a\n   b\n- ? x\n  : [y, {z: ~}, *q]\n- &q !t \"\\u00e4\\\n  z\"\n--- %\n...\n",
    r#"{"templates": ["a.tpl", "./a.tpl", "b"], "prestartCommand": "", "startCommand": "x", "stopCommand": "y", "configSources": {"a": "b"}, "readiness": "none"}"#,
    r#"{"status": {"error": "x"}, "ipAddress": "1", "hostName": "h", "state": {"deploys": {"a": {"label": "a", "release": "a.zip", "port": 8000, "x": [1.50]}}, "connections": {"main": "a"}}}"#,
    r#"{"deploys": {"a": {"label": "a", "release": "a.zip", "port": 8000}, "b": {"label": "c", "release": "a.zip", "port": 8000}}, "connections": {"main": "z"}}"#,
];

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    ":",
    ": ",
    ",",
    "\n",
    "\n  ",
    "\n- ",
    "&a ",
    "*a",
    "<<: ",
    "!",
    "!!",
    "|",
    ">",
    "%",
    "---\n",
    "...\n",
    "#",
    "? ",
    "\\",
    "\\u",
    "\\ud800",
    "\0",
    "\t",
    "\u{feff}",
    "ä",
    "\u{2028}",
    "1e999",
    "-",
    "0x",
    "null",
    "true",
    "99999999999999999999",
    "~",
    "`",
    "@",
    "\r",
    "\r\n",
    "\"nothing\"",
    "{\"just\": ",
    "$serde_json::private::Number",
];

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }

    fn mutated(&mut self, seed: &str) -> String {
        let mut text: Vec<char> = seed.chars().collect();
        for _ in 0..=self.below(4) {
            let from = self.below(text.len());
            let until = (from + self.below(12)).min(text.len());
            let piece: Vec<char> = match self.below(3) {
                0 => PIECES[self.below(PIECES.len())].chars().collect(),
                1 => text[from..until].repeat(2),
                _ => Vec::new(),
            };
            text.splice(from..until, piece);
        }
        text.into_iter().collect()
    }
}

fn read_as_everything(text: &str) -> usize {
    let errors = [
        report(&json(text)),
        report(&yaml(text)),
        report(&release_config("r", text)),
        report(&state("s", text)),
        report(&slave_state("s", text)),
        config_source("c", text).map_or_else(|error| format!("{error}"), |_| String::new()),
    ];
    errors.iter().map(String::len).sum()
}

#[test]
fn no_mutated_text_makes_a_reader_panic() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut said = 0;
    for round in 0..10_000 {
        let text = random.mutated(SEEDS[round % SEEDS.len()]);
        said += read_as_everything(&text);
    }
    assert!(said > 0);
}

#[test]
fn no_soup_of_pieces_makes_a_reader_panic() {
    let mut random = Random(42);
    for _ in 0..10_000 {
        let pieces = 1 + random.below(30);
        let text: String = (0..pieces).map(|_| PIECES[random.below(PIECES.len())]).collect();
        read_as_everything(&text);
    }
}

#[test]
fn endless_nesting_ends_in_an_error() {
    for text in [
        "[".repeat(100_000),
        format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)),
        "{\"a\":".repeat(100_000),
        format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000)),
    ] {
        assert!(json(&text).is_err() && yaml(&text).is_err() && config_source("c", &text).is_err());
        assert!(state("s", &text).is_err() && release_config("r", &text).is_err());
    }
    for text in ["- ".repeat(100_000), "? ".repeat(100_000), "a:\n".repeat(2), "&a ".repeat(100_000)] {
        assert!(tool_config("c", &text, Syntax::Yaml).is_err());
    }
    let deep: String = (0..2_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert_eq!(report(&yaml(&deep)), "c.yaml:129:129: nested more than 128 levels deep");
    let nested = format!("{}{}", "[".repeat(129), "]".repeat(129));
    assert_eq!(report(&json(&nested)), "c.json:1:129: nested more than 128 levels deep");
}

#[test]
fn a_few_lines_of_aliases_do_not_grow_without_end() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let below = format!("*a{}", level - 1);
        let items = [below.as_str(); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert_eq!(report(&yaml(&bomb)), "c.yaml:6:20: anchors and aliases make this document too big");
    let long = format!("a: &a '{}'\nb: [{}]", "x".repeat(100_000), ["*a"; 100].join(", "));
    assert_eq!(report(&yaml(&long)), "c.yaml:2:37: anchors and aliases make this document too big");
    let deep = (1..100).fold(String::from("a0: &a0 [[[[[[[[[[]]]]]]]]]]\n"), |text, level| {
        let below = level - 1;
        format!("{text}a{level}: &a{level} [[[[[[[[[[*a{below}]]]]]]]]]]\n")
    });
    assert_eq!(report(&yaml(&deep)), "c.yaml:13:21: nested more than 128 levels deep by this alias");
}
