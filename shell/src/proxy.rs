//! The proxy's container: what it serves, its configuration tried, reloaded, proven, its old workers waited for.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    thread,
    time::{Duration, Instant, SystemTime},
};

use c2_core::{
    proxy::{MARK_HOST, Served},
    seam::{Failure, ProxyNow},
};

use crate::{
    docker::{Call, Called, PULLING, QUICK, docker},
    host::Machine,
    ready,
    signals::Signals,
};

/// The container's name, fixed by the compose file.
const CONTAINER: &str = "frontendproxy";
/// The name of the proxy's compose project.
const PROJECT: &str = "frontend-proxy";
/// The port on which the configuration answers what it serves.
const MARK_PORT: u16 = 80;
/// How long a proxy may take to serve what it was told to.
const PROOF: Duration = Duration::from_secs(10);
/// How long workers whose configuration answers nothing must stay to be believed.
const STEADY: Duration = Duration::from_millis(600);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// A worker process of the proxy.
#[derive(Debug)]
struct Worker {
    pid: u32,
    leaving: bool,
}

/// The container as it is found, by its name.
pub(crate) fn now(signals: &Signals, folder: &str) -> Result<ProxyNow, Failure> {
    let Some((status, project)) = listed(signals)? else { return Ok(ProxyNow::default()) };
    let running = status.starts_with("Up ") && !status.contains("Paused");
    let mounted = running && mounts(signals, folder)?;
    let serves = if running { serves(signals, folder) } else { None };
    Ok(ProxyNow { exists: true, running, mounted, project: Some(project).filter(|name| !name.is_empty()), serves })
}

/// The container's status and the name of what it was made from; `None` without a container.
fn listed(signals: &Signals) -> Result<Option<(String, String)>, Failure> {
    let filter = format!("name=^/{CONTAINER}$");
    let format = "{{.Status}}\t{{.Label \"c2.project\"}}";
    let called = docker(signals, &["ps", "-a", "--filter", &filter, "--format", format], QUICK)?;
    let text = called.must("look for the proxy's container")?;
    let pair = |line: &str| line.split_once('\t').map(|(status, name)| (status.to_string(), name.to_string()));
    Ok(text.lines().next().and_then(pair))
}

/// Whether the container sees, at its own path, the very folder that is on disk.
fn mounts(signals: &Signals, folder: &str) -> Result<bool, Failure> {
    let called = docker(signals, &["inspect", "--format", "{{.State.Pid}}", CONTAINER], QUICK)?;
    let pid = called.must("look at the proxy's container")?;
    let inside = fs::metadata(format!("/proc/{}/root/etc/c2", pid.trim()));
    match (inside, fs::metadata(folder)) {
        (Ok(inside), Ok(outside)) => Ok((inside.dev(), inside.ino()) == (outside.dev(), outside.ino())),
        // Only root may look into another's root; the proof after a reload shows what is not so.
        (Err(error), _) => Ok(error.kind() == io::ErrorKind::PermissionDenied),
        (Ok(_), Err(_)) => Ok(false),
    }
}

/// What is served: the mark that the configuration answers, else that of the file when all workers are younger.
fn serves(signals: &Signals, folder: &str) -> Option<Served> {
    marked().or_else(|| {
        let path = Path::new(folder).join("nginx.conf");
        let text = fs::read_to_string(&path).ok()?;
        let served = Served::of_file(&text)?;
        let metadata = fs::metadata(&path).ok()?;
        let changed = Duration::new(metadata.ctime().try_into().ok()?, metadata.ctime_nsec().try_into().ok()?);
        let workers = workers(signals).ok()?;
        let young = |worker: &Worker| worker.leaving || started(worker.pid).is_some_and(|since| since >= changed);
        (workers.iter().any(|worker| !worker.leaving) && workers.iter().all(young)).then_some(served)
    })
}

/// When a process was started, since 1970 (proc(5): the 22nd field of its `stat`, in hundredths since the start).
fn started(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let ticks: u64 = stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()?;
    let uptime: f64 = fs::read_to_string("/proc/uptime").ok()?.split(' ').next()?.parse().ok()?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(now.checked_sub(Duration::from_secs_f64(uptime))? + Duration::from_millis(ticks * 10))
}

fn marked() -> Option<Served> {
    let answer = ready::get(MARK_PORT, MARK_HOST, "/").ok()?;
    if answer.status == 200 { Served::from_text(&answer.body) } else { None }
}

fn workers(signals: &Signals) -> Result<Vec<Worker>, Failure> {
    let called = docker(signals, &["top", CONTAINER, "-eo", "pid,args"], QUICK)?;
    let text = called.must("list the proxy's processes")?;
    let worker = |line: &str| {
        let (pid, arguments) = line.trim().split_once(' ')?;
        let title = arguments.trim_start().strip_prefix("nginx: worker process")?;
        Some(Worker { pid: pid.parse().ok()?, leaving: title.contains("shutting down") })
    };
    Ok(text.lines().filter_map(worker).collect())
}

/// What the proxy printed last, for a message.
fn last_lines(signals: &Signals) -> String {
    let Ok(logs) = docker(signals, &["logs", "--tail", "8", CONTAINER], QUICK) else { return String::new() };
    logs.stderr.lines().map(|line| format!("\n  {line}")).collect()
}

