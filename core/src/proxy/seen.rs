//! What a machine in proxy mode is found to be, whatever is wanted of it: its state file, what was cut short, what the
//! proxy serves.

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

use crate::{
    Ordered,
    config::{self, Deploy, DeployName, FromText, Label, ProxyModeConfig, State, ToolConfig},
    deploy::{Deploys, rejected},
    nginx::{Generation, Route, Routes, Share},
    seam::{Facts, Intent, Location, ProxyNow, Refusal, Settled as _},
};

/// The folder of the proxy, a compose project, below the deploys folder.
pub(super) const PROXY: &str = "frontend-proxy";

/// A machine in proxy mode, by one look.
pub(super) struct Seen<'a> {
    pub(super) facts: &'a Facts,
    pub(super) config: &'a ToolConfig,
    pub(super) proxy_config: &'a ProxyModeConfig,
    pub(super) deploys: Deploys<'a>,
    /// What `state.json` says.
    pub(super) state: State,
    /// Whether there is a `state.json`.
    pub(super) state_is_there: bool,
    /// The changes that were cut short, by the deploy they are about.
    pub(super) intents: BTreeMap<DeployName, Intent>,
    /// The proxy's container and what it serves.
    pub(super) proxy: ProxyNow,
    /// Whether a person has shut it down: a machine that follows its own state leaves it off.
    pub(super) is_shut_down: bool,
    /// Whether docker could not be asked for it, on a machine that needs none.
    pub(super) without_docker: bool,
    /// The text of `nginx.conf` on disk.
    pub(super) conf: Option<String>,
    /// The text of `docker-compose.yml` on disk.
    pub(super) compose: Option<String>,
}

impl Seen<'_> {
    /// What the configuration on disk would serve; `None` without one, or for one that this tool did not write.
    pub(super) fn on_disk(&self) -> Option<Generation> {
        Generation::of_file(self.conf.as_deref()?)
    }

    /// The routes as they are: what the proxy says that it serves, else what it must be taken to serve.
    pub(super) fn routes(&self) -> Routes {
        if !self.proxy.exists {
            return self.on_disk().map(|served| served.routes).unwrap_or_default();
        }
        let known = self.proxy.serves.clone().or_else(|| self.on_disk());
        known.map_or_else(|| noted_routes(&self.state), |served| served.routes)
    }

    /// Whether an endpoint, or a share of one, is routed to this port.
    pub(super) fn is_routed(&self, port: u16) -> bool {
        self.routes().pairs().any(|(_, routed)| routed == port)
    }

    /// Refuses a state that must have been lost: taken for the empty one it would take everything down.
    pub(super) fn check_plausible(&self) -> Result<(), Refusal> {
        let deploys = self.deploys;
        let unknown = self.proxy.running && self.conf.is_some() && self.on_disk().is_none();
        let (why, hint) = match self.state_is_there {
            true => match self.proxy.serves.as_ref().and_then(|served| served.routes.stranger(&self.state)) {
                Some((label, port)) => (
                    format!("knows no deploy on port {port}, to which the proxy routes {label}"),
                    "put the file back as it was; or, to go by it as it is, remove the proxy: docker rm -f frontendproxy".into(),
                ),
                None => return Ok(()),
            },
            false if self.routes().is_empty() && !unknown => return Ok(()),
            false => (
                "is not there, yet the proxy routes endpoints".into(),
                format!(
                    "put the file back; to give everything up: c2 shutdown-frontend-proxy, then remove {}",
                    deploys.live_dir(PROXY)
                ),
            ),
        };
        Err(Refusal::no("read the state of this machine", format!("{} {why}", state_file(deploys))).with_hint(hint))
    }

    /// Whether there is a proxy, or was one: its configuration counts.
    pub(super) fn has_proxy(&self) -> bool {
        !self.without_docker && (self.proxy.exists || self.on_disk().is_some())
    }

    /// Whether these routes are served, and would be again after a restart.
    pub(super) fn routes_are(&self, routes: &Routes) -> bool {
        let on_disk = self.on_disk().map(|served| served.routes);
        match (self.proxy.running, &self.proxy.serves) {
            (true, Some(served)) => served.routes == *routes && on_disk.as_ref() == Some(routes),
            _ => self.routes() == *routes,
        }
    }

    /// The endpoints that wait for a deploy, wholly or with a share, among those of the configuration.
    pub(super) fn waiting_for<'s>(&'s self, deploy: &'s DeployName) -> impl Iterator<Item = &'s Label> {
        let has_share = |label| self.state.splits.get(label).is_some_and(|split| split.deploy == *deploy);
        let endpoints = self.proxy_config.end_points.keys();
        endpoints.filter(move |label| self.state.connections.get(*label) == Some(deploy) || has_share(*label))
    }

    /// The deploy that has a port.
    pub(super) fn deploy_on(&self, port: Option<u16>) -> Option<(&DeployName, &Deploy)> {
        self.state.deploys.iter().find(|(_, known)| Some(known.port.0) == port)
    }

    /// The present routes: those that are served stay, also to what does not answer now; where none are, only those to
    /// ports that accept count.
    pub(super) fn live_routes(&self) -> Result<Routes, Refusal> {
        let routes = self.routes();
        if self.proxy.running {
            return Ok(routes);
        }
        let ports: BTreeSet<u16> = routes.pairs().map(|(_, port)| port).into_set();
        let asked: Vec<_> = ports.into_iter().map(|port| (port, self.facts.listens(port))).collect();
        let mut dead = BTreeSet::new();
        for (port, listens) in asked {
            if !listens? {
                dead.insert(port);
            }
        }
        Ok(routes.without(|port| dead.contains(&port)))
    }
}

