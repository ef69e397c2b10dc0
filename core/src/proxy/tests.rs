//! The mark of a configuration, what Compose calls a project, what goes into YAML, a machine that answers nothing.

use std::{fs, path::PathBuf};

use super::{
    project_name,
    rendered::{compose_project, conf},
};
use crate::{
    config::{DeployMode, FromText, Label, Maintenance, PageText, Percent, Syntax, tool_config},
    nginx::{Generation, Pages, Route, Routes, Share, name_of, quoted},
    request::Request,
    seam::{Answer, Effect, End, Facts, Failure, Host, Message, Query, Signal, drive},
};

fn served(routes: &[(&str, u16)]) -> Generation {
    let target = |port| Route { port, share: None };
    let targets = routes.iter().map(|(endpoint, port)| (label(endpoint), target(*port))).collect();
    Generation { routes: Routes { targets, ..Routes::default() }, generation: name_of("text") }
}

fn label(text: &str) -> Label {
    Label::from_text(text).unwrap()
}

/// `a` goes to 8000 and with a share to 8001, `b` to 8001; `a` and `c`, which has no target, are in maintenance.
fn split_and_maintained() -> Generation {
    let mut served = served(&[("a", 8000), ("b", 8001)]);
    let share = Share { percent: Percent::new(30).unwrap(), port: 8001 };
    served.routes.targets.get_mut(&label("a")).unwrap().share = Some(share);
    served.routes.maintenance.extend([label("a"), label("c")]);
    served
}

#[test]
fn a_mark_is_read_as_it_was_written() {
    for routes in [&[][..], &[("main", 8000)], &[("a.b_c-d+e~f@g=h", 1), ("z", 65535)]] {
        let served = served(routes);
        assert_eq!(Generation::from_text(&served.to_text()), Some(served.clone()));
        assert_eq!(Generation::of_file(&format!("{}events {{}}\n", served.first_line())), Some(served));
    }
    let served = split_and_maintained();
    assert_eq!(Generation::from_text(&served.to_text()), Some(served));
}

