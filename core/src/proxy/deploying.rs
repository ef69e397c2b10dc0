//! The plans that bring a deploy into the state in which it is wanted, and that stop one.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use serde_json::{Map, Value, json};

use super::{Goal, Look, living::project_name, proxying::Proxying, ready::ready};
use crate::{
    commands::{Prepared, context, fresh_id, is_whole, limits, live, prepare, release_json},
    config::{Deploy, DeployName, Label, State},
    ready::unsettled,
    seam::{Effect, Folder, Intent, Plan, Purpose, Refusal, Role, Stage},
};

impl Look<'_> {
    /// The plan that creates a deploy, replaces its release, or starts again what is dead.
    pub(super) fn bring(&self, deploy: &DeployName, wanted: &Deploy, want: &State) -> Result<Plan, Refusal> {
        let (facts, config) = (self.facts, &self.mode.config);
        if let Some(plan) = self.make_way(deploy, wanted, want)? {
            return Ok(plan);
        }
        let home_path = self.deploys.home(deploy.as_str());
        let sources = context::fetch(facts, config);
        let mut notes = Vec::new();
        notes.extend(self.unpinned(deploy, wanted)?);
        let values = context::fetched(config, &sources);
        let values = values.map(|values| self.with_ports(values, wanted.port.0, &mut notes));
        let prepared = prepare(facts, config, wanted.release.as_str(), wanted.pin.as_ref(), values);
        let (id, home, proxying) = (fresh_id(facts), facts.folder(&home_path), Proxying::new(self));
        let (sources, prepared, id, home, mut proxying) = (sources?, prepared?, id?, home?, proxying?);
        let old = self.now.have.deploys.get(deploy);
        let others = self.in_the_way(deploy, wanted, prepared.compose, want)?;
        self.may_take(deploy, wanted, home.as_ref(), &prepared, &others)?;
        if let Some(plan) = self.identify_all(core::iter::once(deploy).chain(others.keys().copied()), &id)? {
            return Ok(plan);
        }
        let change =
            Change { look: self, deploy, wanted, home_path: &home_path, home: home.as_ref(), prepared: &prepared };
        let mut stages = Vec::new();
        let cache = context::cache(config, &sources);
        if !cache.is_empty() {
            stages.push(Stage::new("cache the config sources", cache));
        }
        let before = proxying.routes().clone();
        stages.push(change.unpack(&id));
        // While another deploy is still up: what it prepares may take its time.
        let early = old.is_some() || !others.is_empty();
        if early {
            stages.extend(change.prestart(&self.deploys.aside(deploy.as_str())));
        }
        for (other, known) in &others {
            stages.extend(self.clear(&mut proxying, other, known, true)?);
        }
        if let Some(old) = old {
            if before.answers_503_without(old.port.0) {
                let note = "its endpoints answer 503 until it is ready: a switch without loss takes two deploys";
                notes.push(format!("{note} (start it under another name, then connect)"));
            } else if before.pairs().any(|(_, port)| port == old.port.0) {
                notes.push("its share goes to the endpoint's other deploy until it is ready".into());
            }
            stages.extend(self.quiet(&mut proxying, deploy, old, home.as_ref(), true)?);
        }
        stages.push(change.put_in_place(&id));
        if !early {
            stages.extend(change.prestart(&home_path));
        }
        let endpoints = self.mode.proxy.end_points.keys();
        let waiting: Vec<Label> = self.now.waiting_for(deploy, endpoints).cloned().collect();
        // A machine that follows leaves up what is not ready, and looks again: it routes when it is.
        let waiting = if self.now.has_proxy() && !self.follows() { waiting } else { vec![] };
        stages.push(change.start(!waiting.is_empty()));
        let mut after = self.now.have.clone();
        after.deploys.insert(deploy.clone(), wanted.clone());
        for other in others.keys() {
            stages.push(self.put_away(other)?);
            after.deploys.remove(*other);
        }
        stages.extend(self.note(&after));
        let routes = self.with_waiting(proxying.routes(), wanted, &waiting)?;
        if routes != *proxying.routes() {
            stages.extend(proxying.switch_to("route to it again", &routes)?);
        }
        notes.extend(prepared.notes.iter().cloned());
        notes.append(&mut proxying.notes);
        let intent = Some((format!("{}/{deploy}.json", self.deploys.intents()), change.intent()));
        let tidy = self.tidied(core::iter::once(deploy).chain(others.keys().copied()));
        Ok(Plan { intent, notes, tidy, ..Plan::new(Purpose::StartDeploy(deploy.clone()), stages) })
    }

    /// Refuses a port or a project name that somebody else has, and a folder that runs and is not known.
    fn may_take(
        &self,
        deploy: &DeployName,
        wanted: &Deploy,
        home: Option<&Folder>,
        prepared: &Prepared,
        others: &BTreeMap<&DeployName, &Deploy>,
    ) -> Result<(), Refusal> {
        let old = self.now.have.deploys.get(deploy);
        if let (None, Some(folder)) = (old, home.filter(|folder| is_whole(folder)))
            && self.runs(deploy, folder, folder.port.unwrap_or(wanted.port.0))?
        {
            let why = format!(
                "{} holds a release that runs, and the state does not know it",
                self.deploys.home(deploy.as_str())
            );
            return Err(Refusal::no(start(deploy), why).with_hint("stop it by hand, or put the state file back"));
        }
        let path = self.deploys.home(deploy.as_str());
        if old.is_none() && home.is_some() && live(self.facts, self.deploys)?.is_some_and(|live| live.path == path) {
            let why = format!("{path} is what a start without a proxy has made live");
            return Err(Refusal::no(start(deploy), why).with_hint(
                "stop that first, by a configuration without deployMode.proxy, or give this one another name",
            ));
        }
        let known = old.into_iter().chain(others.values().copied()).any(|known| known.port == wanted.port);
        if !known && self.facts.listens(wanted.port.0)? {
            let why = format!("something that this machine's state does not know listens on port {}", wanted.port.0);
            return Err(Refusal::no(start(deploy), why)
                .with_hint("stop that, or give the deploy another port: start it under another name"));
        }
        if !prepared.compose {
            return Ok(());
        }
        let project = project_name(deploy.as_str());
        let same = |other: &&DeployName| {
            *other != deploy && !others.contains_key(*other) && project_name(other.as_str()) == project
        };
        for other in self.now.have.deploys.keys().filter(same) {
            if self.facts.folder(&self.deploys.home(other.as_str()))?.is_some_and(|folder| folder.compose) {
                let why = format!(
                    "Compose would take it and the deploy {other} for one project ({})",
                    project_name(deploy.as_str())
                );
                return Err(Refusal::no(start(deploy), why).with_hint("give it another name: start RELEASE NAME"));
            }
        }
        Ok(())
    }

    /// The plan that gives an id to a folder of the older tool: what is exchanged must have a name to go back by.
    pub(super) fn identify(&self, path: &str, home: Option<&Folder>, id: &str) -> Result<Option<Plan>, Refusal> {
        let Some(folder) = home.filter(|folder| folder.id.is_none()) else { return Ok(None) };
        if release_json(folder, path).is_err() {
            return Ok(None);
        }
        let take_over = Purpose::TakeOver(path.into());
        if self.tried(&take_over) == Some(false) {
            return Err(Refusal::no(take_over.to_string(), "it could not be given an id"));
        }
        let identify = Effect::Identify { folder: path.into(), id: id.into() };
        Ok(Some(Plan::new(take_over, vec![Stage::new("give it an id", vec![identify])])))
    }

    /// The plan that takes a deploy off the proxy, stops it and puts its folder away.
    pub(super) fn stop(&self, deploy: &DeployName) -> Result<Plan, Refusal> {
        let home = self.deploys.home(deploy.as_str());
        let (there, id, proxying) = (self.facts.folder(&home), fresh_id(self.facts), Proxying::new(self));
        let (there, id, mut proxying) = (there?, id?, proxying?);
        if let Some(plan) = self.identify(&home, there.as_ref(), &id)? {
            return Ok(plan);
        }
        let mut after = self.now.have.clone();
        after.connections.retain(|_, to| to != deploy);
        let mut stages = match after.deploys.remove(deploy) {
            Some(known) => self.clear(&mut proxying, deploy, &known, false)?,
            None => vec![],
        };
        if matches!(&self.mode.goal, Goal::Stop(asked) if asked == deploy) && !self.mode.force {
            // A release without a compose file may use no docker, and needs none to be stopped.
            let must_answer = there.as_ref().is_some_and(|folder| folder.compose);
            let prove = Effect::ProveStopped { folder: home, must_answer };
            stages.push(Stage::new("see that nothing of it runs on", vec![prove]));
        }
        stages.push(self.put_away(deploy)?);
        stages.extend(self.note(&after));
        let tidy = self.tidied(core::iter::once(deploy));
        Ok(Plan { tidy, notes: proxying.notes, ..Plan::new(Purpose::StopDeploy(deploy.clone()), stages) })
    }

    /// The stages that stop a deploy whose folder is to be put away.
    fn clear(
        &self,
        proxying: &mut Proxying<'_>,
        deploy: &DeployName,
        known: &Deploy,
        meanwhile: bool,
    ) -> Result<Vec<Stage>, Refusal> {
        let there = self.facts.folder(&self.deploys.home(deploy.as_str()))?;
        let mut stages = vec![Stage::new("make room", vec![Effect::Remove(self.deploys.aside(deploy.as_str()))])];
        stages.extend(self.quiet(proxying, deploy, known, there.as_ref(), meanwhile)?);
        Ok(stages)
    }

    /// The stage that puts the folder of a deploy away which does not run any more.
    fn put_away(&self, deploy: &DeployName) -> Result<Stage, Refusal> {
        let (home, aside) = (self.deploys.home(deploy.as_str()), self.deploys.aside(deploy.as_str()));
        let there = self.facts.folder(&home)?;
        let exchange = |id| vec![Effect::Exchange { aside: aside.clone(), home: home.clone(), id }];
        let back = exchange(there.and_then(|folder| folder.id));
        Ok(Stage::new("put it away", exchange(None)).undone_by(back))
    }

    /// No endpoint on a deploy, no old worker on it, not running; undone: running, proven, its endpoints back.
    fn quiet(
        &self,
        proxying: &mut Proxying<'_>,
        deploy: &DeployName,
        known: &Deploy,
        there: Option<&Folder>,
        comes_back: bool,
    ) -> Result<Vec<Stage>, Refusal> {
        let (port, home) = (known.port.0, self.deploys.home(deploy.as_str()));
        let before = proxying.routes().clone();
        let without = before.without(|at| at == port);
        let mut stages = Vec::new();
        let (listens, lives) = (self.facts.listens(port), self.lives(deploy, known));
        let (listens, lives) = (listens?, lives?);
        // What goes back was proven before: one good look is enough, and ends the time without an answer.
        let readiness = unsettled(&self.own_readiness(deploy)?);
        let proof = ready(port, readiness, &home, without != before || listens);
        // What is on disk counts too: a proxy that docker starts again goes by it.
        if without != before || !proxying.routes_are(&without) {
            let title = match comes_back {
                true if before.answers_503_without(port) => "answer 503 meanwhile",
                true => "give its share to the other deploy meanwhile",
                false => "take its endpoints off",
            };
            stages.extend(proxying.switch_to(title, &without)?);
            // Going back begins with the proof that there is something to go back to.
            if let Some(stage) = stages.last_mut() {
                stage.undo.insert(0, proof.clone());
            }
        }
        let Some(folder) = there.filter(|folder| is_whole(folder)) else { return Ok(stages) };
        let config = match release_json(folder, &home) {
            Ok(config) => config,
            Err(_) if self.mode.force => return Ok(stages),
            Err(refusal) => return Err(refusal.with_hint("repair that file, or go on without stopping it by --force")),
        };
        let running = |role| self.mode.running(role);
        // Of one that shows no life nobody knows whether it runs: what its commands say is only reported.
        let stop = running(Role::Stop).run(Role::Stop, &config, &home, self.mode.force || !lives);
        let start = running(Role::Start).run(Role::Start, &config, &home, !lives);
        let effects = self.drain(&home).into_iter().chain(stop).collect();
        stages.push(Stage::new("stop it", effects).undone_by(start.into_iter().chain([proof]).collect()));
        Ok(stages)
    }

    /// The wait for workers that may still pass requests to a deploy that is about to be stopped.
    pub(super) fn drain(&self, folder: &str) -> Option<Effect> {
        let drain = Effect::DrainProxy { folder: folder.into(), limit_s: self.mode.config.drain_s.get() };
        self.now.has_proxy().then_some(drain)
    }

    /// The values of the templates with `ports`.
    fn with_ports(&self, mut values: Map<String, Value>, port: u16, notes: &mut Vec<String>) -> Map<String, Value> {
        let mut ports = Map::new();
        ports.insert("http".to_string(), json!(port));
        for n in 1..=4 {
            match self.mode.proxy.dynamic_port_range.extra(port, n) {
                Some(extra) => drop(ports.insert(format!("extra{n}"), json!(extra))),
                None => notes.push(format!("the port extra{n} would be above 65535: templates do not have it")),
            }
        }
        if values.insert("ports".to_string(), Value::Object(ports)).is_some() {
            notes.push("the config source ports is ignored: templates have the deploy's ports under that name".into());
        }
        values
    }
}

