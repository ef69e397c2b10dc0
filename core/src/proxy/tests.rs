//! The mark of a configuration, what Compose calls a project, what goes into YAML, a machine that answers nothing.

use std::collections::BTreeMap;

use super::{Served, configured::quoted, project_name, served::name_of};
use crate::{
    commands::Request,
    config::{FromText, Label, Syntax, tool_config},
    seam::{Answer, Effect, End, Facts, Failure, Host, Message, Query, Signal, drive},
};

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

/// A host that answers every question with this failure.
struct Mute(Failure);

impl Host for Mute {
    fn answer(&mut self, queries: &[Query]) -> Vec<Answer> {
        queries.iter().map(|_| Answer::Failed(self.0.clone())).collect()
    }

    fn perform(&mut self, effect: &Effect) -> Result<(), Failure> {
        panic!("nothing is known, yet it is to {effect}")
    }

    fn pause(&mut self, _seconds: u32) -> bool {
        false
    }

    fn lock(&mut self, _path: &str, _may_nest: bool) -> Result<(), Failure> {
        Ok(())
    }

    fn unlock(&mut self) {}

    fn shield(&mut self, _on: bool) {}

    fn interrupted(&self) -> Option<Signal> {
        None
    }

    fn say(&mut self, _message: Message<'_>) {}
}

fn on_a_mute_host(request: Request, failure: Failure) -> End {
    let text = r#"{"releases": {"localdir": "/srv"}, "deployMode": {"proxy": {"endPoints": {}}}}"#;
    let config = tool_config("config.json", text, Syntax::Json).unwrap().value;
    drive(&*request.command(config).unwrap(), &mut Mute(failure), &mut Facts::default())
}

#[test]
fn a_question_without_an_answer_is_told_with_what_was_to_be_brought_about() {
    let start = Request::Start { release: "r.zip".into(), as_deploy: Some("a".into()), force: false };
    let connect = Request::Connect { endpoint: "main".into(), deploy: "b".into() };
    let requests = [
        (start, "start the deploy a"),
        (Request::Stop { deploy: "a".into(), force: false }, "stop the deploy a"),
        (connect, "connect main to b"),
        (Request::Disconnect { endpoint: "main".into() }, "disconnect main"),
        (Request::RestartProxy, "restart the proxy"),
        (Request::ShutdownProxy, "shut the proxy down"),
    ];
    for (request, goal) in requests {
        match on_a_mute_host(request, Failure::world("look for the proxy", "no docker")) {
            End::Refused(refusal) => assert_eq!(refusal.to_string(), format!("{goal}: look for the proxy: no docker")),
            end => panic!("{end:?}"),
        }
    }
}

#[test]
fn a_signal_during_a_question_ends_the_run_as_one_that_was_interrupted() {
    let connect = Request::Connect { endpoint: "main".into(), deploy: "b".into() };
    let end = on_a_mute_host(connect, Failure::Interrupted(Signal::Terminate));
    assert_eq!(end, End::Interrupted(Signal::Terminate));
}
