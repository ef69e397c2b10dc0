//! Routes: where each endpoint goes, and the stages that make the proxy serve it, proven.

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::{
    Goal, Look,
    configured::{Configured, Pages, Project, configured, is_served, project},
    observed::{PROXY, state_file},
    served::{Routes, Served, Target},
};
use crate::{
    Ordered,
    config::{DeployName, Label, State},
    seam::{Effect, Outcome, Plan, Refusal, Report, Secret, Stage, Step},
};

/// What the plan is called that connects an endpoint.
pub(super) fn connect_about(endpoint: &Label, deploy: &DeployName) -> String {
    format!("connect {endpoint} to {deploy}")
}

/// What the plan is called that splits an endpoint.
pub(super) fn split_about(endpoint: &Label, deploy: &DeployName) -> String {
    format!("split {endpoint} between its deploy and {deploy}")
}

/// What the plan is called that begins or ends the maintenance of an endpoint.
pub(super) fn maintenance_about(endpoint: &Label, on: bool) -> String {
    if on { format!("put {endpoint} into maintenance") } else { format!("end the maintenance of {endpoint}") }
}

/// What the plan is called that routes the endpoints as they are wanted.
pub(super) const SWITCH: &str = "route the endpoints";
pub(super) const REFRESH: &str = "refresh the proxy";
pub(super) const RESTART: &str = "restart the proxy";
pub(super) const SHUT_DOWN: &str = "shut the proxy down";

impl Look<'_> {
    /// The plan that makes the proxy serve what is wanted of it; `None` when it does.
    pub(super) fn switch(&self, want: &State) -> Result<Option<Plan>, Refusal> {
        let about = if self.gave_up() { SWITCH.to_string() } else { self.goal_about() };
        let tried = self.tried(&about);
        if tried == Some(false) || (tried.is_some() && !self.follows()) {
            return Ok(None);
        }
        let routes = if self.follows() { self.followed_routes(want)? } else { self.routes(want)? };
        let mut proxying = Proxying::new(self)?;
        let stale = match self.heals() && proxying.wanted() {
            false => !self.now.routes_are(&routes),
            true => about == RESTART || !proxying.serves_well(&routes)?,
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
        let plan = Plan { notes: proxying.notes, ..Plan::new(about, stages) };
        // What was done just now and shows no effect is not done again.
        let done = matches!(self.past.last(), Some(Outcome::Planned { plan: last, .. }) if *last == plan);
        Ok((!done).then_some(plan))
    }

    /// What the plan is called that brings about what the command wants of the proxy.
    fn goal_about(&self) -> String {
        match &self.mode.goal {
            goal @ (Goal::Connect { .. }
            | Goal::Disconnect(_)
            | Goal::Split { .. }
            | Goal::Maintain { .. }
            | Goal::EndMaintenance(_)
            | Goal::Refresh
            | Goal::Restart) => goal.to_string(),
            _ => SWITCH.to_string(),
        }
    }

    /// Whether what the command wants of the proxy failed in this run: what is left is to route what can be routed.
    pub(super) fn gave_up(&self) -> bool {
        self.tried(&self.goal_about()) == Some(false)
    }

    /// Whether this run starts a proxy that does not run, and heals one that is stale.
    fn heals(&self) -> bool {
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
                    true => self.lives(deploy, known)?,
                    // The one that is asked for is proven in the plan, with the patience that it needs.
                    false if asked && deploy == wish => true,
                    false => self.facts.listens(known.port.0)?,
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
                routes.targets.insert(endpoint.clone(), Target { port: known.port.0, share: None });
            }
        }
        Ok(routes)
    }

    /// The routes as they are, but for those to ports where nobody accepts: no undo goes back to them.
    fn live_routes(&self) -> Result<Routes, Refusal> {
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
        let ready = self.ready_as_it_says(deploy, known.port.0, true)?;
        Ok(ready.map(|ready| Stage::new("wait until it is ready", vec![ready])))
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
        Ok(Step::Do(Plan::new(SHUT_DOWN, vec![Stage::new("stop it", vec![down])])))
    }
}

