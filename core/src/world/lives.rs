//! What lives on the simulated host, and what becomes of it as time passes: what is up late, dies, ends well, or is
//! restarted over and over by the engine.
//!
//! A release says so by files, each holding milliseconds. Of its container `web`, which has its port: `accepts-after` (it
//! takes so long until it accepts), `dies-after` (it ends with status 3 and stays so), `ends-after` (it ends with 0),
//! `restarts-every` (the engine restarts it that often, and docker's proxy accepts all the time), `healthy-after` (its
//! health check passes then; never, where it says 0). Of a second one, `db`: `second-dies-after`, `second-ends-after`,
//! `second-restarts-every`. A release that holds `never-accepts` never accepts a connection, one that holds `never-ready`
//! accepts and is not ready.

use crate::prelude::*;

use super::World;
use crate::{
    proxy::project_name,
    seam::{COMPOSE_FILES, Container, ContainerState, Failure, Health},
};

/// A service of a project, and the files that say when it dies, when it ends well and how often it is restarted.
type Service = (&'static str, [&'static str; 3]);

/// The one that has the port.
const WEB: Service = ("web", ["dies-after", "ends-after", "restarts-every"]);
/// The one that a release with one of its files has beside it.
const DB: Service = ("db", ["second-dies-after", "second-ends-after", "second-restarts-every"]);

impl World {
    pub(super) fn now_ms(&self) -> u64 {
        self.clock * 1_000 + self.clock_ms
    }

    /// The number in one of the files that say how a release behaves.
    pub(super) fn says(&self, folder: &str, name: &str) -> Option<u64> {
        self.tree.text(&format!("{folder}/{name}"))?.trim().parse().ok()
    }

    pub(super) fn has(&self, folder: &str, name: &str) -> bool {
        self.tree.get(&format!("{folder}/{name}")).is_some()
    }

    /// Whether what runs in a folder becomes otherwise without anybody's doing.
    pub(super) fn changes_by_itself(&self, folder: &str) -> bool {
        let scripted = [WEB, DB].into_iter().flat_map(|(_, files)| files).chain(["accepts-after", "healthy-after"]);
        scripted.into_iter().any(|name| self.has(folder, name))
    }

    /// The compose project of a folder; `None` for one without a compose file. What runs in one that was removed is taken
    /// to have had one.
    pub(super) fn project(&self, folder: &str) -> Option<String> {
        let is_gone = self.tree.get(folder).is_none();
        let compose = is_gone || COMPOSE_FILES.iter().any(|name| self.has(folder, name));
        compose.then(|| project_name(folder.rsplit('/').next().unwrap_or_default()))
    }

    fn services(&self, folder: &str) -> impl Iterator<Item = Service> + use<> {
        let second = DB.1.iter().any(|name| self.has(folder, name)).then_some(DB);
        [WEB].into_iter().chain(second)
    }

    /// The time since a service of a folder was started; what runs since before this world began is old.
    fn age_ms(&self, folder: &str, service: &'static str) -> u64 {
        let again = self.started_again.get(&(folder.into(), service)).copied();
        let since = self.started.get(folder).copied().unwrap_or(0).max(again.unwrap_or(0));
        self.now_ms().saturating_sub(since)
    }

    /// The time since what has the port was started from a folder.
    pub(super) fn listener_age_ms(&self, folder: &str) -> u64 {
        self.age_ms(folder, WEB.0)
    }

    /// What is started from a folder accepts connections from now on, unless it never does, or later.
    pub(super) fn accept(&mut self, folder: &str) {
        self.started.insert(folder.into(), self.now_ms());
        self.ended.retain(|(at, _), _| at != folder);
        if self.services(folder).any(|(service, _)| self.is_job(folder, service)) {
            *self.job_runs.entry(folder.into()).or_default() += 1;
        }
        self.accept_in_time(folder);
    }

    /// Whether a service is to end well.
    fn is_job(&self, folder: &str, service: &'static str) -> bool {
        self.services(folder).any(|(other, [_, ends, _])| other == service && self.has(folder, ends))
    }

    fn accept_in_time(&mut self, folder: &str) {
        let Some(port) = self.port_of(folder) else { return };
        let late = self.says(folder, "accepts-after").is_some_and(|ms| self.age_ms(folder, WEB.0) < ms);
        let ended = self.ended.contains_key(&(folder.into(), WEB.0));
        if late || ended || self.has(folder, "never-accepts") {
            self.accepting.remove(folder);
        } else if self.accepting.insert(folder.into(), port).is_none() {
            self.proven.remove(&port);
        }
    }

    /// Time passes: what is late accepts now, and what dies by itself has died.
    pub fn pass(&mut self, ms: u32) {
        self.clock_ms += u64::from(ms);
        self.clock += self.clock_ms / 1_000;
        self.clock_ms %= 1_000;
        let running: Vec<String> = self.running.keys().cloned().collect();
        for folder in running {
            if self.has(&folder, "accepts-after") {
                self.accept_in_time(&folder);
            }
            for (service, [dies, ends, _]) in self.services(&folder) {
                for (file, code) in [(dies, 3), (ends, 0)] {
                    if self.says(&folder, file).is_some_and(|ms| self.age_ms(&folder, service) >= ms) {
                        self.die(&folder, service, code);
                    }
                }
            }
        }
    }

