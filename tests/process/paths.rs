//! Paths that have several spellings, and paths at which no regular file is.

use std::{
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{FileTypeExt, symlink},
    },
    process::Command,
};

use crate::{
    fixture::{Commands, START, assert_live, assert_tidy, machine, machine_with, pack, running},
    support::machine::Machine,
};

/// A start and a stop command that fail when the other was not run before it in the same folder.
const STRICT_START: &str = r#"test ! -e "$RUN/${PWD##*/}" && cp version "$RUN/${PWD##*/}" && touch up"#;
const STRICT_STOP: &str = r#"test -e up && rm up "$RUN/${PWD##*/}""#;

fn machine_with_deploys(deploys: &str) -> Machine {
    Machine::new(&format!(
        r#"{{"deploysDir": "{{root}}/{deploys}", "contextCache": "{{root}}/opt/config",
            "logFile": "{{root}}/opt/var/log/camus2.log", "releases": {{"localdir": "{{root}}/srv/releases"}}}}"#
    ))
}

#[test]
fn the_same_release_is_stopped_before_its_folder_is_exchanged_however_the_deploys_folder_is_spelled() {
    for deploys in ["opt/deploys/", "opt//./deploys", "opt/link"] {
        let machine = machine_with_deploys(deploys);
        machine.make_folder("/opt/deploys", 0o755);
        symlink(machine.path("/opt/deploys"), machine.path("/opt/link")).unwrap();
        pack(&machine, "a", Commands { start: STRICT_START, stop: STRICT_STOP, ..Commands::default() });
        assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
        // As another tool, or an older configuration, wrote it.
        fs::remove_file(machine.path("/opt/deploys/current")).unwrap();
        symlink(machine.path("/opt/deploys/a"), machine.path("/opt/deploys/current")).unwrap();
        let again = machine.run(&["start", "a.zip"]);
        assert_eq!(again.code, Some(0), "{deploys}: {again:?}");
        assert_eq!(running(&machine), ["a"]);
        assert_tidy(&machine);
        let stop = machine.run(&["stop", "a"]);
        assert_eq!((stop.code, running(&machine).len()), (Some(0), 0), "{deploys}: {stop:?}");
    }
}

#[test]
fn a_current_that_leads_to_no_folder_is_healed() {
    for (name, target) in [("a file", "/opt/file"), ("itself", "/opt/deploys/current")] {
        let machine = machine();
        machine.write("/opt/file", 0o644, b"kept");
        machine.make_folder("/opt/deploys", 0o755);
        symlink(machine.path(target), machine.path("/opt/deploys/current")).unwrap();
        pack(&machine, "a", Commands::default());
        let start = machine.run(&["start", "a.zip"]);
        assert_eq!(start.code, Some(0), "{name}: {start:?}");
        assert_live(&machine, "a");
        assert_eq!(machine.text("/opt/file").as_deref(), Some("kept"));
    }
}

#[test]
fn an_expanded_template_goes_through_a_link_and_into_what_takes_anything_and_replaces_neither() {
    let machine = machine();
    machine.write("/srv/t.tpl", 0o644, b"filled");
    machine.write("/srv/target", 0o644, b"before");
    symlink(machine.path("/srv/target"), machine.path("/srv/link")).unwrap();
    let (template, root) = (format!("{}/srv/t.tpl", machine.root), &machine.root);
    let ended = machine.run(&["expand-template", &template, &format!("{root}/srv/link")]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(fs::symlink_metadata(machine.path("/srv/link")).unwrap().is_symlink());
    assert_eq!(machine.text("/srv/target").as_deref(), Some("filled"));

    symlink("/dev/null", machine.path("/srv/nothing")).unwrap();
    for to in ["/dev/null".to_string(), format!("{root}/srv/nothing")] {
        let ended = machine.run(&["expand-template", &template, &to]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    assert!(fs::symlink_metadata(machine.path("/srv/nothing")).unwrap().is_symlink());
    assert!(fs::symlink_metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn what_is_live_is_told_also_to_who_may_not_look_at_changes_under_way() {
    let machine = machine();
    pack(&machine, "a", Commands::default());
    assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
    // As unreadable as another user's folder, to root as well.
    fs::remove_dir_all(machine.path("/opt/deploys/.c2/intents")).unwrap();
    machine.write("/opt/deploys/.c2/intents", 0o600, b"");
    let status = machine.run(&["status"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    assert!(status.stdout.starts_with("Current: a\n"), "{status:?}");
    assert!(status.stderr.contains("whether a change is under way is not known"), "{status:?}");
}

#[test]
fn standard_output_that_is_a_file_is_written_on_and_not_replaced() {
    let machine = machine();
    machine.write("/srv/t.tpl", 0o644, b"filled");
    machine.write("/srv/page", 0o644, b"header ");
    let out = fs::OpenOptions::new().append(true).open(machine.path("/srv/page")).unwrap();
    let template = format!("{}/srv/t.tpl", machine.root);
    let status = machine.command(&["expand-template", &template, "/dev/stdout"]).stdout(out).status().unwrap();
    assert!(status.success());
    assert_eq!(machine.text("/srv/page").as_deref(), Some("header filled"));
}

#[test]
fn a_machine_that_lies_below_dev_is_like_any_other() {
    let shared = tempfile::tempdir_in("/dev/shm").unwrap();
    let machine = machine();
    let config = machine.text("/config.json").unwrap().replace(&machine.root, &shared.path().to_string_lossy());
    machine.write("/config.json", 0o644, config.as_bytes());
    let releases = shared.path().join("srv/releases");
    fs::create_dir_all(&releases).unwrap();
    pack(&machine, "a", Commands::default());
    fs::copy(machine.path("/srv/releases/a.zip"), releases.join("a.zip")).unwrap();
    let ended = machine.run(&["start", "a.zip"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(running(&machine), ["a"]);
}

#[test]
fn a_configuration_whose_name_is_no_text_is_not_passed_over() {
    let machine = machine();
    let mut status = machine.command(&["status"]);
    let name = std::ffi::OsStr::from_bytes(b"/opt/caf\xe9.json");
    let ended = status.env("CAMUS2_CONFIG", name).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("/opt/caf\u{fffd}.json"), "{ended:?}");
}

#[test]
fn a_config_source_that_is_a_pipe_is_refused_and_not_waited_for() {
    let machine = machine_with(r#", "configSources": {"machine": {"file": "{root}/etc/machine.json"}}"#);
    machine.make_folder("/etc", 0o755);
    assert!(Command::new("mkfifo").arg(machine.path("/etc/machine.json")).status().unwrap().success());
    let ended = machine.run(&["fetch-context"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("/etc/machine.json: it is a named pipe, not a regular file"), "{ended:?}");
}

#[test]
fn a_run_that_was_killed_before_it_stopped_anything_does_not_start_the_old_release_again() {
    let machine = machine();
    let start = format!(r#"{START} && echo started >> "$RUN/starts""#);
    pack(&machine, "a", Commands { start: &start, ..Commands::default() });
    assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
    let prestart = r#"test -e "$RUN/killed" || { touch "$RUN/killed"; kill -9 $PPID; }"#;
    pack(&machine, "b", Commands { prestart, ..Commands::default() });
    assert_eq!(machine.run(&["start", "b.zip"]).code, None);
    let ended = machine.run(&["start", "b.zip"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(machine.text("/run/starts").as_deref(), Some("started\n"));
    assert_live(&machine, "b");
    assert_tidy(&machine);
}
