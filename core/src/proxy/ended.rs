//! What has ended of a deploy: what ended well, as a job does, is left alone; the rest is to be started again.

use crate::prelude::*;

use super::{
    health::looked,
    reconcile::Reconcile,
    seen::{Seen, routes_on_disk},
};
use crate::{
    config::{Deploy, DeployName, Label, Readiness, State, ToolConfig},
    deploy::Deploys,
    ready::{Status, limits_s},
    seam::{
        Container, ContainerState, Effect, Facts, Location, Plan, Purpose, Reason, Refusal, Secret, Settled as _, Stage,
    },
};

/// What is to be started again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dead {
    /// These containers, by their ids in the order of their starts: the engine has them still.
    Containers(Vec<String>),
    /// All of it: none of its containers is left, or it has none.
    All,
}

/// What is found of a deploy.
struct Remains<'a> {
    containers: &'a [Container],
    /// What the note in its folder says of those that ended well: a line each.
    noted: String,
    port: u16,
    listens: bool,
    /// Whether an endpoint has it.
    is_connected: bool,
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
    fn is_done(&self, container: &Container) -> bool {
        let is_job = container.state == ContainerState::Exited(0) && !container.published.contains(&self.port);
        let goes_on = || !self.is_connected || self.listens || self.any_lives();
        is_job && (self.is_noted(container) || container.ended_since_boot && goes_on())
    }

    /// Whether all of it has ended well.
    fn are_done(&self) -> bool {
        !self.containers.is_empty() && self.containers.iter().all(|container| self.is_done(container))
    }

    fn dead(&self) -> Option<Dead> {
        let has_ended = |it: &&Container| matches!(it.state, ContainerState::Exited(_) | ContainerState::Created);
        let mut ended: Vec<_> = self.containers.iter().filter(has_ended).filter(|it| !self.is_done(it)).collect();
        ended.sort_by_key(|container| &container.started);
        match ended.is_empty() {
            false => Some(Dead::Containers(ended.into_iter().map(|container| container.id.clone()).collect())),
            true => (self.containers.is_empty() && !self.listens).then_some(Dead::All),
        }
    }

    /// What settles because the engine has started it again will do so once more.
    fn looping(&self, status: &Status) -> Option<Status> {
        let Status::Settling { .. } = status else { return None };
        let again = self.containers.iter().filter(|container| container.restarts > 0);
        let words: Vec<String> = again.map(ToString::to_string).collect();
        (!words.is_empty()).then(|| Status::Restarting(words.join("; ").into()))
    }

    /// The note of what has ended well, where that says something new.
    fn note(&self) -> Option<String> {
        let done: Vec<&Container> = self.containers.iter().filter(|container| self.is_done(container)).collect();
        let is_new = done.iter().any(|container| !self.is_noted(container));
        is_new.then(|| done.into_iter().map(|container| format!("{}\n", line_of(container))).collect())
    }
}

/// What tells one run of a container from any other.
fn line_of(container: &Container) -> String {
    format!("{} {}", container.id, container.started)
}

fn note_file(home: &str) -> String {
    format!("{home}/.c2-done")
}

fn noted(facts: &Facts, home: &str) -> Result<String, Refusal> {
    let content = facts.content(&Location::File(note_file(home))).known_or(None)?;
    Ok(content.map(|content| String::from_utf8_lossy(content.bytes.reveal()).into_owned()).unwrap_or_default())
}

impl Seen<'_> {
    /// What is found of a deploy, as a question about it.
    fn of_remains<T>(&self, deploy: &DeployName, port: u16, ask: impl FnOnce(&Remains<'_>) -> T) -> Result<T, Refusal> {
        let home = self.deploys.live_dir(deploy.as_str());
        let (containers, listens) = (self.facts.containers(&home), self.facts.listens(port));
        let noted = noted(self.facts, &home);
        let (containers, listens, noted) = (containers?, listens?, noted?);
        let is_connected = self.is_routed(port);
        Ok(ask(&Remains { containers: &containers, noted, port, listens, is_connected }))
    }

    /// What has ended of a deploy and is to be started again.
    pub(super) fn dead(&self, deploy: &DeployName, known: &Deploy) -> Result<Option<Dead>, Refusal> {
        self.of_remains(deploy, known.port.0, |remains| remains.dead())
    }

    /// Whether something of a deploy has ended well.
    pub(super) fn has_jobs(&self, deploy: &DeployName, known: &Deploy) -> Result<bool, Refusal> {
        self.of_remains(deploy, known.port.0, |remains| remains.containers.iter().any(|it| remains.is_done(it)))
    }

    /// Whether all of a deploy has ended well.
    pub(super) fn has_ended_well(&self, deploy: &DeployName, port: u16) -> Result<bool, Refusal> {
        self.of_remains(deploy, port, |remains| remains.are_done())
    }
}