/// What the start of a deploy is called.
pub(super) fn start(deploy: &DeployName) -> String {
    Purpose::StartDeploy(deploy.clone()).to_string()
}

/// One deploy's change: created, replaced or started again.
struct Change<'a> {
    look: &'a Look<'a>,
    deploy: &'a DeployName,
    wanted: &'a Deploy,
    home_path: &'a str,
    home: Option<&'a Folder>,
    prepared: &'a Prepared,
}

impl Change<'_> {
    fn aside(&self) -> String {
        self.look.deploys.aside(self.deploy.as_str())
    }

    fn home_id(&self) -> Option<String> {
        self.home.and_then(|folder| folder.id.clone())
    }

    fn intent(&self) -> Intent {
        Intent {
            home: Some(self.home_path.into()),
            home_id: self.home_id(),
            aside: self.aside(),
            port: Some(self.wanted.port.0),
            ..Intent::default()
        }
    }

    fn unpack(&self, id: &str) -> Stage {
        let holds = Folder {
            id: Some(id.into()),
            release: Some(self.wanted.release.to_string()),
            port: Some(self.wanted.port.0),
            sha256: self.wanted.pin.as_ref().map(|pin| pin.sha256.to_string()),
            compose: self.prepared.compose,
            filled: self.prepared.filled,
            release_json: Some(self.prepared.release_json.clone()),
        };
        let unpack = Effect::Unpack {
            archive: self.prepared.archive.clone(),
            limits: limits(&self.look.mode.config),
            to: self.aside(),
            holds,
            rendered: self.prepared.rendered.clone(),
            modes: self.prepared.modes.clone(),
        };
        Stage::new("unpack", vec![Effect::Remove(self.aside()), unpack]).undone_by(vec![Effect::Remove(self.aside())])
    }

    fn prestart(&self, folder: &str) -> Option<Stage> {
        let run = self.look.mode.running(Role::Prestart).run(Role::Prestart, &self.prepared.config, folder, false);
        run.map(|run| Stage::new("prepare", vec![run]))
    }

    fn put_in_place(&self, id: &str) -> Stage {
        let exchange = |id| vec![Effect::Exchange { aside: self.aside(), home: self.home_path.into(), id }];
        Stage::new("put in place", exchange(Some(id.into()))).undone_by(exchange(self.home_id()))
    }

    fn start(&self, demanded: bool) -> Stage {
        let readiness = self.look.readiness(self.prepared.config.readiness.as_ref());
        let run =
            |role, tolerant| self.look.mode.running(role).run(role, &self.prepared.config, self.home_path, tolerant);
        let ready = match self.look.follows() {
            true => None,
            false => Some(ready(self.wanted.port.0, readiness, self.home_path, demanded)),
        };
        let undo = self.look.drain(self.home_path).into_iter().chain(run(Role::Stop, true)).collect();
        Stage::new("start", run(Role::Start, false).into_iter().chain(ready).collect()).undone_by(undo)
    }
}