/// The routes that a state notes.
fn noted_routes(state: &State) -> Routes {
    let target = |label| {
        let share = state.split(label).map(|(second, percent)| Share { percent, port: second.port.0 });
        Some(Route { port: state.connected(label)?.port.0, share })
    };
    let labels = state.connections.keys();
    Routes {
        targets: labels.filter_map(|label| Some((label.clone(), target(label)?))).into_map(),
        maintenance: state.maintenance.keys().cloned().into_set(),
    }
}

/// The routes of a machine by its files alone, without asking its proxy.
pub(super) fn routes_on_disk(facts: &Facts, deploys: Deploys<'_>, state: &State) -> Result<Routes, Refusal> {
    let conf = facts.content(&Location::File(format!("{}/nginx.conf", deploys.live_dir(PROXY)))).known_or(None)?;
    let text = conf.map(|content| String::from_utf8_lossy(content.bytes.reveal()).into_owned());
    let written = text.as_deref().and_then(Generation::of_file);
    Ok(written.map_or_else(|| noted_routes(state), |served| served.routes))
}

/// Looks at the machine; all questions are asked at once. A machine on whose state no proxy is needed, and whose
/// configuration on disk routes nothing, may have no docker.
pub(super) fn look<'a>(
    facts: &'a Facts,
    config: &'a ToolConfig,
    proxy_config: &'a ProxyModeConfig,
    needs_proxy: impl FnOnce(&State) -> bool,
) -> Result<Seen<'a>, Refusal> {
    let deploys = Deploys(config.deploys_dir.as_str());
    let path = |name: &str| format!("{}/{name}", deploys.live_dir(PROXY));
    let state = state(facts, deploys);
    let file = |name| match facts.content(&Location::File(path(name)))? {
        None => Ok(None),
        Some(content) => Ok(Some(String::from_utf8_lossy(content.bytes.reveal()).into_owned())),
    };
    let (conf, compose) = (file("nginx.conf"), file("docker-compose.yml"));
    let (intents, proxy) = (facts.intents(&deploys.intents()), facts.proxy(&deploys.live_dir(PROXY)));
    let is_shut_down = facts.content(&Location::File(shut_down_note(deploys)));
    let (state, conf, compose, intents) = (state?, conf?, compose?, intents?);
    let is_shut_down = is_shut_down?.is_some();
    let (state_is_there, state) = (state.is_some(), state.unwrap_or_default());
    let routes_nothing = || {
        let served = conf.as_deref().map(Generation::of_file);
        served.is_none_or(|served| served.is_some_and(|served| served.routes.is_empty()))
    };
    let (proxy, without_docker) = match proxy {
        Err(refusal) if refusal != Refusal::Unknown && routes_nothing() && !needs_proxy(&state) => {
            (ProxyNow::default(), true)
        }
        proxy => (proxy?, false),
    };
    let mut noted = BTreeMap::new();
    for (name, text) in &intents {
        noted.extend([note(deploys, name, text)?]);
    }
    let intents = noted;
    Ok(Seen {
        facts,
        config,
        proxy_config,
        deploys,
        state,
        state_is_there,
        intents,
        proxy,
        is_shut_down,
        without_docker,
        conf,
        compose,
    })
}

/// The state of this machine; `None` without a file.
pub(super) fn state(facts: &Facts, deploys: Deploys<'_>) -> Result<Option<State>, Refusal> {
    let path = state_file(deploys);
    let Some(content) = facts.content(&Location::File(path.clone()))? else { return Ok(None) };
    let text = String::from_utf8_lossy(content.bytes.reveal()).into_owned();
    let parsed = config::state(&path, &text).map_err(rejected("read the state of this machine"));
    let parsed = parsed.map_err(|refusal| refusal.with_hint("repair the file, or put a copy of it back"))?;
    Ok(Some(parsed.value))
}

/// The note of a change that was cut short.
fn note(deploys: Deploys<'_>, name: &str, text: &str) -> Result<(DeployName, Intent), Refusal> {
    let label = name.strip_suffix(".json").and_then(|label| DeployName::from_text(label).ok());
    match (label, Intent::from_text(text)) {
        (Some(label), Some(intent)) => Ok((label, intent)),
        _ => {
            let why = format!("{}/{name} cannot be read", deploys.intents());
            Err(Refusal::no("take up a change that was interrupted", why)
                .with_hint("see that the right deploys run, then remove that file"))
        }
    }
}

/// The note that a person has shut the proxy down.
pub(super) fn shut_down_note(deploys: Deploys<'_>) -> String {
    format!("{}/shut-down", deploys.live_dir(PROXY))
}

/// The file of the machine's state.
pub(super) fn state_file(deploys: Deploys<'_>) -> String {
    format!("{}/state.json", deploys.live_dir(PROXY))
}
