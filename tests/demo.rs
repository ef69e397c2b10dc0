//! `c2 demo` through the binary: what it shows, and that nothing it started goes on running, however it ends.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

const C2: &str = env!("CARGO_BIN_EXE_c2");

#[test]
fn the_demo_shows_every_command_and_leaves_nothing_running() {
    let place = Place::new();
    let output = place.demo("");
    let shown = text(&output.stdout);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""), "{shown}");
    let commands: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("  $ c2 ")).collect();
    let expected = [
        "list-releases",
        "start hello-1.0.zip",
        "start hello-2.0.zip",
        "status",
        "show-log | tail -n 6",
        "stop hello-2.0",
        "status",
    ];
    assert_eq!(commands, expected);
    for line in [
        "list-releases\n  | hello-2.0.zip\n  | hello-1.0.zip\n",
        "  | Hello harbour office, this is release 1.0 (",
        "  | Welcome back, harbour office, this is release 2.0 (",
        "status\n  | Current: hello-2.0\n",
        "status\n  | nothing is live\n",
    ] {
        assert!(shown.contains(line), "{line} is missing in\n{shown}");
    }
    place.nothing_runs();
    let mut check = Command::new(C2);
    check.arg("check-config").env("CAMUS2_CONFIG", place.workspace.join("camus2.json"));
    assert_eq!(text(&check.output().unwrap().stdout), "the configuration is fine\n");
}

#[test]
fn without_a_folder_the_demo_makes_one_of_its_own_for_temporary_files() {
    let place = Place::new();
    let output = Command::new(C2).arg("demo").env("TMPDIR", &place.workspace).output().unwrap();
    assert_ne!(output.status.code(), Some(0), "there is no such folder for temporary files yet");
    fs::create_dir(&place.workspace).unwrap();
    let output = Command::new(C2).arg("demo").env("TMPDIR", &place.workspace).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let made: Vec<PathBuf> = fs::read_dir(&place.workspace).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(made.len(), 1);
    let quoted = made[0].to_str().unwrap().replace('\'', r"'\''");
    let farewell = format!("remove it by: rm -r '{quoted}'\n");
    assert!(text(&output.stdout).ends_with(&farewell), "{}", text(&output.stdout));
    place.nothing_runs();
}

#[test]
fn a_folder_that_holds_something_is_refused_and_left_as_it_was() {
    let place = Place::new();
    fs::create_dir(&place.workspace).unwrap();
    fs::write(place.workspace.join("mine"), "mine").unwrap();
    let output = place.demo("");
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    let complaint = format!(
        "c2: demo: make the demo's workspace in {}: it is not empty\n    name a folder that does not exist yet\n",
        place.workspace.display()
    );
    assert_eq!(text(&output.stderr), complaint);
    assert_eq!(fs::read_dir(&place.workspace).unwrap().count(), 1);
}

#[test]
fn a_step_that_fails_ends_the_demo_with_1_and_nothing_goes_on_running() {
    let place = Place::new();
    let output = place.demo("rm -f ../../releases/hello-2.0.zip");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("start hello-2.0.zip\n  | c2: fetch the release hello-2.0.zip: "));
    assert!(text(&output.stdout).contains("  | hello has stopped\n"));
    assert_eq!(text(&output.stderr), "c2: demo: run c2 start hello-2.0.zip: exit status: 1\n");
    place.nothing_runs();
}

#[test]
fn an_interrupted_demo_ends_with_130_and_nothing_goes_on_running() {
    let place = Place::new();
    let output = place.demo("kill -s INT -- -$DEMO");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(130), "c2: demo: interrupted\n"));
    place.nothing_runs();
}

#[test]
fn a_terminated_demo_ends_with_143_and_nothing_goes_on_running() {
    let place = Place::new();
    let output = place.demo("kill -s TERM $DEMO");
    assert_eq!(output.status.code(), Some(143), "{}", text(&output.stderr));
    place.nothing_runs();
}

#[test]
fn a_reader_that_has_seen_enough_does_not_leave_anything_running() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = Command::new(C2).arg("demo").arg(&place.workspace).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
    place.nothing_runs();
}

/// A folder for one demo.
struct Place {
    folder: tempfile::TempDir,
    /// Where the demo makes its workspace.
    workspace: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let workspace = folder.path().canonicalize().unwrap().join("it's here");
        Place { folder, workspace }
    }

    /// Runs the demo as the leader of a process group. When release 1.0 asks for the time, as it does before it first
    /// answers, this is run, with the demo's process id in `DEMO`.
    fn demo(&self, when_1_0_runs: &str) -> Output {
        let date = self.folder.path().join("date");
        let script = format!("case $PWD in */hello-1.0) {when_1_0_runs} ;; esac\nPATH=${{PATH#*:}}\nexec date \"$@\"");
        fs::write(&date, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&date, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.arg("-c").arg("export DEMO=$$; exec \"$0\" demo \"$1\"").arg(C2).arg(&self.workspace);
        shell.env("PATH", path).process_group(0).stdin(Stdio::null()).output().unwrap()
    }

    /// Waits until no process is in the workspace: what a killed shell waited for may take a second longer.
    fn nothing_runs(&self) {
        let begun = Instant::now();
        while let Some(process) = process_in(&self.workspace) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{process} still runs in the workspace");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A process that works in a folder.
fn process_in(folder: &Path) -> Option<String> {
    let mut processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let process = processes.find(|process| fs::read_link(process.join("cwd")).is_ok_and(|at| at.starts_with(folder)));
    process.map(|process| process.display().to_string())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
