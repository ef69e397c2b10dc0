//! The proxy's container: what it serves, its configuration tried, reloaded, proven, its old workers waited for.

use std::{
    cell::Cell,
    collections::BTreeSet,
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    rc::Rc,
    thread,
    time::{Duration, Instant, SystemTime},
};

use c2_core::{
    Ordered,
    nginx::{Generation, MARK_HOST},
    seam::{Failure, ProxyNow, Reason},
};

use super::{
    nginx::{Master, Worker},
    ready::{self, Part},
};
use crate::{
    docker::{Docker, Inspected as Container},
    files, processes,
    signals::Signals,
};

/// The container's name, fixed by the compose file.
const CONTAINER: &str = "frontendproxy";
/// The name of the proxy's compose project.
const PROJECT: &str = "frontend-proxy";
/// The labels by which Compose knows the container of a service.
const COMPOSE_LABELS: [(&str, &str); 2] =
    [("com.docker.compose.project", PROJECT), ("com.docker.compose.service", "nginx")];
/// How long an nginx that is replaced may take to end what it has begun: nothing accepts meanwhile.
const LAST_REQUESTS: Duration = Duration::from_millis(100);
/// The label that names what the container was made from.
const PROJECT_LABEL: &str = "c2.project";
/// The port on which the configuration answers what it serves.
const MARK_PORT: u16 = 80;
/// What is being done when the proxy is started.
const START: &str = "start the proxy";
/// What the times of a process and of a file may differ by.
const MOMENT: Duration = Duration::from_millis(50);
/// How long a proxy may take to serve what it was told to.
const PROOF: Duration = Duration::from_secs(10);
/// How long workers whose configuration answers nothing must stay to be believed.
const STEADY: Duration = Duration::from_millis(600);
/// The pause between two looks at workers that are waited for.
const PAUSE: Duration = Duration::from_millis(40);
/// The longest pause between two looks at what is served; the first ones are shorter.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The container as the docker command shows it; `None` when there is none.
fn listed(docker: &Docker) -> Result<Option<Container>, Failure> {
    let filter = format!("name=^/{CONTAINER}$");
    let labels = [PROJECT_LABEL, COMPOSE_LABELS[0].0, COMPOSE_LABELS[1].0];
    let shown = labels.map(|label| format!("\t{{{{.Label \"{label}\"}}}}"));
    let format = format!("{{{{.ID}}}}\t{{{{.Status}}}}{}", shown.concat());
    let called = docker.command(&["ps", "-a", "--filter", &filter, "--format", &format])?;
    let text = called.must("look for the proxy's container")?;
    let words: Vec<&str> = text.lines().next().unwrap_or_default().split('\t').collect();
    let [id, status, ref found @ ..] = words[..] else { return Ok(None) };
    let (up, paused) = (status.starts_with("Up "), status.contains("Paused"));
    let pid = match up {
        true => docker
            .command(&["inspect", "--format", "{{.State.Pid}}", CONTAINER])?
            .must("look at the proxy's container")?,
        false => String::new(),
    };
    Ok(Some(Container {
        id: id.into(),
        running: up && !paused,
        paused,
        pid: pid.trim().parse().unwrap_or_default(),
        labels: labels.iter().zip(found).map(|(label, value)| (label.to_string(), value.to_string())).into_map(),
    }))
}

/// Whether the container sees, at its own path, the very folder that is on disk.
fn mounts(container: &Container, folder: &str) -> bool {
    let inside = fs::metadata(format!("/proc/{}/root/etc/c2", container.pid));
    match (inside, fs::metadata(folder)) {
        (Ok(inside), Ok(outside)) => (inside.dev(), inside.ino()) == (outside.dev(), outside.ino()),
        // Only root may look into another's root; the proof after a reload shows what is not so.
        (Err(error), _) => error.kind() == io::ErrorKind::PermissionDenied,
        (Ok(_), Err(_)) => false,
    }
}

/// When a process was started, since 1970.
fn started(pid: u32) -> Option<Duration> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    now.checked_sub(Duration::from_millis(processes::age_ms(pid)?))
}

