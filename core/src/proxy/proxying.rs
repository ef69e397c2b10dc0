//! The proxy in the course of a plan: the stages that make it serve given routes, and how they are undone.

use crate::prelude::*;

use super::{
    reconcile::Reconcile,
    rendered::{compose_project, conf, is_served},
    seen::{PROXY, shut_down_note},
    target::Upkeep,
};
use crate::{
    nginx::{Conf, Generation, Pages, Project, Routes},
    seam::{Effect, Facts, Refusal, Secret, Settled as _, Stage},
};

/// The compose project of the container that a configuration is tried in: docker-compose v1 links a container of `run`
/// to those of its service that run, which the engine refuses to one in the host's network.
const TRIAL: &str = "frontend-proxy-trial";

/// How the proxy's container stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProxyContainer {
    /// There is none.
    Absent,
    /// It does not run, or is not made from what is on disk.
    Stale {
        /// Whether it runs.
        running: bool,
    },
    /// It runs from what is on disk.
    Well,
}

/// The proxy in the course of a plan: each switch sets out from what the one before it left.
pub(super) struct Proxying<'a> {
    r: &'a Reconcile<'a>,
    project: Project,
    pages: Pages,
    container: ProxyContainer,
    routes: Routes,
    /// Whether a switch of this plan came before.
    switched: bool,
    /// The configuration's text and what it serves, where that is known.
    conf: Option<(String, Generation)>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

impl<'a> Proxying<'a> {
    pub(super) fn new(r: &'a Reconcile<'a>) -> Result<Self, Refusal> {
        let seen = &r.seen;
        let project = compose_project(seen.facts, seen.config, seen.proxy_config)?;
        let (routes, proxy) = (seen.live_routes()?, &seen.proxy);
        let restarts = r.target.proxy == Upkeep::Restart;
        let as_new = if restarts { Some(compose_file(seen.facts, &project)?) } else { None };
        // Missing log limits do not justify an interruption; a restart adds them.
        let same = proxy.mounted && proxy.project.as_ref() == Some(&project.name);
        let same = same
            && seen.compose.as_ref().is_some_and(|text| match as_new {
                Some(as_new) => *text == as_new,
                None => *text == project.text || *text == project.bounded(),
            });
        // `restart` re-creates a container that does not answer with its mark.
        let dumb = restarts && proxy.serves.is_none();
        let container = match (proxy.exists, proxy.running) {
            (false, _) => ProxyContainer::Absent,
            (true, true) if same && !dumb => ProxyContainer::Well,
            (true, running) => ProxyContainer::Stale { running },
        };
        let conf = seen.conf.clone().zip(seen.on_disk()).filter(|(_, served)| served.routes == routes);
        // The undo needs the text of a page that is about to be removed.
        let mut pages = seen.state.maintenance.clone();
        pages.extend(r.pages.clone());
        Ok(Proxying { r, project, pages, container, routes, switched: false, conf, notes: vec![] })
    }

    /// Whether a proxy runs or is to run at the end.
    pub(super) fn wanted(&self) -> bool {
        let starts = self.r.repairs() && self.r.target.proxy != Upkeep::Repair && self.r.needs_proxy;
        starts || matches!(self.container, ProxyContainer::Well | ProxyContainer::Stale { running: true })
    }

    /// The routes as they are at this point of the plan.
    pub(super) fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Whether these are the routes at this point of the plan, and would be after a restart.
    pub(super) fn routes_are(&self, routes: &Routes) -> bool {
        if self.switched { self.routes == *routes } else { self.r.seen.routes_are(routes) }
    }

    fn conf(&self, routes: &Routes) -> Result<Conf, Refusal> {
        let seen = &self.r.seen;
        conf(seen.facts, seen.config, seen.proxy_config, routes, &self.pages)
    }

