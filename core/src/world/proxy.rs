//! The simulated proxy and ports: an nginx in a container, what accepts connections, and the rules that hold for both.

use crate::prelude::*;

use super::{World, docker::PROJECT};
use crate::{
    Ordered,
    nginx::{Generation, Routes},
    seam::{Effect, Failure, Intent, ProxyNow},
};

/// The proxy's container.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Proxy {
    /// Whether it runs.
    pub running: bool,
    /// What tells the compose file that it was made from; one of the older tool has none.
    pub project: Option<String>,
    /// Whether it mounts the folder that is on disk.
    pub mounted: bool,
    /// The configuration that its workers go by.
    pub loaded: String,
}

impl World {
    pub(super) fn listens(&self, port: u16) -> bool {
        self.accepting.values().any(|held| *held == port) || self.foreign.contains(&port)
    }

    pub(super) fn proxy_now(&self, _folder: &str) -> ProxyNow {
        let Some(proxy) = &self.proxy else { return ProxyNow::default() };
        ProxyNow {
            exists: true,
            running: proxy.running,
            paused: false,
            mounted: proxy.mounted,
            project: proxy.project.clone(),
            serves: Generation::of_file(&proxy.loaded).filter(|_| proxy.running),
        }
    }

    /// The port that the release in a folder was rendered for.
    pub(super) fn port_of(&self, folder: &str) -> Option<u16> {
        self.tree.text(&format!("{folder}/.c2-id"))?.lines().nth(2)?.parse().ok()
    }

    pub(super) fn port_is_taken(&self, folder: &str) -> bool {
        let Some(port) = self.port_of(folder) else { return false };
        let held = self.accepting.iter().any(|(other, held)| other != folder && *held == port);
        held || self.foreign.contains(&port)
    }

    /// What is stopped must not get requests from workers of an older configuration.
    pub(super) fn check_drained(&mut self, folder: &str) {
        let Some(port) = self.accepting.remove(folder) else { return };
        self.proven.remove(&port);
        if let Some(other) = self.taker(folder, port) {
            self.note(format!("{folder} was stopped for its port {port}, which {other} is to have"));
        }
        if self.running_proxy().is_some_and(|served| served.routes.pairs().any(|(_, used)| used == port)) {
            self.note(format!("{folder} was stopped while an endpoint used it"));
        }
        if self.undrained.contains(&port) {
            self.note(format!("{folder} was stopped before the proxy's old workers were gone"));
        }
    }

    /// The deploy of a change that is under way which is to have the port that another folder's release accepts on.
    fn taker(&self, folder: &str, port: u16) -> Option<String> {
        let label = folder.rsplit('/').next().unwrap_or_default();
        let intents = self.tree.texts("/opt/deploys/.c2/intents").into_iter();
        let takes = |text: &str| Intent::from_text(text).is_some_and(|intent| intent.port == Some(port));
        let others = intents.filter_map(|(name, text)| Some((name.strip_suffix(".json")?.to_string(), text)));
        others.filter(|(other, text)| other != label && takes(text)).map(|(other, _)| other).next()
    }

    /// An endpoint does not go dark, while what serves it accepts, for another deploy that is to have its port.
    fn check_dark(&mut self, before: &Routes) {
        let after = self.running_proxy().map(|served| served.routes).unwrap_or_default();
        for (endpoint, target) in before.targets.iter().filter(|(endpoint, _)| !after.targets.contains_key(*endpoint)) {
            let serving =
                self.accepting.iter().find(|(_, held)| **held == target.port).map(|(folder, _)| folder.clone());
            if let Some(other) = serving.and_then(|folder| self.taker(&folder, target.port)) {
                let port = target.port;
                self.note(format!("{endpoint} was taken off the port {port}, which accepts, as {other} is to have it"));
            }
        }
    }

    pub(super) fn test_proxy(&mut self, folder: &str, project: Option<&str>) -> Result<(), Failure> {
        let doing = "try the proxy's configuration";
        let runs = self.proxy.as_ref().is_some_and(|proxy| proxy.running);
        match project {
            None if !runs => return Err(Failure::world(doing, "the container does not run")),
            None => (),
            Some(project) => self.compose_takes(doing, folder, project, runs)?,
        }
        match self.tree.text(&format!("{folder}/nginx.candidate.conf")) {
            Some(text) if !text.contains("unknown_directive") => Ok(()),
            Some(_) => Err(Failure::world(doing, "unknown directive \"unknown_directive\"")),
            None => Err(Failure::world(doing, "there is no candidate")),
        }
    }

    fn conf(&self) -> String {
        self.tree.text("/opt/deploys/frontend-proxy/nginx.conf").unwrap_or_default()
    }

