//! Routes: where each endpoint goes, and the stages that make the proxy serve it, proven.

use alloc::{collections::BTreeSet, vec, vec::Vec};

use super::{
    Goal, Look,
    observed::{PROXY, state_file},
    proxying::{Proxying, write},
    ready::ready,
    served::{Routes, Target},
};
use crate::{
    Ordered,
    config::{Deploy, DeployName, State},
    seam::{Effect, Outcome, Plan, Purpose, Refusal, Report, Stage, Step},
};

impl Look<'_> {
    /// The plan that makes the proxy serve what is wanted of it; `None` when it does.
    pub(super) fn switch(&self, want: &State) -> Result<Option<Plan>, Refusal> {
        let purpose = if self.gave_up() { Purpose::Route } else { self.routing() };
        let tried = self.tried(&purpose);
        if tried == Some(false) || (tried.is_some() && !self.follows()) {
            return Ok(None);
        }
        let routes = if self.follows() { self.followed_routes(want)? } else { self.routes(want)? };
        let mut proxying = Proxying::new(self)?;
        let stale = match self.heals() && proxying.wanted() {
            false => !self.now.routes_are(&routes),
            true => purpose == Purpose::RestartProxy || !proxying.serves_well(&routes)?,
        };
        let have = &self.now.have;
        let mut after = have.clone();
        after.connections = match self.follows() {
            true => self.followed_connections(want, &routes),
            false => want.connections.clone(),
        };
        after.splits.clone_from(&want.splits);
        after.maintenance.clone_from(&want.maintenance);
        if !stale && after == *have {
            return Ok(None);
        }
        let mut stages = Vec::new();
        if stale {
            stages.extend(self.proof_of(&routes)?);
            stages.extend(proxying.switch_to("switch", &routes)?);
        }
        stages.extend(self.note(&after));
        let plan = Plan { notes: proxying.notes, ..Plan::new(purpose, stages) };
        // What was done just now and shows no effect is not done again.
        let done = matches!(self.past.last(), Some(Outcome::Planned { plan: last, .. }) if *last == plan);
        Ok((!done).then_some(plan))
    }

    /// What the plan is for that brings about what the command wants of the proxy.
    fn routing(&self) -> Purpose {
        match &self.mode.goal {
            goal @ (Goal::Connect { .. }
            | Goal::Disconnect(_)
            | Goal::Split { .. }
            | Goal::Maintain { .. }
            | Goal::EndMaintenance(_)
            | Goal::Refresh
            | Goal::Restart) => goal.purpose(),
            _ => Purpose::Route,
        }
    }

    /// Whether what the command wants of the proxy failed in this run: what is left is to route what can be routed.
    pub(super) fn gave_up(&self) -> bool {
        self.tried(&self.routing()) == Some(false)
    }

    /// Whether this run starts a proxy that does not run, and heals one that is stale.
    pub(super) fn heals(&self) -> bool {
        let routes = !matches!(self.mode.goal, Goal::Start { .. } | Goal::Stop(_) | Goal::Shutdown);
        routes && !self.gave_up()
    }

    /// Each endpoint's port: that of the deploy it waits for, else of the one it has, else none, which answers 503.
    fn routes(&self, want: &State) -> Result<Routes, Refusal> {
        let (have, present) = (&self.now.have, self.now.routes());
        let mut routes = Routes::default();
        for endpoint in self.mode.proxy.end_points.keys() {
            if want.maintenance.contains_key(endpoint) {
                routes.maintenance.insert(endpoint.clone());
            }
            let Some(wish) = want.connections.get(endpoint) else { continue };
            let at = present.port(endpoint);
            let noted = have.connections.get(endpoint);
            for deploy in [Some(wish), noted].into_iter().flatten() {
                let Some(known) = have.deploys.get(deploy) else { continue };
                let asked = matches!(&self.mode.goal, Goal::Connect { endpoint: asked, .. } if asked == endpoint);
                let usable = match at == Some(known.port.0) {
                    // What serves goes on, also one whose folder is lost.
                    true => self.facts.listens(known.port.0)?,
                    // The one that is asked for is proven in the plan, with the patience that it needs.
                    false if asked && deploy == wish => true,
                    false => self.may_return(deploy, known)?,
                };
                if usable {
                    let share = self.share(want, endpoint, known.port.0)?;
                    routes.targets.insert(endpoint.clone(), Target { port: known.port.0, share });
                    break;
                }
            }
            let keeps = have.deploys.iter().find(|(_, known)| Some(known.port.0) == at);
            if let (false, Some((deploy, known))) = (routes.targets.contains_key(endpoint), keeps)
                && self.lives(deploy, known)?
            {
                let share = if deploy == wish { self.share(want, endpoint, known.port.0)? } else { None };
                routes.targets.insert(endpoint.clone(), Target { port: known.port.0, share });
            }
        }
        Ok(routes)
    }

    /// Whether an endpoint may go to a deploy without further proof.
    pub(super) fn may_return(&self, deploy: &DeployName, known: &Deploy) -> Result<bool, Refusal> {
        let (listens, ready) = (self.facts.listens(known.port.0), self.is_ready(deploy, known));
        Ok(listens? && ready?)
    }

    /// The routes as they are, but for those to ports where nobody accepts: no undo goes back to them.
    pub(super) fn live_routes(&self) -> Result<Routes, Refusal> {
        let routes = self.now.routes();
        let ports: BTreeSet<u16> = routes.pairs().map(|(_, port)| port).into_set();
        let asked: Vec<_> = ports.into_iter().map(|port| (port, self.facts.listens(port))).collect();
        let mut dead = BTreeSet::new();
        for (port, listens) in asked {
            if !listens? {
                dead.insert(port);
            }
        }
        Ok(routes.without(|port| dead.contains(&port)))
    }

    /// The proof that the deploy which an endpoint, or a share of it, is to go to is ready.
    fn proof_of(&self, routes: &Routes) -> Result<Option<Stage>, Refusal> {
        let (deploy, goes, went) = match &self.mode.goal {
            Goal::Connect { endpoint, deploy } => (deploy, routes.port(endpoint), self.now.routes().port(endpoint)),
            Goal::Split { endpoint, deploy, .. } => {
                (deploy, routes.share_port(endpoint), self.now.routes().share_port(endpoint))
            }
            _ => return Ok(None),
        };
        let Some(known) = self.now.have.deploys.get(deploy) else { return Ok(None) };
        if goes != Some(known.port.0) || went == Some(known.port.0) {
            return Ok(None);
        }
        let home = self.deploys.home(deploy.as_str());
        let ready = ready(known.port.0, self.own_readiness(deploy)?, &home, true);
        Ok(Some(Stage::new("wait until it is ready", vec![ready])))
    }

    /// The stage that writes the state, unless that is what is written.
    pub(super) fn note(&self, after: &State) -> Option<Stage> {
        let path = state_file(self.deploys);
        let back = match self.now.state_is_there {
            true => write(path.clone(), self.now.have.to_json()),
            false => Effect::Remove(path.clone()),
        };
        let noted = self.now.state_is_there && *after == self.now.have;
        (!noted).then(|| Stage::new("note it", vec![write(path, after.to_json())]).undone_by(vec![back]))
    }

    /// `shutdown-frontend-proxy`: the configuration and the state stay.
    pub(super) fn shut_down(&self) -> Result<Step, Refusal> {
        let tried = self.past.last();
        if !self.now.proxy.exists && tried.is_none() {
            return Ok(Step::Done(Report::note("the proxy does not run: there is nothing to shut down")));
        }
        if tried.is_some() {
            return Ok(Step::Done(self.report(&[])));
        }
        let down = Effect::ProxyDown { folder: self.deploys.home(PROXY) };
        Ok(Step::Do(Plan::new(Purpose::ShutDownProxy, vec![Stage::new("stop it", vec![down])])))
    }
}
