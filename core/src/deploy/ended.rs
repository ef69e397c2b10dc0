//! What has ended of a deploy: what ended well, as a job does, is left alone; the rest is to be started again, and when.

use crate::prelude::*;

use crate::seam::{Container, ContainerState, Effect, Facts, Location, Refusal, Secret, Settled as _};

/// The bad looks in a row that count: an app that is restarted by hand, or overloaded for a moment, is no error.
pub(crate) const LOOKS: u32 = 3;
/// The pause between two restarts in seconds; it doubles with each, up to the second number.
pub(crate) const RESTART_S: (u64, u64) = (10, 300);

/// The pause after so many restarts, in seconds.
pub(crate) fn restart_pause_s(restarts: u32) -> u64 {
    (RESTART_S.0 << restarts.min(16)).min(RESTART_S.1)
}

/// What is to be started again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dead {
    /// These containers, by their ids in the order of their starts: the engine has them still.
    Containers(Vec<String>),
    /// All of it: none of its containers is left, or it has none.
    All,
}

/// What is found of a deploy.
pub(crate) struct Remains<'a> {
    pub(crate) containers: &'a [Container],
    /// What the note in its folder says of those that ended well: a line each.
    pub(crate) noted: String,
    pub(crate) port: u16,
    pub(crate) listens: bool,
    /// Whether an endpoint has it.
    pub(crate) is_connected: bool,
}

impl Remains<'_> {
    fn is_noted(&self, container: &Container) -> bool {
        self.noted.lines().any(|line| line == line_of(container))
    }

    fn any_lives(&self) -> bool {
        self.containers.iter().any(Container::lives)
    }

    /// Whether a container has ended well: with 0, by its own word, and it is not what is to serve. What a boot or a stop
    /// of the engine has ended may say the same: so it counts only in the run in which it ended, or by the note.
    pub(crate) fn is_done(&self, container: &Container) -> bool {
        let is_job = container.state == ContainerState::Exited(0) && !container.published.contains(&self.port);
        let goes_on = || !self.is_connected || self.listens || self.any_lives();
        is_job && (self.is_noted(container) || container.ended_since_boot && goes_on())
    }

    /// Whether all of it has ended well.
    pub(crate) fn are_done(&self) -> bool {
        !self.containers.is_empty() && self.containers.iter().all(|container| self.is_done(container))
    }

    pub(crate) fn dead(&self) -> Option<Dead> {
        let has_ended = |it: &&Container| matches!(it.state, ContainerState::Exited(_) | ContainerState::Created);
        let mut ended: Vec<_> = self.containers.iter().filter(has_ended).filter(|it| !self.is_done(it)).collect();
        ended.sort_by_key(|container| &container.started);
        match ended.is_empty() {
            false => Some(Dead::Containers(ended.into_iter().map(|container| container.id.clone()).collect())),
            true => (self.containers.is_empty() && !self.listens).then_some(Dead::All),
        }
    }

    /// The note of what has ended well, where that says something new.
    pub(crate) fn note(&self) -> Option<String> {
        let done: Vec<&Container> = self.containers.iter().filter(|container| self.is_done(container)).collect();
        let is_new = done.iter().any(|container| !self.is_noted(container));
        is_new.then(|| done.into_iter().map(|container| format!("{}\n", line_of(container))).collect())
    }
}

/// Writes the note of what has ended well beside a release.
pub(crate) fn write_note(home: &str, text: String) -> Effect {
    let bytes = Secret::new(text.into_bytes());
    Effect::WriteFile { path: note_file(home), bytes, mode: 0o644, folder_mode: 0o755, durable: true }
}

/// What tells one run of a container from any other.
fn line_of(container: &Container) -> String {
    format!("{} {}", container.id, container.started)
}

pub(crate) fn note_file(home: &str) -> String {
    format!("{home}/.c2-done")
}

pub(crate) fn noted(facts: &Facts, home: &str) -> Result<String, Refusal> {
    let content = facts.content(&Location::File(note_file(home))).known_or(None)?;
    Ok(content.map(|content| String::from_utf8_lossy(content.bytes.reveal()).into_owned()).unwrap_or_default())
}
