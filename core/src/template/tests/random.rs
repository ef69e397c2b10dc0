//! Random templates: nothing makes the renderer panic, and what holds for all templates holds for them.

use serde_json::{Value, json};

use super::{Source, Strictness, partial_map, partial_names, render};

/// Pieces from which a random text is made: much of what templates mean something by, and some of what they do not.
const WORDS: [&str; 32] = [
    "{{", "}}", "{", "}", "{{{", "}}}", "{{#", "{{^", "{{/", "{{>", "{{&", "{{!", "{{=", "=}}", "=", "#", "^", "/",
    ">", "&", "!", "|", "\n", "\r\n", " ", "\t", "a", "a.b", ".", "p", "é", "\u{0}",
];

struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    /// Words in any order.
    fn noise(&mut self) -> String {
        (0..self.below(24)).map(|_| self.pick(&WORDS)).collect()
    }

    /// Any bytes, as the text they would be read as.
    fn bytes(&mut self) -> String {
        let bytes: Vec<u8> = (0..self.below(40))
            .map(|_| if self.below(2) == 0 { b"{}#/>=\n"[self.below(7)] } else { self.below(256) as u8 })
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A text whose tags and sections are whole.
    fn template(&mut self, depth: usize) -> String {
        let mut text = String::new();
        for _ in 0..self.below(5) {
            text += self.pick(&["", "", " ", "\n", "\r\n", "x", "é ", "} "]);
            let name = self.pick(&["a", "a.b", ".", "l", "o", "absent", "n"]);
            text += &match self.below(8) {
                0 => ["{{", name, "}}"].concat(),
                1 => ["{{{", name, "}}}"].concat(),
                2 => ["{{>", self.pick(&["p", "q"]), "}}"].concat(),
                3 => "{{=| |=}}|a|\n|={{ }}=|".into(),
                4 => "{{! c\n }}".into(),
                _ if depth > 3 => String::new(),
                _ => ["{{", self.pick(&["#", "^"]), name, "}}", &self.template(depth + 1), "{{/", name, "}}"].concat(),
            };
            text += self.pick(&["", "", " ", "\n", "\r\n", "x"]);
        }
        text
    }
}

fn contexts() -> [Value; 3] {
    let full = json!({"a": {"b": "<", "l": [1, [2]]}, "l": [{"a": 1}, "x", null], "o": {}, "n": null, "p": 1.0});
    [full, json!({}), json!([[0], "é"])]
}

#[test]
fn random_texts_never_panic() {
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    let contexts = contexts();
    for turn in 0..100_000 {
        let text = if turn % 2 == 0 { random.noise() } else { random.bytes() };
        let source = Source { path: "t", text: &text };
        let partials = partial_map(&[("p", &text), ("a", "{{.}}{{>a}}")]);
        let names = partial_names(source);
        for strictness in [Strictness::Strict, Strictness::Lenient] {
            let rendered = render(source, &partials, &contexts[turn % 3], strictness);
            assert!(names.is_ok() || rendered.is_err(), "{text:?}");
        }
    }
}

#[test]
fn random_templates_render_leniently_and_strictly_the_same_or_not_at_all() {
    let mut random = Xorshift(0x2545_f491_4f6c_dd1d);
    let contexts = contexts();
    for turn in 0..10_000 {
        let (text, q) = (random.template(0), random.template(2).replace("{{>", "{{"));
        let p = random.template(2).replace("{{>p", "{{>q");
        let partials = partial_map(&[("p", &p), ("q", &q)]);
        let source = Source { path: "t", text: &text };
        let lenient = render(source, &partials, &contexts[turn % 3], Strictness::Lenient)
            .unwrap_or_else(|problems| panic!("{text:?} {problems:?}"));
        if let Ok(strict) = render(source, &partials, &contexts[turn % 3], Strictness::Strict) {
            assert_eq!(strict, lenient, "{text:?}");
        }
    }
}
