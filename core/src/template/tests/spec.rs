//! The rules of the Mustache specification's core modules, each by cases of the project's own.

use super::{check, check_strict};

#[test]
fn comments_leave_nothing_behind() {
    check_strict(&[
        ("a{{! hidden }}b", "{}", &[], "ab"),
        ("a {{!hidden}} b", "{}", &[], "a  b"),
        ("a{{! over\nseveral\nlines }}b\n", "{}", &[], "ab\n"),
        ("a{{!}}b", "{}", &[], "ab"),
        ("a{{! {{ # > = }}b", "{}", &[], "ab"),
        ("a{{! ends }} at the first }}", "{}", &[], "a at the first }}"),
        ("{{#x}}{{!c}}{{x}}{{/x}}", r#"{"x": 1}"#, &[], "1"),
        ("{{! a name of its own {{x}}", r#"{"x": "shown"}"#, &[], ""),
    ]);
}

#[test]
fn comments_take_their_line_with_them_when_they_stand_alone() {
    check_strict(&[
        ("a\n{{! c }}\nb\n", "{}", &[], "a\nb\n"),
        ("a\n \t{{! c }}\t \nb\n", "{}", &[], "a\nb\n"),
        ("a\r\n{{! c }}\r\nb", "{}", &[], "a\r\nb"),
        ("  {{! first }}\nb", "{}", &[], "b"),
        ("a\n  {{! last }}", "{}", &[], "a\n"),
        ("{{! only }}", "{}", &[], ""),
        ("a\n  {{!\n over\n lines\n  }}  \nb", "{}", &[], "a\nb"),
        ("a\n {{! two }} {{! tags }}\nb", "{}", &[], "a\n  \nb"),
        ("a\n 1 {{! c }}\nb", "{}", &[], "a\n 1 \nb"),
        ("a\n {{! c }} 1\nb", "{}", &[], "a\n  1\nb"),
        ("a\n\u{a0}{{! c }}\nb", "{}", &[], "a\n\u{a0}\nb"),
        ("{{! c }}\rb", "{}", &[], "\rb"),
    ]);
}

#[test]
fn delimiters_can_be_set_to_any_two_words() {
    let x = r#"{"x": "1<", "s": true}"#;
    check_strict(&[
        ("{{=<% %>=}}<% x %>{{x}}", x, &[], "1&lt;{{x}}"),
        ("({{=[ ]=}}[x])", x, &[], "(1&lt;)"),
        ("{{= |   | =}}|x||&x|", x, &[], "1&lt;1<"),
        ("{{=\n<<\n>>\n=}}<<x>>", x, &[], "1&lt;"),
        ("{{=<% %>=}}<%{x}%><%#s%>y<%/s%><%! c %>", x, &[], "1<y"),
        ("{{=<% %>=}}<%={{ }}=%>{{x}}", x, &[], "1&lt;"),
        ("{{={{ }}=}}{{x}}", x, &[], "1&lt;"),
        ("{{=@ @=}}@x@", x, &[], "1&lt;"),
        ("{{={ }=}}{#s}{ x }{/s}{{x}}", x, &[], "1&lt;1<"),
        ("{{=ü é=}}üxé", x, &[], "1&lt;"),
        ("{{=<% %>=}}{ {{ {{{ }}", x, &[], "{ {{ {{{ }}"),
        ("{{=* **=}}*x**", x, &[], "1&lt;"),
    ]);
}

#[test]
fn delimiters_hold_to_the_end_of_their_own_text_only() {
    let x = r#"{"x": 1, "s": [1, 2]}"#;
    check_strict(&[
        ("{{#s}}{{=| |=}}|x|{{x}}|/s||x|", x, &[], "1{{x}}1{{x}}1"),
        ("{{=| |=}}|>p| |x|", x, &[("p", "{{x}}|x|")], "1|x| 1"),
        ("{{>p}} {{x}}|x|", x, &[("p", "{{=| |=}}|x|")], "1 1|x|"),
    ]);
}

#[test]
fn set_delimiter_tags_take_their_line_with_them_when_they_stand_alone() {
    check_strict(&[
        ("a\n{{=@ @=}}\nb", "{}", &[], "a\nb"),
        ("a\n  {{=@ @=}}  \nb", "{}", &[], "a\nb"),
        ("a\r\n{{= @ @ =}}\r\nb", "{}", &[], "a\r\nb"),
        ("a\n  {{=@ @=}}", "{}", &[], "a\n"),
        ("  {{=@ @=}}\nb", "{}", &[], "b"),
        ("| {{=@ @=}} |", "{}", &[], "|  |"),
        (" | {{=@ @=}}\n", "{}", &[], " | \n"),
        ("a\n {{=| |=}}\n |! c |\n |={{ }}=|\nb", "{}", &[], "a\nb"),
    ]);
}

#[test]
fn text_without_tags_stays_as_it_is() {
    for text in
        ["", "\n", " \n ", "a { b } {c} }} }}} {\n", "é\t\r\n\r\n", "ends with {", "{ {", "  ends in blanks \n\n  "]
    {
        check_strict(&[(text, "{}", &[], text)]);
    }
}

#[test]
fn variables_are_escaped_unless_the_tag_says_otherwise() {
    let x = r#"{"x": "&<>\"' /`= ü &amp;"}"#;
    check_strict(&[
        ("{{x}}", x, &[], "&amp;&lt;&gt;&quot;&#39; /`= ü &amp;amp;"),
        ("{{{x}}}", x, &[], "&<>\"' /`= ü &amp;"),
        ("{{&x}}", x, &[], "&<>\"' /`= ü &amp;"),
        ("{{x}}", r#"{"x": "''"}"#, &[], "&#39;&#39;"),
        ("{{{x}}}}", r#"{"x": "{{y}}"}"#, &[], "{{y}}}"),
        ("{{x}}}", r#"{"x": "{{y}}"}"#, &[], "{{y}}}"),
    ]);
}

#[test]
fn white_space_inside_a_tag_does_not_count_and_around_it_stays() {
    let x = r#"{"x": "-", "s": true}"#;
    check_strict(&[
        ("|{{ x }}|{{{\tx\n}}}|{{& x }}|{{ &x }}|", x, &[], "|-|-|-|-|"),
        (" {{x}} \n  {{{x}}}\n  {{&x}}\n", x, &[], " - \n  -\n  -\n"),
        ("|{{# s }}={{/ s }}|{{ #s}}={{ / s}}|", x, &[], "|=|=|"),
        ("|{{^ n }}={{/ n }}|{{> p }}|{{ > p}}|", x, &[("p", "q")], "|=|q|q|"),
    ]);
}

#[test]
fn values_print_as_in_the_json() {
    check_strict(&[
        ("{{x}}", r#"{"x": 85}"#, &[], "85"),
        ("{{x}}", r#"{"x": 1.21}"#, &[], "1.21"),
        (
            "{{x}} {{{y}}} {{&z}}",
            r#"{"x": 1.0, "y": -3.50, "z": 12345678901234567890123}"#,
            &[],
            "1 -3.50 12345678901234567890123",
        ),
        ("{{x}} {{y}}", r#"{"x": true, "y": false}"#, &[], "true false"),
        ("[{{x}}]", r#"{"x": ""}"#, &[], "[]"),
        ("{{x}}", r#"{"x": "a\nb"}"#, &[], "a\nb"),
    ]);
}

#[test]
fn absent_and_null_values_print_nothing_when_lenient() {
    check(&[
        ("[{{x}}{{{x}}}{{&x}}]", "{}", &[], "[]"),
        ("[{{x}}{{{x}}}{{&x}}]", r#"{"x": null}"#, &[], "[]"),
        ("[{{a.b}}]", r#"{"a": {}}"#, &[], "[]"),
        ("[{{a.b}}]", r#"{"a": "text"}"#, &[], "[]"),
        ("[{{a.b}}{{a.length}}]", r#"{"a": [1]}"#, &[], "[]"),
        ("[{{x}}]", "null", &[], "[]"),
    ]);
}

#[test]
fn objects_and_lists_print_as_one_line_of_json_when_lenient() {
    check(&[
        ("{{{x}}}", r#"{"x": {"b": [1.0, null],  "a": "<"}}"#, &[], r#"{"a":"<","b":[1.0,null]}"#),
        ("{{x}}", r#"{"x": ["<"]}"#, &[], "[&quot;&lt;&quot;]"),
    ]);
}

#[test]
fn dotted_names_start_at_the_nearest_object_that_has_their_first_part() {
    check(&[
        ("{{a.b.c}}", r#"{"a": {"b": {"c": 1}}}"#, &[], "1"),
        ("{{#a}}{{b.c}}{{/a}}", r#"{"a": {"b": {"c": "in"}}, "b": {"c": "out"}}"#, &[], "in"),
        ("{{#a}}[{{b.c}}]{{/a}}", r#"{"a": {"b": {}}, "b": {"c": "out"}}"#, &[], "[]"),
        ("{{#a}}[{{b.c}}]{{/a}}", r#"{"a": {"b": null}, "b": {"c": "out"}}"#, &[], "[]"),
        ("{{#a}}[{{b.c}}]{{/a}}", r#"{"a": {"x": 1}, "b": {"c": "out"}}"#, &[], "[out]"),
        ("[{{a.b}}]", r#"{"a.b": "one key"}"#, &[], "[]"),
        ("{{#a.b}}{{c}}{{/a.b}}{{^a.x.y}}no{{/a.x.y}}", r#"{"a": {"b": [{"c": 1}, {"c": 2}]}}"#, &[], "12no"),
    ]);
}

#[test]
fn a_dot_is_the_innermost_value_itself() {
    check_strict(&[
        ("{{.}} {{{.}}} {{&.}}", r#""<""#, &[], "&lt; < <"),
        ("{{.}}", "7.0", &[], "7"),
        ("{{#x}}({{.}}){{/x}}", r#"{"x": ["a", 1, 2.50, true, "<"]}"#, &[], "(a)(1)(2.50)(true)(&lt;)"),
        ("{{#x}}({{{.}}}{{&.}}){{/x}}", r#"{"x": ["<"]}"#, &[], "(<<)"),
        ("{{#x}}({{#.}}{{.}}{{/.}}){{/x}}", r#"{"x": [[1, 2], ["a"]]}"#, &[], "(12)(a)"),
        ("{{#.}}({{a}}){{/.}}", r#"[{"a": 1}, {"a": 2}]"#, &[], "(1)(2)"),
        ("{{#x}}{{^.}}no{{/.}}{{/x}}", r#"{"x": [false, true, []]}"#, &[], "nono"),
        ("{{#x}}{{.}} is {{x}}{{/x}}", r#"{"x": "y"}"#, &[], "y is y"),
    ]);
}

#[test]
fn sections_leave_out_false_null_absent_and_empty_lists_only() {
    for falsy in [r#"{"x": false}"#, r#"{"x": null}"#, r#"{"x": []}"#, "{}", "[]", "null"] {
        check_strict(&[("[{{#x}}yes{{/x}}{{^x}}no{{/x}}]", falsy, &[], "[no]")]);
    }
    for truthy in ["0", "0.0", r#""""#, "true", "{}", "[0]", "[null]", r#""false""#] {
        let context = alloc::format!(r#"{{"x": {truthy}}}"#);
        check_strict(&[("[{{#x}}yes{{/x}}{{^x}}no{{/x}}]", &context, &[], "[yes]")]);
    }
}

#[test]
fn sections_render_once_for_a_value_and_once_for_each_item_of_a_list() {
    check_strict(&[
        ("{{#x}}{{n}};{{/x}}", r#"{"x": [{"n": 1}, {"n": 2}, {"n": 3}]}"#, &[], "1;2;3;"),
        ("{{#x}}{{n}};{{/x}}", r#"{"x": {"n": 1}}"#, &[], "1;"),
        ("{{#x}}{{n}};{{/x}}", r#"{"x": [{}, {"n": 2}], "n": "outer"}"#, &[], "outer;2;"),
        ("{{#x}}a{{#x}}b{{/x}}{{/x}}", r#"{"x": true}"#, &[], "ab"),
        ("{{^x}}a{{^x}}b{{/x}}{{/x}}{{#x}}c{{#x}}d{{/x}}{{/x}}", r#"{"x": false}"#, &[], "ab"),
        ("{{#x}}1{{/x}}-{{#x}}2{{/x}}", r#"{"x": true}"#, &[], "1-2"),
    ]);
}

#[test]
fn every_level_of_the_context_can_be_seen_from_the_innermost() {
    let context =
        r#"{"a": {"v1": 1}, "b": {"v2": 2}, "c": {"v3": 3, "d": {"v4": 4, "e": {"v5": 5, "f": [{"v6": 6}]}}}}"#;
    check_strict(&[(
        "{{#a}}{{#b}}{{#c}}{{#d}}{{#e}}{{#f}}{{v1}}{{v2}}{{v3}}{{v4}}{{v5}}{{v6}}{{/f}}{{/e}}{{/d}}{{/c}}{{/b}}{{/a}}",
        context,
        &[],
        "123456",
    )]);
}

#[test]
fn sections_nest_deeper_than_ramhorns_parses() {
    for depth in [15, 16, 17, 32, 33, 100, 200] {
        let template = "{{#x}}<".repeat(depth) + "{{y}}" + &">{{/x}}".repeat(depth) + " {{y}}";
        let expected = "<".repeat(depth) + "1" + &">".repeat(depth) + " 1";
        check_strict(&[(&template, r#"{"x": true, "y": 1}"#, &[], &expected)]);
        let template = "{{^x}}<".repeat(depth) + "{{y}}" + &">{{/x}}".repeat(depth);
        check_strict(&[(&template, r#"{"x": [], "y": 1}"#, &[], &expected[..expected.len() - 2])]);
    }
}

#[test]
fn section_tags_take_their_lines_with_them_when_they_stand_alone() {
    let x = r#"{"x": true}"#;
    check_strict(&[
        ("a\n{{#x}}\nb\n{{/x}}\nc\n", x, &[], "a\nb\nc\n"),
        ("a\n  {{#x}}\t\nb\n\t{{/x}} \nc\n", x, &[], "a\nb\nc\n"),
        ("a\r\n{{#x}}\r\n{{/x}}\r\nb", x, &[], "a\r\nb"),
        ("  {{#x}}\nb{{/x}}\nc", x, &[], "b\nc"),
        ("a{{#x}}\nb\n  {{/x}}", x, &[], "a\nb\n"),
        ("a\n{{^y}}\nb\n{{/y}}\nc\n", x, &[], "a\nb\nc\n"),
        ("a\n {{^y}}\r\n b\r\n {{/y}}", x, &[], "a\n b\r\n"),
        (" {{#x}}b{{/x}}\n {{^y}}c{{/y}}\n", x, &[], " b\n c\n"),
        (" | {{#x}}\t|\t{{/x}} | \n", x, &[], " | \t|\t | \n"),
        (" | {{#x}} {{! c }}\n {{/x}} | \n", x, &[], " |  \n  | \n"),
        ("{{#x}}{{/x}}\n", x, &[], "\n"),
        ("{{#x}}\n\n{{/x}}\n", x, &[], "\n"),
        ("{{#x}}\n{{/x}} {{! two tags }}\n", x, &[], " \n"),
    ]);
}

#[test]
fn partials_see_the_context_of_their_tag() {
    check_strict(&[
        ("[{{>p}}]", "{}", &[("p", "text")], "[text]"),
        ("{{#x}}{{>p}}{{/x}}", r#"{"x": [1, 2]}"#, &[("p", "<{{.}}>")], "<1><2>"),
        ("{{>a}}", r#"{"x": 1}"#, &[("a", "a{{>b}}a"), ("b", "b{{>dir/c.conf}}b"), ("dir/c.conf", "{{x}}")], "ab1ba"),
        ("{{>p}}", "{}", &[("p", "")], ""),
        ("{{>p}}{{>p}}", "{}", &[("p", "1")], "11"),
        ("{{> two words }}", "{}", &[("two words", "1")], "1"),
    ]);
    check(&[("[{{>p}}]\n{{>p}}\n", "{}", &[], "[]\n")]);
}

#[test]
fn partials_may_contain_themselves() {
    let tree = r#"{"v": 1, "l": [{"v": 2, "l": [{"v": 3, "l": []}]}, {"v": 4, "l": []}]}"#;
    check_strict(&[
        ("{{>p}}", tree, &[("p", "{{v}}<{{#l}}{{>p}}{{/l}}>")], "1<2<3<>>4<>>"),
        ("{{>p}}", tree, &[("p", "{{v}}\n{{#l}}\n  {{>p}}\n{{/l}}\n")], "1\n  2\n    3\n  4\n"),
    ]);
}

#[test]
fn partials_alone_on_a_line_are_indented_line_by_line() {
    check_strict(&[
        ("a\n  {{>p}}\nb", "{}", &[("p", "1\n2\n")], "a\n  1\n  2\nb"),
        ("  {{>p}}\nb", "{}", &[("p", "1\n2")], "  1\n  2b"),
        ("a\n\t{{>p}}", "{}", &[("p", "1\r\n2")], "a\n\t1\r\n\t2"),
        ("a\r\n{{>p}}\r\nb", "{}", &[("p", "1")], "a\r\n1b"),
        (" {{>p}}\n", "{}", &[("p", "1\n\n2\n")], " 1\n \n 2\n"),
        (" {{>p}}\n", r#"{"x": "1\n2"}"#, &[("p", "{{x}}\n{{x}}{{&x}}")], " 1\n2\n 1\n21\n2"),
        (" {{>p}}\n", r#"{"x": [1, 2]}"#, &[("p", "{{#x}}\n{{.}}\n{{/x}}\n|")], " 1\n 2\n |"),
        (" {{>p}}\n", r#"{"x": [1, 2]}"#, &[("p", "{{#x}}{{.}}{{/x}}\n{{!c}}|")], " 12\n |"),
        (" {{>p}}\n", "{}", &[("p", "a{{!\n}}b\n{{!\n}}\nc")], " ab\n c"),
        (" {{>p}}\n", "{}", &[("p", "1\n {{>q}}\n2\n"), ("q", "x\ny\n")], " 1\n  x\n  y\n 2\n"),
    ]);
}

#[test]
fn partials_within_a_line_are_not_indented() {
    check_strict(&[
        (" {{x}}  {{>p}}\n", r#"{"x": 0}"#, &[("p", "1\n2")], " 0  1\n2\n"),
        ("  {{>p}}|\n", "{}", &[("p", "1\n2")], "  1\n2|\n"),
        ("| {{>p}} |", "{}", &[("p", "\t1\t")], "| \t1\t |"),
        ("  {{>p}}\n", "{}", &[("p", "a {{>q}}\nb"), ("q", "1\n2")], "  a 1\n2\n  b"),
        ("  {{>p}}{{>p}}\n", "{}", &[("p", "1\n2")], "  1\n21\n2\n"),
    ]);
}
