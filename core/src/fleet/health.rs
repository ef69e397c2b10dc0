//! Health over time: what the rounds of a machine that follows have found of the deploys that its endpoints have.

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};
use core::mem::{Discriminant, discriminant};

use crate::{
    Ordered,
    config::{DeployName, Label},
    deploy::{LOOKS, RESTART_S, restart_pause_s},
    proxy::Look,
    ready::Status,
    seam::Reason,
};

/// The deploys that the last looks found bad.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Health(BTreeMap<DeployName, BadLooks>);

/// The bad looks in a row at a deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct BadLooks {
    count: u32,
    endpoints: Vec<Label>,
    kind: Discriminant<Status>,
    /// Why it is not ready, as it was when that began to count: ages in it do not make a record new.
    why: Reason,
    dead: bool,
    limit_s: u32,
    restarts: u32,
    /// When it may be started again, seconds since 1970.
    restart_at_s: u64,
    /// Why the last restart failed.
    failed: Option<Reason>,
}

impl BadLooks {
    fn is_told(&self) -> bool {
        self.count >= LOOKS
    }

    fn is_due(&self, now: u64) -> bool {
        // A clock that was set back makes nothing wait for longer.
        let waits = now < self.restart_at_s && self.restart_at_s <= now + RESTART_S.1.max(u64::from(self.limit_s));
        self.is_told() && self.dead && !waits
    }

    fn reason(&self, deploy: &DeployName) -> Reason {
        let endpoints: Vec<&str> = self.endpoints.iter().map(Label::as_str).collect();
        let text = self.why.clone().map(|why| {
            let again = match self.restarts {
                0 => String::new(),
                1 => "; it was started again once".into(),
                restarts => format!("; it was started again {restarts} times"),
            };
            format!("{deploy}, which serves {}, is not well: {why}{again}", endpoints.join(", "))
        });
        let Some(failed) = &self.failed else { return text };
        Reason {
            full: format!("{}; {}", text.full, failed.full),
            public: format!("{}; {}", text.public, failed.public),
        }
    }
}

impl Health {
    /// What is known after these looks. One that settles again neither clears it nor adds to it.
    pub(super) fn after(&self, looks: &[Look]) -> Health {
        let bad = |look: &Look| {
            let before = self.0.get(&look.deploy);
            let why = look.why.clone()?;
            if let Status::Settling { .. } = look.status {
                return before.map(|before| BadLooks { dead: false, ..before.clone() });
            }
            let kind = discriminant(&look.status);
            let told = before.filter(|before| before.is_told() && before.kind == kind).map(|before| before.why.clone());
            Some(BadLooks {
                count: before.map_or(0, |before| before.count).saturating_add(1),
                endpoints: look.endpoints.clone(),
                kind,
                why: told.unwrap_or(why),
                dead: look.dead,
                limit_s: look.limit_s,
                restarts: before.map_or(0, |before| before.restarts),
                restart_at_s: before.map_or(0, |before| before.restart_at_s),
                failed: before.and_then(|before| before.failed.clone()),
            })
        };
        Health(looks.iter().filter_map(|look| Some((look.deploy.clone(), bad(look)?))).into_map())
    }

    /// The deploys that are to be started again now.
    pub(super) fn due(&self, now: u64) -> BTreeSet<DeployName> {
        self.0.iter().filter(|(_, bad)| bad.is_due(now)).map(|(deploy, _)| deploy.clone()).into_set()
    }

    /// The deploys that have ended and are not to be started again yet.
    pub(super) fn resting(&self, now: u64) -> impl Iterator<Item = &DeployName> {
        self.0.iter().filter(move |(_, bad)| bad.dead && !bad.is_due(now)).map(|(deploy, _)| deploy)
    }

    /// Whether a deploy is among them.
    pub(super) fn knows(&self, deploy: &DeployName) -> bool {
        self.0.contains_key(deploy)
    }

    /// Whether there is more to do or to tell than there was.
    pub(super) fn is_news(&self, before: &Health, now: u64) -> bool {
        let told = |health: &Health| -> Vec<(DeployName, Discriminant<Status>)> {
            let told = health.0.iter().filter(|(_, bad)| bad.is_told() || bad.failed.is_some());
            told.map(|(deploy, bad)| (deploy.clone(), bad.kind)).collect()
        };
        told(self) != told(before) || !self.due(now).is_empty()
    }

    /// These deploys were started again, or could not be, by these reasons.
    pub(super) fn restarted(&mut self, deploys: &BTreeMap<DeployName, Option<Reason>>, now: u64) {
        for (deploy, failed) in deploys {
            let Some(bad) = self.0.get_mut(deploy) else { continue };
            let pause_s = restart_pause_s(bad.restarts);
            // What is starting is not started once more.
            let pause_s = if failed.is_none() { pause_s.max(u64::from(bad.limit_s)) } else { pause_s };
            // The bad look that led to it counts, though it settles by now.
            bad.count = if bad.count + 1 == LOOKS { LOOKS } else { bad.count };
            bad.restarts = bad.restarts.saturating_add(1);
            (bad.restart_at_s, bad.failed) = (now + pause_s, failed.clone());
        }
    }

    /// What is wrong, in words. That something could not be started again is told at once, and where no further round
    /// `follows` by itself also what one look found, but for what was started just now.
    pub(super) fn reasons(&self, follows: bool) -> impl Iterator<Item = Reason> {
        let is_told = move |bad: &BadLooks| bad.is_told() || bad.failed.is_some() || !follows && bad.restarts == 0;
        self.0.iter().filter(move |(_, bad)| is_told(bad)).map(|(deploy, bad)| bad.reason(deploy))
    }
}