impl Machine {
    /// Tries the candidate configuration.
    pub(crate) fn test_proxy(&mut self, folder: &str, inside: bool) -> Result<(), Failure> {
        let test = ["-t", "-c", "/etc/nginx/nginx.candidate.conf"];
        let called = if inside {
            docker(&self.signals, &[&["exec", CONTAINER, "nginx"], &test[..]].concat(), QUICK)?
        } else {
            self.compose(folder, &[&["run", "--rm", "-T", "--no-deps", "nginx"], &test[..]].concat(), PULLING)?
        };
        called.must(&format!("try the proxy's configuration {folder}/nginx.candidate.conf")).map(drop)
    }

    /// Signals the proxy to read its configuration anew; its workers are noted as the old ones.
    pub(crate) fn reload_proxy(&mut self) -> Result<(), Failure> {
        self.old_workers.extend(workers(&self.signals)?.iter().map(|worker| worker.pid));
        docker(&self.signals, &["kill", "-s", "HUP", CONTAINER], QUICK)?.must("signal the proxy").map(drop)
    }

    /// Makes sure that the proxy serves this.
    pub(crate) fn prove_proxy(&mut self, marked_one: bool, served: &Served) -> Result<(), Failure> {
        let until = Instant::now() + PROOF;
        loop {
            let found = if marked_one { marked() } else { None };
            if if marked_one { found.as_ref() == Some(served) } else { self.are_new_and_steady() } {
                return Ok(());
            }
            if let Some(signal) = self.signals.heeded() {
                return Err(Failure::Interrupted(signal));
            }
            if Instant::now() >= until {
                let found = match (marked_one, found) {
                    (true, Some(found)) => format!("it serves {found}, an older configuration"),
                    (true, None) => format!("nothing of this configuration answers on port {MARK_PORT}"),
                    (false, _) => "its workers are still those of the older configuration".to_string(),
                };
                return Err(Failure::World {
                    doing: format!("prove that the proxy serves {served}"),
                    why: format!("{found}, after {} s; its last lines:{}", PROOF.as_secs(), last_lines(&self.signals)),
                    hint: Some("see whether something else listens on ports 80 and 443".into()),
                });
            }
            thread::sleep(PAUSE);
        }
    }

    /// Whether there are workers that are not the old ones, and stay.
    fn are_new_and_steady(&self) -> bool {
        let look = || -> Option<BTreeSet<u32>> {
            let workers = workers(&self.signals).ok()?;
            let old = workers.iter().any(|worker| !worker.leaving && self.old_workers.contains(&worker.pid));
            let new: BTreeSet<u32> = workers.iter().filter(|worker| !worker.leaving).map(|worker| worker.pid).collect();
            (!old && !new.is_empty()).then_some(new)
        };
        let Some(first) = look() else { return false };
        thread::sleep(STEADY);
        look() == Some(first)
    }

    /// Waits until the workers of older configurations are gone.
    pub(crate) fn drain_proxy(&mut self, limit_s: u32) -> Result<(), Failure> {
        let until = Instant::now() + Duration::from_secs(limit_s.into());
        loop {
            let left = match workers(&self.signals) {
                Ok(workers) => workers,
                // Without a running container there are no workers.
                Err(failure) => match listed(&self.signals)? {
                    Some((status, _)) if status.starts_with("Up ") => return Err(failure),
                    _ => vec![],
                },
            };
            let is_old = |worker: &Worker| worker.leaving || self.old_workers.contains(&worker.pid);
            if !left.iter().any(is_old) {
                self.old_workers.clear();
                return Ok(());
            }
            if Instant::now() >= until || self.signals.heeded().is_some() {
                return Ok(());
            }
            thread::sleep(PAUSE * 2);
        }
    }

    /// Starts the proxy by its compose file.
    pub(crate) fn proxy_up(&mut self, folder: &str, recreate: bool) -> Result<(), Failure> {
        if recreate {
            self.proxy_down()?;
        }
        self.compose(folder, &["up", "-d"], PULLING)?.must("start the proxy").map(drop)
    }

    /// Stops the proxy and removes its container; none is fine.
    pub(crate) fn proxy_down(&mut self) -> Result<(), Failure> {
        if listed(&self.signals)?.is_none() {
            return Ok(());
        }
        docker(&self.signals, &["stop", "-t", "5", CONTAINER], QUICK)?.must("stop the proxy")?;
        docker(&self.signals, &["rm", "-f", CONTAINER], QUICK)?.must("remove the proxy's container").map(drop)
    }

    /// Calls Compose in the folder of the proxy's project, by the name that this machine has for it.
    fn compose(&mut self, folder: &str, arguments: &[&str], limit: Duration) -> Result<Called, Failure> {
        let plugin = match self.compose_is_plugin {
            Some(known) => known,
            None => *self.compose_is_plugin.insert(docker(&self.signals, &["compose", "version"], QUICK)?.succeeded),
        };
        let (program, first): (&str, &[&str]) = if plugin { ("docker", &["compose"]) } else { ("docker-compose", &[]) };
        let project = ["-p", PROJECT, "-f", "docker-compose.yml"];
        let arguments = [first, &project, arguments].concat();
        Call { folder: Some(Path::new(folder)), ..Call::new(program, &arguments, limit) }.run(&self.signals)
    }
}
