//! Releases with any commands, and what the tests ask of processes.

use std::{
    fs,
    process::{Child, Command},
};

use serde_json::json;

use crate::support::machine::{Ended, Machine, eventually};

/// A start command that leaves its version in `$RUN`, called like the deploy.
pub const START: &str = r#"cp version "$RUN/${PWD##*/}""#;
/// The stop command that goes with it.
pub const STOP: &str = r#"rm -f "$RUN/${PWD##*/}""#;

/// A machine with the usual configuration.
pub fn machine() -> Machine {
    machine_with("")
}

/// A machine with further fields in its configuration: `, "field": value`.
pub fn machine_with(further: &str) -> Machine {
    Machine::new(&format!(
        r#"{{
            "deploysDir": "{{root}}/opt/deploys", "contextCache": "{{root}}/opt/config",
            "logFile": "{{root}}/opt/var/log/camus2.log", "releases": {{"localdir": "{{root}}/srv/releases"}} {further}
        }}"#
    ))
}

/// The commands of a release; what is not given does what is usual.
#[derive(Clone, Copy, Debug)]
pub struct Commands<'a> {
    pub prestart: &'a str,
    pub start: &'a str,
    pub stop: &'a str,
}

impl Default for Commands<'_> {
    fn default() -> Self {
        Commands { prestart: "", start: START, stop: STOP }
    }
}

/// Packs a release whose version is its name.
pub fn pack(machine: &Machine, name: &str, commands: Commands<'_>) {
    let Commands { prestart, start, stop } = commands;
    let release = json!({ "templates": [], "prestartCommand": prestart, "startCommand": start, "stopCommand": stop });
    let files = [("release.json", release.to_string()), ("version", name.to_string())];
    let files = files.map(|(path, text)| (path.to_string(), (0o644, text.into_bytes())));
    machine.pack(&format!("/srv/releases/{name}.zip"), &files.into());
}

/// A machine on which the release `a` is live.
pub fn machine_with_live_a(commands: Commands<'_>) -> Machine {
    let machine = machine();
    pack(&machine, "a", commands);
    let ended = machine.run(&["start", "a.zip"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    machine
}

/// Asserts which release is live and runs, and no other.
pub fn assert_live(machine: &Machine, deploy: &str) {
    assert_eq!(machine.target("/opt/deploys/current").as_deref(), Some(format!("/opt/deploys/{deploy}").as_str()));
    assert_eq!(running(machine), [deploy]);
}

/// What runs, by the files that [`START`] leaves.
pub fn running(machine: &Machine) -> Vec<String> {
    let marks = ["a", "b", "c"].iter().filter(|name| machine.path(&format!("/run/{name}")).exists());
    marks.map(ToString::to_string).collect()
}

/// Asserts that nothing but the lock and empty folders is left in `.c2`.
pub fn assert_tidy(machine: &Machine) {
    let world = machine.world();
    let paths = world.tree.0.iter().filter(|(path, node)| {
        path.contains("/.c2/") && !path.ends_with("/lock") && !matches!(node, c2_core::world::Node::Folder { .. })
    });
    assert_eq!(paths.map(|(path, _)| path.clone()).collect::<Vec<_>>(), Vec::<String>::new());
}

/// Waits until a file is there and not empty.
pub fn await_file(machine: &Machine, path: &str) {
    eventually(&format!("{path} is there"), || machine.text(path).is_some_and(|text| !text.is_empty()));
}

/// The number in a file.
pub fn number_in(machine: &Machine, path: &str) -> u32 {
    machine.text(path).unwrap().trim().parse().unwrap()
}

/// Sends a signal to a process.
pub fn send(signal: &str, pid: u32) {
    let sent = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status().unwrap();
    assert!(sent.success());
}

/// Whether a process is there and no zombie.
pub fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// The end of a spawned run.
pub fn end_of(machine: &Machine, child: Child) -> Ended {
    machine.ended(child.wait_with_output().unwrap())
}