    /// Whether the proxy runs from what is on disk and serves exactly the configuration of these routes.
    pub(super) fn serves_well(&self, routes: &Routes) -> Result<bool, Refusal> {
        let served = Some(self.conf(routes)?.served);
        let now = &self.r.seen;
        Ok(self.container == ProxyContainer::Well && now.proxy.serves == served && now.on_disk() == served)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.r.seen.deploys.live_dir(PROXY))
    }

    /// The stages that make the proxy serve these routes and nothing else, proven, each with its way back.
    pub(super) fn switch_to(&mut self, title: &str, routes: &Routes) -> Result<Vec<Stage>, Refusal> {
        let seen = &self.r.seen;
        is_served(seen.facts, seen.config, seen.proxy_config, routes, &self.pages)?;
        let new = self.conf(routes)?;
        let back = match &self.conf {
            Some(conf) => Some(conf.clone()),
            None if self.r.seen.has_proxy() => {
                let old = self.conf(&self.routes)?;
                Some((old.text, old.served))
            }
            None => None,
        };
        let stages = match self.container {
            _ if !self.wanted() => self.write_only(title, &new, back.as_ref()),
            ProxyContainer::Well => self.reload(title, &new, back.as_ref()),
            _ => self.start(title, &new, back.as_ref())?,
        };
        if self.wanted() {
            self.container = ProxyContainer::Well;
        }
        self.routes.clone_from(routes);
        self.switched = true;
        self.conf = Some((new.text, new.served));
        Ok(stages)
    }

    /// Nothing runs: what a start would serve is written down.
    fn write_only(&self, title: &str, new: &Conf, back: Option<&(String, Generation)>) -> Vec<Stage> {
        let conf = write(self.path("nginx.conf"), new.text.clone());
        vec![Stage::new(title, vec![conf]).undone_by(vec![self.conf_back(back)])]
    }

    fn reload(&self, title: &str, new: &Conf, back: Option<&(String, Generation)>) -> Vec<Stage> {
        let mut undo = vec![self.conf_back(back), Effect::ReloadProxy];
        undo.extend(back.map(|(_, served)| self.prove(served)));
        let candidate = write_for_now(self.path("nginx.candidate.conf"), new.text.clone());
        let mut effects = self.swap(new);
        effects.extend([Effect::ReloadProxy, self.prove(&new.served)]);
        vec![
            Stage::new("try the configuration", vec![candidate, self.test(None)]),
            Stage::new(title, effects).undone_by(undo),
        ]
    }

    fn start(&mut self, title: &str, new: &Conf, back: Option<&(String, Generation)>) -> Result<Vec<Stage>, Refusal> {
        let (free, compose_file) =
            (self.ports_are_free(&new.text, back), compose_file(self.r.seen.facts, &self.project));
        let (_, compose_file) = (free?, compose_file?);
        let running = self.container == ProxyContainer::Stale { running: true };
        if running {
            let note = "the proxy's container is not made from what is on disk now: it is re-created once";
            self.notes.push(note.to_string());
        }
        let include = |name: &str| format!("include /etc/c2/{name};\n");
        let mut prepare: Vec<Effect> = self.project.folders.iter().cloned().map(Effect::MakeFolder).collect();
        prepare.extend([
            write(self.path("include.conf"), include("nginx.conf")),
            write(self.path("include.candidate.conf"), include("nginx.candidate.conf")),
            write(self.path("docker-compose.yml"), compose_file),
            write_for_now(self.path("nginx.candidate.conf"), new.text.clone()),
            self.test(Some(TRIAL)),
        ]);
        let compose = self.r.seen.compose.clone().map(|text| write(self.path("docker-compose.yml"), text));
        let is_there = self.container != ProxyContainer::Absent;
        // Undo re-creates the container from its old files: a new config may use mounts that the old compose file lacks, or want
        // the very port that is taken.
        let now = &self.r.seen;
        let as_it_was = if running { now.conf.clone().zip(now.on_disk()) } else { None };
        let is_whole = as_it_was.is_some() || self.conf.is_some();
        let back = as_it_was.as_ref().or(back);
        let mut undo = vec![self.conf_back(back)];
        match back {
            // As it was, from all of its files as they were. One that did not run routes to nothing that was proven since.
            Some((_, served)) if running => {
                undo.extend(compose.clone().filter(|_| is_whole));
                undo.extend([self.up(true), self.prove(served)]);
            }
            _ => undo.push(Effect::ProxyDown { folder: self.r.seen.deploys.live_dir(PROXY) }),
        }
        let note = Some(shut_down_note(now.deploys)).filter(|_| now.is_shut_down);
        let (mut swap, mut swap_back) = (self.swap(new), vec![self.conf_back(back)]);
        swap.extend(note.clone().map(Effect::Remove));
        swap_back.extend(note.map(|path| write(path, String::new())));
        Ok(vec![
            Stage::new("try the configuration", prepare).undone_by(compose.into_iter().collect()),
            Stage::new("put it in place", swap).undone_by(swap_back),
            Stage::new(title, vec![self.up(is_there), self.prove(&new.served)]).undone_by(undo),
        ])
    }

    /// Refuses to start a container that could not have its ports: before the one that runs is stopped for it.
    fn ports_are_free(&self, new: &str, back: Option<&(String, Generation)>) -> Result<(), Refusal> {
        let now = &self.r.seen;
        let old = now.conf.as_ref().or(back.map(|(old, _)| old));
        let held = |port| (now.proxy.running || now.proxy.paused) && old.is_none_or(|old| listens_on(old, port));
        let wanted = [80, 443].into_iter().filter(|port| listens_on(new, *port) && !held(*port));
        // Who has it for one address of IPv6 alone is not in the way.
        let asked: Vec<_> = wanted.map(|port| (port, self.r.seen.facts.accepts(port))).collect();
        for (port, taken) in asked {
            if taken? {
                return Err(Refusal::no("start the proxy", format!("something else listens on port {port}"))
                    .with_hint(format!("stop that: ss -tlnp 'sport = :{port}' names it")));
            }
        }
        Ok(())
    }

    /// The new configuration in its place.
    fn swap(&self, new: &Conf) -> Vec<Effect> {
        vec![
            write_for_now(self.path("nginx.ctx.json"), new.context.clone()),
            write(self.path("nginx.conf"), new.text.clone()),
        ]
    }

    fn conf_back(&self, back: Option<&(String, Generation)>) -> Effect {
        match back {
            Some((text, _)) => write(self.path("nginx.conf"), text.clone()),
            None => Effect::Remove(self.path("nginx.conf")),
        }
    }

    fn test(&self, project: Option<&str>) -> Effect {
        Effect::TestProxy { folder: self.r.seen.deploys.live_dir(PROXY), project: project.map(ToString::to_string) }
    }

    fn up(&self, recreate: bool) -> Effect {
        let (folder, project) = (self.r.seen.deploys.live_dir(PROXY), self.project.name.clone());
        Effect::ProxyUp { folder, project, recreate }
    }

    fn prove(&self, served: &Generation) -> Effect {
        let marked = self.r.seen.proxy_config.nginx_conf_template_path.is_none();
        Effect::ProveProxy { folder: self.r.seen.deploys.live_dir(PROXY), marked, served: served.clone() }
    }
}

