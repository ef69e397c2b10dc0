//! Who can read what c2 leaves on disk. These tests are for root, who alone can play another user.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
};

use serde_json::json;

use crate::{
    fixture::{START, STOP, machine_with},
    support::machine::Machine,
};

/// A user who is neither root nor anybody here.
const OTHER: u32 = 65_534;

/// A machine with a release whose `release.json` is filled with a password.
fn machine() -> Machine {
    machine_of("")
}

/// The same with further fields in its configuration: `, "field": value`.
fn machine_of(further: &str) -> Machine {
    let machine =
        machine_with(&format!(r#", "configSources": {{"db": {{"file": "{{root}}/etc/db.json"}}}} {further}"#));
    machine.write("/etc/db.json", 0o600, br#"{"password": "hunter2"}"#);
    let config = |start: &str| {
        let templates = ["release.json.tpl", "app.conf.tpl"];
        json!({ "templates": templates, "prestartCommand": "", "startCommand": start, "stopCommand": STOP }).to_string()
    };
    let files = [
        ("release.json", config("")),
        ("release.json.tpl", config(&format!("{START}; : {{{{{{db.password}}}}}}"))),
        ("app.conf.tpl", "{{{db.password}}}".into()),
        ("version", "a".into()),
    ];
    let files = files.map(|(path, text)| (path.to_string(), (0o644, text.into_bytes())));
    machine.pack("/srv/releases/a.zip", &files.into());
    machine
}

fn mode(machine: &Machine, path: &str) -> u32 {
    machine.path(path).metadata().unwrap().permissions().mode() & 0o7777
}

fn run(machine: &Machine, words: &[&str]) {
    let ended = machine.run(words);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_filled_release_json_is_its_owners_alone_and_the_status_is_for_all() {
    let machine = machine();
    run(&machine, &["start", "a.zip"]);
    run(&machine, &["unpack", "a.zip", &format!("{}/srv/out", machine.root)]);
    for folder in ["/opt/deploys/a", "/srv/out"] {
        assert!(machine.text(&format!("{folder}/release.json")).unwrap().contains("hunter2"));
        assert_eq!(mode(&machine, &format!("{folder}/release.json")), 0o600, "{folder}");
        assert_eq!(mode(&machine, &format!("{folder}/app.conf")), 0o644, "{folder}");
    }
    fs::set_permissions(&machine.root, Permissions::from_mode(0o755)).unwrap();
    let program = machine.path("/c2");
    // By another process: a file that this one has open for writing may be so in a child of another test for a moment,
    // and cannot be executed then.
    let copied = std::process::Command::new("cp").arg(env!("CARGO_BIN_EXE_c2")).arg(&program).status();
    assert!(copied.unwrap().success());
    let mut status = std::process::Command::new(program);
    status.arg("status").env("CAMUS2_CONFIG", machine.path("/config.json")).current_dir("/").uid(OTHER).gid(OTHER);
    let status = machine.ended(status.output().expect("these tests are for root"));
    assert_eq!(status.code, Some(0), "{status:?}");
    assert!(status.stdout.starts_with("Current: a\n"), "{status:?}");
}

#[test]
fn a_cache_file_that_an_older_tool_left_open_is_closed_by_a_fetch_of_what_it_holds_already() {
    let machine = machine();
    for words in [&["fetch-context"][..], &["start", "a.zip"]] {
        machine.write("/opt/config/db.json", 0o644, br#"{"password": "hunter2"}"#);
        fs::set_permissions(machine.path("/opt/config"), Permissions::from_mode(0o755)).unwrap();
        run(&machine, words);
        assert_eq!(mode(&machine, "/opt/config/db.json"), 0o600, "{words:?}");
        assert_eq!(mode(&machine, "/opt/config"), 0o755, "a folder that was there keeps its mode");
    }
}

#[test]
fn a_deploys_dir_that_is_made_has_the_mode_that_is_asked_for_and_one_that_is_there_keeps_its_own() {
    // What is given twice counts as given last.
    for log in ["", r#", "logFile": "{root}/opt/deploys/log/c2.log""#] {
        let machine = machine_of(&format!(r#", "deploysDirMode": "0750" {log}"#));
        fs::remove_dir_all(machine.path("/opt/deploys")).unwrap();
        run(&machine, &["start", "a.zip"]);
        assert_eq!(mode(&machine, "/opt/deploys"), 0o750, "{log}");
        assert_eq!(mode(&machine, "/opt/deploys/a"), 0o755, "{log}");
        fs::set_permissions(&machine.root, Permissions::from_mode(0o755)).unwrap();
        let mut cat = std::process::Command::new("cat");
        cat.arg(machine.path("/opt/deploys/a/app.conf")).uid(OTHER).gid(OTHER);
        let read = cat.output().expect("these tests are for root");
        assert!(!read.status.success() && read.stdout.is_empty(), "{read:?}");
        fs::set_permissions(machine.path("/opt/deploys"), Permissions::from_mode(0o711)).unwrap();
        run(&machine, &["stop", "a"]);
        assert_eq!(mode(&machine, "/opt/deploys"), 0o711, "{log}");
    }
}
