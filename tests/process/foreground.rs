//! A start command that stays in the foreground as long as its release lives.

use std::{
    process::Child,
    time::{Duration, Instant},
};

use crate::{
    fixture::{
        Commands, START, STOP, assert_live, assert_tidy, await_file, end_of, lives, machine, machine_with,
        machine_with_live_a, number_in, pack, running, send,
    },
    support::machine::{Machine, eventually},
};

/// Stays until its mark in `$RUN` is gone.
fn foreground(then: &str) -> String {
    format!(
        r#"echo $$ > "$RUN/pid-${{PWD##*/}}"; {START}; while test -e "$RUN/${{PWD##*/}}"; do sleep 0.02; done; {then}"#
    )
}

/// Starts a release and waits until its command is attended: the lock is given up.
fn start_attended(machine: &Machine, deploy: &str) -> Child {
    let child = machine.command(&["start", &format!("{deploy}.zip")]).spawn().unwrap();
    await_attended(machine, deploy);
    child
}

fn await_attended(machine: &Machine, deploy: &str) {
    let line = format!("stay with the start command in /opt/deploys/{deploy}");
    eventually("the start command is attended", || machine.log().contains(&line));
}

#[test]
fn a_foreground_start_exits_well_when_it_is_stopped_from_elsewhere() {
    for then in ["exit 0", "exit 130"] {
        let machine = machine();
        pack(&machine, "b", Commands { start: &foreground(then), ..Commands::default() });
        let start = start_attended(&machine, "b");
        assert_live(&machine, "b");
        let stop = machine.run(&["stop", "b"]);
        assert_eq!(stop.code, Some(0), "{stop:?}");
        let start = end_of(&machine, start);
        assert_eq!(start.code, Some(0), "{then}: {start:?}");
        assert_eq!(running(&machine), Vec::<String>::new());
        assert_eq!(machine.target("/opt/deploys/current"), None);
        assert_tidy(&machine);
    }
}

#[test]
fn a_foreground_start_exits_well_when_another_release_takes_its_place() {
    let machine = machine();
    pack(&machine, "a", Commands { start: &foreground("exit 1"), ..Commands::default() });
    pack(&machine, "b", Commands::default());
    let first = start_attended(&machine, "a");
    let second = machine.run(&["start", "b.zip"]);
    assert_eq!(second.code, Some(0), "{second:?}");
    let first = end_of(&machine, first);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_live(&machine, "b");
    assert_tidy(&machine);
}

#[test]
fn a_foreground_command_that_fails_late_goes_back_while_it_is_still_live() {
    let machine = machine_with_live_a(Commands::default());
    let start = foreground("echo it broke; exit 4");
    pack(&machine, "b", Commands { start: &start, ..Commands::default() });
    let child = start_attended(&machine, "b");
    std::fs::remove_file(machine.path("/run/b")).unwrap();
    let ended = end_of(&machine, child);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("exited with status 4"), "{ended:?}");
    let printed: Vec<&str> = ended.stdout.lines().chain(ended.stderr.lines().map(str::trim)).collect();
    assert_eq!(printed.iter().filter(|line| **line == "it broke").count(), 1, "{ended:?}");
    assert_live(&machine, "a");
    assert_tidy(&machine);
}

#[test]
fn a_foreground_command_that_fails_late_lets_somebody_elses_change_be() {
    let machine = machine_with_live_a(Commands::default());
    pack(&machine, "b", Commands { start: &foreground("exit 4"), ..Commands::default() });
    pack(&machine, "c", Commands::default());
    let child = start_attended(&machine, "b");
    let other = machine.run(&["start", "c.zip"]);
    assert_eq!(other.code, Some(0), "{other:?}");
    assert_eq!(end_of(&machine, child).code, Some(0));
    assert_live(&machine, "c");
}

#[test]
fn a_signal_ends_a_foreground_command_and_nothing_is_undone() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let machine = machine_with_live_a(Commands::default());
        let trap = format!(r#"trap 'echo caught > "$RUN/caught"; {STOP}; exit 0' {signal}; "#);
        pack(&machine, "b", Commands { start: &format!("{trap}{}", foreground("")), ..Commands::default() });
        let child = start_attended(&machine, "b");
        send(signal, child.id());
        let ended = end_of(&machine, child);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert_eq!(machine.text("/run/caught").as_deref(), Some("caught\n"));
        assert!(!lives(number_in(&machine, "/run/pid-b")));
        assert_eq!(machine.target("/opt/deploys/current").as_deref(), Some("/opt/deploys/b"));
        assert_eq!(running(&machine), Vec::<String>::new());
        assert_tidy(&machine);
    }
}

