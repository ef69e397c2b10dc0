//! What strict rendering refuses, and how it says so.

use super::{check, check_problems, check_strict, run};
use crate::template::Strictness;

#[test]
fn absent_names_are_reported_with_place_and_nearest_name() {
    let context = r#"{"db": {"host": "h", "port": 1}, "name": "n"}"#;
    check_problems(
        "a\nb\nhost: {{db.hosst}}\n",
        context,
        &[],
        &["x/y.conf.tpl:3:7: no value for {{db.hosst}}; nearest known name: db.host"],
    );
    check_problems("é\t{{nam}}", context, &[], &["x/y.conf.tpl:1:3: no value for {{nam}}; nearest known name: name"]);
    check_problems("{{quite.other}}", context, &[], &["x/y.conf.tpl:1:1: no value for {{quite.other}}"]);
    check_problems(
        "{{dc.host}}",
        context,
        &[],
        &["x/y.conf.tpl:1:1: no value for {{dc.host}}; nearest known name: db"],
    );
    check_problems("{{name.x}}", context, &[], &["x/y.conf.tpl:1:1: no value for {{name.x}}"]);
    for name in ["a..b", ".a", "db.", "db..host", "..", "db.host.x", "&", "a\u{0}"] {
        let text = ["{{{", name, "}}}"].concat();
        let problems = run(&text, context, &[], Strictness::Strict).expect_err(name);
        assert!(problems[0].starts_with("x/y.conf.tpl:1:1: no value for {{"), "{problems:?}");
    }
}

#[test]
fn the_nearest_name_is_sought_where_the_tag_stands() {
    check_problems(
        "{{#list}}{{valu}} {{outr}}{{/list}} {{valu}}",
        r#"{"list": [{"value": 1}], "outer": 2}"#,
        &[],
        &[
            "x/y.conf.tpl:1:10: no value for {{valu}}; nearest known name: value",
            "x/y.conf.tpl:1:19: no value for {{outr}}; nearest known name: outer",
            "x/y.conf.tpl:1:37: no value for {{valu}}",
        ],
    );
}

#[test]
fn null_objects_and_lists_have_no_text() {
    check_problems(
        "{{n}}\n{{{o}}}\n{{&l}} {{#l}}{{.}}{{/l}}",
        r#"{"n": null, "o": {}, "l": [[1], 2]}"#,
        &[],
        &[
            "x/y.conf.tpl:1:1: the value of {{n}} is null; give it one, or put the tag into {{#n}}",
            "x/y.conf.tpl:2:1: the value of {{o}} is an object; name one of its fields",
            "x/y.conf.tpl:3:1: the value of {{l}} is a list; print its items within {{#l}}",
            "x/y.conf.tpl:3:14: the value of {{.}} is a list; print its items within {{#.}}",
        ],
    );
}

#[test]
fn a_loop_reports_each_of_its_tags_once_for_each_reason() {
    check_problems(
        "{{#l}}{{x}}{{/l}}",
        r#"{"l": [{"x": null}, {}, {"x": null}, {"y": 1}, {"x": 1}]}"#,
        &[],
        &[
            "x/y.conf.tpl:1:7: the value of {{x}} is null; give it one, or put the tag into {{#x}}",
            "x/y.conf.tpl:1:7: no value for {{x}}",
        ],
    );
}

#[test]
fn absent_partials_are_reported_and_problems_in_partials_under_their_name() {
    check_problems(
        "{{>servr.conf}}\n\n  {{> server.conf }}\n{{>p}} {{x}}",
        "{}",
        &[("server.conf", "a\n{{y}}\n  {{z}}"), ("q", "")],
        &[
            "x/y.conf.tpl:1:1: no file for the partial {{> servr.conf}}; nearest known name: server.conf",
            "server.conf:2:1: no value for {{y}}",
            "server.conf:3:3: no value for {{z}}",
            "x/y.conf.tpl:4:1: no file for the partial {{> p}}",
            "x/y.conf.tpl:4:8: no value for {{x}}",
        ],
    );
}

#[test]
fn sections_over_absent_names_and_what_is_not_rendered_are_no_problem() {
    check_strict(&[
        ("{{#x}}{{y}}{{>p}}{{/x}}ok{{^o}}{{y}}{{/o}}", r#"{"o": 1}"#, &[], "ok"),
        ("{{#a.b.c}}{{/a.b.c}}{{^a.b.c}}ok{{/a.b.c}}", "{}", &[], "ok"),
    ]);
}

#[test]
fn lenient_rendering_prints_nothing_in_their_place() {
    check(&[("[{{x}}{{a.b}}{{n}}{{>p}}]", r#"{"n": null}"#, &[], "[]")]);
}
