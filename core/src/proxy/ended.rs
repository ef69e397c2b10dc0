//! Looks at the deploys that endpoints are routed to, and what has ended of them.

use crate::prelude::*;

use super::{
    health::looked,
    reconcile::Reconcile,
    seen::{Seen, routes_on_disk},
};
use crate::{
    config::{Deploy, DeployName, Label, Readiness, State, ToolConfig},
    deploy::{Dead, Deploys, Remains, noted, write_note},
    ready::{Status, limits_s},
    seam::{Container, Facts, Plan, Purpose, Reason, Refusal, Settled as _, Stage},
};

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
        effects.extend(note.map(|text| write_note(&home, text)));
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
        let status = looping(&looked.status, remains.containers).unwrap_or(looked.status.clone());
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

/// What settles because the engine has started it again will do so once more.
fn looping(status: &Status, containers: &[Container]) -> Option<Status> {
    let Status::Settling { .. } = status else { return None };
    let again = containers.iter().filter(|container| container.restarts > 0);
    let words: Vec<String> = again.map(ToString::to_string).collect();
    (!words.is_empty()).then(|| Status::Restarting(words.join("; ").into()))
}
