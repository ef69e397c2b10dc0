//! Where the endpoints are to go, by what is wanted and by what can be routed.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::reconcile::Reconcile;
use crate::{
    Ordered,
    config::{Deploy, DeployName, Label, State},
    nginx::{Route, Routes, Share},
    seam::{Refusal, Settled as _},
};

/// Each endpoint's route, as far as what it is to have can be routed; one without answers 503.
pub(super) fn wanted_routes(r: &Reconcile<'_>, wanted: &State) -> Result<Routes, Refusal> {
    let mut routes = Routes::default();
    let paged = |endpoint: &&Label| wanted.maintenance.contains_key(*endpoint);
    routes.maintenance.extend(r.seen.proxy_config.end_points.keys().filter(paged).cloned());
    for (endpoint, wish) in wishes(r, wanted) {
        let route = match r.policy.routes_later {
            true => followed_route(r, wanted, endpoint, wish)?,
            false => asked_route(r, wanted, endpoint, wish)?,
        };
        routes.targets.extend(route.map(|route| (endpoint.clone(), route)));
    }
    Ok(routes)
}

/// An endpoint's route for a command: to the wanted deploy, else to the noted one, else to the one it is routed to now.
fn asked_route(
    r: &Reconcile<'_>,
    wanted: &State,
    endpoint: &Label,
    wish: &DeployName,
) -> Result<Option<Route>, Refusal> {
    let (seen, at) = (&r.seen, r.seen.routes().port(endpoint));
    let noted = seen.state.connections.get(endpoint);
    for deploy in [Some(wish), noted].into_iter().flatten() {
        let Some(known) = seen.state.deploys.get(deploy) else { continue };
        let usable = match at == Some(known.port.0) {
            // What serves goes on, also one whose folder is lost.
            true => seen.facts.listens(known.port.0)?,
            // The one that is asked for is proven in the plan, with the patience that it needs.
            false if deploy == wish && r.target.connects(endpoint) => true,
            false => seen.is_routable(deploy, known)?,
        };
        if usable {
            let share = share(r, wanted, endpoint, known.port.0)?;
            return Ok(Some(Route { port: known.port.0, share }));
        }
    }
    let Some((deploy, known)) = seen.deploy_on(at) else { return Ok(None) };
    // A command leaves the endpoints that it is not about as they are served, also while their deploys do not answer.
    let stays = seen.proxy.running && r.target.endpoint() != Some(endpoint);
    if !stays && !seen.runs(deploy, known)? {
        return Ok(None);
    }
    let share = if deploy == wish { share(r, wanted, endpoint, known.port.0)? } else { None };
    Ok(Some(Route { port: known.port.0, share }))
}

/// An endpoint's route on a machine that follows: to the deploy it is to have once that is ready; until then to the one
/// it has, else to the one that was noted.
fn followed_route(
    r: &Reconcile<'_>,
    wanted: &State,
    endpoint: &Label,
    wish: &DeployName,
) -> Result<Option<Route>, Refusal> {
    let (seen, at) = (&r.seen, r.seen.routes().port(endpoint));
    let noted = seen.state.connections.get(endpoint).and_then(|deploy| seen.state.deploys.get_key_value(deploy));
    for (deploy, known) in as_wanted(r, wish, wanted).into_iter().chain(seen.deploy_on(at)).chain(noted) {
        let usable = match at == Some(known.port.0) && seen.proxy.running {
            // A failed look must not take a route away.
            true => seen.runs(deploy, known).known_or(true),
            false => seen.is_ready(deploy, known).known_or(false),
        };
        if usable? {
            let port = known.port.0;
            // That a share could not be found out holds up nothing.
            let share = if deploy == wish { share(r, wanted, endpoint, port).known_or(None)? } else { None };
            return Ok(Some(Route { port, share }));
        }
    }
    // Where nothing can be used it stays as it is served: what has died, or does not answer, serves again by itself.
    let stays = seen.deploy_on(at).filter(|_| seen.proxy.running);
    Ok(stays.map(|(_, known)| Route { port: known.port.0, share: None }))
}

/// The share of an endpoint on this port that goes to a second deploy, where that one can be used.
fn share(r: &Reconcile<'_>, wanted: &State, endpoint: &Label, main: u16) -> Result<Option<Share>, Refusal> {
    let Some((second, percent)) = wanted.split(endpoint) else { return Ok(None) };
    // What is wanted of it may have failed: what it is counts.
    let Some(second) = r.seen.state.deploys.get(&second.label) else { return Ok(None) };
    let port = second.port.0;
    let usable = match r.seen.routes().share_port(endpoint) == Some(port) {
        true => r.seen.facts.listens(port)?,
        // The plan proves it.
        false if r.target.splits(endpoint) && !r.switch_failed() => true,
        false => r.seen.is_routable(&second.label, second)?,
    };
    Ok((usable && port != main).then_some(Share { percent, port }))
}

