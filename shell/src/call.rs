//! Calls of other programs, each with a limit and ended by a signal, so that a docker that hangs blocks nothing.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    os::{fd::AsFd, unix::process::CommandExt},
    path::Path,
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use c2_core::seam::{Effect, Failure, Reason};
use rustix::{
    fs::{MemfdFlags, memfd_create},
    process::{Pid, Signal, kill_process_group},
};

use crate::signals::Signals;

/// The longest run of a call that only asks or signals.
pub(crate) const QUICK: Duration = Duration::from_secs(30);
/// How long a call that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// The most that is kept of what a call prints.
const KEPT_BYTES: u64 = 64 * 1024;

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Called {
    /// Whether it exited with 0.
    pub(crate) succeeded: bool,
    /// What it printed to standard output.
    pub(crate) stdout: String,
    /// What it printed to standard error: for people.
    pub(crate) stderr: String,
}

impl Called {
    /// Standard output of a call that must succeed.
    pub(crate) fn must(self, doing: &str) -> Result<String, Failure> {
        if self.succeeded { Ok(self.stdout) } else { Err(self.failure(doing)) }
    }

    /// What a call that failed said, as a failure.
    pub(crate) fn failure(&self, doing: &str) -> Failure {
        let said = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        // Compose of today warns of the version that Compose of yesterday needs.
        let is_told = |line: &&str| !line.trim().is_empty() && !line.contains("`version` is obsolete");
        let lines: Vec<&str> = said.lines().filter(is_told).collect();
        let last = lines.get(lines.len().saturating_sub(8)..).unwrap_or_default().join("\n  ");
        match last.is_empty() {
            true => Failure::world(doing, "it failed and said nothing"),
            false => {
                let why = Reason { full: last, public: "it failed".into() };
                Failure::Called { doing: doing.into(), why, hint: None }
            }
        }
    }
}

/// A call of a program.
pub(crate) struct Call<'a> {
    pub(crate) program: &'a str,
    pub(crate) arguments: &'a [&'a str],
    /// The folder it runs in; else this process's.
    pub(crate) folder: Option<&'a Path>,
    /// What it reads from standard input.
    pub(crate) input: &'a [u8],
    /// Whether what it prints goes to standard error instead of being kept.
    pub(crate) shown: bool,
    pub(crate) limit: Duration,
    /// What is done again and again while it runs.
    pub(crate) meanwhile: &'a dyn Fn(),
}

impl<'a> Call<'a> {
    /// A call that reads nothing and is not shown.
    pub(crate) fn new(program: &'a str, arguments: &'a [&'a str], limit: Duration) -> Self {
        Call { program, arguments, folder: None, input: &[], shown: false, limit, meanwhile: &|| () }
    }

    /// Makes the call; at the limit, and by a signal, its process group is ended.
    pub(crate) fn run(&self, signals: &Signals) -> Result<Called, Failure> {
        let doing = || format!("call {} {}", self.program, self.arguments.join(" "));
        let failed = |error: io::Error| Failure::World {
            doing: doing(),
            why: error.to_string(),
            hint: (error.kind() == io::ErrorKind::NotFound).then(|| format!("install {}", self.program)),
        };
        let (mut stdout, mut stderr) = (memory(&[]).map_err(failed)?, memory(&[]).map_err(failed)?);
        let pipes = if self.shown { [own_stderr(), own_stderr()] } else { [stdout.try_clone(), stderr.try_clone()] };
        let [out, err] = pipes.map(|pipe| pipe.map_err(failed));
        let mut command = Command::new(self.program);
        command.args(self.arguments).stdin(memory(self.input).map_err(failed)?).stdout(out?).stderr(err?);
        command.process_group(0);
        if let Some(folder) = self.folder {
            command.current_dir(folder);
        }
        // A signal that ended this process at once would leave the call behind: it is noted, and ends both.
        let deferred = signals.deferred();
        signals.defer_signals(true);
        let status =
            command.spawn().and_then(|child| end_of(child, self.limit, self.meanwhile, || noted(signals, deferred)));
        signals.defer_signals(deferred);
        if let Some(signal) = noted(signals, deferred) {
            return Err(Failure::Interrupted(signal));
        }
        let Some(status) = status.map_err(failed)? else {
            return Err(Failure::World {
                doing: doing(),
                why: format!("no end after {} s", self.limit.as_secs()),
                hint: self
                    .program
                    .starts_with("docker")
                    .then(|| "see whether the docker daemon answers: docker ps".into()),
            });
        };
        let (stdout, stderr) = (kept(&mut stdout).map_err(failed)?, kept(&mut stderr).map_err(failed)?);
        Ok(Called { succeeded: status.success(), stdout, stderr })
    }
}

/// Makes the call that an effect is.
pub(crate) fn perform(effect: &Effect, call: &Call<'_>, signals: &Signals) -> Result<(), Failure> {
    match call.run(signals)? {
        called if called.succeeded => Ok(()),
        _ if call.shown => Err(Failure::world(effect.to_string(), "it failed; what it printed says why")),
        called => Err(called.failure(&effect.to_string())),
    }
}

/// A file in memory that holds these bytes, to be read from its start.
fn memory(bytes: &[u8]) -> io::Result<File> {
    let mut file: File = memfd_create("c2", MemfdFlags::CLOEXEC)?.into();
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

/// This process's standard error.
fn own_stderr() -> io::Result<File> {
    Ok(io::stderr().as_fd().try_clone_to_owned()?.into())
}

/// The end of what a call printed.
fn kept(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    let length = file.metadata()?.len();
    file.seek(io::SeekFrom::Start(length.saturating_sub(KEPT_BYTES)))?;
    file.take(KEPT_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The signal that ends a call: one that only asks is ended by any, what takes something back by none.
pub(crate) fn noted(signals: &Signals, deferred: bool) -> Option<c2_core::seam::Signal> {
    if deferred { signals.heeded() } else { signals.noted() }
}

/// Waits for the end of a call; `None` when it had to be ended, at the limit or by a signal.
fn end_of(
    mut child: Child,
    limit: Duration,
    meanwhile: &dyn Fn(),
    noted: impl Fn() -> Option<c2_core::seam::Signal>,
) -> io::Result<Option<ExitStatus>> {
    let (begun, mut asked) = (Instant::now(), None);
    let send = |child: &Child, signal| {
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            // It may just have ended.
            let _ = kill_process_group(group, signal);
        }
    };
    loop {
        if let Some(status) = child.try_wait()? {
            if asked.is_some() {
                send(&child, Signal::KILL);
            }
            return Ok(asked.is_none().then_some(status));
        }
        match asked {
            None if begun.elapsed() >= limit || noted().is_some() => {
                send(&child, Signal::TERM);
                asked = Some(Instant::now());
            }
            Some(since) if since.elapsed() >= GRACE => send(&child, Signal::KILL),
            _ => (),
        }
        meanwhile();
        // An end is seen within an eighth of the call's time: a doubling pause would add half of it.
        thread::sleep((begun.elapsed() / 8).clamp(Duration::from_millis(1), Duration::from_millis(20)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_printed_is_told_here_and_not_to_others() {
        let arguments = ["-c", "echo printed-secret >&2; exit 1"];
        let called = Call::new("sh", &arguments, QUICK).run(&Signals::default()).unwrap();
        let failure = called.must("start the proxy").unwrap_err();
        assert_eq!(failure.to_string(), "start the proxy: printed-secret");
        assert_eq!(failure.public(), "start the proxy: it failed");
    }
}
