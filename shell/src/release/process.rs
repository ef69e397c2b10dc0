//! The commands of a release: run by `sh` in their folder, their output to the terminal and the log.

use std::{
    io::{IsTerminal, stdin},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use c2_core::seam::{CommandLine, Ending, Failure, Role, Signal};
use rustix::process::{Pid, kill_process_group, test_kill_process_group};

use super::output::{Output, Stream};
use crate::{log::Log, signals::Signals};

/// How long a start command is watched before it counts as one that stays.
pub(crate) const SEEN_ALIVE: Duration = Duration::from_secs(2);
/// How long a command that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// The variable by which `sh` gets a command line. Arguments are for every user of the machine to read, a process's first
/// environment only for its own and root.
const LINE: &str = "C2_LINE";
/// What `sh` runs: the line, and before it takes the variable away from whatever the line calls.
const RUN_LINE: &str = r#"eval "unset C2_LINE; $C2_LINE""#;

/// A command of a release that was spawned.
#[derive(Debug)]
pub(crate) struct Spawned {
    role: Role,
    folder: String,
    command: CommandLine,
    limit_s: Option<u32>,
    since: Instant,
    child: Child,
    output: Output,
}

/// How a watched command stands.
pub(crate) enum Seen {
    /// It ended; the last lines that it printed.
    Ended(Result<(), Failure>, Vec<String>),
    /// It is still running at the end of the watch.
    Alive(Spawned),
}

/// What a command of a release is run with.
pub(crate) struct Setting<'a> {
    pub(crate) log: &'a Log,
    /// What their environment has more than this program's: the held lock, the configuration.
    pub(crate) variables: Vec<(&'a str, String)>,
}

/// A command of a release that is to be run.
pub(crate) struct ToRun<'a> {
    pub(crate) role: Role,
    /// The folder it runs in.
    pub(crate) folder: &'a str,
    pub(crate) command: &'a CommandLine,
    /// The longest it may take.
    pub(crate) limit_s: Option<u32>,
}

/// Spawns a command in a process group of its own, so that signals reach all of it.
pub(crate) fn spawn(wanted: &ToRun<'_>, setting: &Setting<'_>) -> Result<Spawned, Failure> {
    let &ToRun { role, folder, command, limit_s } = wanted;
    let physical = Path::new(folder).canonicalize();
    let mut process = Command::new("sh");
    process
        .arg("-c")
        .arg(RUN_LINE)
        .env(LINE, command.reveal())
        .stdin(input())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    process.envs(setting.variables.iter().map(|(name, value)| (name, value)));
    let spawned = physical.and_then(|physical| process.current_dir(&physical).env("PWD", &physical).spawn());
    let mut child = spawned.map_err(|error| Failure::Command {
        role,
        folder: folder.into(),
        command: command.clone(),
        ending: Ending::NotRun(error.to_string()),
        tail: vec![],
    })?;
    let mut output = Output::new(setting.log.clone());
    if let Some(pipe) = child.stdout.take() {
        output.follow(pipe.into(), Stream::Out);
    }
    if let Some(pipe) = child.stderr.take() {
        output.follow(pipe.into(), Stream::Err);
    }
    Ok(Spawned { role, folder: folder.into(), command: command.clone(), limit_s, since: Instant::now(), child, output })
}

/// Standard input of a command: this process's. In a process group of its own it would be stopped by a read from the
/// terminal (SIGTTIN), and waited for in vain.
fn input() -> Stdio {
    if stdin().is_terminal() { Stdio::null() } else { Stdio::inherit() }
}

impl Spawned {
    /// Waits for the command's end; gives it back when it is still running after the watch.
    pub(crate) fn watch(mut self, watch: Option<Duration>, signals: &Signals) -> Seen {
        let begun = Instant::now();
        let (mut pause, mut asked) = (Duration::from_millis(1), None);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Seen::Ended(self.ended(status, asked), self.output.tail()),
                Ok(None) => (),
                Err(error) => {
                    return Seen::Ended(Err(self.failure(Ending::NotRun(error.to_string()))), self.output.tail());
                }
            }
            let over_limit = self.limit_s.is_some_and(|limit_s| self.since.elapsed().as_secs() >= limit_s.into());
            match asked {
                None => {
                    if let Some(signal) = signals.heeded() {
                        self.signal(signal);
                        asked = Some((Instant::now(), Some(signal)));
                    } else if over_limit {
                        self.signal(Signal::Terminate);
                        asked = Some((Instant::now(), None));
                    } else if watch.is_some_and(|watch| begun.elapsed() >= watch) {
                        return Seen::Alive(self);
                    }
                }
                Some((since, _)) if since.elapsed() >= GRACE => self.kill(),
                Some(_) => (),
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// The folder it runs in.
    pub(crate) fn folder(&self) -> &str {
        &self.folder
    }

    /// Its id, which is its group's too.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it run on without this process: whatever it prints goes to the log.
    pub(crate) fn leave(mut self) {
        self.output.leave();
    }

    fn ended(&mut self, status: ExitStatus, asked: Option<(Instant, Option<Signal>)>) -> Result<(), Failure> {
        if let Some((since, _)) = asked {
            self.end_children(since);
        }
        self.output.finish();
        match (asked, status.code()) {
            (Some((_, Some(signal))), _) => Err(Failure::Interrupted(signal)),
            (Some((_, None)), _) => Err(self.failure(Ending::TimedOut { limit_s: self.limit_s.unwrap_or_default() })),
            (None, Some(0)) => Ok(()),
            (None, Some(code)) => Err(self.failure(Ending::Status(code))),
            (None, None) => Err(self.failure(Ending::Signal(status.signal().unwrap_or_default()))),
        }
    }

    /// A command that was asked to end may be gone before its children: they have the rest of the grace.
    fn end_children(&self, since: Instant) {
        let Some(group) = self.group() else { return };
        while test_kill_process_group(group).is_ok() {
            if since.elapsed() >= GRACE {
                return self.kill();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn failure(&self, ending: Ending) -> Failure {
        Failure::Command {
            role: self.role,
            folder: self.folder.clone(),
            command: self.command.clone(),
            ending,
            tail: self.output.tail(),
        }
    }

    fn signal(&self, signal: Signal) {
        self.send(match signal {
            Signal::Interrupt => rustix::process::Signal::INT,
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Hangup => rustix::process::Signal::HUP,
        });
    }

    fn group(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    fn kill(&self) {
        self.send(rustix::process::Signal::KILL);
    }

    fn send(&self, signal: rustix::process::Signal) {
        if let Some(group) = self.group() {
            // It may be gone already.
            let _ = kill_process_group(group, signal);
        }
    }
}
