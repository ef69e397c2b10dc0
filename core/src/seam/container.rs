//! A container of a deploy's project as the docker engine tells it.

use crate::prelude::*;
use core::fmt;

/// A container of a deploy's compose project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it does now.
    pub state: ContainerState,
    /// When it was last started, as the engine writes it: tells one start from the next.
    pub started: String,
    /// The time since then in milliseconds; `None` where it never was, or that cannot be told.
    pub age_ms: Option<u64>,
    /// How often the engine has restarted it by its restart policy.
    pub restarts: u64,
    /// What its HEALTHCHECK says.
    pub health: Health,
    /// How long after the start that decides at the latest, in milliseconds: the start period and all retries.
    pub decides_ms: u64,
    /// The ports of this machine that it publishes.
    pub published: Vec<u16>,
    /// The seconds that the engine waits for it to stop before it kills it.
    pub stop_timeout_s: u32,
    /// Whether it has ended since the machine and its engine were started: what ended before may have been ended by that.
    pub ended_since_boot: bool,
}

/// What a container does (`State.Status` of the Engine API).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerState {
    /// It was made and never started.
    Created,
    /// It runs.
    Running,
    /// It has ended, and the engine is about to start it again.
    Restarting,
    /// Its processes are frozen.
    Paused,
    /// It has ended, with this exit code.
    Exited(i64),
    /// Another state, by the engine's name for it.
    Other(String),
}

/// What a container's HEALTHCHECK says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// It has none.
    None,
    /// It has not decided yet.
    Starting,
    /// It is healthy.
    Healthy,
    /// It is not.
    Unhealthy,
}

impl Container {
    /// Whether it has processes, or is about to.
    #[must_use]
    pub fn lives(&self) -> bool {
        matches!(self.state, ContainerState::Running | ContainerState::Restarting | ContainerState::Paused)
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Container { name, state, .. } = self;
        let age = self.age_ms.map(|age_ms| format!(" for {} s", age_ms / 1_000)).unwrap_or_default();
        match state {
            ContainerState::Created => write!(f, "{name} was not started"),
            ContainerState::Running => write!(f, "{name} runs{age}"),
            ContainerState::Restarting => write!(f, "{name} has ended and is restarted"),
            ContainerState::Paused => write!(f, "{name} is paused"),
            ContainerState::Exited(code) => write!(f, "{name} has ended with exit code {code}"),
            ContainerState::Other(state) => write!(f, "{name} is {state}"),
        }?;
        if self.restarts > 0 {
            write!(f, ", restarted {} times", self.restarts)?;
        }
        match self.health {
            Health::Unhealthy => f.write_str(", unhealthy"),
            Health::Starting if self.lives() => f.write_str(", its health check has not passed yet"),
            _ => Ok(()),
        }
    }
}

/// That containers of a deploy which was to be stopped run on, and what to do.
#[must_use]
pub fn run_on(containers: &[Container]) -> Option<String> {
    let left: Vec<&str> = containers.iter().filter(|it| it.lives()).map(|it| it.name.as_str()).collect();
    let text = || {
        let (names, cure) = (left.join(", "), left.join(" "));
        format!("containers of it run on: {names} (docker stop {cure} ends them; --force accepts that)")
    };
    (!left.is_empty()).then(text)
}
