//! What commands print: to the terminal, to the log, whatever it is and however much.

use std::{
    fs,
    process::{Child, Stdio},
};

use c2_core::printable::is_unprintable;

use crate::{
    fixture::{
        Commands, START, STOP, assert_live, assert_tidy, await_file, lives, machine, machine_with_live_a, number_in,
        pack, running,
    },
    support::machine::{Machine, eventually},
};

#[test]
fn a_background_child_that_holds_the_pipe_outlives_the_start_and_its_output_reaches_the_log() {
    let machine = machine();
    let start = format!(
        r#"{START}
        (n=0; while test -e "$RUN/a"; do n=$((n + 1)); echo "tick $n"; echo "tock $n" >&2; sleep 0.02; done
        echo the child is over) & echo $! > "$RUN/child""#
    );
    pack(&machine, "a", Commands { start: &start, ..Commands::default() });
    let ended = machine.run(&["start", "a.zip"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (child, seen) = (number_in(&machine, "/run/child"), machine.log().lines().count());
    eventually("what it prints later reaches the log", || machine.log().lines().count() > seen + 20);
    let log = machine.log();
    let late: Vec<&str> = log.lines().skip(seen).collect();
    assert!(late.iter().any(|line| line.contains("tick ")) && late.iter().any(|line| line.contains("tock ")));
    assert!(lives(child), "the child died of its pipe");
    assert_eq!(machine.run(&["stop", "a"]).code, Some(0));
    eventually("its last words reach the log", || machine.log().lines().any(|line| line == "the child is over"));
    eventually("it is gone", || !lives(child));
}

#[test]
fn a_background_child_that_never_stops_writing_does_not_hold_up_the_start() {
    let machine = machine();
    // More than a pipe holds, and a little all the time: the writers end by themselves after a minute.
    let much = "timeout 60 sh -c 'while :; do head -c 100000 /dev/zero; sleep 0.01; done'";
    let little = "timeout 60 sh -c 'while :; do echo on; sleep 0.001; done'";
    for writer in [much, little] {
        let start = format!(r#"{START}; {writer} & echo $! > "$RUN/child""#);
        let stop = format!(r#"{STOP}; kill $(cat "$RUN/child")"#);
        pack(&machine, "a", Commands { start: &start, stop: &stop, ..Commands::default() });
        let mut start = machine.command(&["start", "a.zip"]);
        assert_eq!(start.stdout(Stdio::null()).status().unwrap().code(), Some(0));
        assert!(lives(number_in(&machine, "/run/child")), "{writer} died of its pipe, or was waited for");
        let ended = machine.run(&["stop", "a"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

#[test]
fn memory_stays_flat_however_much_a_command_prints() {
    let lines = "head -c 100000000 /dev/zero | tr '\\0' x | fold -w 99";
    let no_lines = "head -c 100000000 /dev/zero | tr '\\0' x >&2";
    for prestart in [lines, no_lines] {
        let machine = machine();
        pack(&machine, "a", Commands { prestart, ..Commands::default() });
        let mut start = machine.command(&["start", "a.zip"]);
        let child = start.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let (code, peak_kib) = peak_of(child);
        assert_eq!(code, Some(0));
        assert!((1..32 * 1024).contains(&peak_kib), "{peak_kib} KiB");
        assert!(fs::metadata(machine.path("/opt/var/log/camus2.log")).unwrap().len() > 100_000_000);
        assert_live(&machine, "a");
    }
}

/// Waits for a process. The answer: its exit code and the most memory it was seen to hold.
fn peak_of(mut child: Child) -> (Option<i32>, u64) {
    let (mut peak_kib, mut code) = (0, None);
    eventually("it ends", || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak_kib = peak_kib.max(line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse().unwrap()));
        code = child.try_wait().unwrap();
        code.is_some()
    });
    (code.unwrap().code(), peak_kib)
}

#[test]
fn each_stream_of_a_command_goes_to_the_same_stream_byte_for_byte() {
    let machine = machine();
    let prestart = r"printf 'out \377\001 no end'; printf 'err \033[31m\r\n' >&2";
    pack(&machine, "a", Commands { prestart, ..Commands::default() });
    let output = machine.command(&["start", "a.zip"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, b"out \xff\x01 no end");
    let err = b"err \x1b[31m\r\n";
    assert!(output.stderr.windows(err.len()).any(|window| window == err));
}

#[test]
fn every_line_of_the_log_has_a_time_and_dots_whatever_commands_print() {
    let machine = machine();
    let prestart = r"printf 'one\n\ntwo\r\n\377\nno end'; head -c 20000 /dev/zero | tr '\0' y; echo a line >&2";
    pack(&machine, "a", Commands { prestart, ..Commands::default() });
    pack(&machine, "b", Commands { start: "echo broken; exit 3", ..Commands::default() });
    assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
    assert_eq!(machine.run(&["start", "b.zip"]).code, Some(1));
    assert_eq!(machine.run(&["start", "none.zip"]).code, Some(1));
    assert_eq!(machine.run(&["stop", "a"]).code, Some(0));
    let log = machine.log();
    assert!(log.lines().count() > 40, "{log}");
    for line in log.lines() {
        assert!(is_log_line(line), "{line:?}");
    }
    for (level, text) in
        [("", "start a.zip"), (".", "prepare"), ("..", "run the stop command in /opt/deploys/a"), ("...", "two")]
    {
        let marks = log
            .lines()
            .filter_map(|line| line.split_once(' '))
            .any(|(_, found)| found.strip_prefix(level).is_some_and(|found| found.starts_with(text)));
        assert!(marks, "no line {level}{text} in {log}");
    }
    let shown = machine.run(&["show-log"]).stdout;
    let differs = shown.lines().zip(log.lines()).find(|(shown, logged)| shown != logged);
    assert_eq!((differs, shown.len()), (None, log.len()));
}

/// `YYYY-MM-DDTHH:MM:SS[.fraction]`, a blank, a dot for each nesting level, a text.
fn is_log_line(line: &str) -> bool {
    let Some((time, text)) = line.split_once(' ') else { return false };
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let shape: String = seconds.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    let digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    shape == "9999-99-99T99:99:99" && digits && !text.contains('\r')
}

#[test]
fn a_commands_output_reaches_the_terminal_unchanged_and_errors_and_the_log_escaped() {
    let machine = machine_with_live_a(Commands { start: &format!("{START}; echo coming up"), ..Commands::default() });
    let start = r"printf 'a\rb\033[31m\342\200\256red\n' >&2; exit 1";
    pack(&machine, "b", Commands { start, ..Commands::default() });
    let ended = machine.run(&["start", "b.zip"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let (raw, escaped) = ("a\rb\u{1b}[31m\u{202e}red\n", r"a\rb\u{1b}[31m\u{202e}red");
    assert_eq!(ended.stderr.matches(raw).count(), 1, "{ended:?}");
    assert!(ended.stderr.contains(&format!("    its last lines:\n      {escaped}\n    now: ")), "{ended:?}");
    let log = machine.log();
    assert!(log.contains(&format!(" ...{escaped}\n")), "{log}");
    assert!(!log.contains(|c| is_unprintable(c) && c != '\n'), "{log:?}");
}

#[test]
fn what_others_have_written_to_the_log_is_shown_fit_for_a_terminal() {
    let machine = machine();
    let long = "x".repeat(100_000);
    let old = format!("2020-01-01T00:00:00 a\u{1b}]0;title\u{7}b\t\u{9b}2J\u{202e}c\r\n\n{long}\nno end \u{fc}");
    machine.write("/opt/var/log/camus2.log", 0o644, old.as_bytes());
    let shown = machine.run(&["show-log"]).stdout;
    let escaped = r"a\u{1b}]0;title\u{7}b".to_string() + "\t" + r"\u{9b}2J\u{202e}c\r";
    assert_eq!(shown, format!("2020-01-01T00:00:00 {escaped}\n\n{long}\nno end \u{fc}"));
}

#[test]
fn a_terminal_that_is_gone_does_not_end_a_deployment() {
    let machine = machine_with_live_a(Commands::default());
    let prestart = r#"echo at > "$RUN/at"; while test -d "$RUN" && test ! -e "$RUN/go"; do sleep 0.02; done; echo out; echo err >&2"#;
    pack(&machine, "b", Commands { prestart, ..Commands::default() });
    let mut child = machine.command(&["start", "b.zip"]).spawn().unwrap();
    await_file(&machine, "/run/at");
    drop((child.stdout.take(), child.stderr.take()));
    machine.write("/run/go", 0o644, b"");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_live(&machine, "b");
    assert_tidy(&machine);
    assert!(machine.log().contains("b.zip is live"));
}

#[test]
fn a_log_that_cannot_be_written_is_a_warning() {
    let machine = machine();
    machine.write("/opt/var", 0o644, b"a file where the log's folder would be");
    pack(&machine, "a", Commands::default());
    let ended = machine.run(&["start", "a.zip"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.starts_with("c2: warning: open the log /opt/var/log/camus2.log: "), "{ended:?}");
    assert_live(&machine, "a");
}

#[test]
fn results_are_on_standard_output_and_errors_on_standard_error() {
    let machine = machine_with_live_a(Commands::default());
    let log = machine.log();
    let status = machine.run(&["status"]);
    assert_eq!(machine.log(), log, "what only reads writes no log");
    assert_eq!((status.code, status.stderr.as_str()), (Some(0), ""));
    assert!(status.stdout.starts_with("Current: a\nRelease: a.zip\nFolder: /opt/deploys/a\nSince: "), "{status:?}");
    let refused = machine.run(&["start", "none.zip"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    let expected = "c2: fetch the release none.zip: /srv/releases/none.zip does not exist\n    c2 list-releases shows the releases there are\n";
    assert_eq!(refused.stderr, expected);
    assert_eq!(running(&machine), ["a"]);
}

#[test]
fn a_reader_that_has_seen_enough_of_a_result_is_no_failure() {
    let machine: Machine = machine();
    for number in 0..3000 {
        machine.write(&format!("/srv/releases/{number:0200}.zip"), 0o644, b"");
    }
    let mut child = machine.command(&["list-releases"]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
