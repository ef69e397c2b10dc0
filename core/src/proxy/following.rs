//! Following a master state: every deploy and every endpoint at once, none held up by another.

use alloc::{collections::BTreeMap, format, string::String, vec, vec::Vec};

use super::{
    Goal, Look, Refused,
    deploying::start,
    followed::started,
    living::{holds, project_name},
    served::{Routes, Share, Target},
};
use crate::{
    Ordered,
    config::{Deploy, DeployName, Label, State},
    ready::Verdict,
    seam::{Failure, Outcome, Plan, Purpose, Reason, Refusal, Step, WaitFor},
};

/// The pause between two looks at what is not ready yet.
const PAUSE_MS: u32 = 1_000;

impl Look<'_> {
    /// The master state that is followed; a connection to a deploy that it has not counts as none.
    pub(super) fn followed(master: &State) -> State {
        let mut want = master.clone();
        want.connections.retain(|_, deploy| master.deploys.contains_key(deploy));
        want
    }

    /// Whether the goal is a master state.
    pub(super) fn follows(&self) -> bool {
        matches!(self.mode.goal, Goal::Follow(_))
    }

    /// What comes before any further deploy: an endpoint answers 503 no longer than it must.
    pub(super) fn meanwhile(&self, want: &State) -> Result<Option<Step>, Refusal> {
        if !self.follows() {
            return Ok(None);
        }
        let present = self.now.routes();
        let dark = |endpoint: &Label| present.port(endpoint).is_none();
        if self.followed_routes(want)?.targets.keys().any(dark) {
            match self.switch(want) {
                Ok(Some(plan)) => return Ok(Some(Step::Do(plan))),
                Err(Refusal::Unknown) => return Err(Refusal::Unknown),
                // What cannot be configured holds up no deploy, and is said when all of them are seen to.
                Ok(None) | Err(_) => (),
            }
        }
        self.patience(want, dark)
    }

    /// The next plan that brings a deploy which is not as it is wanted: first those that are missing, then those that
    /// have changed. And what was refused; one refusal does not hold up the others.
    pub(super) fn bringing(&self, want: &State) -> (Option<Plan>, Vec<Refused>) {
        let brought = |(deploy, _): &(&DeployName, &Deploy)| match &self.mode.goal {
            Goal::Follow(_) => true,
            Goal::Start { deploy: asked, .. } => asked == *deploy,
            _ => false,
        };
        let (changed, missing): (Vec<_>, Vec<_>) =
            want.deploys.iter().filter(brought).partition(|(deploy, _)| self.now.have.deploys.contains_key(*deploy));
        let mut refused = Vec::new();
        for (deploy, wanted) in missing.into_iter().chain(changed) {
            let postponed = self.mode.postponed.contains(deploy);
            if postponed
                || self.tried(&Purpose::StartDeploy(deploy.clone())).is_some()
                || self.now.intents.contains_key(deploy)
            {
                continue;
            }
            let plan = match self.stands(deploy, wanted) {
                Ok(true) => continue,
                Ok(false) => self.restart(deploy, wanted).and_then(|restart| match restart {
                    Some(plan) => Ok(plan),
                    None => self.bring(deploy, wanted, want),
                }),
                Err(refusal) => Err(refusal),
            };
            match plan {
                Ok(plan) => return (Some(plan), refused),
                Err(refusal) => {
                    let refusal = if self.follows() { named(deploy, refusal) } else { refusal };
                    refused.push(Refused { deploy: Some(deploy.clone()), refusal });
                }
            }
        }
        (None, refused)
    }

    /// Whether a deploy is as it is wanted. Of one that is followed, that it is not ready does not count, nor that
    /// nobody knows whether it runs: it would be started again in every round.
    pub(super) fn stands(&self, deploy: &DeployName, wanted: &Deploy) -> Result<bool, Refusal> {
        if !self.now.have.deploys.get(deploy).is_some_and(|known| known.is_as(wanted)) {
            return Ok(false);
        }
        if !self.follows() {
            return self.lives(deploy, wanted);
        }
        let folder = self.facts.folder(&self.deploys.home(deploy.as_str()))?;
        let Some(folder) = folder.filter(|folder| holds(folder, wanted)) else { return Ok(false) };
        if folder.compose { self.lives(deploy, wanted) } else { Ok(true) }
    }

    /// Lets a deploy have its port: the plan that stops first what has it and is not needed any more. Refused while
    /// that serves: nothing that serves is stopped for a port.
    pub(super) fn make_way(&self, deploy: &DeployName, wanted: &Deploy, want: &State) -> Result<Option<Plan>, Refusal> {
        let port = wanted.port.0;
        let on_it = |(other, known): &(&DeployName, &Deploy)| *other != deploy && known.port.0 == port;
        let Some((other, known)) = self.now.have.deploys.iter().find(on_it) else { return Ok(None) };
        let (listens, lives) = (or_else(self.facts.listens(port), true), or_else(self.lives(other, known), true));
        let runs = listens? || lives?;
        if !runs && !self.now.intents.contains_key(other) {
            return Ok(None);
        }
        let is_needed = want.deploys.contains_key(other) || self.is_used(other, known, want);
        if !is_needed && self.tried(&Purpose::StopDeploy(other.clone())).is_none() {
            return self.stop(other).map(Some);
        }
        let routes = self.now.routes();
        let serves: Vec<&str> =
            routes.pairs().filter(|(_, at)| *at == port).map(|(endpoint, _)| endpoint.as_str()).collect();
        let how = if serves.is_empty() { "still runs".into() } else { format!("serves {}", serves.join(", ")) };
        let why = format!("waiting for port {port}: the deploy {other} has it and {how}");
        Err(Refusal::no(start(deploy), why).with_hint(format!(
            "it starts when {other} is stopped or has moved; for another port start it under another name (where none is \
             free, widen dynamicPortRange first)"
        )))
    }

    /// The deploys that stand in another one's way: on its port and dead, or for Compose the same project and no longer
    /// wanted.
    pub(super) fn in_the_way(
        &self,
        deploy: &DeployName,
        wanted: &Deploy,
        compose: bool,
        want: &State,
    ) -> Result<BTreeMap<&DeployName, &Deploy>, Refusal> {
        let mut found = BTreeMap::new();
        for (other, known) in self.now.have.deploys.iter().filter(|(other, _)| *other != deploy) {
            let same_project = compose
                && !want.deploys.contains_key(other)
                && project_name(other.as_str()) == project_name(deploy.as_str())
                && self.facts.folder(&self.deploys.home(other.as_str()))?.is_some_and(|folder| folder.compose);
            if known.port == wanted.port || same_project {
                found.insert(other, known);
            }
        }
        Ok(found)
    }

    /// The plan that gives an id to the first of these folders that needs one.
    pub(super) fn identify_all<'d>(
        &self,
        deploys: impl Iterator<Item = &'d DeployName>,
        id: &str,
    ) -> Result<Option<Plan>, Refusal> {
        for deploy in deploys {
            let path = self.deploys.home(deploy.as_str());
            if let Some(plan) = self.identify(&path, self.facts.folder(&path)?.as_ref(), id)? {
                return Ok(Some(plan));
            }
        }
        Ok(None)
    }

    /// Each endpoint's port: that of the deploy it is to have once that is ready; until then what it has, else what
    /// was noted, else none, which answers 503.
    pub(super) fn followed_routes(&self, want: &State) -> Result<Routes, Refusal> {
        let (have, present) = (&self.now.have, self.now.routes());
        let mut routes = Routes::default();
        let paged = |endpoint: &&Label| want.maintenance.contains_key(*endpoint);
        routes.maintenance.extend(self.mode.proxy.end_points.keys().filter(paged).cloned());
        for (endpoint, wish) in self.wishes(want) {
            let at = present.port(endpoint);
            let kept = have.deploys.iter().find(|(_, known)| Some(known.port.0) == at);
            let noted = have.connections.get(endpoint).and_then(|deploy| have.deploys.get_key_value(deploy));
            for (deploy, known) in self.as_wanted(wish, want).into_iter().chain(kept).chain(noted) {
                let usable = match at == Some(known.port.0) {
                    // That it could not be found out is no reason to take a route away.
                    true => or_else(self.lives(deploy, known), true),
                    false => or_else(self.is_ready(deploy, known), false),
                };
                if usable? {
                    let port = known.port.0;
                    let share = if deploy == wish { self.followed_share(want, endpoint, port)? } else { None };
                    routes.targets.insert(endpoint.clone(), Target { port, share });
                    break;
                }
            }
        }
        Ok(routes)
    }

    /// The share of an endpoint that goes to a second deploy; that it could not be found out holds up nothing.
    fn followed_share(&self, want: &State, endpoint: &Label, main: u16) -> Result<Option<Share>, Refusal> {
        match self.share(want, endpoint, main) {
            Err(Refusal::Unknown) => Err(Refusal::Unknown),
            share => Ok(share.unwrap_or_default()),
        }
    }

    /// The connections of a machine that follows: which deploy each endpoint has, or had when it was routed last.
    pub(super) fn followed_connections(&self, want: &State, routes: &Routes) -> BTreeMap<Label, DeployName> {
        let have = &self.now.have;
        let connection = |(endpoint, _): (&Label, &DeployName)| {
            let at = routes.port(endpoint);
            let routed = have.deploys.iter().find(|(_, known)| Some(known.port.0) == at).map(|(deploy, _)| deploy);
            // One that was stopped for its port comes again.
            let comes = |deploy: &&DeployName| have.deploys.contains_key(*deploy) || want.deploys.contains_key(*deploy);
            let noted = have.connections.get(endpoint).filter(comes);
            Some((endpoint.clone(), routed.or(noted)?.clone()))
        };
        self.wishes(want).filter_map(connection).into_map()
    }

    /// Whether a deploy that is no longer wanted must stay: an endpoint is routed to it, or waits for another one and
    /// would go back to it.
    pub(super) fn is_used(&self, deploy: &DeployName, known: &Deploy, want: &State) -> bool {
        if !self.follows() {
            return false;
        }
        let routes = self.now.routes();
        let on_disk = self.now.on_disk().map(|served| served.routes).unwrap_or_default();
        let waits = |(endpoint, wish): (&Label, &DeployName)| {
            let served = self.as_wanted(wish, want).is_some_and(|(_, to)| routes.port(endpoint) == Some(to.port.0));
            !served && self.now.have.connections.get(endpoint) == Some(deploy)
        };
        routes.pairs().chain(on_disk.pairs()).any(|(_, port)| port == known.port.0) || self.wishes(want).any(waits)
    }

    /// The wait for what these endpoints are to have: until what stands well has done so for long enough; on a machine
    /// that follows also for what this run has started, as long as its readiness gives it.
    pub(super) fn patience(&self, want: &State, of: impl Fn(&Label) -> bool) -> Result<Option<Step>, Refusal> {
        for Awaited { deploy, known, .. } in self.awaited(want).into_iter().filter(|it| of(it.endpoint)) {
            let Some(looked) = or_else(self.looked(deploy, known), None)? else { continue };
            let (waited_ms, started) = self.waited_ms_for(deploy);
            let is_over = match (&looked.verdict, started) {
                // A settling that breaks begins again only for what this run has started.
                (Verdict::Settling { for_ms, .. }, false) => waited_ms > for_ms + u64::from(PAUSE_MS),
                (Verdict::Settling { .. }, true) => looked.is_over(waited_ms),
                (_, started) => !started || !self.follows() || looked.is_over(waited_ms),
            };
            if !is_over {
                let why = format!("waiting until {deploy} is ready on port {}", known.port.0);
                return Ok(Some(Step::Wait { why, what: WaitFor::Look, pause_ms: PAUSE_MS, forget: vec![] }));
            }
        }
        Ok(None)
    }

    /// The endpoints that wait for a deploy which is not ready, in words.
    pub(super) fn unready(&self, master: &State) -> Result<Vec<Reason>, Refusal> {
        let want = Self::followed(master);
        let text = |Awaited { endpoint, deploy, known, share }: Awaited<'_>| {
            let why = match or_else(self.looked(deploy, known), None)? {
                None => Some("it cannot be told how it stands".into()),
                // One that is ready waits for something else, which is said elsewhere.
                Some(looked) => looked.why(known.port.0),
            };
            let at = self.now.routes().port(endpoint);
            let kept = self.now.have.deploys.iter().find(|(_, known)| Some(known.port.0) == at);
            let meanwhile = match kept {
                Some(_) if share => format!("no share of {endpoint} goes to it"),
                Some((kept, _)) => format!("{endpoint} stays with {kept}"),
                None => format!("{endpoint} answers 503"),
            };
            let around = |why: &str| {
                let text = format!("{deploy} is not ready on port {}: {why}", known.port.0);
                format!("{text}; until it is, which is looked at in each round, {meanwhile}")
            };
            Ok(why.map(|why| why.map(around)))
        };
        let texts: Vec<_> = self.awaited(&want).into_iter().map(text).collect();
        texts.into_iter().filter_map(Result::transpose).collect()
    }

    /// The endpoints that are to have a deploy, or to give it a share, which is there as it is wanted and has no route
    /// yet; and those that have none at all until the deploy that they had is ready again.
    fn awaited<'s>(&'s self, want: &'s State) -> Vec<Awaited<'s>> {
        let routes = self.now.routes();
        let mut awaited = Vec::new();
        for (endpoint, wish) in self.wishes(want) {
            let second = want.splits.get(endpoint).filter(|_| routes.port(endpoint).is_some()).map(|it| &it.deploy);
            let ports = [routes.port(endpoint), routes.share_port(endpoint)];
            for ((deploy, port), share) in [Some(wish), second].into_iter().zip(ports).zip([false, true]) {
                let have = &self.now.have;
                let noted = match share {
                    false => have.connections.get(endpoint),
                    true => have.splits.get(endpoint).map(|split| &split.deploy),
                };
                let had = || have.deploys.get_key_value(noted.filter(|_| port.is_none())?);
                let there = deploy.and_then(|deploy| self.as_wanted(deploy, want)).or_else(had);
                let Some((deploy, known)) = there.filter(|(_, known)| port != Some(known.port.0)) else { continue };
                awaited.push(Awaited { endpoint, deploy, known, share });
            }
        }
        awaited
    }

    /// The endpoints of the configuration that are to have a deploy.
    fn wishes<'s>(&'s self, want: &'s State) -> impl Iterator<Item = (&'s Label, &'s DeployName)> {
        self.mode.proxy.end_points.keys().filter_map(|endpoint| want.connections.get_key_value(endpoint))
    }

    /// A deploy of this machine that is as it is wanted.
    fn as_wanted(&self, deploy: &DeployName, want: &State) -> Option<(&DeployName, &Deploy)> {
        let known = self.now.have.deploys.get_key_value(deploy)?;
        want.deploys.get(deploy).is_some_and(|wanted| known.1.is_as(wanted)).then_some(known)
    }

    /// The milliseconds that this run has waited, for a deploy that it started: since then. And whether it did.
    fn waited_ms_for(&self, deploy: &DeployName) -> (u64, bool) {
        let starts = |outcome: &Outcome| match outcome {
            Outcome::Planned { plan, failed, .. } => failed.is_none() && started(plan) == Some(deploy),
            Outcome::Waited { .. } => false,
        };
        let since = self.past.iter().rposition(starts);
        let waited = self.past.iter().skip(since.unwrap_or(0)).map(|outcome| match outcome {
            Outcome::Waited { ms, .. } => u64::from(*ms),
            Outcome::Planned { .. } => 0,
        });
        (waited.sum(), since.is_some())
    }
}

