//! How commands end: what is shown of one that fails, what becomes of one that takes too long, where they run.

use std::fs;

use crate::{
    fixture::{
        Commands, START, STOP, assert_live, assert_tidy, lives, machine, machine_with, machine_with_live_a, number_in,
        pack,
    },
    support::machine::{Ended, eventually},
};

#[test]
fn a_failing_command_says_why_once_and_the_run_ends_with_the_cause_the_state_and_the_next_command() {
    let machine = machine_with_live_a(Commands::default());
    let prestart = "n=0; while test $n -lt 30; do n=$((n + 1)); echo line $n; done; echo why >&2; exit 7";
    pack(&machine, "b", Commands { prestart, ..Commands::default() });
    let ended = machine.run(&["start", "b.zip"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(lines_of(&ended, "why"), 1, "{ended:?}");
    assert_eq!(lines_of(&ended, "line 30"), 1, "{ended:?}");
    let end: Vec<&str> = ended.stderr.lines().rev().take(3).collect();
    let next = "fix the cause, then run c2 start b.zip again; c2 show-log has the full output";
    let cause = "c2: start b.zip: prepare: prestart command in /opt/deploys/b: exited with status 7";
    assert_eq!(end, [&format!("    next: {next}"), "    now: live is /opt/deploys/a", &format!("{cause}: {prestart}")]);
    assert!(machine.log().contains("exited with status 7"));
    assert_live(&machine, "a");
    assert_tidy(&machine);
}

/// How many of the lines that a run printed are just this text, however far they are indented.
fn lines_of(ended: &Ended, text: &str) -> usize {
    ended.stdout.lines().chain(ended.stderr.lines()).filter(|line| line.trim() == text).count()
}

#[test]
fn the_last_lines_of_a_failed_command_are_shown_again_when_others_have_printed_since() {
    let machine = machine_with_live_a(Commands { start: &format!("{START}; echo coming up"), ..Commands::default() });
    pack(&machine, "b", Commands { start: "echo why >&2; exit 1", ..Commands::default() });
    let ended = machine.run(&["start", "b.zip"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let (_, complaint) = ended.stderr.split_once("\nc2: ").unwrap();
    let (_, rest) = complaint.split_once('\n').unwrap();
    assert!(rest.starts_with("    its last lines:\n      why\n    now: live is /opt/deploys/a\n    next: "), "{rest}");
    assert_eq!(lines_of(&ended, "why"), 2, "{ended:?}");
    assert_live(&machine, "a");
}

#[test]
fn a_command_that_is_killed_shows_its_signal() {
    let machine = machine_with_live_a(Commands::default());
    pack(&machine, "b", Commands { start: "kill -KILL $$", ..Commands::default() });
    let ended = machine.run(&["start", "b.zip"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let expected = "\nc2: start b.zip: start command in /opt/deploys/b: ended by signal 9: kill -KILL $$\n";
    assert!(ended.stderr.contains(expected), "{ended:?}");
    assert_live(&machine, "a");
}

#[test]
fn a_command_that_takes_longer_than_allowed_is_ended_with_its_children() {
    let machine = machine_with(r#", "commandTimeoutSecs": 1"#);
    pack(&machine, "a", Commands::default());
    assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
    let prestart = r#"sleep 600 & echo $! > "$RUN/child"; echo waiting; sleep 600"#;
    pack(&machine, "b", Commands { prestart, ..Commands::default() });
    let ended = machine.run(&["start", "b.zip"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let expected = "prestart command in /opt/deploys/b: still running after 1 s, its limit, ended: ";
    assert!(ended.stderr.contains(expected), "{ended:?}");
    assert_eq!(lines_of(&ended, "waiting"), 1, "{ended:?}");
    assert!(!lives(number_in(&machine, "/run/child")), "its child goes on");
    assert_live(&machine, "a");
    assert_tidy(&machine);
}

#[test]
fn commands_run_in_the_deploys_folder_whose_base_name_is_the_deploys() {
    let machine = machine();
    let note = r#"echo "${PWD##*/} $(basename "$(pwd -P)")" >> "$RUN/folders""#;
    let (start, stop) = (format!("{note}; {START}"), format!("{note}; {STOP}"));
    pack(&machine, "a", Commands { prestart: note, start: &start, stop: &stop });
    for words in [["start", "a.zip"], ["start", "a.zip"], ["stop", "a"]] {
        assert_eq!(machine.run(&words).code, Some(0));
    }
    assert_eq!(machine.text("/run/folders").unwrap(), "a a\n".repeat(6));
}

#[test]
fn commands_get_the_environment_of_c2_and_its_standard_input() {
    let machine = machine();
    let prestart = r#"cat > "$RUN/input"; echo "$SETTING" > "$RUN/setting""#;
    pack(&machine, "a", Commands { prestart, ..Commands::default() });
    machine.write("/srv/input", 0o644, b"of the caller too");
    let input = fs::File::open(machine.path("/srv/input")).unwrap();
    let output = machine.command(&["start", "a.zip"]).env("SETTING", "of the caller").stdin(input).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(machine.text("/run/setting").as_deref(), Some("of the caller\n"));
    assert_eq!(machine.text("/run/input").as_deref(), Some("of the caller too"));
}

#[test]
fn a_command_line_stands_in_no_arguments_and_nothing_that_it_calls_sees_it() {
    let machine = machine();
    let look = |name: &str| {
        format!(
            r#"tr '\0' ' ' < /proc/$$/cmdline > "$RUN/{name}-seen"; env >> "$RUN/{name}-seen"; set >> "$RUN/{name}-seen"; \
               echo "$0 $#" > "$RUN/{name}-name"; : pass"'w'"ord"#
        )
    };
    let (prestart, start, stop) = (look("prestart"), format!("{START}; {}", look("start")), look("stop"));
    pack(&machine, "a", Commands { prestart: &prestart, start: &start, stop: &stop });
    assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
    assert_eq!(machine.run(&["stop", "a"]).code, Some(0));
    for name in ["prestart", "start", "stop"] {
        let seen = machine.text(&format!("/run/{name}-seen")).unwrap();
        assert!(seen.contains("sh -c ") && seen.contains("PWD="), "{seen}");
        assert!(!seen.contains("ord") && !seen.contains("cmdline >"), "{name}: {seen}");
        assert_eq!(machine.text(&format!("/run/{name}-name")).as_deref(), Some("sh 0\n"));
    }
}

#[test]
fn a_line_ends_as_it_would_by_itself_whatever_it_holds() {
    let machine = machine();
    let line =
        "# a comment first\nset -eu\nx='a  b'; echo \"$x\" > \"$RUN/x\"\ncat <<END > \"$RUN/y\"\n$x\nEND\nexit 7";
    pack(&machine, "a", Commands { prestart: line, ..Commands::default() });
    let ended = machine.run(&["start", "a.zip"]);
    assert!(ended.stderr.contains("prestart command in /opt/deploys/a: exited with status 7: "), "{ended:?}");
    assert_eq!(
        (machine.text("/run/x").as_deref(), machine.text("/run/y").as_deref()),
        (Some("a  b\n"), Some("a  b\n"))
    );
    for (line, status) in [("exec false", 1), ("no-such-program", 127), ("if", 2), ("trap 'exit 9' EXIT; true", 9)] {
        pack(&machine, "a", Commands { prestart: line, ..Commands::default() });
        let ended = machine.run(&["start", "a.zip"]);
        assert!(ended.stderr.contains(&format!(": exited with status {status}: ")), "{line}: {ended:?}");
    }
}

#[test]
fn what_a_prestart_command_leaves_in_the_folder_stays_there() {
    let machine = machine();
    pack(&machine, "a", Commands { prestart: "mkdir data; echo made > data/file", ..Commands::default() });
    for _ in 0..2 {
        assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
        assert_eq!(machine.text("/opt/deploys/a/data/file").as_deref(), Some("made\n"));
    }
    assert_tidy(&machine);
}

#[test]
fn a_child_that_a_failed_command_leaves_behind_keeps_its_pipe() {
    let machine = machine();
    let prestart = r#"(while test -d "$RUN" && test ! -e "$RUN/end"; do echo on; sleep 0.02; done; echo over) & echo $! > "$RUN/child"; exit 5"#;
    pack(&machine, "a", Commands { prestart, ..Commands::default() });
    assert_eq!(machine.run(&["start", "a.zip"]).code, Some(1));
    assert!(lives(number_in(&machine, "/run/child")));
    machine.write("/run/end", 0o644, b"");
    eventually("its last words reach the log", || machine.log().lines().any(|line| line == "over"));
}