/// The compose file of a container that is made now: its logs are bounded where the engine would keep all of them.
fn compose_file(facts: &Facts, project: &Project) -> Result<String, Refusal> {
    // An engine that cannot be asked will not start it either.
    let driver = facts.log_driver().known_or(None)?;
    Ok(if driver.as_deref() == Some("json-file") { project.bounded() } else { project.text.clone() })
}

/// Whether a configuration of nginx says by itself that it listens on a port of all addresses; what it includes is not
/// looked at.
fn listens_on(text: &str, port: u16) -> bool {
    let port = port.to_string();
    let code = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = code.flat_map(|line| line.split([';', '{', '}'])).map(str::trim);
    let places = words.filter_map(|words| words.strip_prefix("listen ")?.split_whitespace().next());
    let of_all =
        |place: &str| ["*:", "0.0.0.0:", "[::]:"].iter().any(|all| place.strip_prefix(all) == Some(port.as_str()));
    places.into_iter().any(|place| place == port || of_all(place))
}

/// Writes one of the proxy's files: nginx reads them as another user, and so does who asks for the status.
pub(super) fn write(path: String, text: String) -> Effect {
    let bytes = Secret::new(text.into_bytes());
    Effect::WriteFile { path, bytes, mode: 0o644, folder_mode: 0o755, durable: true }
}

/// Writes one of them that only this plan reads, or people.
fn write_for_now(path: String, text: String) -> Effect {
    let bytes = Secret::new(text.into_bytes());
    Effect::WriteFile { path, bytes, mode: 0o644, folder_mode: 0o755, durable: false }
}

#[cfg(test)]
mod tests {
    use super::listens_on;

    #[test]
    fn a_configuration_says_on_which_ports_of_all_addresses_it_listens() {
        for text in [
            "listen 80;",
            "server { listen  80 default_server; }",
            "  listen *:80;",
            "x;listen [::]:80 ssl;",
            "listen 0.0.0.0:80;",
        ] {
            assert!(listens_on(text, 80) && !listens_on(text, 8) && !listens_on(text, 443), "{text}");
        }
        for text in [
            "# listen 80;",
            "listen 8080;",
            "listen 10.0.0.5:80;",
            "listen unix:/80;",
            "listen [::1]:80;",
            "xlisten 80;",
        ] {
            assert!(!listens_on(text, 80), "{text}");
        }
    }
}
