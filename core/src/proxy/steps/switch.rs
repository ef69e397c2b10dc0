//! The plan that makes the proxy serve what is wanted of it, proven.

use crate::prelude::*;

use super::super::{
    parts::{note, ready},
    proxying::Proxying,
    reconcile::Reconcile,
    routes::{connections, wanted_routes},
};
use crate::{
    config::State,
    nginx::Routes,
    seam::{Outcome, Plan, Purpose, Refusal, Stage},
};

/// The plan that switches the routes to what is wanted, as far as that can be routed; `None` when they are so.
pub(super) fn switch(r: &Reconcile<'_>, wanted: &State) -> Result<Option<Plan>, Refusal> {
    let purpose = if r.switch_failed() { Purpose::Route } else { r.target.routing() };
    let tried = r.tried(&purpose);
    if tried == Some(false) || (tried.is_some() && !r.policy.routes_later) {
        return Ok(None);
    }
    let routes = wanted_routes(r, wanted)?;
    let mut proxying = Proxying::new(r)?;
    let stale = match r.repairs() && proxying.wanted() {
        false => !r.seen.routes_are(&routes),
        true => purpose == Purpose::RestartProxy || !proxying.serves_well(&routes)?,
    };
    let mut after = r.seen.state.clone();
    after.connections = connections(r, wanted, &routes);
    after.splits.clone_from(&wanted.splits);
    after.maintenance.clone_from(&wanted.maintenance);
    if !stale && after == r.seen.state {
        return Ok(None);
    }
    let mut stages = Vec::new();
    if stale {
        stages.extend(proof_of(r, &routes)?);
        stages.extend(proxying.switch_to("switch", &routes)?);
    }
    stages.extend(note(r, &after));
    let plan = Plan { notes: proxying.notes, ..Plan::new(purpose, stages) };
    // What was done just now and shows no effect is not done again.
    let done = matches!(r.past.last(), Some(Outcome::Planned { plan: last, .. }) if *last == plan);
    Ok((!done).then_some(plan))
}

/// The proof that the deploy which an endpoint, or a share of it, is to go to is ready.
fn proof_of(r: &Reconcile<'_>, routes: &Routes) -> Result<Option<Stage>, Refusal> {
    let Some(asked) = &r.target.routes else { return Ok(None) };
    let port = |routes: &Routes| match asked.share {
        false => routes.port(&asked.endpoint),
        true => routes.share_port(&asked.endpoint),
    };
    let (goes, went) = (port(routes), port(&r.seen.routes()));
    let Some(known) = r.seen.state.deploys.get(&asked.deploy) else { return Ok(None) };
    if goes != Some(known.port.0) || went == Some(known.port.0) {
        return Ok(None);
    }
    let home = r.seen.deploys.live_dir(asked.deploy.as_str());
    let ready = ready(known.port.0, r.seen.readiness(&asked.deploy)?, &home, true);
    Ok(Some(Stage::new("wait until it is ready", vec![ready])))
}
