//! Start commands that run: noted in `.c2/foreground`, so that a stop from elsewhere ends one that stays, also when the
//! run that attended it was killed. No process that only took on a noted id is ever signalled.

use std::{
    collections::BTreeMap,
    fs, io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use c2_core::seam::Failure;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use crate::{
    files,
    log::Log,
    processes::{Stat, has_ended, hold},
    signals::Signals,
};

/// The shortest time between asking a group to end and killing it.
const SHORTEST: Duration = Duration::from_secs(10);
/// What a group has beyond the time that its containers have to stop.
const BEYOND: Duration = Duration::from_secs(5);
/// How long a group that was killed may take to be gone.
const DEATH: Duration = Duration::from_secs(5);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// The notes of start commands that run.
#[derive(Default)]
pub(crate) struct Foreground {
    /// Their folder.
    notes: PathBuf,
}

impl Foreground {
    /// The notes below `.c2` in the deploys folder.
    pub(crate) fn below(dot_c2: &str) -> Self {
        Foreground { notes: Path::new(dot_c2).join("foreground") }
    }

    /// Notes the start command of a folder. A failed note must not fail the start: it is logged.
    pub(crate) fn note(&self, folder: &str, pid: u32, log: &Log) {
        if let Err(error) = note(&self.notes, folder, pid) {
            log.write(1, &format!("warning: note the start command in {folder}: {error}"));
        }
    }

    /// Takes the note of a start command back that has ended.
    pub(crate) fn forget(&self, pid: u32) {
        // One that stays there names a process that is gone, which every look finds out.
        let _ = fs::remove_file(place(&self.notes, pid));
    }

    /// Removes the notes of all that have ended.
    pub(crate) fn forget_ended(&self) {
        forget_ended(&self.notes);
    }

    /// Whether a noted start command of a folder still runs.
    pub(crate) fn runs(&self, folder: &str) -> bool {
        noted(&self.notes, folder).next().is_some()
    }

    /// Ends the noted start commands of a folder and all processes of their groups. The grace is for an end by itself;
    /// `stop_timeout_s` tells how long the containers of the folder have to stop.
    pub(crate) fn end(
        &self,
        folder: &str,
        grace: Duration,
        signals: &Signals,
        stop_timeout_s: impl Fn() -> Option<u32>,
    ) -> Result<(), Failure> {
        for leader in noted(&self.notes, folder) {
            let longest = || stop_timeout_s().map(|s| Duration::from_secs(s.into()));
            let limit = || longest().map_or(SHORTEST, |longest| SHORTEST.max(longest + BEYOND));
            end(leader, grace, limit, signals, folder)?;
        }
        Ok(())
    }
}

fn place(notes: &Path, pid: u32) -> PathBuf {
    notes.join(format!("{pid}.json"))
}

fn note(notes: &Path, folder: &str, pid: u32) -> io::Result<()> {
    let started = Stat::of(pid).ok_or_else(|| io::Error::other("it is gone"))?.started;
    files::make_folders(notes, 0o700)?;
    forget_ended(notes);
    let folder = physical(folder);
    let text = json!({ "folder": folder, "pid": pid, "started": started, "boot": boot()? }).to_string();
    // It means nothing after a boot: no need to sync it.
    files::write_atomically(&place(notes, pid), text.as_bytes(), 0o600, false)
}

/// The start commands that are noted for a folder and run.
fn noted(notes: &Path, folder: &str) -> impl Iterator<Item = Process> {
    let folder = physical(folder);
    all(notes).filter_map(move |(_, at, leader)| leader.filter(|_| at == folder))
}

/// Every note: its file, the folder, and the process where that still runs.
fn all(notes: &Path) -> impl Iterator<Item = (PathBuf, String, Option<Process>)> {
    let boot = boot().unwrap_or_default();
    let paths = fs::read_dir(notes).into_iter().flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).filter_map(move |path| {
        let (bytes, _) = files::read_small(&path).ok()??;
        let note: Value = serde_json::from_slice(&bytes).ok()?;
        let (number, text) = (|name: &str| note.get(name)?.as_u64(), |name: &str| note.get(name)?.as_str());
        let leader = Process::opened(u32::try_from(number("pid")?).ok()?, Some(number("started")?));
        let leader = leader.filter(|leader| text("boot") == Some(boot.as_str()) && leader.leads());
        Some((path, text("folder")?.to_string(), leader))
    })
}

/// Removes the notes of what has ended: a run that was killed took none back.
fn forget_ended(notes: &Path) {
    for (path, _, leader) in all(notes) {
        if leader.is_none() {
            // The next look finds it again.
            let _ = fs::remove_file(path);
        }
    }
}

/// A folder by its path without links, whichever path named it.
fn physical(folder: &str) -> String {
    fs::canonicalize(folder).map_or_else(|_| folder.into(), |path| path.display().to_string())
}

/// The id of this boot: ids of processes and their times of start mean nothing in another one.
fn boot() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_string())
}

