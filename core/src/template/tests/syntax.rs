//! What is no template, and that all of it is reported at once.

use super::{Source, check_problems, partial_names};
use crate::prelude::*;

#[test]
fn tags_must_be_closed() {
    check_problems("a\n {{x", "{}", &[], &["x/y.conf.tpl:2:2: the tag that opens here with {{ is not closed by }}"]);
    check_problems("{{x}", "{}", &[], &["x/y.conf.tpl:1:1: the tag that opens here with {{ is not closed by }}"]);
    check_problems("{{!x", "{}", &[], &["x/y.conf.tpl:1:1: the tag that opens here with {{ is not closed by }}"]);
    check_problems("{{{x", "{}", &[], &["x/y.conf.tpl:1:1: the tag that opens here with {{{ is not closed by }}}"]);
    check_problems("{{{x}} y", "{}", &[], &["x/y.conf.tpl:1:1: the tag that opens here with {{{ is not closed by }}}"]);
    check_problems(
        "{{=<% %>=}}\n<%{x%>",
        "{}",
        &[],
        &["x/y.conf.tpl:2:1: the tag that opens here with <%{ is not closed by }%>"],
    );
    check_problems(
        "{{x }\n{{y}}\n{{#z\n{{y}}{{/z}}",
        "{}",
        &[],
        &[
            "x/y.conf.tpl:1:1: the tag that opens here with {{ is not closed by }}",
            "x/y.conf.tpl:3:1: the tag that opens here with {{ is not closed by }}",
        ],
    );
}

#[test]
fn tags_must_hold_a_name() {
    for tag in ["{{}}", "{{ }}", "{{{}}}", "{{& }}", "{{#}}", "{{^ }}", "{{/}}", "{{>\n}}"] {
        check_problems(&["\n ", tag].concat(), "{}", &[], &["x/y.conf.tpl:2:2: the tag here holds no name"]);
    }
}

#[test]
fn set_delimiter_tags_must_name_two_delimiters() {
    for tag in ["{{=}}", "{{==}}", "{{=a=}}", "{{=a b c=}}", "{{=a= b=}}", "{{=a b}}", "{{=<% %>", "{{= ="] {
        check_problems(
            &["{{#s}} ", tag, " {{/other}}"].concat(),
            "{}",
            &[],
            &[
                "x/y.conf.tpl:1:8: the tag here sets no delimiters; write it as {{=<% %>=}}: two of them, without white space \
               or = in them",
            ],
        );
    }
}

#[test]
fn sections_must_be_closed_by_their_name_where_they_were_opened() {
    check_problems(
        "{{#a}}\n{{^b.c}}",
        "{}",
        &[],
        &[
            "x/y.conf.tpl:1:1: the section a that opens here is never closed; add {{/a}}",
            "x/y.conf.tpl:2:1: the section b.c that opens here is never closed; add {{/b.c}}",
        ],
    );
    check_problems("{{/a}}", "{}", &[], &["x/y.conf.tpl:1:1: {{/a}} closes a section, but none is open"]);
    check_problems(
        "{{#a}}\n{{/b}}{{/a}}",
        "{}",
        &[],
        &["x/y.conf.tpl:2:1: {{/b}} closes no open section; open is a of line 1"],
    );
    check_problems(
        "{{#a}}\n{{#b}}{{/a}}{{/b}}",
        "{}",
        &[],
        &[
            "x/y.conf.tpl:2:1: the section b that opens here is never closed; add {{/b}}",
            "x/y.conf.tpl:2:13: {{/b}} closes a section, but none is open",
        ],
    );
}

#[test]
fn all_problems_are_reported_in_the_order_of_the_lines_with_those_of_partials() {
    check_problems(
        "{{#a}}\n{{}}\n{{x}}{{>p}}{{>q}}",
        "{}",
        &[("p", "{{"), ("q", "{{#")],
        &[
            "x/y.conf.tpl:1:1: the section a that opens here is never closed; add {{/a}}",
            "x/y.conf.tpl:2:1: the tag here holds no name",
        ],
    );
    check_problems(
        "{{#never}}{{>p}}{{/never}}{{>q}}",
        "{}",
        &[("p", "{{>r}}"), ("q", "\n{{/q}}"), ("r", "{{"), ("other", "{{")],
        &[
            "q:2:1: {{/q}} closes a section, but none is open",
            "r:1:1: the tag that opens here with {{ is not closed by }}",
        ],
    );
}

#[test]
fn long_and_broken_names_are_shown_on_one_short_line() {
    let text = ["{{a\r\n\u{1b}[2J", "é".repeat(100).as_str(), "}}"].concat();
    let shown = ["a\\r\\n\\u{1b}[2J", "é".repeat(73).as_str(), "..."].concat();
    check_problems(&text, "{}", &[], &[&["x/y.conf.tpl:1:1: no value for {{", &shown, "}}"].concat()]);
}

#[test]
fn no_text_yields_more_than_a_hundred_problems_of_syntax() {
    for text in ["{{}}", "{{#a}}", "{{/a}}", "{{ {{", "{{#a}}{{/b}}", "{{{x}} "] {
        let problems = partial_names(Source { path: "p", text: &text.repeat(1000) }).expect_err(text);
        assert!((1..=100).contains(&problems.len()), "{text}: {}", problems.len());
        assert!(problems.is_sorted_by_key(|problem| (problem.line, problem.column)), "{text}");
        assert!(problems[0].to_string().starts_with("p:1:"), "{text}");
    }
}
