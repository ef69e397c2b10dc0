//! What a command prints: passed on to the terminal, written to the log, its last lines kept.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    os::fd::OwnedFd,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::ioctl_fionread,
};

use crate::log::Log;

/// Which stream of this process the output is passed on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How many of the last lines are kept.
const TAIL_LINES: usize = 20;
/// Where a line without an end is cut.
const LINE_BYTES: usize = 4096;
/// How long a look at the pipe takes.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// The nesting level of a command's lines in the log.
const LEVEL: usize = 3;

/// The pipes of one command.
#[derive(Debug)]
pub(crate) struct Output {
    log: Log,
    tail: Arc<Mutex<Tail>>,
    /// The command has ended: what is in the pipe now is all that is waited for.
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Option<OwnedFd>>>,
}

impl Output {
    /// No pipes yet.
    pub(crate) fn new(log: Log) -> Self {
        Output { log, tail: Arc::default(), ended: Arc::default(), threads: vec![] }
    }

    /// Passes on what comes through a pipe, on a thread of its own.
    pub(crate) fn follow(&mut self, pipe: OwnedFd, stream: Stream) {
        let lines = Lines { log: self.log.clone(), tail: Arc::clone(&self.tail), stream, open: Vec::new() };
        let (ended, spare) = (Arc::clone(&self.ended), pipe.try_clone());
        match thread::Builder::new().spawn(move || pump(pipe, lines, &ended)) {
            Ok(thread) => self.threads.push(thread),
            Err(_) => drop(spare.map(|spare| hand_over(spare, &self.log))),
        }
    }

    /// The command has ended: passes on what it printed. A background child that still holds the pipe is left to
    /// write to the log.
    pub(crate) fn finish(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            if let Ok(Some(pipe)) = thread.join() {
                hand_over(pipe, &self.log);
            }
        }
    }

    /// The command goes on without this process.
    pub(crate) fn leave(&mut self) {
        self.finish();
    }

    /// The last lines it printed.
    pub(crate) fn tail(&self) -> Vec<String> {
        self.tail.lock().map(|tail| tail.0.iter().map(|(_, line)| line.clone()).collect()).unwrap_or_default()
    }
}

/// A pipe whose reader is gone ends its writers (SIGPIPE): `cat` reads on for as long as there are any. It is not a child of
/// this process, which may run for ever and would have to wait for its end.
fn hand_over(pipe: OwnedFd, log: &Log) {
    let to = log.handle().map_or_else(Stdio::null, Stdio::from);
    let mut shell = Command::new("sh");
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    // What a shell puts into the background reads from nothing, unless it is given another descriptor.
    let shell = shell.args(["-c", "exec 3<&0; cat <&3 3<&- &"]).current_dir("/");
    // Without `cat` there is nobody to read on; the command itself has ended well or is reported by itself.
    let _ = shell.stdin(Stdio::from(pipe)).stdout(to).stderr(Stdio::null()).status();
}

/// Reads to the end of the pipe. When the command has ended and somebody else still holds the pipe, only what was in
/// it by then; then it gives the pipe back.
fn pump(pipe: OwnedFd, mut lines: Lines, ended: &AtomicBool) -> Option<OwnedFd> {
    let mut file = std::fs::File::from(pipe);
    let mut buffer = vec![0; 64 * 1024];
    let mut left_bytes = None;
    loop {
        if left_bytes.is_none() && ended.load(Ordering::SeqCst) {
            left_bytes = Some(ioctl_fionread(&file).unwrap_or_default());
        }
        let look = if left_bytes == Some(0) { Timespec::default() } else { LOOK };
        let mut waited = [PollFd::new(&file, PollFlags::IN)];
        let ready = match poll(&mut waited, Some(&look)) {
            Ok(_) => waited[0].revents(),
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return None,
        };
        // Without writers all that is in it is the last of it.
        if left_bytes == Some(0) && !ready.contains(PollFlags::HUP) {
            lines.end();
            return Some(file.into());
        }
        if ready.is_empty() {
            continue;
        }
        match file.read(&mut buffer) {
            Ok(0) => {
                lines.end();
                return None;
            }
            Ok(length) => {
                let bytes = buffer.get(..length).unwrap_or_default();
                pass_on(bytes, lines.stream);
                lines.take(bytes);
                left_bytes = left_bytes.map(|left| left.saturating_sub(length as u64));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(_) => return None,
        }
    }
}

/// A terminal that is gone must not end a deployment.
fn pass_on(bytes: &[u8], stream: Stream) {
    let _ = match stream {
        Stream::Out => io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()),
        Stream::Err => io::stderr().write_all(bytes),
    };
}

/// The last lines of a command.
#[derive(Debug, Default)]
struct Tail(VecDeque<(Stream, String)>);

impl Tail {
    /// Keeps a line. The stream that has more of the lines than the other gives one up: whatever a command says on
    /// one does not crowd out why it failed, said on the other.
    fn push(&mut self, stream: Stream, line: String) {
        if self.0.len() == TAIL_LINES {
            let out = self.0.iter().filter(|(stream, _)| *stream == Stream::Out).count();
            let crowd = if out * 2 > TAIL_LINES { Stream::Out } else { Stream::Err };
            let oldest = self.0.iter().position(|(stream, _)| *stream == crowd);
            self.0.remove(oldest.unwrap_or_default());
        }
        self.0.push_back((stream, line));
    }
}

/// Bytes cut into lines for the log and the tail.
struct Lines {
    log: Log,
    tail: Arc<Mutex<Tail>>,
    stream: Stream,
    open: Vec<u8>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        let mut text = String::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.open.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.open.len() >= LINE_BYTES {
                self.close(&mut text);
            }
        }
        self.log.write_lines(LEVEL, &text);
    }

    fn end(&mut self) {
        let mut text = String::new();
        if !self.open.is_empty() {
            self.close(&mut text);
        }
        self.log.write_lines(LEVEL, &text);
    }

    fn close(&mut self, text: &mut String) {
        let line = String::from_utf8_lossy(&self.open).trim_end_matches(['\n', '\r']).to_string();
        self.open.clear();
        text.push_str(&line);
        text.push('\n');
        if let Ok(mut tail) = self.tail.lock() {
            tail.push(self.stream, line);
        }
    }
}