/// An endpoint that waits for a deploy.
struct Awaited<'a> {
    endpoint: &'a Label,
    deploy: &'a DeployName,
    known: &'a Deploy,
    /// Whether only a share of it does.
    share: bool,
}

/// The answer, or `otherwise` on failure.
fn or_else<T>(answer: Result<T, Refusal>, otherwise: T) -> Result<T, Refusal> {
    match answer {
        Err(Refusal::Unknown) => Err(Refusal::Unknown),
        answer => Ok(answer.unwrap_or(otherwise)),
    }
}

/// The same refusal, naming the deploy.
fn named(deploy: &DeployName, refusal: Refusal) -> Refusal {
    let about = start(deploy);
    match refusal {
        Refusal::Unknown => Refusal::Unknown,
        // It keeps apart what was printed.
        Refusal::World(Failure::Called { .. }) => refusal.during(&about),
        refusal => {
            let text = String::from(format!("{refusal}").strip_prefix(&format!("{about}: ")).unwrap_or_default());
            let why = if text.is_empty() { format!("{refusal}") } else { text };
            let hint = refusal.hint().map(String::from);
            let renamed = Refusal::no(about, why);
            match hint {
                Some(hint) => renamed.with_hint(hint),
                None => renamed,
            }
        }
    }
}
