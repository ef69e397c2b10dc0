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
    assert!(shown.contains("\nNothing runs any more. "), "{shown}");
    assert_eq!(process_in(&place.workspace), None);
    let mut check = Command::new(C2);
    check.arg("check-config").env("CAMUS2_CONFIG", place.workspace.join("camus2.json"));
    assert_eq!(text(&check.output().unwrap().stdout), "the configuration is fine\n");
}

#[test]
fn what_it_says_of_a_replacement_is_what_the_replacement_does() {
    let place = Place::new();
    let shown = text(&place.demo("").stdout);
    let claim = "The old one runs until the new one is unpacked, is stopped, and the new one started";
    let steps = ["  |   unpack\n", "  |   stop what is live\n", "  | hello has stopped\n", "  |   start\n"];
    let mut rest = shown.split_once(claim).unwrap_or_else(|| panic!("{shown}")).1;
    for step in steps {
        rest = rest.split_once(step).unwrap_or_else(|| panic!("{step} is missing in\n{rest}")).1;
    }
}

#[test]
fn when_the_replacement_fails_the_old_one_is_started_again_as_it_says() {
    let place = Place::new();
    let fails = "case \"$PWD $*\" in */hello-2.0\\ *start) exit 3 ;; esac\nexec /bin/sh \"$@\"";
    place.stand_in("sh", fails);
    let output = place.demo("");
    let shown = text(&output.stdout);
    let (_, replacing) = shown.split_once("should\nthat fail, the old one is started again.").unwrap();
    for line in ["exited with status 3", "  | hello runs as process ", "deploys/hello-1.0\n"] {
        assert!(replacing.contains(line), "{line} is missing in\n{replacing}");
    }
    assert_eq!(output.status.code(), Some(1));
    assert!(replacing.contains("  | done: stop hello-1.0\n\nNothing runs any more. "), "{replacing}");
    assert_eq!(process_in(&place.workspace), None);
}

#[test]
fn the_lines_to_begin_with_lead_a_shell_into_the_workspace_whatever_its_name_and_that_of_the_program() {
    let place = Place::new();
    let program = place.folder.path().join("it's c2");
    fs::copy(C2, &program).unwrap();
    let shown = text(&Command::new(&program).arg("demo").arg(&place.workspace).output().unwrap().stdout);
    let begin = shown.lines().filter_map(|line| line.strip_prefix("  $ ")).take(3).collect::<Vec<_>>().join("\n");
    let typed = format!("{begin}\nc2 list-releases\nc2 start hello-1.0.zip --dry-run >/dev/null && echo seen\n");
    let output = Command::new("sh").arg("-c").arg(&typed).env_remove("CAMUS2_CONFIG").output().unwrap();
    assert_eq!(text(&output.stdout), "hello-2.0.zip\nhello-1.0.zip\nseen\n", "{typed}\n{}", text(&output.stderr));
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
        let script = format!("case $PWD in */hello-1.0) {when_1_0_runs} ;; esac\nPATH=${{PATH#*:}}\nexec date \"$@\"");
        self.stand_in("date", &script);
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.arg("-c").arg("export DEMO=$$; exec \"$0\" demo \"$1\"").arg(C2).arg(&self.workspace);
        shell.env("PATH", path).process_group(0).stdin(Stdio::null()).output().unwrap()
    }

    /// Makes a program of this name that is found before any other.
    fn stand_in(&self, name: &str, script: &str) {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
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
