//! Several runs at one time, a run inside of a run, and a machine that holds nothing yet.

use std::os::unix::fs::PermissionsExt;

use crate::{
    fixture::{Commands, assert_live, assert_tidy, await_file, end_of, machine, machine_with, pack},
    support::machine::{Machine, eventually},
};

/// Marks that it is there and waits for `$RUN/go`.
const WAIT: &str = r#"echo at > "$RUN/at"; while test -d "$RUN" && test ! -e "$RUN/go"; do sleep 0.02; done"#;

#[test]
fn two_starts_exclude_each_other_and_the_second_says_whom_it_waits_for() {
    let machine = machine();
    pack(&machine, "a", Commands { prestart: WAIT, ..Commands::default() });
    pack(&machine, "b", Commands::default());
    let first = machine.command(&["start", "a.zip"]).spawn().unwrap();
    await_file(&machine, "/run/at");
    let second = machine.command(&["start", "b.zip"]).spawn().unwrap();
    eventually("the second run has begun", || machine.log().contains(" c2 start b.zip\n"));
    let holder = machine.text("/opt/deploys/.c2/lock").unwrap();
    assert_eq!(holder, first.id().to_string());
    machine.write("/run/go", 0o644, b"");
    let (first, second) = (end_of(&machine, first), end_of(&machine, second));
    assert_eq!((first.code, second.code), (Some(0), Some(0)), "{first:?} {second:?}");
    let waiting = format!("waiting for process {holder}, which holds the lock /opt/deploys/.c2/lock\n");
    assert!(second.stderr.starts_with(&waiting), "{second:?}");
    assert_live(&machine, "b");
    assert_tidy(&machine);
}

#[test]
fn a_run_that_has_waited_long_enough_names_the_process_that_holds_the_lock() {
    let machine = machine();
    pack(&machine, "a", Commands { prestart: WAIT, ..Commands::default() });
    let first = machine.command(&["start", "a.zip"]).spawn().unwrap();
    await_file(&machine, "/run/at");
    for words in [["stop", "--lock-wait", "0", "a"], ["stop", "a", "--lock-wait=1", "--force"]] {
        let ended = machine.run(&words);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        let expected =
            format!("c2: take the lock /opt/deploys/.c2/lock: process {} holds it, still after ", first.id());
        assert!(ended.stderr.contains(&expected), "{ended:?}");
        assert!(ended.stderr.contains("wait longer with --lock-wait SECS"), "{ended:?}");
    }
    machine.write("/run/go", 0o644, b"");
    assert_eq!(end_of(&machine, first).code, Some(0));
    assert_live(&machine, "a");
}

#[test]
fn commands_that_only_read_do_not_wait() {
    let machine = machine();
    pack(&machine, "a", Commands { prestart: WAIT, ..Commands::default() });
    let first = machine.command(&["start", "a.zip"]).spawn().unwrap();
    await_file(&machine, "/run/at");
    for words in ["status", "list-releases", "show-log"] {
        let ended = machine.run(&[words]);
        assert_eq!((ended.code, ended.stderr.contains("waiting")), (Some(0), false), "{ended:?}");
    }
    machine.write("/run/go", 0o644, b"");
    assert_eq!(end_of(&machine, first).code, Some(0));
}

#[test]
fn a_run_inside_of_a_command_does_not_wait_for_its_own_caller() {
    let machine = machine_with(r#", "configSources": {"machine": {"file": "{root}/etc/machine.json"}}"#);
    machine.write("/etc/machine.json", 0o644, br#"{"name": "n1"}"#);
    machine.write("/srv/t.tpl", 0o644, b"{{machine.name}}");
    let root = &machine.root;
    let prestart = format!(r#""$C2" fetch-context && "$C2" expand-template {root}/srv/t.tpl {root}/srv/t"#);
    pack(&machine, "a", Commands { prestart: &prestart, ..Commands::default() });
    let output = machine.command(&["start", "a.zip"]).env("C2", env!("CARGO_BIN_EXE_c2")).output().unwrap();
    let ended = machine.ended(output);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains("waiting"), "{ended:?}");
    assert_eq!(machine.text("/srv/t").as_deref(), Some("n1"));
    assert_live(&machine, "a");
}

#[test]
fn a_command_of_a_release_can_neither_start_nor_stop_one() {
    let machine = machine();
    pack(&machine, "a", Commands::default());
    assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
    for words in ["start a.zip", "stop a"] {
        pack(&machine, "b", Commands { prestart: &format!(r#""$C2" {words}"#), ..Commands::default() });
        let output = machine.command(&["start", "b.zip"]).env("C2", env!("CARGO_BIN_EXE_c2")).output().unwrap();
        let ended = machine.ended(output);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("a command of a release can change no deploy and no endpoint"), "{ended:?}");
        assert_live(&machine, "a");
        assert_tidy(&machine);
    }
}

#[test]
fn on_an_empty_machine_all_that_is_missing_is_made_with_its_modes_under_any_umask() {
    for umask in ["000", "077"] {
        let machine = machine_with(r#", "configSources": {"machine": {"file": "{root}/etc/machine.json"}}"#);
        std::fs::remove_dir_all(machine.path("/opt")).unwrap();
        machine.write("/etc/machine.json", 0o644, b"{}");
        machine.write("/srv/t.tpl", 0o640, b"text");
        pack(&machine, "a", Commands::default());
        let to = format!("{}/srv/deep/er/t", machine.root);
        let template = format!("{}/srv/t.tpl", machine.root);
        let out = format!("{}/srv/out/of", machine.root);
        for words in [vec!["start", "a.zip"], vec!["expand-template", &template, &to], vec!["unpack", "a.zip", &out]] {
            let ended = machine.ended(machine.command_under(umask, &words).output().unwrap());
            assert_eq!(ended.code, Some(0), "{umask}: {ended:?}");
        }
        for (path, mode) in [
            ("/opt/deploys", 0o755),
            ("/opt/deploys/.c2", 0o700),
            ("/opt/deploys/.c2/lock", 0o600),
            ("/opt/deploys/a", 0o755),
            ("/opt/deploys/a/version", 0o644),
            ("/opt/deploys/a/.c2-id", 0o644),
            ("/opt/config", 0o700),
            ("/opt/config/machine.json", 0o600),
            ("/srv/deep", 0o755),
            ("/srv/deep/er", 0o755),
            ("/srv/deep/er/t", 0o640),
            ("/srv/out", 0o755),
            ("/srv/out/of", 0o755),
            ("/srv/out/of/version", 0o644),
        ] {
            assert_eq!(mode_of(&machine, path), mode, "{path} under umask {umask}");
        }
    }
}

fn mode_of(machine: &Machine, path: &str) -> u32 {
    machine.path(path).metadata().unwrap_or_else(|error| panic!("{path}: {error}")).permissions().mode() & 0o7777
}