#[test]
fn a_mark_without_splits_and_maintenance_is_the_one_of_old_and_one_with_them_still_has_its_routes() {
    let old = format!(r#"{{"generation":"{}","routes":{{"a":8000,"b":8001}}}}"#, name_of("text"));
    assert_eq!(served(&[("a", 8000), ("b", 8001)]).to_text(), old);
    let new = format!(
        r#"{{"generation":"{}","maintenance":["a","c"],"routes":{{"a":8000,"b":8001}},"splits":{{"a":{{"percent":30,"port":8001}}}}}}"#,
        name_of("text")
    );
    assert_eq!(split_and_maintained().to_text(), new);
    assert_eq!(
        split_and_maintained().to_string(),
        "a -> 8000 (30 % -> 8001) (in maintenance), b -> 8001, c (in maintenance)"
    );
}

#[test]
fn a_share_that_is_gone_leaves_the_rest_and_an_endpoint_whose_deploy_is_gone_has_no_target() {
    let routes = split_and_maintained().routes;
    let mut left = routes.without(|port| port == 8001);
    assert_eq!(left.targets, served(&[("a", 8000)]).routes.targets);
    left = routes.without(|port| port == 8000);
    assert_eq!(left.targets, served(&[("b", 8001)]).routes.targets);
    assert_eq!(left.maintenance, routes.maintenance);
    let pairs: Vec<(&str, u16)> = routes.pairs().map(|(endpoint, port)| (endpoint.as_str(), port)).collect();
    assert_eq!(pairs, [("a", 8000), ("a", 8001), ("b", 8001)]);
}

/// The whole text, as it is in a file that nginx was found to take.
#[test]
fn a_configuration_has_the_share_the_pages_and_the_health_check_of_an_endpoint_in_maintenance() {
    let endpoint = |name: &str| format!(r#""{name}": {{"serverNames": ["{name}.example.com"], "etype": "httpOnly"}}"#);
    let endpoints = ["a", "b", "c", "d"].map(endpoint).join(", ");
    let config =
        format!(r#"{{"releases": {{"localdir": "/r"}}, "deployMode": {{"proxy": {{"endPoints": {{{endpoints}}}}}}}}}"#);
    let config = tool_config("config.json", &config, Syntax::Json).unwrap().value;
    let DeployMode::Proxy(proxy) = &config.deploy_mode else { panic!("no proxy") };
    let message = PageText::from_text(r#"</p>'"$host" \ & {};#ü"#).unwrap();
    let pages = Pages::from([(label("a"), Maintenance { message, extra: serde_json::Map::new() })]);
    let mut routes = split_and_maintained().routes;
    let target = routes.targets[&label("a")];
    routes.targets.insert(label("d"), Route { port: 8002, ..target });
    let found = conf(&Facts::default(), &config, proxy, &routes, &pages).unwrap();
    assert_eq!(Generation::of_file(&found.text), Some(found.served));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata/nginx/shares-and-pages.conf");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &found.text).unwrap();
    }
    assert_eq!(found.text, fs::read_to_string(path).unwrap());
}

/// A container that was made before the logs had limits has the same name: it is not re-created for them.
#[test]
fn a_compose_file_bounds_the_logs_and_is_the_one_of_old_otherwise() {
    let text = r#"{"releases": {"localdir": "/r"}, "deployMode": {"proxy": {"endPoints": {}}}}"#;
    let config = tool_config("config.json", text, Syntax::Json).unwrap().value;
    let DeployMode::Proxy(proxy) = &config.deploy_mode else { panic!("no proxy") };
    let found = compose_project(&Facts::default(), &config, proxy).unwrap();
    let expected = r#"# Written by c2, and written anew when its configuration changes.
version: "3.7"
services:
  nginx:
    image: "nginx:1.21.3"
    container_name: frontendproxy
    network_mode: host
    restart: always
    entrypoint: ["nginx"]
    command: ["-g", "daemon off;"]
    stop_signal: SIGQUIT
    volumes:
      - {type: bind, source: ".", target: "/etc/c2", read_only: true}
      - {type: bind, source: "./include.conf", target: "/etc/nginx/nginx.conf", read_only: true}
      - {type: bind, source: "./include.candidate.conf", target: "/etc/nginx/nginx.candidate.conf", read_only: true}
      - {type: bind, source: "/opt/etc/letsencrypt", target: "/opt/etc/letsencrypt", read_only: false}
      - {type: bind, source: "/opt/var/www", target: "/opt/var/www", read_only: false}
    labels:
      c2.project: "NAME"
"#;
    assert_eq!(found.text, expected.replace("NAME", &found.name));
    let logging = "    logging: {driver: json-file, options: {max-size: \"10m\", max-file: \"3\"}}\n";
    assert_eq!(found.bounded(), format!("{}{logging}", found.text));
}

#[test]
fn the_health_check_asks_the_first_endpoint_that_is_connected_unless_one_is_named() {
    let config = |endpoint: &str| {
        let text = format!(
            r#"{{"releases": {{"localdir": "/r"}}, "letsencryptPrefixDir": "",
            "healthCheck": {{"incomingPath": "= /h", "outgoingPath": "", "endpoint": {endpoint}}},
            "deployMode": {{"proxy": {{"endPoints": {{
            "a": {{"serverNames": ["a"], "etype": "httpOnly"}}, "b": {{"serverNames": ["b"], "etype": "httpOnly"}}}}}}}}}}"#
        );
        tool_config("config.json", &text, Syntax::Json).unwrap().value
    };
    let served_by = |endpoint: &str, routes: &[(&str, u16)]| {
        let config = config(endpoint);
        let DeployMode::Proxy(proxy) = &config.deploy_mode else { panic!("no proxy") };
        let found = conf(&Facts::default(), &config, proxy, &served(routes).routes, &Pages::new()).unwrap();
        let server = found.text.split("default_server;").nth(1)?;
        Some(server.split("location ~ /").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let asks = |port: u16| Some(format!("location = /h {{ proxy_pass http://localhost:{port}; }}"));
    assert_eq!(served_by(r#""nothing""#, &[("b", 8001)]), asks(8001));
    assert_eq!(served_by(r#""nothing""#, &[("a", 8000), ("b", 8001)]), asks(8000));
    assert_eq!(served_by(r#""b""#, &[("a", 8000), ("b", 8001)]), asks(8001));
    assert_eq!(served_by(r#""b""#, &[("a", 8000)]), None);
    assert_eq!(served_by(r#""nothing""#, &[]), None);
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
        r#"# c2 {"generation":"x","routes":{"a":1},"splits":{"a":{"percent":100,"port":2}}}"#,
        r#"# c2 {"generation":"x","routes":{"a":1},"splits":{"b":{"percent":1,"port":2}}}"#,
        r#"# c2 {"generation":"x","routes":{"a":1},"splits":[]}"#,
        r#"# c2 {"generation":"x","routes":{"a":1},"maintenance":["../a"]}"#,
        r#"# c2 {"generation":"x","routes":{"a":1},"maintenance":{}}"#,
        &format!("\n{first_line}"),
        first_line.trim_end_matches(['}', '\n']),
    ];
    for text in texts {
        assert_eq!(Generation::of_file(text), None, "{text}");
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

    fn pause(&mut self, _ms: u32) -> bool {
        false
    }

    fn lock(&mut self, _path: &str, _may_nest: bool) -> Result<(), Failure> {
        Ok(())
    }

    fn unlock(&mut self) {}

    fn defer_signals(&mut self, _on: bool) {}

    fn interrupted(&self) -> Option<Signal> {
        None
    }

    fn say(&mut self, _message: Message<'_>) {}
}

fn on_a_mute_host(request: Request, failure: Failure) -> End {
    let text = r#"{"releases": {"localdir": "/srv"}, "deployMode": {"proxy": {"endPoints": {}}}}"#;
    let config = tool_config("config.json", text, Syntax::Json).unwrap().value;
    drive(
        &*request.command(config, &crate::request::Options::DEFAULT).unwrap(),
        &mut Mute(failure),
        &mut Facts::default(),
    )
}

#[test]
fn a_question_without_an_answer_is_told_with_what_was_to_be_brought_about() {
    let start = Request::Start { release: "r.zip".into(), as_deploy: Some("a".into()), force: false, sha256: None };
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
fn what_a_release_calls_changes_nothing_that_its_caller_has_begun() {
    let text = r#"{"releases": {"localdir": "/srv"}, "deployMode": {"proxy": {"endPoints": {}}}}"#;
    let config = tool_config("config.json", text, Syntax::Json).unwrap().value;
    for request in [
        Request::Start { release: "r.zip".into(), as_deploy: None, force: false, sha256: None },
        Request::Connect { endpoint: "main".into(), deploy: "b".into() },
        Request::RestartProxy,
        Request::GenerateCertificate,
    ] {
        let command = request.command(config.clone(), &crate::request::Options::DEFAULT).unwrap();
        assert!(command.lock().is_some() && !command.may_nest(), "{request:?}");
    }
}

#[test]
fn a_signal_during_a_question_ends_the_run_as_one_that_was_interrupted() {
    let connect = Request::Connect { endpoint: "main".into(), deploy: "b".into() };
    let end = on_a_mute_host(connect, Failure::Interrupted(Signal::Terminate));
    assert_eq!(end, End::Interrupted(Signal::Terminate));
}
