//! Processes of this machine: what the kernel tells of them (proc(5)), and a hold on them (pidfd_open(2)), so that none
//! that took on an id is taken for the one that had it.

use std::{fs, io::Read, os::fd::OwnedFd};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, pidfd_open},
};

/// What the kernel tells of a process (`/proc/pid/stat`).
pub(crate) struct Stat {
    /// Whether it has ended and is only waited for: a zombie.
    pub(crate) is_dead: bool,
    /// The process that it was started by.
    pub(crate) parent: u32,
    /// Its process group.
    pub(crate) group: u32,
    /// When it was started: clock ticks since the boot, which Linux counts as hundredths of a second to every program.
    pub(crate) started: u64,
}

impl Stat {
    /// What is told of the process with this id; `None` when there is none.
    pub(crate) fn of(pid: u32) -> Option<Stat> {
        let text = beginning(&format!("/proc/{pid}/stat"))?;
        // Its name, the second field, may hold anything.
        let fields: Vec<&str> = text.rsplit_once(") ")?.1.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Stat {
            is_dead: matches!(fields.first(), Some(&"Z" | &"X")),
            parent: u32::try_from(number(1)?).ok()?,
            group: u32::try_from(number(2)?).ok()?,
            started: number(19)?,
        })
    }
}

/// The age of a process in milliseconds: no clock that is set changes it.
pub(crate) fn age_ms(pid: u32) -> Option<u64> {
    let started = Stat::of(pid)?.started;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = uptime.split_whitespace().next()?.split_once('.')?;
    let now = seconds.parse::<u64>().ok()?.saturating_mul(100) + hundredths.parse::<u64>().ok()?;
    Some(now.saturating_sub(started) * 10)
}

/// The title that a process gave itself, or its command line, as far as it matters.
pub(crate) fn title(pid: u32) -> Option<String> {
    Some(beginning(&format!("/proc/{pid}/cmdline"))?.replace('\0', " ").trim_end().to_string())
}

/// Whether the control group of a process names a container by its id (cgroups(7)).
pub(crate) fn is_of_container(pid: u32, id: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|groups| groups.contains(id))
}

/// A hold on a process, where the kernel gives one (Linux 5.3).
pub(crate) fn hold(pid: u32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(pid.try_into().ok()?)?, PidfdFlags::empty()).ok()
}

/// Whether a process that is held has ended: it is readable then.
pub(crate) fn has_ended(held: &OwnedFd) -> bool {
    poll(&mut [PollFd::new(held, PollFlags::IN)], Some(&Timespec::default())) != Ok(0)
}

/// The beginning of a file of `/proc`, by one read: each further one would have the kernel write all of it again.
fn beginning(path: &str) -> Option<String> {
    let mut bytes = [0; 1024];
    let read = fs::File::open(path).ok()?.read(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes[..read]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_as_old_as_it_is() {
        let age_ms = |pid| age_ms(pid).unwrap();
        let own = age_ms(std::process::id());
        assert!(own < 3_600_000, "{own}");
        assert!(age_ms(1) >= own, "nothing is older than the first process");
    }
}
