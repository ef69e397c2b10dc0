//! How simulated deploys stand: what a look finds of them, and the wait until one is ready.

use crate::prelude::*;

use super::World;
use crate::{
    config::Readiness,
    ready::Status,
    seam::{Container, Failure, Standing},
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
    /// How a deploy stands. A port that is found good for long enough is proven.
    pub(super) fn standing(&mut self, folder: &str, port: u16, readiness: &Readiness) -> Standing {
        let accepts = self.accepting.get(folder) == Some(&port) && !self.has(folder, "never-ready");
        let good = *readiness == Readiness::None || accepts || self.foreign.contains(&port);
        let (now_ms, age_ms) = (self.now_ms(), self.listener_age_ms(folder));
        let compose = self.project(folder).is_some();
        let containers = self.containers(folder);
        let mut found = (good, containers.clone());
        found.1.iter_mut().for_each(|container| container.age_ms = None);
        let looks =
            self.looks.entry(folder.into()).or_insert(Looks { found: found.clone(), since_ms: now_ms, changed: false });
        if looks.found != found {
            *looks = Looks { found, since_ms: now_ms, changed: true };
        }
        let standing = Standing {
            port: match self.running.contains_key(folder) {
                _ if good => Ok(()),
                true => Err("it runs and does not accept".into()),
                false => Err(format!("nothing accepts on port {port}")),
            },
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
            let pause_ms = match &status {
                _ if self.changes_by_itself(folder) => PAUSE_MS,
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
