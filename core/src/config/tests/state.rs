//! States: what is refused, what is only odd, and that nothing unknown is lost.

use crate::prelude::*;

use crate::config::{DeployMode, FromText, Label, SlaveStatus, State, slave_state, state};

use super::{good, report, with};

const STATE: &str = r#"{
  "connections": {
    "main": "app-1"
  },
  "deploys": {
    "app-1": {
      "label": "app-1",
      "pin": {
        "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "size": 12345678901234567890123
      },
      "port": 8000,
      "release": "app-1.zip"
    }
  },
  "zeal": [
    "x",
    1.50,
    null,
    {
      "a": true
    }
  ]
}
"#;

#[test]
fn what_is_read_is_written_back_with_all_that_is_not_known() {
    let value = good(state("state.json", STATE));
    assert_eq!(value.to_json(), STATE);
    let compact = r#"{"x":{"$y":1e-5},"connections":{},"deploys":{}}"#;
    let expected = r#"{"connections":{},"deploys":{},"x":{"$y":1e-5}}"#;
    assert_eq!(good(state("state.json", compact)).to_value().to_string(), expected);
    let empty = State::default().to_json();
    assert_eq!(empty, "{\n  \"connections\": {},\n  \"deploys\": {}\n}\n");
    assert_eq!(good(state("state.json", &empty)), State::default());
}