    /// A service of a folder ends without anybody's doing. That endpoints go to it is no plan's doing either.
    pub fn die(&mut self, folder: &str, service: &'static str, code: i64) {
        if !self.running.contains_key(folder) || self.ended.contains_key(&(folder.into(), service)) {
            return;
        }
        self.ended.insert((folder.into(), service), (code, self.now_ms()));
        if service == WEB.0 {
            let port = self.accepting.remove(folder);
            let routes = self.all_routes();
            self.inherited.extend(routes.into_iter().filter(|(_, _, at)| Some(*at) == port));
        }
        if self.services(folder).all(|(other, _)| self.ended.contains_key(&(folder.into(), other))) {
            self.running.remove(folder);
        }
    }

    /// The engine starts containers that have ended, as `docker start` does.
    pub(super) fn start_containers(&mut self, doing: &str, folder: &str, ids: &[String]) -> Result<(), Failure> {
        for (service, _) in self.services(folder) {
            let at = (folder.to_string(), service);
            if !ids.contains(&container_id(folder, service)) || !self.ended.contains_key(&at) {
                continue;
            }
            if service == WEB.0 && self.port_is_taken(folder) {
                return Err(Failure::world(doing, "driver failed programming external connectivity: address in use"));
            }
            if self.is_job(folder, service) {
                *self.job_runs.entry(folder.into()).or_default() += 1;
            }
            self.ended.remove(&at);
            self.started_again.insert(at, self.now_ms());
            let version = self.tree.text(&format!("{folder}/version")).unwrap_or_default();
            self.running.entry(folder.to_string()).or_insert(version);
            if service == WEB.0 {
                self.accept_in_time(folder);
            }
        }
        Ok(())
    }

    /// The containers of what was started from a folder with a compose file.
    pub(super) fn containers(&self, folder: &str) -> Vec<Container> {
        let Some(project) = self.project(folder) else { return Vec::new() };
        let found = self.services(folder).filter_map(|(service, [.., restarts])| {
            let ended = self.ended.get(&(folder.to_string(), service)).copied();
            let state = match ended {
                Some((code, _)) => ContainerState::Exited(code),
                None if self.running.contains_key(folder) => ContainerState::Running,
                None => return None,
            };
            let age_ms = self.age_ms(folder, service);
            let every = self.says(folder, restarts).filter(|every| *every > 0);
            let is_web = service == WEB.0;
            Some(Container {
                id: container_id(folder, service),
                name: format!("{project}-{service}-1"),
                state,
                started: every.map_or(self.now_ms() - age_ms, |every| age_ms / every).to_string(),
                age_ms: Some(every.map_or(age_ms, |every| age_ms % every)),
                restarts: every.map_or(0, |every| age_ms / every),
                health: if is_web { self.health(folder, age_ms) } else { Health::None },
                decides_ms: self.says(folder, "healthy-after").unwrap_or(0).max(1_000),
                published: self
                    .port_of(folder)
                    .filter(|_| is_web && !self.has(folder, "never-accepts"))
                    .into_iter()
                    .collect(),
                stop_timeout_s: 10,
                ended_since_boot: ended.is_some_and(|(_, at_ms)| at_ms >= self.booted_ms),
            })
        });
        found.collect()
    }

    fn health(&self, folder: &str, age_ms: u64) -> Health {
        match self.says(folder, "healthy-after") {
            None => Health::None,
            Some(0) if age_ms >= 1_000 => Health::Unhealthy,
            Some(ms) if ms > 0 && age_ms >= ms => Health::Healthy,
            Some(_) => Health::Starting,
        }
    }

    /// The machine comes back, and with it all that runs.
    pub(super) fn begin_again(&mut self) {
        self.booted_ms = self.now_ms();
        let folders: Vec<String> = self.running.keys().cloned().collect();
        for folder in folders {
            for (service, _) in self.services(&folder) {
                let at = (folder.clone(), service);
                if !self.ended.contains_key(&at) {
                    self.started_again.insert(at, self.booted_ms);
                }
            }
        }
    }

    /// The machine goes down: what runs ends as it is asked to, many a server with 0.
    pub(super) fn end_all(&mut self) {
        let running: Vec<String> = self.running.keys().cloned().collect();
        for folder in running {
            for (service, _) in self.services(&folder) {
                let now_ms = self.now_ms();
                self.ended.entry((folder.clone(), service)).or_insert((0, now_ms));
            }
        }
        self.running.clear();
        self.foreground.clear();
        self.accepting.clear();
        self.pass(1);
        self.booted_ms = self.now_ms();
    }
}

fn container_id(folder: &str, service: &str) -> String {
    format!("{service} of {folder}")
}