/// The plan that notes what has ended well: over later boots, too, it is left alone.
pub(super) fn note_jobs(r: &Reconcile<'_>) -> Result<Option<Plan>, Refusal> {
    let purpose = Purpose::NoteJobs;
    if !r.policy.trusts_unseen || r.tried(&purpose).is_some() {
        return Ok(None);
    }
    let mut effects = Vec::new();
    for (deploy, known) in &r.seen.state.deploys {
        let home = r.seen.deploys.live_dir(deploy.as_str());
        let Some(folder) = r.seen.folder(deploy, known).known_or(None)? else { continue };
        let note = match folder.compose {
            true => r.seen.of_remains(deploy, known.port.0, |remains| remains.note()).known_or(None)?,
            false => None,
        };
        effects.extend(note.map(|text| Effect::WriteFile {
            path: note_file(&home),
            bytes: Secret::new(text.into_bytes()),
            mode: 0o644,
            folder_mode: 0o755,
            durable: true,
        }));
    }
    Ok((!effects.is_empty()).then(|| Plan::new(purpose, vec![Stage::new("note it", effects)])))
}

/// One look at a deploy that an endpoint is routed to, wholly or with a share.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) deploy: DeployName,
    /// The endpoints.
    pub(crate) endpoints: Vec<Label>,
    pub(crate) status: Status,
    /// Why it is not ready; `None` when it is.
    pub(crate) why: Option<Reason>,
    /// Whether something of it has ended and is to be started again.
    pub(crate) dead: bool,
    /// The longest that it may take to be ready after a start, in seconds.
    pub(crate) limit_s: u32,
    /// Whether something of it has ended well, which is not noted yet.
    pub(crate) unnoted: bool,
}

/// One look at each deploy of this state that an endpoint is routed to. One that cannot be looked at is left out: that it
/// is not on disk as it must be is found in other places.
pub(crate) fn look_at_routed(facts: &Facts, config: &ToolConfig, state: &State) -> Result<Vec<Look>, Refusal> {
    let deploys = Deploys(config.deploys_dir.as_str());
    let routes = routes_on_disk(facts, deploys, state)?;
    let endpoints_of = |known: &Deploy| -> Vec<Label> {
        routes.pairs().filter(|(_, port)| *port == known.port.0).map(|(label, _)| label.clone()).collect()
    };
    let routed = state.deploys.iter().map(|(deploy, known)| (deploy, known, endpoints_of(known)));
    let asked: Vec<_> = routed
        .filter(|(.., endpoints)| !endpoints.is_empty())
        .map(|(deploy, known, endpoints)| {
            let home = deploys.live_dir(deploy.as_str());
            let asked = (looked(facts, config, deploy, known), noted(facts, &home));
            (deploy, known, endpoints, asked)
        })
        .collect();
    let mut looks = Vec::new();
    for (deploy, known, endpoints, (looked, noted)) in asked {
        let (Some(looked), noted) = (looked.known_or(None)?, noted?) else { continue };
        let answers = looked.readiness != Readiness::None && looked.standing.port.is_ok();
        let listens = answers || facts.listens(known.port.0).known_or(true)?;
        let containers = looked.standing.containers.as_deref();
        let remains = Remains {
            containers: containers.unwrap_or_default(),
            noted,
            port: known.port.0,
            listens,
            is_connected: true,
        };
        let status = remains.looping(&looked.status).unwrap_or(looked.status.clone());
        looks.push(Look {
            deploy: deploy.clone(),
            endpoints,
            why: looked.why_of(&status, known.port.0),
            // What docker does not tell is not taken for ended.
            dead: (containers.is_ok() || !looked.standing.compose) && remains.dead().is_some(),
            limit_s: limits_s(&looked.readiness).0,
            unnoted: remains.note().is_some(),
            status,
        });
    }
    Ok(looks)
}
