//! How simulated deploys stand as time passes: what is up late, dies, or is restarted over and over by the engine.
//!
//! A release says so by files, each holding milliseconds: `accepts-after` (it takes so long until it accepts),
//! `dies-after` (it ends with status 3 and stays so), `restarts-every` (the engine restarts it that often, and docker's
//! proxy accepts all the time), `second-restarts-every` (a second container of its project does, while the first one
//! serves), `healthy-after` (its health check passes then; never, where it says 0). One that holds `never-accepts` never
//! accepts a connection, one that holds `never-ready` accepts and is not ready.

use crate::prelude::*;

use super::World;
use crate::{
    config::Readiness,
    proxy::project_name,
    ready::Status,
    seam::{COMPOSE_FILES, Container, ContainerState, Failure, Health, Standing},
};

/// The pause between two looks, in milliseconds.
const PAUSE_MS: u32 = 100;

/// What the looks of this run have found of a deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looks {
    /// What was found last.
    found: (bool, Vec<Container>),
    /// Since when, in milliseconds.
    since_ms: u64,
    /// Whether it was found otherwise before.
    changed: bool,
}

impl World {
    pub(super) fn now_ms(&self) -> u64 {
        self.clock * 1_000 + self.clock_ms
    }

    /// The age of what was started from a folder; what runs since before this world began is old.
    fn age_ms(&self, folder: &str) -> u64 {
        self.now_ms().saturating_sub(self.started.get(folder).copied().unwrap_or(0))
    }

    /// The number in one of the files that say how a release behaves.
    fn says(&self, folder: &str, name: &str) -> Option<u64> {
        self.tree.text(&format!("{folder}/{name}"))?.trim().parse().ok()
    }

    fn has(&self, folder: &str, name: &str) -> bool {
        self.tree.get(&format!("{folder}/{name}")).is_some()
    }

    /// The compose project of a folder; `None` for one without a compose file. What runs in one that was removed is taken
    /// to have had one.
    pub(super) fn project(&self, folder: &str) -> Option<String> {
        let is_gone = self.tree.get(folder).is_none();
        let compose = is_gone || COMPOSE_FILES.iter().any(|name| self.has(folder, name));
        compose.then(|| project_name(folder.rsplit('/').next().unwrap_or_default()))
    }

    /// What is started from a folder accepts connections from now on, unless it never does, or later.
    pub(super) fn accept(&mut self, folder: &str) {
        self.started.insert(folder.into(), self.now_ms());
        self.ended.remove(folder);
        self.accept_in_time(folder);
    }

    fn accept_in_time(&mut self, folder: &str) {
        let Some(port) = self.port_of(folder) else { return };
        let late = self.says(folder, "accepts-after").is_some_and(|ms| self.age_ms(folder) < ms);
        if late || self.has(folder, "never-accepts") {
            self.accepting.remove(folder);
        } else if self.accepting.insert(folder.into(), port).is_none() {
            self.proven.remove(&port);
        }
    }

    /// Time passes: what is late accepts now, and what dies by itself has died. That endpoints go to it is no plan's
    /// doing.
    pub(super) fn pass(&mut self, ms: u32) {
        self.clock_ms += u64::from(ms);
        self.clock += self.clock_ms / 1_000;
        self.clock_ms %= 1_000;
        let running: Vec<String> = self.running.keys().cloned().collect();
        for folder in running {
            if self.has(&folder, "accepts-after") {
                self.accept_in_time(&folder);
            }
            if self.says(&folder, "dies-after").is_some_and(|ms| self.age_ms(&folder) >= ms) {
                let port = self.accepting.remove(&folder);
                self.running.remove(&folder);
                self.ended.insert(folder, 3);
                let routes = self.all_routes();
                self.inherited.extend(routes.into_iter().filter(|(_, _, at)| Some(*at) == port));
            }
        }
    }