/// How the proxy's container stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    /// There is none.
    Absent,
    /// It does not run, or is not made from what is on disk.
    Stale {
        /// Whether it runs.
        running: bool,
    },
    /// It runs from what is on disk.
    Well,
}

/// The proxy in the course of a plan: each switch sets out from what the one before it left.
pub(super) struct Proxying<'a> {
    look: &'a Look<'a>,
    project: Project,
    pages: Pages,
    container: Container,
    routes: Routes,
    /// Whether a switch of this plan came before.
    switched: bool,
    /// The configuration's text and what it serves, where that is known.
    conf: Option<(String, Served)>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

impl<'a> Proxying<'a> {
    pub(super) fn new(look: &'a Look<'a>) -> Result<Self, Refusal> {
        let project = project(look.facts, &look.mode.config, &look.mode.proxy)?;
        let (now, routes) = (&look.now, look.live_routes()?);
        let proxy = &now.proxy;
        let same = proxy.mounted
            && proxy.project.as_ref() == Some(&project.name)
            && now.compose.as_ref() == Some(&project.text);
        // One that runs and says nothing is made anew by those who are to heal it.
        let dumb = look.mode.goal == Goal::Restart && proxy.serves.is_none();
        let container = match (proxy.exists, proxy.running) {
            (false, _) => Container::Absent,
            (true, true) if same && !dumb => Container::Well,
            (true, running) => Container::Stale { running },
        };
        let conf = now.conf.clone().zip(now.on_disk()).filter(|(_, served)| served.routes == routes);
        // Of a page that is about to go, what it says is needed for the way back.
        let mut pages = now.have.maintenance.clone();
        pages.extend(look.wanted_maintenance());
        Ok(Proxying { look, project, pages, container, routes, switched: false, conf, notes: vec![] })
    }

    /// Whether a proxy runs or is to run at the end.
    fn wanted(&self) -> bool {
        let ends = matches!(self.look.mode.goal, Goal::Disconnect(_) | Goal::EndMaintenance(_));
        let starts = self.look.heals() && !ends;
        starts || matches!(self.container, Container::Well | Container::Stale { running: true })
    }

    /// The routes as they are at this point of the plan.
    pub(super) fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Whether these are the routes at this point of the plan, and would be after a restart.
    pub(super) fn routes_are(&self, routes: &Routes) -> bool {
        if self.switched { self.routes == *routes } else { self.look.now.routes_are(routes) }
    }

    fn configured(&self, routes: &Routes) -> Result<Configured, Refusal> {
        configured(self.look.facts, &self.look.mode.config, &self.look.mode.proxy, routes, &self.pages)
    }

