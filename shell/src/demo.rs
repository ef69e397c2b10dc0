//! `c2 demo`: real commands of this program in a throw-away workspace, each with what it is for.

mod pack;
mod workspace;

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use c2_core::{commands::CONFIG_VARIABLE, seam::Failure};

use crate::{signals::Signals, terminal::tell};
use workspace::Workspace;

/// Plays the demo in this folder, which must not exist or be empty; else in a fresh one for temporary files. The
/// answer is the exit code: 0 when every step worked. Nothing that was started goes on running, however it ends; the
/// workspace stays for a closer look.
pub fn demo(folder: Option<&str>) -> u8 {
    match play(folder) {
        Ok(()) => 0,
        Err(failure) => {
            tell(&format!("c2: demo: {failure}"));
            failure.hint().iter().for_each(|hint| tell(&format!("    {hint}")));
            if let Failure::Interrupted(signal) = failure { signal.exit_code() } else { 1 }
        }
    }
}

fn play(folder: Option<&str>) -> Result<(), Failure> {
    let world = |doing: &str, error: io::Error| Failure::world(doing, error.to_string());
    let signals = Signals::install().map_err(|error| world("take over the signals", error))?;
    signals.defer_signals(true);
    let program = std::env::current_exe().map_err(|error| world("find this program's own file", error))?;
    let demo = Demo { workspace: Workspace::make(folder)?, program, signals };
    demo.introduce();
    let shown = demo.show();
    demo.take_leave(shown.is_ok() || demo.stop_all());
    shown
}

/// How long the application's answer is waited for.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How long a look for it is apart from the next.
const LOOK: Duration = Duration::from_millis(50);

struct Demo {
    workspace: Workspace,
    program: PathBuf,
    signals: Signals,
}

impl Demo {
    fn introduce(&self) {
        let (folder, program) = (quoted(&self.workspace.name), quoted(&self.program.to_string_lossy()));
        say(&format!(
            "This is c2 at work, in {folder}: there are two releases of a tiny application, a context to fill in
and a configuration (camus2.json) that says where everything is. To type the commands yourself, begin with
  $ cd {folder}
  $ export CAMUS2_CONFIG=$PWD/camus2.json
  $ alias c2={program}"
        ));
    }

    fn show(&self) -> Result<(), Failure> {
        say(
            "\n1. A release is a zip archive of an application with a release.json: how to start it and how to stop it.",
        );
        self.run(&["list-releases"], None)?;

        say("\n2. Start one: unpack it, fill its templates from the context (site.json), run its start command.");
        self.run(&["start", "hello-1.0.zip"], None)?;
        self.answer("release 1.0")?;

        say("\n3. Replace it. The old one runs until the new one is ready; should that fail, the old one comes back.");
        self.run(&["start", "hello-2.0.zip"], None)?;
        self.answer("release 2.0")?;

        say("\n4. See what is live.");
        self.run(&["status"], None)?;

        say("\n5. See what was done, and when; what a release's own commands print is there too.");
        self.run(&["show-log"], Some(6))?;

        say("\n6. Stop it.");
        self.run(&["stop", "hello-2.0"], None)?;
        self.run(&["status"], None)
    }

    /// Ends what may have been started. False: it could not.
    fn stop_all(&self) -> bool {
        say("\nIt ends early: whatever was started is stopped.");
        let mut stop = self.command(&["stop", "hello"]);
        // Out of the terminal's reach: a second Ctrl-C must not end this.
        stop.process_group(0);
        let stopped = self.follow("stop hello", stop, None);
        if let Err(failure) = &stopped {
            tell(&format!("c2: demo: {failure}"));
            tell("    what still runs ends by itself, ten minutes after its start");
        }
        stopped.is_ok()
    }

    fn take_leave(&self, nothing_runs: bool) {
        let lead = if nothing_runs { "\nNothing runs any more. " } else { "\n" };
        say(&format!(
            "{lead}Look about in the workspace, or see what a command would do: c2 start hello-1.0.zip --dry-run
When you have seen enough, remove it by: rm -r {}",
            quoted(&self.workspace.name)
        ));
    }

    /// Runs a command of this program as a person would and shows what it prints, or its last lines.
    fn run(&self, words: &[&str], last: Option<usize>) -> Result<(), Failure> {
        let tail = last.map(|lines| format!(" | tail -n {lines}")).unwrap_or_default();
        let words_text = words.join(" ");
        say(&format!("  $ c2 {words_text}{tail}"));
        let ran = self.follow(&words_text, self.command(words), last);
        self.interrupted()?;
        ran
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).env(CONFIG_VARIABLE, self.workspace.config());
        command.current_dir(&self.workspace.folder).stdin(Stdio::null());
        command
    }

    fn follow(&self, words: &str, mut command: Command, last: Option<usize>) -> Result<(), Failure> {
        let failed = |why: String| Failure::world(format!("run c2 {words}"), why);
        let io_failed = |error: io::Error| failed(error.to_string());
        let (output, to) = io::pipe().map_err(io_failed)?;
        command.stdout(to.try_clone().map_err(io_failed)?).stderr(to);
        let mut child = command.spawn().map_err(io_failed)?;
        // It holds the pipe open.
        drop(command);
        let lines = BufReader::new(output).split(b'\n').map_while(Result::ok);
        let lines = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
        match last {
            None => lines.for_each(|line| show(&line)),
            Some(last) => {
                let lines: Vec<String> = lines.collect();
                lines.iter().skip(lines.len().saturating_sub(last)).for_each(|line| show(line));
            }
        }
        let status = child.wait().map_err(io_failed)?;
        if status.success() { Ok(()) } else { Err(failed(status.to_string())) }
    }

    /// Waits until the application answers for this release, and shows what it says.
    fn answer(&self, release: &str) -> Result<(), Failure> {
        const FILE: &str = "deploys/current/answer.txt";
        say(&format!("  $ cat {FILE}"));
        let begun = Instant::now();
        loop {
            self.interrupted()?;
            // It is not there before the application has written it.
            let answer = fs::read_to_string(self.workspace.folder.join(FILE)).unwrap_or_default();
            if answer.contains(release) {
                answer.lines().for_each(show);
                return Ok(());
            }
            if begun.elapsed() >= ANSWER_LIMIT {
                let why = format!("nothing from {release} within {} s", ANSWER_LIMIT.as_secs());
                return Err(Failure::world(format!("wait for the application's answer in {FILE}"), why));
            }
            thread::sleep(LOOK);
        }
    }

    fn interrupted(&self) -> Result<(), Failure> {
        self.signals.noted().map_or(Ok(()), |signal| Err(Failure::Interrupted(signal)))
    }
}

fn show(line: &str) {
    say(&format!("  | {line}"));
}

/// Prints a line. A reader that has seen enough must not end the demo before it has stopped what it started.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// A path as a person can type it into a shell.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%=:,".contains(c);
    if path.chars().all(is_plain) { path.into() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
