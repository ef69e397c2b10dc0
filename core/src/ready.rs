//! When a deploy counts as ready: judged from how it stands, without asking anybody.
//!
//! An accepted connection proves little: docker's own proxy accepts for a container that is about to die. So a deploy
//! must have stood well for a while, and its containers too.

use crate::prelude::*;

use crate::{
    config::{HttpReadiness, Readiness, Settle, TcpReadiness},
    seam::{Container, ContainerState, Health, Reason, Standing},
};

/// The age from which on a container that was restarted before counts as settled, in milliseconds.
const OLD_MS: u64 = 60_000;
/// The limits where the readiness says none.
const DEFAULTS_S: (u32, u32) = (60, 5);

/// How a deploy is by one look, with the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is ready.
    Ready {
        /// For how many milliseconds it has stood well.
        for_ms: u64,
    },
    /// It stands well, not for long enough yet.
    Settling {
        /// For how many milliseconds it has.
        for_ms: u64,
        /// The milliseconds that are left.
        left_ms: u64,
    },
    /// It is up, and is not as it must be yet.
    Unready(Reason),
    /// A health check has decided against it.
    Unhealthy(Reason),
    /// The engine starts it again and again.
    Restarting(Reason),
    /// All of it has ended by its own word, and nothing answers.
    EndedWell(Reason),
    /// Some of it has ended with an error, and is not started again by itself.
    EndedBadly(Reason),
}

/// The longest wait for a readiness to begin, and how long it must last then, in seconds.
#[must_use]
pub fn limits_s(readiness: &Readiness) -> (u32, u32) {
    match readiness {
        Readiness::None => DEFAULTS_S,
        Readiness::Tcp(TcpReadiness { timeout_s, settle_s })
        | Readiness::Http(HttpReadiness { timeout_s, settle_s, .. }) => (timeout_s.get(), settle_s.get()),
    }
}

/// The same readiness that one good look is enough for.
#[must_use]
pub fn unsettled(readiness: &Readiness) -> Readiness {
    let mut readiness = readiness.clone();
    match &mut readiness {
        Readiness::None => (),
        Readiness::Tcp(TcpReadiness { settle_s, .. }) | Readiness::Http(HttpReadiness { settle_s, .. }) => {
            *settle_s = Settle::LEAST;
        }
    }
    readiness
}

impl Status {
    /// How a deploy is that stands so.
    #[must_use]
    pub fn of(standing: &Standing, readiness: &Readiness) -> Status {
        let containers = match &standing.containers {
            Ok(containers) => containers.as_slice(),
            // What has no compose file may have none.
            Err(_) if !standing.compose => &[],
            Err(why) => return Status::Unready(why.clone()),
        };
        if standing.port.is_err() || !containers.iter().all(is_well) {
            return not_well(standing.port.as_ref().err(), containers);
        }
        let settle_ms = u64::from(limits_s(readiness).1) * 1_000;
        let nothing_to_settle = containers.is_empty() && *readiness == Readiness::None;
        let for_ms = standing.same_ms.max(age_ms(standing, containers));
        match settle_ms.checked_sub(for_ms).filter(|left_ms| *left_ms > 0 && !nothing_to_settle) {
            Some(left_ms) => Status::Settling { for_ms, left_ms },
            None => Status::Ready { for_ms },
        }
    }