fn marked() -> Option<Generation> {
    let answer = ready::get(MARK_PORT, MARK_HOST, "/", Part::Whole).ok()?;
    if answer.status == 200 { Generation::from_text(&answer.body) } else { None }
}

/// What the proxy printed last, for a message.
fn last_lines(docker: &Docker) -> String {
    let Ok(logs) = docker.command(&["logs", "--tail", "8", CONTAINER]) else { return String::new() };
    logs.stderr.lines().map(|line| format!("\n  {line}")).collect()
}

/// The proxy of this machine.
pub(crate) struct Proxy {
    docker: Rc<Docker>,
    signals: Rc<Signals>,
    /// Its master process, where it was seen from here.
    master: Option<Master>,
    /// The workers that it had when it was last signalled.
    old_workers: BTreeSet<u32>,
    /// What it answered that it serves, just before that.
    served_before: Option<Generation>,
}

impl Proxy {
    /// The proxy in this docker. Looks at nothing yet.
    pub(crate) fn new(docker: &Rc<Docker>, signals: &Rc<Signals>) -> Self {
        let (docker, signals) = (Rc::clone(docker), Rc::clone(signals));
        Proxy { docker, signals, master: None, old_workers: BTreeSet::new(), served_before: None }
    }

    /// The container as it is found, by its name, and what it serves.
    pub(crate) fn now(&mut self, folder: &str) -> Result<ProxyNow, Failure> {
        let Some(container) = self.container()? else { return Ok(ProxyNow::default()) };
        let running = container.running;
        Ok(ProxyNow {
            exists: true,
            running,
            paused: container.paused,
            mounted: running && mounts(&container, folder),
            project: container.labels.get(PROJECT_LABEL).filter(|name| !name.is_empty()).cloned(),
            serves: if running { self.serves(folder) } else { None },
        })
    }

    /// The proxy's container; `None` when there is none.
    fn container(&mut self) -> Result<Option<Container>, Failure> {
        let Some(found) = self.docker.inspected(CONTAINER)? else { return listed(&self.docker) };
        self.master = found.as_ref().filter(|container| container.running).and_then(Master::of);
        Ok(found)
    }

    /// What is served: the mark that the configuration answers, else that of the file when all workers are younger.
    fn serves(&mut self, folder: &str) -> Option<Generation> {
        marked().or_else(|| {
            let path = Path::new(folder).join("nginx.conf");
            let text = String::from_utf8(files::read_small(&path).ok()??.0).ok()?;
            let served = Generation::of_file(&text)?;
            let metadata = fs::metadata(&path).ok()?;
            let changed = Duration::new(metadata.ctime().try_into().ok()?, metadata.ctime_nsec().try_into().ok()?);
            let workers = self.workers().ok()?;
            let young = |worker: &Worker| worker.leaving || started(worker.pid).is_some_and(|since| since >= changed);
            (workers.iter().any(|worker| !worker.leaving) && workers.iter().all(young)).then_some(served)
        })
    }

    /// The proxy's master process, where it is known to be one of this machine.
    fn master(&mut self) -> Result<Option<&Master>, Failure> {
        if !self.master.as_ref().is_some_and(Master::is_there) {
            let found = self.docker.inspected(CONTAINER)?.flatten();
            self.master = found.filter(|container| container.running).as_ref().and_then(Master::of);
        }
        Ok(self.master.as_ref())
    }

    fn workers(&mut self) -> Result<Vec<Worker>, Failure> {
        if let Some(Ok(workers)) = self.master()?.map(Master::workers) {
            return Ok(workers);
        }
        let called = self.docker.command(&["top", CONTAINER, "-eo", "pid,args"])?;
        let text = called.must("list the proxy's processes")?;
        let worker = |line: &str| {
            let (pid, title) = line.trim().split_once(' ')?;
            Worker::of(pid.parse().ok()?, title.trim_start())
        };
        Ok(text.lines().filter_map(worker).collect())
    }

