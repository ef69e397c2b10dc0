//! What this program itself prints: messages to standard error, results to standard output, all fit for a terminal.

use std::{
    fs::File,
    io::{self, BufRead, Read, Write},
    path::Path,
};

use c2_core::{
    printable::{lines, message},
    seam::FAILED,
};

use crate::files::open;

/// The longest part of a line that is looked at at once.
const LINE_BYTES: u64 = 64 << 10;

/// Writes a message to standard error, fit for a terminal. A terminal that is gone must not end a deployment.
pub fn tell(text: &str) {
    let _ = io::stderr().write_all(format!("{}\n", message(text)).as_bytes());
}

/// Says what failed and why, and what to do about it. The answer is the exit code.
pub(crate) fn failed(what: &str, hint: Option<&str>) -> u8 {
    tell(&format!("c2: {what}"));
    hint.iter().for_each(|hint| tell(&format!("    {hint}")));
    FAILED
}

/// Prints to standard output, fit for a terminal. The answer is the exit code. A reader that has seen enough (`| head`) is not a failure.
pub fn print(text: &str) -> u8 {
    let mut out = io::stdout().lock();
    let printed = out.write_all(lines(text).as_bytes()).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            failed(&format!("write to standard output: {error}"), None)
        }
        _ => 0,
    }
}

/// Prints a file, however large; one that is not there has no lines.
pub(crate) fn print_file(path: &str) -> u8 {
    let copied = match open::to_read(Path::new(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return 0,
        opened => opened.and_then(|file| copy_lines(file, &mut io::stdout().lock())),
    };
    match copied {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => failed(&format!("print {path}: {error}"), None),
        _ => 0,
    }
}

/// Copies a text of any length line by line, fit for a terminal: others than this program have written to the log.
fn copy_lines(from: File, to: &mut impl Write) -> io::Result<()> {
    let mut from = io::BufReader::new(from);
    let mut line = Vec::new();
    while from.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)? > 0 {
        to.write_all(lines(&String::from_utf8_lossy(&line)).as_bytes())?;
        line.clear();
    }
    Ok(())
}