/// These routes with those of the endpoints that wait for a deploy, which is about to be proven.
pub(super) fn with_waiting(
    r: &Reconcile<'_>,
    routes: &Routes,
    deploy: &Deploy,
    waiting: &[Label],
) -> Result<Routes, Refusal> {
    let (mut routes, port, state) = (routes.clone(), deploy.port.0, &r.seen.state);
    for endpoint in waiting {
        if state.connections.get(endpoint) == Some(&deploy.label) {
            let share = share(r, state, endpoint, port)?;
            routes.targets.insert(endpoint.clone(), Route { port, share });
        } else if let (Some(target), Some(split)) = (routes.targets.get_mut(endpoint), state.splits.get(endpoint))
            && target.port != port
        {
            target.share = Some(Share { percent: split.percent, port });
        }
    }
    Ok(routes)
}

/// The connections that are noted with these routes. On a machine that follows: which deploy each endpoint has, or had
/// when it was routed last.
pub(super) fn connections(r: &Reconcile<'_>, wanted: &State, routes: &Routes) -> BTreeMap<Label, DeployName> {
    if !r.policy.routes_later {
        return wanted.connections.clone();
    }
    let state = &r.seen.state;
    let connection = |(endpoint, _): (&Label, &DeployName)| {
        let routed = r.seen.deploy_on(routes.port(endpoint)).map(|(deploy, _)| deploy);
        // One that was stopped for its port comes again.
        let comes = |deploy: &&DeployName| state.deploys.contains_key(*deploy) || wanted.deploys.contains_key(*deploy);
        let noted = state.connections.get(endpoint).filter(comes);
        Some((endpoint.clone(), routed.or(noted)?.clone()))
    };
    wishes(r, wanted).filter_map(connection).into_map()
}

/// Whether a deploy that is no longer wanted must stay: an endpoint is routed to it, or waits for another one and
/// would go back to it.
pub(super) fn is_used(r: &Reconcile<'_>, deploy: &DeployName, known: &Deploy, wanted: &State) -> bool {
    if !r.policy.keeps_used {
        return false;
    }
    let routes = r.seen.routes();
    let on_disk = r.seen.on_disk().map(|served| served.routes).unwrap_or_default();
    let waits = |(endpoint, wish): (&Label, &DeployName)| {
        let served = as_wanted(r, wish, wanted).is_some_and(|(_, to)| routes.port(endpoint) == Some(to.port.0));
        !served && r.seen.state.connections.get(endpoint) == Some(deploy)
    };
    routes.pairs().chain(on_disk.pairs()).any(|(_, port)| port == known.port.0) || wishes(r, wanted).any(waits)
}

/// An endpoint that waits for a deploy.
pub(super) struct Awaited<'a> {
    pub(super) endpoint: &'a Label,
    pub(super) deploy: &'a DeployName,
    pub(super) known: &'a Deploy,
    /// Whether only a share of it does.
    pub(super) share: bool,
}

/// The endpoints that are to have a deploy, or to give it a share, which is there as it is wanted and has no route
/// yet; and those that have none at all until the deploy that they had is ready again.
pub(super) fn awaited<'s>(r: &'s Reconcile<'_>, wanted: &'s State) -> Vec<Awaited<'s>> {
    let (routes, state) = (r.seen.routes(), &r.seen.state);
    let mut awaited = Vec::new();
    for (endpoint, wish) in wishes(r, wanted) {
        let second = wanted.splits.get(endpoint).filter(|_| routes.port(endpoint).is_some()).map(|it| &it.deploy);
        let ports = [routes.port(endpoint), routes.share_port(endpoint)];
        for ((deploy, port), share) in [Some(wish), second].into_iter().zip(ports).zip([false, true]) {
            let noted = match share {
                false => state.connections.get(endpoint),
                true => state.splits.get(endpoint).map(|split| &split.deploy),
            };
            let had = || state.deploys.get_key_value(noted.filter(|_| port.is_none())?);
            let there = deploy.and_then(|deploy| as_wanted(r, deploy, wanted)).or_else(had);
            let Some((deploy, known)) = there.filter(|(_, known)| port != Some(known.port.0)) else { continue };
            awaited.push(Awaited { endpoint, deploy, known, share });
        }
    }
    awaited
}

/// The endpoints of the configuration that are to have a deploy.
fn wishes<'s>(r: &'s Reconcile<'_>, wanted: &'s State) -> impl Iterator<Item = (&'s Label, &'s DeployName)> {
    r.seen.proxy_config.end_points.keys().filter_map(|endpoint| wanted.connections.get_key_value(endpoint))
}

/// A deploy of this machine that is as it is wanted.
fn as_wanted<'s>(r: &'s Reconcile<'_>, deploy: &DeployName, wanted: &State) -> Option<(&'s DeployName, &'s Deploy)> {
    let known = r.seen.state.deploys.get_key_value(deploy)?;
    wanted.deploys.get(deploy).is_some_and(|wanted| known.1.is_as(wanted)).then_some(known)
}
