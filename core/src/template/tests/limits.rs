//! What has no end, or hardly one, ends in a problem.

use std::thread;

use super::{Strictness, partial_map, render, run};
use crate::template::Source;

#[track_caller]
fn check_limit(text: &str, partials: &[(&str, &str)], expected: &str) {
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let problems = run(text, r#"{"x": 1, "y": "<'>"}"#, partials, strictness).expect_err(expected);
        assert_eq!(problems, [expected]);
    }
}

#[test]
fn endless_partials_end_in_a_problem() {
    let problem = |place: &str, name: &str| {
        [
            place,
            ": the partial {{> ",
            name,
            "}} is more than 100 partials deep; do partials include each other without end?",
        ]
        .concat()
    };
    check_limit("{{>p}}", &[("p", "{{>p}}")], &problem("p:1:1", "p"));
    check_limit("{{>p}}", &[("p", "\n {{>q}}"), ("q", "a{{>p}}{{>p}}")], &problem("q:1:2", "p"));
}

#[test]
fn too_many_sections_end_in_a_problem() {
    let nested = |depth: usize| "{{#x}}".repeat(depth) + &"{{/x}}".repeat(depth);
    assert_eq!(run(&nested(200), r#"{"x": 1}"#, &[], Strictness::Strict).as_deref(), Ok(""));
    for depth in [201, 20_000] {
        check_limit(&nested(depth), &[], "x/y.conf.tpl:1:1201: the section here is more than 200 sections deep");
    }
}

#[test]
fn the_deepest_rendering_fits_a_small_stack() {
    let wide = "{{#x}}{{^no}}".repeat(100) + "{{>p}}" + &"{{/no}}{{/x}}".repeat(100);
    let narrow = "{{#x}}{{^no}}{{#x}}{{^no}}{{#x}}\n {{>p}}\n{{/x}}{{/no}}{{/x}}{{/no}}{{/x}}";
    let stack_bytes = 1 << 20;
    for partial in [wide.as_str(), narrow] {
        let partials = partial_map(&[("p", partial)]);
        let rendering = move || {
            let source = Source { path: "t", text: "{{>p}}" };
            render(source, &partials, &serde_json::json!({"x": 1}), Strictness::Strict).expect_err("it has no end")
        };
        let problems = thread::Builder::new().stack_size(stack_bytes).spawn(rendering).unwrap().join().unwrap();
        let shown: Vec<_> = problems.iter().map(|problem| problem.what.to_string()).collect();
        assert_eq!(shown, ["the tag here is more than 500 sections and partials deep; do partials recur without end?"]);
    }
}

#[test]
fn partials_that_multiply_end_in_a_problem() {
    let names: Vec<_> = (0..60).map(|number| number.to_string()).collect();
    let texts: Vec<_> = (1..60).map(|next| ["{{>", &names[next], "}}"].concat().repeat(2)).collect();
    let mut partials: Vec<_> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    partials.push((names[59].as_str(), "{{#x}}{{/x}}"));
    let problems = run("{{>0}}", r#"{"x": 1}"#, &partials, Strictness::Strict).expect_err("it has nearly no end");
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].ends_with("more than 5000000 tags were rendered up to here; do partials or lists multiply?"),
        "{problems:?}"
    );
}

#[test]
fn output_that_multiplies_ends_in_a_problem() {
    let text = "{{&y}}".repeat(16);
    let names: Vec<_> = (0..8).map(|number| number.to_string()).collect();
    let texts: Vec<_> = (1..8).map(|next| ["{{>", &names[next], "}}"].concat().repeat(16)).collect();
    let mut partials: Vec<_> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    partials.push((names[7].as_str(), &text));
    let context = serde_json::json!({"y": "y".repeat(1 << 20)}).to_string();
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let problems = run("{{>0}}", &context, &partials, strictness).expect_err("it has nearly no end");
        assert_eq!(problems, ["7:1:1: the output grew beyond 64 MiB here; do partials or lists multiply?"]);
    }
}

#[test]
fn huge_texts_come_to_an_end() {
    let count = 50_000;
    for text in [
        "{",
        "}",
        "{{",
        "{{{",
        "{{ {{ ",
        "{{!",
        "{{a}}{",
        "{{{a}} ",
        "{{#a}}",
        "{{/a}}",
        "{{a}} ",
        " ",
        "\n",
        "{{=| |=}}|={{ }}=|",
    ] {
        let _ = run(&text.repeat(count), r#"{"a": 1}"#, &[], Strictness::Strict);
        let _ = run(&(text.repeat(count) + "}}"), r#"{"a": 1}"#, &[], Strictness::Strict);
    }
}
