//! The proxy's nginx as processes of this machine: read from `/proc` and signalled without docker's help.

use std::{
    fs, io,
    os::fd::OwnedFd,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, pidfd_send_signal, test_kill_process};

use crate::{
    docker::Inspected,
    processes::{Stat, has_ended, hold, is_of_container, title},
    signals::Signals,
};

/// How long the workers of a new configuration may take to stand before the old ones are left to nginx.
const HANDING_OVER: Duration = Duration::from_secs(1);
/// The pause between two looks at the workers.
const PAUSE: Duration = Duration::from_millis(1);
/// The title of a worker, which it takes on when it is ready to accept (`ngx_worker_process_cycle`).
const WORKER: &str = "nginx: worker process";

/// A worker process of the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Worker {
    /// Its id on this machine.
    pub(crate) pid: u32,
    /// Whether it only ends what it has begun.
    pub(crate) leaving: bool,
}

impl Worker {
    /// The worker that a process with this title is; `None` for any other process.
    pub(crate) fn of(pid: u32, title: &str) -> Option<Worker> {
        Some(Worker { pid, leaving: title.strip_prefix(WORKER)?.contains("shutting down") })
    }
}

/// The master process of the proxy's nginx, seen from here.
#[derive(Debug)]
pub(crate) struct Master {
    pid: u32,
    process: OwnedFd,
}

impl Master {
    /// The first process of a running container, where it is a process of this machine and nginx's master: the id of
    /// the container is in the name of its control group (cgroups(7)).
    pub(crate) fn of(container: &Inspected) -> Option<Master> {
        let pid = container.pid;
        let process = hold(pid)?;
        let is_it = container.id.len() == 64 && is_of_container(pid, &container.id);
        let master = Master { pid, process };
        (is_it && title(pid)?.starts_with("nginx: master process") && master.is_there()).then_some(master)
    }

    /// Its workers.
    pub(crate) fn workers(&self) -> io::Result<Vec<Worker>> {
        let mut workers = Vec::new();
        // Not its list of children, which may leave one out while another ends (proc(5)).
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            workers.extend(self.worker(pid));
        }
        match self.is_there() {
            true => Ok(workers),
            false => Err(io::Error::other("nginx has ended")),
        }
    }

    /// Has it reload its configuration, and its old workers leave as soon as the new ones stand.
    ///
    /// nginx itself asks the old ones to, as gracefully, a tenth of a second after it started the new ones; what they
    /// have begun they end in both cases. One that leaves earlier cannot be missed: the sockets that are listened on
    /// are the master's, and should the new workers not be those of a reload, the master puts another in its place.
    pub(crate) fn reload(&self, signals: &Signals, old: &[Worker]) -> io::Result<()> {
        let accepts = |worker: &&Worker| !worker.leaving;
        let old: Vec<(u32, OwnedFd)> = old.iter().filter(accepts).filter_map(|old| self.held(old.pid)).collect();
        pidfd_send_signal(&self.process, Signal::HUP)?;
        let (until, mut asked) = (Instant::now() + HANDING_OVER, false);
        while Instant::now() < until && signals.heeded().is_none() {
            let left = old.iter().filter_map(|(pid, _)| self.worker(*pid)).filter(|worker| !worker.leaving).count();
            if left == 0 {
                break;
            }
            if !asked {
                let now = self.children();
                let is_new = |worker: &&Worker| old.iter().all(|(pid, _)| *pid != worker.pid);
                asked = now.iter().filter(accepts).filter(is_new).count() >= left;
                for (_, process) in old.iter().filter(|_| asked) {
                    // One that is gone by now, or may not be signalled, is nginx's own affair.
                    let _ = pidfd_send_signal(process, Signal::QUIT);
                }
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// A worker, held so that no other process takes on its id.
    fn held(&self, pid: u32) -> Option<(u32, OwnedFd)> {
        let process = hold(pid)?;
        self.worker(pid).map(|_| (pid, process))
    }

    /// Its workers by its list of children, which is soon read and may leave one out (proc(5)); none without the list.
    fn children(&self) -> Vec<Worker> {
        let pid = self.pid;
        let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        listed.split_whitespace().filter_map(|pid| self.worker(pid.parse().ok()?)).collect()
    }

    /// The worker with this id; `None` when there is none.
    pub(crate) fn worker(&self, pid: u32) -> Option<Worker> {
        if Stat::of(pid)?.parent == self.pid { Worker::of(pid, &title(pid)?) } else { None }
    }

    /// Whether it accepts no more and only ends what its workers have begun.
    pub(crate) fn is_leaving(&self) -> bool {
        let workers = self.children();
        !workers.is_empty() && workers.iter().all(|worker| worker.leaving)
    }

    /// Whether this process may signal it.
    pub(crate) fn obeys(&self) -> bool {
        i32::try_from(self.pid).ok().and_then(Pid::from_raw).is_some_and(|pid| test_kill_process(pid).is_ok())
    }

    /// Ends it at once, and its container with it.
    pub(crate) fn kill(&self) {
        // It may just have ended.
        let _ = pidfd_send_signal(&self.process, Signal::KILL);
    }

    /// Whether it has not ended.
    pub(crate) fn is_there(&self) -> bool {
        !has_ended(&self.process)
    }
}