    /// Tries the candidate configuration: in a container of this compose project, else in the one that runs.
    pub(crate) fn test(&self, folder: &str, project: Option<&str>) -> Result<(), Failure> {
        let test = ["-t", "-c", "/etc/nginx/nginx.candidate.conf"];
        let words = [&["nginx"], &test[..]].concat();
        let called = if let Some(project) = project {
            let run = [&["run", "--rm", "-T", "--no-deps", "nginx"], &test[..]].concat();
            self.docker.compose(folder, project, &run, &|| ())?
        } else {
            self.docker.exec(CONTAINER, &words)?
        };
        called.must(&format!("try the proxy's configuration {folder}/nginx.candidate.conf")).map(drop)
    }

    /// Signals the proxy to reload its configuration; its workers are noted as the old ones.
    pub(crate) fn reload(&mut self) -> Result<(), Failure> {
        self.served_before = marked();
        let old = self.workers()?;
        // Those that were leaving already are older than this change.
        self.old_workers.retain(|pid| old.iter().any(|worker| worker.pid == *pid));
        self.old_workers.extend(old.iter().filter(|worker| !worker.leaving).map(|worker| worker.pid));
        if let Some(master) = &self.master
            && master.reload(&self.signals, &old).is_ok()
        {
            return Ok(());
        }
        self.docker.command(&["kill", "-s", "HUP", CONTAINER])?.must("signal the proxy").map(drop)
    }