    /// The containers of what was started from a folder with a compose file.
    pub(super) fn containers(&self, folder: &str) -> Vec<Container> {
        let Some(project) = self.project(folder) else { return Vec::new() };
        let state = match self.ended.get(folder) {
            Some(code) => ContainerState::Exited(*code),
            None if self.running.contains_key(folder) => ContainerState::Running,
            None => return Vec::new(),
        };
        let age_ms = self.age_ms(folder);
        let health = match self.says(folder, "healthy-after") {
            None => Health::None,
            Some(0) if age_ms >= 1_000 => Health::Unhealthy,
            Some(ms) if ms > 0 && age_ms >= ms => Health::Healthy,
            Some(_) => Health::Starting,
        };
        let container = |service: &str, every: Option<u64>, health| {
            let every = every.filter(|every| *every > 0);
            Container {
                id: format!("{service} of {folder}"),
                name: format!("{project}-{service}-1"),
                state: state.clone(),
                started: every.map_or(0, |every| age_ms / every).to_string(),
                age_ms: Some(every.map_or(age_ms, |every| age_ms % every)),
                restarts: every.map_or(0, |every| age_ms / every),
                health,
                decides_ms: self.says(folder, "healthy-after").unwrap_or(0).max(1_000),
                published: self.accepting.get(folder).copied().into_iter().collect(),
                stop_timeout_s: 10,
            }
        };
        let mut containers = Vec::from([container("web", self.says(folder, "restarts-every"), health)]);
        let second = self.says(folder, "second-restarts-every");
        containers.extend(second.map(|_| container("db", second, Health::None)));
        containers
    }

    /// How a deploy stands. A port that is found good for long enough is proven.
    pub(super) fn standing(&mut self, folder: &str, port: u16, readiness: &Readiness) -> Standing {
        let accepts = self.accepting.get(folder) == Some(&port) && !self.has(folder, "never-ready");
        let good = *readiness == Readiness::None || accepts || self.foreign.contains(&port);
        let (now_ms, age_ms, compose) = (self.now_ms(), self.age_ms(folder), self.project(folder).is_some());
        let containers = self.containers(folder);
        let mut found = (good, containers.clone());
        found.1.iter_mut().for_each(|container| container.age_ms = None);
        let looks =
            self.looks.entry(folder.into()).or_insert(Looks { found: found.clone(), since_ms: now_ms, changed: false });
        if looks.found != found {
            *looks = Looks { found, since_ms: now_ms, changed: true };
        }
        let standing = Standing {
            port: if good { Ok(()) } else { Err("it runs and does not accept".into()) },
            listener_age_ms: (accepts && containers.is_empty()).then_some(age_ms),
            containers: Ok(containers),
            compose,
            same_ms: now_ms.saturating_sub(looks.since_ms),
            changed: looks.changed,
        };
        if accepts && Status::of(&standing, readiness).is_ready() {
            self.proven.insert(port);
        }
        standing
    }

    pub(super) fn wait_ready(
        &mut self,
        port: u16,
        readiness: &Readiness,
        folder: &str,
        demanded: bool,
    ) -> Result<(), Failure> {
        let begun_ms = self.now_ms();
        loop {
            let standing = self.standing(folder, port, readiness);
            let status = Status::of(&standing, readiness);
            let waited_ms = self.now_ms().saturating_sub(begun_ms);
            if status.is_ready() || !demanded {
                return Ok(());
            }
            if status.is_over(waited_ms, readiness, &standing) {
                let why =
                    if self.running.contains_key(folder) { "it runs and is not ready" } else { "it does not run" };
                return Err(Failure::world(format!("wait until port {port} is ready"), why));
            }
            // Where nothing changes by itself there is nothing to see in between.
            let scripted = ["accepts-after", "dies-after", "restarts-every", "second-restarts-every", "healthy-after"];
            let pause_ms = match &status {
                _ if scripted.iter().any(|name| self.has(folder, name)) => PAUSE_MS,
                Status::Settling { left_ms, .. } => u32::try_from(*left_ms).unwrap_or(PAUSE_MS),
                _ => 1_000,
            };
            self.pass(pause_ms);
        }
    }

    /// Whether one good look finds it ready.
    #[cfg(test)]
    pub(super) fn is_ready(&mut self, folder: &str, port: u16) -> bool {
        let (timeout_s, settle_s) = (crate::config::Positive::LEAST, crate::config::Settle::LEAST);
        let tcp = Readiness::Tcp(crate::config::TcpReadiness { timeout_s, settle_s });
        Status::of(&self.standing(folder, port, &tcp), &tcp).is_ready()
    }
}