    pub(super) fn reload_proxy(&mut self) -> Result<(), Failure> {
        let conf = self.conf();
        match &mut self.proxy {
            Some(proxy) if proxy.running => {
                if proxy.mounted {
                    let before = Generation::of_file(&proxy.loaded).map(|served| served.routes).unwrap_or_default();
                    let after = Generation::of_file(&conf).map(|served| served.routes).unwrap_or_default();
                    let still = |port| after.pairs().any(|(_, other)| other == port);
                    self.undrained.extend(before.pairs().map(|(_, port)| port).filter(|port| !still(*port)));
                    if core::mem::take(&mut self.held) {
                        self.staying.push(before.pairs().map(|(_, port)| port).into_set());
                    }
                    proxy.loaded = conf;
                    self.check_dark(&before);
                }
                Ok(())
            }
            _ => Err(Failure::world("signal the proxy", "it does not run")),
        }
    }

    /// Waits for the old workers that may pass requests to the deploy in a folder: to the end for those that stay.
    pub(super) fn drain_proxy(&mut self, folder: &str, limit_s: u32) {
        let port = self.port_of(folder);
        if self.staying.iter().any(|ports| port.is_none_or(|port| ports.contains(&port))) {
            self.clock += u64::from(limit_s);
        }
        self.undrained.retain(|used| port.is_some_and(|port| port != *used));
    }

    /// The workers end with their container.
    pub(super) fn end_workers(&mut self) {
        self.undrained.clear();
        self.staying.clear();
        self.held = false;
    }

    /// What the proxy serves, where it runs.
    fn running_proxy(&self) -> Option<Generation> {
        self.proxy.as_ref().filter(|proxy| proxy.running).and_then(|proxy| Generation::of_file(&proxy.loaded))
    }

    pub(super) fn prove_proxy(&self, served: &Generation) -> Result<(), Failure> {
        let serves = self.running_proxy();
        if serves.as_ref() == Some(served) {
            return Ok(());
        }
        Err(Failure::world("prove what the proxy serves", "it serves something else"))
    }

    pub(super) fn proxy_up(&mut self, folder: &str, project: &str, recreate: bool) -> Result<(), Failure> {
        self.compose_takes("start the proxy", folder, PROJECT, false)?;
        let conf = self.conf();
        // The label is that of the file which is on disk.
        let compose = self.tree.text(&format!("{folder}/docker-compose.yml")).unwrap_or_default();
        let labelled = compose.split_once("c2.project: ").and_then(|(_, name)| name.split(['"', '\'', '\n']).nth(1));
        let project = labelled.unwrap_or(project);
        if conf.is_empty() {
            return Err(Failure::world("start the proxy", "it has no configuration"));
        }
        let same = self.proxy.as_ref().is_some_and(|proxy| proxy.running && proxy.project.as_deref() == Some(project));
        if recreate || !same {
            self.undrained.clear();
            let before = self.running_proxy().map(|served| served.routes).unwrap_or_default();
            // An nginx that cannot have its ports ends, again and again: docker says that it started it.
            let listens = |port: &u16| conf.contains(&format!("listen {port}"));
            let running = !self.foreign.iter().any(|port| [80, 443].contains(port) && listens(port));
            self.proxy = Some(Proxy { running, project: Some(project.to_string()), mounted: true, loaded: conf });
            self.check_dark(&before);
        }
        Ok(())
    }

    /// The routes that are served, and those on disk, which a proxy would come back with.
    pub(super) fn all_routes(&self) -> Vec<(&'static str, String, u16)> {
        let places = [("served", self.running_proxy()), ("on disk", Generation::of_file(&self.conf()))];
        let mut all = Vec::new();
        for (place, served) in places {
            let routes = served.map(|served| served.routes).unwrap_or_default();
            all.extend(routes.pairs().map(|(endpoint, port)| (place, endpoint.to_string(), port)));
        }
        all
    }

    /// An endpoint is routed to what lives and was proven, or answers 503; also after a restart of the proxy.
    pub(super) fn check_routes(&mut self, effect: &Effect) {
        for route in self.all_routes() {
            let (place, endpoint, port) = &route;
            let lives = self.accepting.values().any(|held| held == port);
            let proven = lives && self.proven.contains(port);
            if !proven && !self.inherited.contains(&route) {
                let state = if lives { "unproven" } else { "dead" };
                self.note(format!("{place}: {endpoint} goes to the {state} port {port} after: {effect}"));
            }
        }
    }

    /// A plan has ended: what it changed it may have changed back before, later ones may not.
    pub(super) fn disinherit(&mut self) {
        let present = self.all_routes();
        self.inherited.retain(|route| present.contains(route));
    }

    /// The machine reboots. Either what ran and the proxy's container come back, as docker restarts them, or
    /// nothing runs. Routes that the proxy comes back with count against no plan until they are changed.
    pub fn reboot(&mut self, comes_back: bool) {
        self.proven.clear();
        self.undrained.clear();
        self.looks.clear();
        self.begin_again();
        let conf = self.conf();
        if let Some(proxy) = &mut self.proxy {
            proxy.running = comes_back;
            proxy.loaded = conf;
        }
        if !comes_back {
            self.end_all();
        }
        let routes = Generation::of_file(&self.conf()).map(|served| served.routes).unwrap_or_default();
        let of = |place| routes.pairs().map(move |(endpoint, port)| (place, endpoint.to_string(), port));
        self.inherited = of("served").chain(of("on disk")).collect();
    }
}