/// Ends a process and its group: the grace to end by itself, then it is asked to, and killed after the limit.
fn end(
    leader: Process,
    grace: Duration,
    limit: impl FnOnce() -> Duration,
    signals: &Signals,
    folder: &str,
) -> Result<(), Failure> {
    let failed = |why: String| Failure::world(format!("end the start command in {folder}"), why);
    if within(grace, signals, &mut || leader.has_ended())? {
        return Ok(());
    }
    let mut group = Group { id: leader.pid, members: BTreeMap::from([(leader.pid, leader)]) };
    for (signal, limit) in [(Signal::TERM, limit()), (Signal::KILL, DEATH)] {
        group.send(signal).map_err(|error| failed(error.to_string()))?;
        if within(limit, signals, &mut || group.is_gone())? {
            return Ok(());
        }
    }
    let left: Vec<String> = group.members.keys().map(ToString::to_string).collect();
    Err(failed(format!("killed and still there: process {}", left.join(", "))))
}

/// Whether it comes about within this time.
fn within(limit: Duration, signals: &Signals, over: &mut dyn FnMut() -> bool) -> Result<bool, Failure> {
    let until = Instant::now() + limit;
    while !over() {
        if let Some(signal) = signals.heeded() {
            return Err(Failure::Interrupted(signal));
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        thread::sleep(PAUSE);
    }
    Ok(true)
}

/// A process group. While a member is held that has not ended, no other group takes on its id.
struct Group {
    id: u32,
    members: BTreeMap<u32, Process>,
}

impl Group {
    fn send(&mut self, signal: Signal) -> io::Result<()> {
        let group = i32::try_from(self.id).ok().and_then(Pid::from_raw);
        let Some(group) = group.filter(|_| !self.is_gone()) else { return Ok(()) };
        match kill_process_group(group, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether all members have ended; those that came meanwhile are held from here on.
    fn is_gone(&mut self) -> bool {
        self.members.retain(|_, member| !member.has_ended());
        if self.members.is_empty() {
            return true;
        }
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if !self.members.contains_key(&pid)
                && let Some(member) = Process::opened(pid, None).filter(|it| it.group() == Some(self.id))
            {
                self.members.insert(pid, member);
            }
        }
        false
    }
}

/// A process, held where the kernel can (Linux 5.3), so that none that took on its id is taken for it.
struct Process {
    pid: u32,
    started: u64,
    held: Option<OwnedFd>,
}

impl Process {
    /// The process with this id which was started then; `None` when there is none.
    fn opened(pid: u32, started: Option<u64>) -> Option<Process> {
        let held = hold(pid);
        let now = Stat::of(pid)?.started;
        let process = Process { pid, started: now, held };
        (started.is_none_or(|started| started == now) && !process.has_ended()).then_some(process)
    }

    /// Whether a group is named after it.
    fn leads(&self) -> bool {
        self.group() == Some(self.pid)
    }

    fn group(&self) -> Option<u32> {
        Stat::of(self.pid).filter(|stat| stat.started == self.started).map(|stat| stat.group)
    }

    fn has_ended(&self) -> bool {
        match &self.held {
            Some(held) => has_ended(held),
            None => Stat::of(self.pid).is_none_or(|stat| stat.is_dead || stat.started != self.started),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::CommandExt, process::Command};

    use super::*;

    /// A process that leads a group of its own, and a child of it in that group.
    fn group() -> std::process::Child {
        Command::new("sh").args(["-c", "sleep 600 & sleep 600"]).process_group(0).spawn().unwrap()
    }

    fn pids(notes: &Path, folder: &str) -> Vec<u32> {
        noted(notes, folder).map(|process| process.pid).collect()
    }

    #[test]
    fn a_noted_process_is_found_by_its_folder_and_ends_with_its_group() {
        let at = tempfile::tempdir().unwrap();
        let (notes, folder) = (at.path().join("notes"), at.path().display().to_string());
        let mut child = group();
        note(&notes, &folder, child.id()).unwrap();
        assert_eq!(pids(&notes, "/elsewhere"), [0_u32; 0]);
        assert_eq!(pids(&notes, &folder), [child.id()]);
        let mut group = Group { id: child.id(), members: BTreeMap::new() };
        let leader = noted(&notes, &folder).next().unwrap();
        group.members.insert(leader.pid, noted(&notes, &folder).next().unwrap());
        while group.is_gone() || group.members.len() < 2 {
            thread::sleep(PAUSE);
        }
        let signals = Signals::default();
        end(leader, Duration::ZERO, || SHORTEST, &signals, &folder).unwrap();
        assert!(group.is_gone());
        child.wait().unwrap();
        assert_eq!(pids(&notes, &folder), [0_u32; 0]);
        forget_ended(&notes);
        assert_eq!(fs::read_dir(&notes).unwrap().count(), 0, "the note of what has ended stays");
    }

    #[test]
    fn a_process_that_took_on_a_noted_id_is_not_found() {
        let at = tempfile::tempdir().unwrap();
        let folder = at.path().display().to_string();
        let mut child = group();
        let change = |field: &str, value: Value| {
            note(at.path(), &folder, child.id()).unwrap();
            let path = place(at.path(), child.id());
            let mut note: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            note[field] = value;
            fs::write(&path, note.to_string()).unwrap();
            pids(at.path(), &folder)
        };
        let started = Stat::of(child.id()).unwrap().started;
        assert_eq!(change("started", started.into()), [child.id()]);
        assert_eq!(change("started", (started + 1).into()), [0_u32; 0]);
        assert_eq!(change("boot", "another".into()), [0_u32; 0]);
        // One that leads no group was not started by this tool.
        assert_eq!(change("pid", std::process::id().into()), [0_u32; 0]);
        kill_process_group(Pid::from_child(&child), Signal::KILL).unwrap();
        child.wait().unwrap();
    }
}