    /// Whether it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Status::Ready { .. })
    }

    /// Whether nothing more is waited for, so many milliseconds after the wait began: a settling that began within the
    /// limit may end after it, and a health check that has not decided extends it.
    #[must_use]
    pub fn is_over(&self, waited_ms: u64, readiness: &Readiness, standing: &Standing) -> bool {
        let (limit_s, settle_s) = limits_s(readiness);
        let containers = standing.containers.iter().flatten();
        let decided_ms = containers.filter_map(|container| decided_ms(container, waited_ms)).max();
        let limit_ms = decided_ms.unwrap_or(0).max(u64::from(limit_s) * 1_000);
        match self {
            Status::Ready { .. } => true,
            Status::Settling { for_ms, .. } => waited_ms.saturating_sub(*for_ms) > limit_ms,
            Status::EndedBadly(_) if standing.same_ms >= u64::from(settle_s.max(1)) * 1_000 => true,
            _ => waited_ms >= limit_ms,
        }
    }

    /// Why it is not ready; `None` when it is.
    #[must_use]
    pub fn why(&self) -> Option<Reason> {
        match self {
            Status::Ready { .. } => None,
            Status::Settling { for_ms, left_ms } => {
                let (for_s, all_s) = (for_ms / 1_000, (for_ms + left_ms) / 1_000);
                Some(format!("it has stood well for {for_s} s of the {all_s} that it must").into())
            }
            Status::Unready(why)
            | Status::Unhealthy(why)
            | Status::Restarting(why)
            | Status::EndedWell(why)
            | Status::EndedBadly(why) => Some(why.clone()),
        }
    }
}

/// How a deploy is whose port does not answer as it must, or one of whose containers is not well.
fn not_well(port: Option<&String>, containers: &[Container]) -> Status {
    let bad: Vec<&Container> = containers.iter().filter(|container| !is_well(container)).collect();
    let words: Vec<String> = port.cloned().into_iter().chain(bad.iter().map(ToString::to_string)).collect();
    let any = |is: fn(&Container) -> bool| bad.iter().any(|container| is(container));
    let status = if any(|it| !it.lives() && it.state != ContainerState::Created) {
        Status::EndedBadly
    } else if any(|it| it.state == ContainerState::Restarting) {
        Status::Restarting
    } else if any(|it| it.health == Health::Unhealthy) {
        Status::Unhealthy
    } else if !containers.is_empty() && containers.iter().all(|it| !it.lives()) {
        Status::EndedWell
    } else {
        Status::Unready
    };
    status(words.join("; ").into())
}

/// What to do about a deploy whose port nothing answers on; `None` where that is not to be seen.
#[must_use]
pub fn cure(standing: &Standing, port: u16) -> Option<String> {
    let containers = standing.containers.as_deref().unwrap_or_default();
    let published: Vec<u16> = containers.iter().flat_map(|container| container.published.clone()).collect();
    if standing.port.is_ok() || published.is_empty() || published.contains(&port) {
        return None;
    }
    let published: Vec<String> = published.iter().map(ToString::to_string).collect();
    Some(format!(
        "its port is {port}, by {{{{ports.http}}}}, and its containers publish {}: have them publish that one",
        published.join(", ")
    ))
}

/// Whether a container is as it should be; a job that has ended well is.
fn is_well(container: &Container) -> bool {
    match container.state {
        ContainerState::Running => matches!(container.health, Health::None | Health::Healthy),
        ContainerState::Exited(code) => code == 0,
        _ => false,
    }
}

/// By when its health check has decided, in milliseconds of a wait that has lasted so long; `None` where that extends no
/// limit. One that is restarted over and over never decides.
fn decided_ms(container: &Container, waited_ms: u64) -> Option<u64> {
    let decides = matches!(container.health, Health::Starting | Health::Healthy) && container.restarts == 0;
    decides.then(|| (waited_ms + container.decides_ms).saturating_sub(container.age_ms.unwrap_or(0)))
}

/// For how long it is known to have stood so before this run looked: since the latest start, where nothing was restarted
/// or that is long ago, and no look has found it otherwise.
fn age_ms(standing: &Standing, containers: &[Container]) -> u64 {
    let age_ms = match containers.is_empty() {
        true => standing.listener_age_ms,
        false => containers.iter().map(|container| container.age_ms).min().flatten(),
    };
    let restarted = containers.iter().any(|container| container.restarts > 0);
    age_ms.filter(|age_ms| !standing.changed && (!restarted || *age_ms >= OLD_MS)).unwrap_or(0)
}

#[cfg(test)]
#[path = "ready_tests.rs"]
mod tests;
