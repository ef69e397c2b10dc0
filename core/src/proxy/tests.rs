//! The mark of a configuration, what Compose calls a project, what goes into YAML.

use std::collections::BTreeMap;

use super::{Served, configured::quoted, project_name, served::name_of};
use crate::config::{FromText, Label};

fn served(routes: &[(&str, u16)]) -> Served {
    let routes: BTreeMap<_, _> = routes.iter().map(|(label, port)| (Label::from_text(label).unwrap(), *port)).collect();
    Served { routes, generation: name_of("text") }
}

#[test]
fn a_mark_is_read_as_it_was_written() {
    for routes in [&[][..], &[("main", 8000)], &[("a.b_c-d+e~f@g=h", 1), ("z", 65535)]] {
        let served = served(routes);
        assert_eq!(Served::from_text(&served.to_text()), Some(served.clone()));
        assert_eq!(Served::of_file(&format!("{}events {{}}\n", served.first_line())), Some(served));
    }
}

#[test]
fn what_this_tool_did_not_write_has_no_mark() {
    let first_line = served(&[("main", 8000)]).first_line();
    let texts = [
        "",
        "events {}\n",
        "# c2 \n",
        "# c2 {}\n",
        "# c2 {\"generation\":\"x\",\"routes\":{\"main\":70000}}\n",
        "# c2 {\"generation\":\"x\",\"routes\":{\"../main\":8000}}\n",
        "# c2 {\"generation\":7,\"routes\":{}}\n",
        &format!("\n{first_line}"),
        first_line.trim_end_matches(['}', '\n']),
    ];
    for text in texts {
        assert_eq!(Served::of_file(text), None, "{text}");
    }
}

#[test]
fn projects_are_called_as_compose_calls_them() {
    for (deploy, project) in [("a", "a"), ("app-1.11", "app-111"), ("app-11.1", "app-111"), ("My_App@2", "my_app2")] {
        assert_eq!(project_name(deploy), project);
    }
    assert_eq!(project_name("_a"), "a");
}

#[test]
fn nothing_in_yaml_is_more_than_a_text() {
    assert_eq!(quoted("/opt/a: b #c"), r#""/opt/a: b #c""#);
    assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
    assert_eq!(quoted("a$b"), r#""a$$b""#);
}
