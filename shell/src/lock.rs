//! The lock by which concurrent runs exclude each other: `flock` on a file that holds its holder's process id.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use c2_core::seam::Failure;
use rustix::fs::{FlockOperation, flock};

use crate::{
    files::{make_folders, open},
    terminal::tell,
};

/// The variable that tells the commands of a release which lock is held for them, and by which process: a command of
/// this tool that one of them calls does not wait for its own caller.
const HELD: &str = "C2_LOCK_HELD";

const LOOK: Duration = Duration::from_millis(100);

/// The lock of this run.
pub(crate) struct Locks {
    /// How long another run's lock is waited for.
    wait_s: u32,
    /// The permission bits of a deploys folder that has to be made.
    folder_mode: u32,
    held: Option<(String, Lock)>,
}

impl Locks {
    /// None is held yet.
    pub(crate) fn new(wait_s: u32) -> Self {
        Locks { wait_s, folder_mode: 0o755, held: None }
    }

    /// Gives these permission bits to a deploys folder that has to be made.
    pub(crate) fn make_folders_with(&mut self, mode: u32) {
        self.folder_mode = mode;
    }

    /// Takes the lock at this path, in the place of one that is held.
    pub(crate) fn take(&mut self, path: &str, may_nest: bool) -> Result<(), Failure> {
        self.held = None;
        self.held = Some((path.to_string(), Lock::take(path, self.folder_mode, self.wait_s, may_nest)?));
        Ok(())
    }

    /// Gives up what is held.
    pub(crate) fn give_up(&mut self) {
        self.held = None;
    }

    /// The variable that tells the commands of a release which lock is held for them.
    pub(crate) fn variable(&self) -> Option<(&'static str, String)> {
        self.held.as_ref().map(|(path, _)| (HELD, mark(&std::process::id().to_string(), path)))
    }
}

/// A held lock; it is given up when this is dropped.
#[derive(Debug)]
struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Takes the lock; waits for another holder for so long. Where the deploys folder has to be made, it gets these
    /// permission bits.
    fn take(path: &str, folder_mode: u32, wait_s: u32, may_nest: bool) -> Result<Lock, Failure> {
        let doing = || format!("take the lock {path}");
        let file = lock_file(Path::new(path), folder_mode).map_err(|error| Failure::World {
            doing: doing(),
            why: error.to_string(),
            hint: Some(match error.kind() {
                std::io::ErrorKind::PermissionDenied => "run it as the user who owns deploysDir".into(),
                _ => "deploysDir in the configuration names the folder that it is in".into(),
            }),
        })?;
        let until = Instant::now() + Duration::from_secs(wait_s.into());
        let mut told = false;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Lock { _file: Some(sign(file)) }),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => (),
                Err(error) => return Err(Failure::world(doing(), error.to_string())),
            }
            let holder = holder(&file);
            if std::env::var(HELD).is_ok_and(|held| held == mark(&holder, path)) {
                if may_nest {
                    return Ok(Lock { _file: None });
                }
                return Err(Failure::World {
                    doing: doing(),
                    why: format!("{} holds it, and waits for the command that called this one", named(&holder)),
                    hint: Some("a command of a release can change no deploy and no endpoint".into()),
                });
            }
            if Instant::now() >= until {
                return Err(Failure::World {
                    doing: doing(),
                    why: format!("{} holds it, still after {wait_s} s", named(&holder)),
                    hint: Some("let it end, or wait longer with --lock-wait SECS".into()),
                });
            }
            if !std::mem::replace(&mut told, true) {
                tell(&format!("waiting for {}, which holds the lock {path}", named(&holder)));
            }
            thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
        }
    }
}

fn mark(holder: &str, path: &str) -> String {
    format!("{holder}:{path}")
}

fn lock_file(path: &Path, folder_mode: u32) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        if let Some(deploys) = folder.parent() {
            make_folders(deploys, folder_mode)?;
        }
        make_folders(folder, 0o700)?;
    }
    open::to_keep(path, OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600))
}

/// Writes this process's id into the file; it only serves the message, so a failure does not matter.
fn sign(mut file: File) -> File {
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
    file
}

fn named(holder: &str) -> String {
    if holder.is_empty() { "another process".into() } else { format!("process {holder}") }
}

fn holder(file: &File) -> String {
    let mut text = String::new();
    let mut file = file;
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
    text.trim().to_string()
}