    /// Whether the proxy runs from what is on disk and serves exactly the configuration of these routes.
    fn serves_well(&self, routes: &Routes) -> Result<bool, Refusal> {
        let served = Some(self.configured(routes)?.served);
        let now = &self.look.now;
        Ok(self.container == Container::Well && now.proxy.serves == served && now.on_disk() == served)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.look.deploys.home(PROXY))
    }

    /// The stages that make the proxy serve these routes and nothing else, proven, each with its way back.
    pub(super) fn switch_to(&mut self, title: &str, routes: &Routes) -> Result<Vec<Stage>, Refusal> {
        let (facts, mode) = (self.look.facts, self.look.mode);
        is_served(facts, &mode.config, &mode.proxy, routes, &self.pages)?;
        let new = self.configured(routes)?;
        let back = match &self.conf {
            Some(conf) => Some(conf.clone()),
            None if self.look.now.has_proxy() => {
                let old = self.configured(&self.routes)?;
                Some((old.text, old.served))
            }
            None => None,
        };
        let stages = match self.container {
            _ if !self.wanted() => self.write_only(title, &new, back.as_ref()),
            Container::Well => self.reload(title, &new, back.as_ref()),
            _ => self.start(title, &new, back.as_ref()),
        };
        if self.wanted() {
            self.container = Container::Well;
        }
        self.routes.clone_from(routes);
        self.switched = true;
        self.conf = Some((new.text, new.served));
        Ok(stages)
    }

    /// Nothing runs: what a start would serve is written down.
    fn write_only(&self, title: &str, new: &Configured, back: Option<&(String, Served)>) -> Vec<Stage> {
        let conf = write(self.path("nginx.conf"), new.text.clone());
        vec![Stage::new(title, vec![conf]).undone_by(vec![self.conf_back(back)])]
    }

    fn reload(&self, title: &str, new: &Configured, back: Option<&(String, Served)>) -> Vec<Stage> {
        let mut undo = vec![self.conf_back(back), Effect::ReloadProxy];
        undo.extend(back.map(|(_, served)| self.prove(served)));
        let candidate = write_for_now(self.path("nginx.candidate.conf"), new.text.clone());
        let mut effects = self.swap(new);
        effects.extend([Effect::ReloadProxy, self.prove(&new.served)]);
        vec![
            Stage::new("try the configuration", vec![candidate, self.test(true)]),
            Stage::new(title, effects).undone_by(undo),
        ]
    }

    fn start(&mut self, title: &str, new: &Configured, back: Option<&(String, Served)>) -> Vec<Stage> {
        let running = self.container == Container::Stale { running: true };
        if running {
            let note = "the proxy's container is not made from what is on disk now: it is made anew once";
            self.notes.push(note.to_string());
        }
        let include = |name: &str| format!("include /etc/c2/{name};\n");
        let mut prepare: Vec<Effect> = self.project.folders.iter().cloned().map(Effect::MakeFolder).collect();
        prepare.extend([
            write(self.path("include.conf"), include("nginx.conf")),
            write(self.path("include.candidate.conf"), include("nginx.candidate.conf")),
            write(self.path("docker-compose.yml"), self.project.text.clone()),
            write_for_now(self.path("nginx.candidate.conf"), new.text.clone()),
            self.test(false),
        ]);
        let compose = self.look.now.compose.clone().map(|text| write(self.path("docker-compose.yml"), text));
        let mut effects = self.swap(new);
        effects.extend([self.up(self.container != Container::Absent), self.prove(&new.served)]);
        let mut undo = vec![self.conf_back(back)];
        match running {
            true => {
                undo.extend([self.up(false), Effect::ReloadProxy]);
                undo.extend(back.map(|(_, served)| self.prove(served)));
            }
            false => undo.push(Effect::ProxyDown { folder: self.look.deploys.home(PROXY) }),
        }
        vec![
            Stage::new("try the configuration", prepare).undone_by(compose.into_iter().collect()),
            Stage::new(title, effects).undone_by(undo),
        ]
    }

    /// The new configuration in its place.
    fn swap(&self, new: &Configured) -> Vec<Effect> {
        vec![
            write_for_now(self.path("nginx.ctx.json"), new.context.clone()),
            write(self.path("nginx.conf"), new.text.clone()),
        ]
    }

    fn conf_back(&self, back: Option<&(String, Served)>) -> Effect {
        match back {
            Some((text, _)) => write(self.path("nginx.conf"), text.clone()),
            None => Effect::Remove(self.path("nginx.conf")),
        }
    }

    fn test(&self, inside: bool) -> Effect {
        Effect::TestProxy { folder: self.look.deploys.home(PROXY), inside }
    }

    fn up(&self, recreate: bool) -> Effect {
        let (folder, project) = (self.look.deploys.home(PROXY), self.project.name.clone());
        Effect::ProxyUp { folder, project, recreate }
    }

    fn prove(&self, served: &Served) -> Effect {
        let marked = self.look.mode.proxy.nginx_conf_template_path.is_none();
        Effect::ProveProxy { folder: self.look.deploys.home(PROXY), marked, served: served.clone() }
    }
}

/// Writes one of the proxy's files: nginx reads them as another user, and so does who asks for the status.
fn write(path: String, text: String) -> Effect {
    let bytes = Secret::new(text.into_bytes());
    Effect::WriteFile { path, bytes, mode: 0o644, keep_mode: false, folder_mode: 0o755, durable: true }
}

/// Writes one of them that only this plan reads, or people.
fn write_for_now(path: String, text: String) -> Effect {
    let bytes = Secret::new(text.into_bytes());
    Effect::WriteFile { path, bytes, mode: 0o644, keep_mode: false, folder_mode: 0o755, durable: false }
}
