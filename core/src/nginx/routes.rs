//! What a proxy configuration routes, and the mark by which it is known.

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;

use serde_json::{Map, Value, json};

use crate::{
    Ordered,
    config::{FromText, Label, Percent, State},
};

/// Where the endpoints go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// What each endpoint is routed to; one without answers 503.
    pub targets: BTreeMap<Label, Route>,
    /// The endpoints that answer 503 with a page instead. Their targets still serve the health check.
    pub maintenance: BTreeSet<Label>,
}

/// What an endpoint is routed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The port of the deploy that it is connected to.
    pub port: u16,
    /// What goes elsewhere.
    pub share: Option<Share>,
}

/// The share of an endpoint that goes to a second deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many of a hundred clients.
    pub percent: Percent,
    /// The port of the second deploy.
    pub port: u16,
}

impl Routes {
    /// The port of the deploy that an endpoint is connected to.
    pub(crate) fn port(&self, endpoint: &Label) -> Option<u16> {
        self.targets.get(endpoint).map(|target| target.port)
    }

    /// The port that a share of an endpoint goes to.
    pub(crate) fn share_port(&self, endpoint: &Label) -> Option<u16> {
        Some(self.targets.get(endpoint)?.share?.port)
    }

    /// Every endpoint with every port that it is routed to.
    pub fn pairs(&self) -> impl Iterator<Item = (&Label, u16)> {
        self.targets.iter().flat_map(|(endpoint, target)| {
            let ports = [Some(target.port), target.share.map(|share| share.port)];
            ports.into_iter().flatten().map(move |port| (endpoint, port))
        })
    }

    /// An endpoint, with the port, that is routed to where this state knows no deploy.
    pub(crate) fn stranger(&self, state: &State) -> Option<(&Label, u16)> {
        let is_known = |port| state.deploys.values().any(|known| known.port.0 == port);
        self.pairs().find(|(_, port)| !is_known(*port))
    }

    /// The same without what goes to these ports. A share that is gone leaves all to the endpoint's deploy; nothing
    /// is left of an endpoint whose deploy is gone, as a second one need not bear what the first one did.
    pub(crate) fn without(&self, gone: impl Fn(u16) -> bool) -> Routes {
        let mut left = self.clone();
        left.targets.retain(|_, target| !gone(target.port));
        for target in left.targets.values_mut() {
            target.share = target.share.filter(|share| !gone(share.port));
        }
        left
    }

    /// Whether an endpoint answers 503 when what it is routed to on this port is gone.
    pub(crate) fn answers_503_without(&self, port: u16) -> bool {
        self.targets.values().any(|target| target.port == port)
    }

    /// Whether no endpoint is routed or answers with a page.
    pub(crate) fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.maintenance.is_empty()
    }
}

/// A generation of the proxy's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The routes.
    pub routes: Routes,
    /// What tells this configuration from any other: over its text and the certificates it names.
    pub generation: String,
}

/// What the first line of a configuration begins with.
const MARK: &str = "# c2 ";

/// The server name that the built-in configuration answers its mark under, on this machine alone.
pub const MARK_HOST: &str = "served.c2.invalid";

impl Generation {
    /// The mark as one line of JSON: without splits and maintenance as it was before there were any.
    #[must_use]
    pub fn to_text(&self) -> String {
        let targets = || self.routes.targets.iter().map(|(label, target)| (label.as_str(), target));
        let routes: BTreeMap<&str, u16> = targets().map(|(label, target)| (label, target.port)).into_map();
        let shares = targets().filter_map(|(label, target)| Some((label.to_string(), target.share?.to_value())));
        let mut splits = Map::new();
        splits.extend(shares);
        let maintenance: Value = self.routes.maintenance.iter().map(Label::as_str).collect();
        let mut mark = json!({ "generation": self.generation, "routes": routes });
        if !splits.is_empty() {
            mark["splits"] = splits.into();
        }
        if !self.routes.maintenance.is_empty() {
            mark["maintenance"] = maintenance;
        }
        mark.to_string()
    }

    /// Reads a mark.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Generation> {
        let value: Value = serde_json::from_str(text).ok()?;
        let mut routes = Routes::default();
        for (label, port) in value.get("routes")?.as_object()? {
            routes.targets.insert(Label::from_text(label).ok()?, Route { port: read_port(port)?, share: None });
        }
        if let Some(splits) = value.get("splits") {
            for (label, share) in splits.as_object()? {
                routes.targets.get_mut(&Label::from_text(label).ok()?)?.share = Some(Share::from_value(share)?);
            }
        }
        if let Some(maintenance) = value.get("maintenance") {
            for label in maintenance.as_array()? {
                routes.maintenance.insert(Label::from_text(label.as_str()?).ok()?);
            }
        }
        Some(Generation { routes, generation: value.get("generation")?.as_str()?.to_string() })
    }

    /// The first line of the configuration's file.
    #[must_use]
    pub fn first_line(&self) -> String {
        format!("{MARK}{}\n", self.to_text())
    }

    /// What a configuration's file routes, by its first line; `None` for one that this tool did not write.
    #[must_use]
    pub fn of_file(text: &str) -> Option<Generation> {
        Generation::from_text(text.lines().next()?.strip_prefix(MARK)?)
    }
}

impl Share {
    fn to_value(self) -> Value {
        json!({ "percent": self.percent.get(), "port": self.port })
    }

    fn from_value(value: &Value) -> Option<Share> {
        let percent = u32::try_from(value.get("percent")?.as_u64()?).ok()?;
        Some(Share { percent: Percent::new(percent)?, port: read_port(value.get("port")?)? })
    }
}

fn read_port(value: &Value) -> Option<u16> {
    u16::try_from(value.as_u64()?).ok()
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Routes { targets, maintenance } = &self.routes;
        let named: BTreeSet<&Label> = targets.keys().chain(maintenance).into_set();
        for (i, endpoint) in named.iter().enumerate() {
            write!(f, "{}{endpoint}", if i == 0 { "" } else { ", " })?;
            if let Some(Route { port, share }) = targets.get(endpoint) {
                write!(f, " -> {port}")?;
                if let Some(share) = share {
                    write!(f, " ({} % -> {})", share.percent.get(), share.port)?;
                }
            }
            f.write_str(if maintenance.contains(*endpoint) { " (in maintenance)" } else { "" })?;
        }
        if named.is_empty() { f.write_str("no endpoint") } else { Ok(()) }
    }
}

/// A name for a text that no other text is likely to have: 64 bits of FNV-1a (draft-eastlake-fnv). It tells texts
/// apart that were not made to collide.
pub(crate) fn name_of(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}