#[test]
fn what_a_fleet_shares_is_written_back_as_it_was_read() {
    let deploy = format!(
        r#"{{"label":"a","port":8000,"release":"a.zip","sha256":"{}","size":7,"versionId":"v"}}"#,
        "0f".repeat(32)
    );
    let text = format!(
        r#"{{"connections":{{}},"deploys":{{"a":{deploy}}},"rollout":{{"candidate":{{"connections":{{"main":"a"}},"deploys":{{"a":{deploy}}}}},"id":"r-1","percent":10,"x":1}},"writes":[{{"host":"h","id":"w","time":"t","user":"u","y":2}}]}}"#
    );
    assert_eq!(good(state("state.json", &text)).to_value().to_string(), text);
    let slave = format!(r#"{{"followed":"e","hostName":"h","ipAddress":"i","state":{text},"status":"ok"}}"#);
    assert_eq!(good(slave_state("state.json", &slave)).to_value().to_string(), slave);
    let short = text.replace(&"0f".repeat(32), "0f");
    let why = "expected a SHA-256 (64 digits of 0-9 and a-f): it has 2 bytes";
    assert!(report(&state("state.json", &short)).contains(why));
}

#[test]
fn a_known_field_wins_over_a_kept_one_of_its_name() {
    let mut value = State::default();
    value.extra.insert("deploys".into(), 5.into());
    assert_eq!(value.to_value().to_string(), r#"{"connections":{},"deploys":{}}"#);
}

#[test]
fn what_may_be_anything_is_no_empty_state() {
    for (text, expected) in [
        ("", "1:1: no valid JSON: EOF while parsing a value"),
        ("null", "1:1: found null, expected an object with deploys, connections"),
        ("[]", "1:1: found an array, expected an object with deploys, connections"),
        ("<html>", "1:1: no valid JSON: expected value"),
        (r#"{"deploys": {}}"#, "1:1: connections: found nothing, expected an object"),
        (r#"{"connections": {}}"#, "1:1: deploys: found nothing, expected an object"),
        (r#"{"deploys": null, "connections": {}}"#, "1:13: deploys: found null, expected an object"),
        (r#"{"deploys": {}, "connections": []}"#, "1:32: connections: found an array, expected an object"),
        (r#"{"deploys": {}, "connections": {}"#, "1:33: no valid JSON: EOF while parsing an object"),
    ] {
        assert_eq!(report(&state("state.json", text)), format!("state.json:{expected}"), "{text}");
    }
    let both = "state.json:1:1: deploys: found nothing, expected an object
state.json:1:1: connections: found nothing, expected an object";
    assert_eq!(report(&state("state.json", "{}")), both);
}

#[test]
fn names_that_do_not_fit_and_ports_given_twice_are_refused_all_at_once() {
    let text = r#"{"deploys": {
 "a": {"label": "b", "release": "a.zip", "port": 8000},
 "b": {"label": "b", "release": "../a", "port": 8000},
 "c": {"label": "c", "release": "c.zip", "port": 0},
 "../d": {"label": "current", "release": "d.zip"}
}, "connections": {"x y": "a", "main": "/"}}"#;
    let name = "a deploy name (no /, no control characters, not . or ..)";
    let label = "a label (letters, digits and . _ - + ~ @ =, not beginning with . or -, at most 128 bytes)";
    let release = "a release name (relative, no control characters, no empty, . or .. part between the /)";
    let expected = format!(
        r#"s:3:33: deploys.b.release: found "../a", expected {release}: it has the part ".."
s:4:50: deploys.c.port: found the number 0, expected an integer from 1 to 65535
s:5:2: deploys."../d": found "../d", expected {name}: '/' is not allowed
s:5:10: deploys."../d".port: found nothing, expected an integer from 1 to 65535
s:5:20: deploys."../d".label: found "current", expected {name}: this name is reserved
s:6:20: connections."x y": found "x y", expected {label}: ' ' is not allowed
s:6:40: connections.main: found "/", expected {name}: '/' is not allowed"#
    );
    assert_eq!(report(&state("s", text)), expected);
    let text = r#"{"deploys": {
 "a": {"label": "b", "release": "a.zip", "port": 8000},
 "b": {"label": "b", "release": "b.zip", "port": 8000}}, "connections": {}}"#;
    let expected = r#"s:2:17: deploys.a.label: found "b", expected the deploy's key "a"
s:3:50: deploys.b.port: found 8000, expected a port of its own: the deploy a has it too"#;
    assert_eq!(report(&state("s", text)), expected);
}

#[test]
fn a_deploy_with_a_name_that_only_the_older_tool_gave_is_kept() {
    let text =
        r#"{"connections":{"main":"my app"},"deploys":{"my app":{"label":"my app","port":1,"release":"my app.zip"}}}"#;
    let value = good(state("s", text));
    assert_eq!(value.to_value().to_string(), text);
    for refused in ["../a", "a/b", ".", "..", "", "a\\u0000b", "a\\nb", "current", ".c2"] {
        assert!(state("s", &text.replace("\"my app\"", &format!("\"{refused}\""))).is_err(), "{refused}");
    }
}

#[test]
fn a_connection_to_a_deploy_that_is_not_there_is_kept_but_counts_as_none() {
    let text = r#"{"deploys": {"app-1": {"label": "app-1", "release": "a", "port": 1}},
"connections": {"main": "app-2", "test": "app-1"}}"#;
    let result = state("s", text);
    let expected = "warning: s:2:25: connections.main: found \"app-2\", which is not a deploy of this state; counts as not \
                    connected; nearest known name: app-1";
    assert_eq!(report(&result), expected);
    let value = result.expect("no errors").value;
    let label = |text: &str| Label::from_text(text).expect("a label");
    assert_eq!(value.connected(&label("main")), None);
    assert_eq!(value.connected(&label("test")).map(|deploy| deploy.port.0), Some(1));
    assert_eq!(value.connected(&label("other")), None);
    assert_eq!(value.to_value()["connections"]["main"], "app-2");
}

#[test]
fn splits_and_maintenance_are_read_and_written_and_a_split_to_nowhere_counts_as_none() {
    let text = r#"{"deploys": {"a": {"label": "a", "release": "a", "port": 1}, "b": {"label": "b", "release": "b", "port": 2}},
"connections": {"main": "a", "test": "a", "self": "b"},
"splits": {"main": {"deploy": "b", "percent": 30, "x": 1}, "test": {"deploy": "c", "percent": 1},
 "self": {"deploy": "b", "percent": 99}, "off": {"deploy": "b", "percent": 5}},
"maintenance": {"main": {"message": "back soon", "since": 5}}}"#;
    let result = state("s", text);
    let expected = "warning: s:3:68: splits.test: found \"c\", which is not a deploy of this state; counts as no split";
    assert_eq!(report(&result), expected);
    let value = result.expect("no errors").value;
    let split = |endpoint: &str| {
        let endpoint = Label::from_text(endpoint).expect("a label");
        value.split(&endpoint).map(|(deploy, percent)| (deploy.label.to_string(), percent.get()))
    };
    assert_eq!(split("main"), Some(("b".to_string(), 30)));
    assert_eq!([split("test"), split("self"), split("off"), split("none")], [None, None, None, None]);
    let written = value.to_value();
    assert_eq!(written["splits"]["main"].to_string(), r#"{"deploy":"b","percent":30,"x":1}"#);
    assert_eq!(written["maintenance"].to_string(), r#"{"main":{"message":"back soon","since":5}}"#);
    assert_eq!(good(state("s", &value.to_json().replace("\"c\"", "\"b\""))).splits.len(), 4);
}

#[test]
fn a_share_of_nothing_or_all_and_a_page_that_is_no_line_are_refused() {
    let text = r#"{"deploys": {}, "connections": {},
"splits": {"a": {"deploy": "b", "percent": 0}, "b": {"deploy": "b", "percent": 100}, "c": {"deploy": "../b"}},
"maintenance": {"a": {"message": "x\ny"}, "b": {"message": " "}, "c": {}}}"#;
    let page = "the text of a page (one line without control characters, at most 500 bytes)";
    let name = "a deploy name (no /, no control characters, not . or ..)";
    let expected = format!(
        r#"s:2:44: splits.a.percent: found the number 0, expected an integer from 1 to 99
s:2:80: splits.b.percent: found the number 100, expected an integer from 1 to 99
s:2:91: splits.c.percent: found nothing, expected an integer from 1 to 99
s:2:102: splits.c.deploy: found "../b", expected {name}: '/' is not allowed
s:3:34: maintenance.a.message: found "x\ny", expected {page}: the control character U+000A is not allowed
s:3:60: maintenance.b.message: found " ", expected {page}: it is empty
s:3:71: maintenance.c.message: found nothing, expected {page}"#
    );
    assert_eq!(report(&state("s", text)), expected);
}

#[test]
fn what_today_s_configuration_no_longer_has_is_usable_but_odd() {
    let endpoints = r#"{"main": {"serverNames": ["a"], "etype": "httpOnly"}}"#;
    let config = good(with(&format!("\"deployMode\": {{\"proxy\": {{\"endPoints\": {endpoints}}}}}")));
    let DeployMode::Proxy(proxy) = config.deploy_mode else { panic!("expected a proxy") };
    let text = r#"{"deploys": {"a": {"label": "a", "release": "a", "port": 8100}, "b": {"label": "b", "release": "b", "port": 8099}},
"connections": {"mian": "a", "main": "b"}, "maintenance": {"old": {"message": "x"}, "main": {"message": "x"}}}"#;
    let expected = [
        "the deploy a has the port 8100, which is outside the range dynamicPortRange",
        "the endpoint mian is connected but not in the configuration; nearest known name: main",
        "the endpoint old is in maintenance but not in the configuration",
    ];
    assert_eq!(good(state("s", text)).warnings(&proxy), expected);
}

#[test]
fn a_slaves_state_is_read_and_written() {
    let text = r#"{"status": {"error": "no\nroute"}, "ipAddress": "1.2.3.4", "hostName": "h", "since": 5,
"state": {"deploys": {}, "connections": {}, "dconfigs": {}}}"#;
    let value = good(slave_state("s", text));
    assert_eq!(value.status, SlaveStatus::Error("no\nroute".to_string()));
    let expected = r#"{"hostName":"h","ipAddress":"1.2.3.4","since":5,"state":{"connections":{},"dconfigs":{},"deploys":{}},"status":{"error":"no\nroute"}}"#;
    assert_eq!(value.to_value().to_string(), expected);
    assert_eq!(good(slave_state("s", &value.to_json())), value);
    let well = text.replace(r#"{"error": "no\nroute"}"#, "\"ok\"");
    assert_eq!(good(slave_state("s", &well)).status, SlaveStatus::Ok);
    let bad =
        text.replace("\"deploys\": {}", "\"deploys\": {\"a\": {\"label\": \"b\", \"release\": \"x\", \"port\": 1}}");
    let expected = r#"s:2:38: state.deploys.a.label: found "b", expected the deploy's key "a""#;
    assert_eq!(report(&slave_state("s", &bad)), expected);
    let expected = r#"s:1:1: status: found nothing, expected "ok" or {"error": ...}
s:1:1: ipAddress: found nothing, expected text
s:1:1: hostName: found nothing, expected text
s:1:1: state: found nothing, expected an object with deploys, connections"#;
    assert_eq!(report(&slave_state("s", "{}")), expected);
}

#[test]
fn a_key_given_twice_makes_a_state_unreadable() {
    let text = r#"{"deploys": {"a": {"label": "a", "release": "x", "port": 1}, "a": {"label": "a", "release": "y", "port": 2}}, "connections": {}}"#;
    assert_eq!(report(&state("s", text)), "s:1:62: deploys.a: this key is there twice, first at line 1, column 14");
}