    /// Makes sure that the proxy serves this.
    pub(crate) fn prove(&mut self, marked_one: bool, served: &Generation) -> Result<(), Failure> {
        let until = Instant::now() + PROOF;
        let mut pause = Duration::from_millis(1);
        loop {
            let found = if marked_one { marked() } else { None };
            let serves = found.as_ref() == Some(served);
            if if marked_one { serves && !self.others_accept(served)? } else { self.are_new_and_steady() } {
                return Ok(());
            }
            if let Some(signal) = self.signals.heeded() {
                return Err(Failure::Interrupted(signal));
            }
            if Instant::now() >= until {
                let found = match (marked_one, found) {
                    (true, Some(_)) if serves => "workers of the older configuration still accept".to_string(),
                    (true, Some(found)) => format!("it serves {found}, an older configuration"),
                    (true, None) => format!("nothing of this configuration answers on port {MARK_PORT}"),
                    (false, _) => "its workers are still those of the older configuration".to_string(),
                };
                let public = format!("{found}, after {} s", PROOF.as_secs());
                let full = format!("{public}; its last lines:{}", last_lines(&self.docker));
                return Err(Failure::Called {
                    doing: format!("prove that the proxy serves {served}"),
                    why: Reason { full, public },
                    hint: Some("see whether something else listens on ports 80 and 443".into()),
                });
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether a request may still come to a worker of another configuration than this one, which is served.
    fn others_accept(&mut self, served: &Generation) -> Result<bool, Failure> {
        if self.old_workers.is_empty() || self.served_before.as_ref() == Some(served) {
            return Ok(false);
        }
        if let Some(master) = self.master.as_ref().filter(|master| master.is_there()) {
            return Ok(self.old_workers.iter().any(|pid| master.worker(*pid).is_some_and(|worker| !worker.leaving)));
        }
        let now = self.workers()?;
        Ok(now.iter().any(|worker| !worker.leaving && self.old_workers.contains(&worker.pid)))
    }

    /// Whether there are workers that are not the old ones, and stay.
    fn are_new_and_steady(&mut self) -> bool {
        let mut look = || -> Option<BTreeSet<u32>> {
            let workers = self.workers().ok()?;
            let old = workers.iter().any(|worker| !worker.leaving && self.old_workers.contains(&worker.pid));
            let new: BTreeSet<u32> =
                workers.iter().filter(|worker| !worker.leaving).map(|worker| worker.pid).into_set();
            (!old && !new.is_empty()).then_some(new)
        };
        let Some(first) = look() else { return false };
        thread::sleep(STEADY);
        look() == Some(first)
    }

    /// Waits until the workers are gone that may pass requests to the deploy in a folder: those that this run's changes
    /// left, and those of earlier changes whose configuration may know it.
    pub(crate) fn drain(&mut self, folder: &str, limit_s: u32) -> Result<(), Failure> {
        let until = Instant::now() + Duration::from_secs(limit_s.into());
        let made = fs::metadata(folder).and_then(|folder| folder.created()).ok();
        let made = made.and_then(|made| made.duration_since(SystemTime::UNIX_EPOCH).ok()).unwrap_or_default();
        // A worker that was started before the folder was made never heard of the deploy.
        let may_know = |worker: &Worker| started(worker.pid).is_none_or(|since| since + MOMENT >= made);
        loop {
            let left = match self.workers() {
                Ok(workers) => workers,
                // Without a running container there are no workers.
                Err(failure) => match self.container()? {
                    Some(container) if container.running || container.paused => return Err(failure),
                    _ => vec![],
                },
            };
            let is_old = |worker: &Worker| self.old_workers.contains(&worker.pid) || worker.leaving && may_know(worker);
            let waits = left.iter().any(is_old) && Instant::now() < until && self.signals.heeded().is_none();
            if !waits {
                // Those that are left have had their time.
                self.old_workers.clear();
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
    }

    /// Starts the proxy by its compose file.
    pub(crate) fn up(&mut self, folder: &str, recreate: bool) -> Result<(), Failure> {
        if recreate && self.recreated(folder)? {
            return Ok(());
        }
        self.remove(folder, "1")?;
        self.docker.compose(folder, PROJECT, &["up", "-d"], &|| ())?.must(START).map(drop)
    }

    /// Whether Compose took down the container that runs and made it again, in one call: what it takes to begin (with
    /// docker-compose v1 a second and more) passes while the old one still serves.
    fn recreated(&mut self, folder: &str) -> Result<bool, Failure> {
        let is_its = |container: &Container| {
            COMPOSE_LABELS.iter().all(|(name, value)| container.labels.get(*name).is_some_and(|label| label == value))
        };
        if !self.container()?.is_some_and(|container| container.running && is_its(&container)) {
            return Ok(false);
        }
        // Compose knows whole seconds only: it gives one, which is cut short here, or none.
        let (master, since) = (self.master.take().filter(Master::obeys), Cell::new(None));
        let seconds = if master.is_some() { "1" } else { "0" };
        let meanwhile = || {
            let Some(master) = master.as_ref().filter(|master| master.is_leaving()) else { return };
            let begun = since.get().unwrap_or_else(Instant::now);
            since.set(Some(begun));
            if begun.elapsed() >= LAST_REQUESTS {
                master.kill();
            }
        };
        // Without the last option docker-compose v1 asks the old container's image for what newer engines do not say.
        let arguments = ["up", "-d", "-t", seconds, "--force-recreate", "--renew-anon-volumes"];
        let called = self.docker.compose(folder, PROJECT, &arguments, &meanwhile)?;
        if !called.succeeded && self.container()?.is_some_and(|container| container.running) {
            return Err(called.failure(START));
        }
        // Else it is made from nothing, and what went wrong may not be in the way then.
        Ok(called.succeeded)
    }

    /// Stops the proxy and removes its container; none is fine.
    pub(crate) fn down(&mut self, folder: &str) -> Result<(), Failure> {
        self.remove(folder, "5")
    }

    /// Removes the proxy's container, which has so many seconds to end, and what Compose may have left of one when it
    /// was cut short: docker would start that again with the machine.
    fn remove(&mut self, folder: &str, seconds: &str) -> Result<(), Failure> {
        let mut names: BTreeSet<String> = self.docker.containers(folder)?.into_iter().map(|it| it.name).into_set();
        if self.container()?.is_some() {
            names.insert(CONTAINER.to_string());
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if names.is_empty() {
            return Ok(());
        }
        self.docker.command(&[&["stop", "-t", seconds], &names[..]].concat())?.must("stop the proxy")?;
        let remove = [&["rm", "-f"], &names[..]].concat();
        self.docker.command(&remove)?.must("remove the proxy's container").map(drop)
    }
}
