//! The log: one line a message, UTC time, a blank, a dot per nesting level, the text.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use c2_core::{
    printable::{lines, message},
    time::utc,
};

use crate::files::{make_folders, open};

/// The log's file, shared by all that write lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    file: Arc<Mutex<Option<File>>>,
}

impl Log {
    /// Opens the file for appending; folders that are missing are made.
    pub(crate) fn open(&self, path: &str) -> io::Result<()> {
        let path = PathBuf::from(path);
        if let Some(folder) = path.parent() {
            make_folders(folder, 0o755)?;
        }
        let file = open::to_keep(&path, OpenOptions::new().create(true).append(true).mode(0o640))?;
        if let Ok(mut slot) = self.file.lock() {
            *slot = Some(file);
        }
        Ok(())
    }

    /// Writes a message.
    pub(crate) fn write(&self, level: usize, text: &str) {
        self.write_lines(level, &message(text));
    }

    /// Writes a line for each line of a text, fit for a terminal.
    pub(crate) fn write_lines(&self, level: usize, text: &str) {
        let Ok(slot) = self.file.lock() else { return };
        let Some(mut file) = slot.as_ref() else { return };
        let (time, dots) = (now(), ".".repeat(level));
        let lines: String = lines(text).lines().map(|line| format!("{time} {dots}{line}\n")).collect();
        // A log that cannot be written (a full disk) must not end a deployment.
        let _ = file.write_all(lines.as_bytes());
    }

    /// A second handle of the file, for a process that goes on writing after this one.
    pub(crate) fn handle(&self) -> Option<File> {
        self.file.lock().ok()?.as_ref()?.try_clone().ok()
    }
}

fn now() -> String {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:03}", utc(elapsed.as_secs()).trim_end_matches('Z'), elapsed.subsec_millis())
}