/// A release that stays in the foreground with a child of its own, and has no stop command.
fn endless(machine: &Machine, name: &str, trap: &str) {
    let start = format!(r#"{trap}sleep 600 & echo $! > "$RUN/child-{name}"; {}"#, foreground(""));
    pack(machine, name, Commands { start: &start, stop: "", ..Commands::default() });
}

/// Whether the start command of such a release runs, or its child.
fn is_there(machine: &Machine, name: &str) -> bool {
    ["pid", "child"].iter().any(|what| lives(number_in(machine, &format!("/run/{what}-{name}"))))
}

#[test]
fn a_stop_ends_a_foreground_start_command_that_no_stop_command_ends() {
    let machine = machine();
    endless(&machine, "b", "");
    let start = start_attended(&machine, "b");
    let stop = machine.run(&["stop", "b"]);
    assert_eq!(stop.code, Some(0), "{stop:?}");
    assert!(!is_there(&machine, "b"));
    assert_eq!(machine.target("/opt/deploys/current"), None);
    let start = end_of(&machine, start);
    assert_eq!(start.code, Some(0), "{start:?}");
    assert_tidy(&machine);
}

#[test]
fn a_start_ends_the_foreground_start_command_that_it_replaces() {
    let machine = machine();
    endless(&machine, "a", "");
    pack(&machine, "b", Commands::default());
    let first = start_attended(&machine, "a");
    let second = machine.run(&["start", "b.zip"]);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert!(!is_there(&machine, "a"));
    assert_eq!(end_of(&machine, first).code, Some(0));
    assert_tidy(&machine);
}

#[test]
fn a_stop_ends_a_foreground_start_command_whose_run_was_killed() {
    let machine = machine();
    endless(&machine, "b", "");
    let mut start = start_attended(&machine, "b");
    send("KILL", start.id());
    start.wait().unwrap();
    assert!(is_there(&machine, "b"));
    let stop = machine.run(&["stop", "b"]);
    assert_eq!(stop.code, Some(0), "{stop:?}");
    assert!(!is_there(&machine, "b"));
    assert_tidy(&machine);
}

#[test]
fn a_stop_kills_a_foreground_start_command_that_does_not_end_when_it_is_asked_to() {
    let machine = machine();
    endless(&machine, "b", "trap '' TERM; ");
    let start = start_attended(&machine, "b");
    let begun = Instant::now();
    let stop = machine.run(&["stop", "b"]);
    assert_eq!(stop.code, Some(0), "{stop:?}");
    assert!(begun.elapsed() >= Duration::from_secs(10), "it had {:?}", begun.elapsed());
    assert!(!is_there(&machine, "b"));
    assert_eq!(end_of(&machine, start).code, Some(0));
}

#[test]
fn a_foreground_release_without_a_stop_command_is_there_once_after_a_failed_start() {
    let machine = machine();
    endless(&machine, "a", "");
    pack(&machine, "b", Commands { start: "exit 3", ..Commands::default() });
    let first = start_attended(&machine, "a");
    let before = number_in(&machine, "/run/pid-a");
    let failed = machine.run(&["start", "b.zip"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert_eq!(end_of(&machine, first).code, Some(0));
    assert!(!lives(before));
    assert!(is_there(&machine, "a"));
    assert_eq!(machine.target("/opt/deploys/current").as_deref(), Some("/opt/deploys/a"));
    assert_eq!(machine.run(&["stop", "a"]).code, Some(0));
    assert!(!is_there(&machine, "a"));
    assert_tidy(&machine);
}

#[test]
fn the_lock_is_free_while_a_foreground_command_runs() {
    let machine = machine();
    pack(&machine, "b", Commands { start: &foreground(""), ..Commands::default() });
    let child = start_attended(&machine, "b");
    let fetched = machine.run(&["fetch-context"]);
    assert_eq!(fetched.code, Some(0), "{fetched:?}");
    assert!(!fetched.stderr.contains("waiting"), "{fetched:?}");
    assert_eq!(machine.run(&["stop", "b"]).code, Some(0));
    assert_eq!(end_of(&machine, child).code, Some(0));
}

#[test]
fn a_foreground_release_that_an_undo_started_again_lives_on_and_its_output_reaches_the_log() {
    let machine = machine();
    let talking = format!(
        r#"{START}; echo $$ > "$RUN/pid"; while test -e "$RUN/a" && test "$(cat "$RUN/pid")" = $$; do echo ping; echo pong >&2; sleep 0.02; done; echo over"#
    );
    pack(&machine, "a", Commands { start: &talking, ..Commands::default() });
    pack(&machine, "b", Commands { start: "exit 3", ..Commands::default() });
    let first = start_attended(&machine, "a");
    let ended = machine.run(&["start", "b.zip"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(end_of(&machine, first).code, Some(0));
    assert_live(&machine, "a");
    let (again, seen) = (number_in(&machine, "/run/pid"), machine.log().lines().count());
    eventually("what it prints reaches the log", || machine.log().lines().count() > seen + 20);
    assert!(lives(again));
    assert_eq!(machine.run(&["stop", "a"]).code, Some(0));
    eventually("it ends by itself", || !lives(again));
    eventually("its last words reach the log", || machine.log().lines().any(|line| line == "over"));
}

#[test]
fn a_foreground_start_command_has_the_limit_of_any_command() {
    let machine = machine_with(r#", "commandTimeoutSecs": 3"#);
    pack(&machine, "a", Commands::default());
    assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
    pack(&machine, "b", Commands { start: &foreground(""), ..Commands::default() });
    let child = machine.command(&["start", "b.zip"]).spawn().unwrap();
    await_file(&machine, "/run/pid-b");
    let ended = end_of(&machine, child);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("still running after 3 s, its limit, ended"), "{ended:?}");
    assert!(!lives(number_in(&machine, "/run/pid-b")));
    assert_live(&machine, "a");
    assert_tidy(&machine);
}

/// Stays until its mark is gone or another instance has taken its place.
fn alone(then: &str) -> String {
    format!(
        r#"{START}; echo $$ > "$RUN/pid"; while test -e "$RUN/${{PWD##*/}}" && test "$(cat "$RUN/pid")" = $$; do sleep 0.02; done; {then}"#
    )
}

#[test]
fn a_foreground_start_lets_the_same_release_be_that_is_started_again_elsewhere() {
    let machine = machine();
    pack(&machine, "a", Commands { start: &alone("exit 1"), ..Commands::default() });
    let first = start_attended(&machine, "a");
    let second = machine.command(&["start", "a.zip"]).spawn().unwrap();
    let first = end_of(&machine, first);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stderr.ends_with("a.zip was stopped or replaced by another run\n"), "{first:?}");
    assert_live(&machine, "a");
    assert_eq!(machine.run(&["stop", "a"]).code, Some(0));
    assert_eq!(end_of(&machine, second).code, Some(0));
    assert_eq!(running(&machine), Vec::<String>::new());
    assert_tidy(&machine);
}

#[test]
fn a_foreground_start_lets_a_stop_be_that_failed_elsewhere() {
    let machine = machine_with_live_a(Commands::default());
    let stop = format!("{STOP}; exit 5");
    pack(&machine, "b", Commands { start: &alone("exit 1"), stop: &stop, ..Commands::default() });
    let start = start_attended(&machine, "b");
    assert_eq!(machine.run(&["stop", "b"]).code, Some(1));
    let start = end_of(&machine, start);
    assert_eq!(start.code, Some(0), "{start:?}");
    assert_live(&machine, "b");
    send("TERM", number_in(&machine, "/run/pid"));
}

#[test]
fn a_foreground_start_that_fails_lets_be_what_a_person_has_made_live() {
    let machine = machine_with_live_a(Commands::default());
    pack(&machine, "b", Commands { start: &foreground("exit 1"), ..Commands::default() });
    let start = start_attended(&machine, "b");
    let current = machine.path("/opt/deploys/current");
    std::fs::remove_file(&current).unwrap();
    std::os::unix::fs::symlink(machine.path("/opt/deploys/c"), &current).unwrap();
    send("TERM", number_in(&machine, "/run/pid-b"));
    let start = end_of(&machine, start);
    assert_eq!(start.code, Some(0), "{start:?}");
    assert!(start.stderr.ends_with("b.zip was stopped or replaced by another run\n"), "{start:?}");
    assert_eq!(machine.target("/opt/deploys/current").as_deref(), Some("/opt/deploys/c"));
}

#[test]
fn a_foreground_start_leaves_the_change_to_the_next_run_that_a_killed_run_had_begun() {
    let machine = machine_with_live_a(Commands::default());
    let stop = format!(r#"{STOP}; echo $$ > "$RUN/stopping"; kill -9 $PPID"#);
    pack(&machine, "b", Commands { start: &alone("exit 1"), stop: &stop, ..Commands::default() });
    let start = start_attended(&machine, "b");
    assert_eq!(machine.run(&["stop", "b"]).code, None);
    let start = end_of(&machine, start);
    assert_eq!(start.code, Some(0), "{start:?}");
    assert_eq!(machine.target("/opt/deploys/current").as_deref(), Some("/opt/deploys/b"));
    assert!(machine.path("/opt/deploys/.c2/intents/current.json").exists());
    assert_eq!(running(&machine), Vec::<String>::new());
}
