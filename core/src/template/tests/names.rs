//! The names of partials and of outputs.

use super::{Source, output_path, partial_names};

#[test]
fn partials_are_named_once_each_in_order_by_the_delimiters_in_force() {
    for (text, expected) in [
        ("", &[][..]),
        ("{{x}} > {{! > no }}", &[]),
        ("{{> b }}{{>a}}{{#x}}{{>b}}{{>c/d.conf}}{{/x}}", &["b", "a", "c/d.conf"]),
        ("{{>a}}{{=<% %>=}}{{>b}}<%> c %><%={{ }}=%>{{>d}}", &["a", "c", "d"]),
    ] {
        assert_eq!(partial_names(Source { path: "p", text }).expect(text), expected, "{text}");
    }
}

#[test]
fn the_last_extension_is_dropped_from_the_output_path() {
    for (template, output) in [
        ("x/y.conf.tpl", "x/y.conf"),
        ("y.tpl", "y"),
        ("x.d/y", "x.d/y"),
        ("x.d/y.tpl", "x.d/y"),
        ("Makefile", "Makefile"),
        (".env", ".env"),
        (".env.tpl", ".env"),
        ("x/.env", "x/.env"),
        ("x/..tpl", "x/..tpl"),
        ("..", ".."),
        ("y.", "y"),
        ("x/", "x/"),
        ("", ""),
        ("é.ü", "é"),
    ] {
        assert_eq!(output_path(template), output, "{template}");
    }
}
