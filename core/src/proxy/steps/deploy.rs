//! The plan that creates a deploy, replaces its release, or starts again what is dead.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    super::{
        health::project_name,
        parts::{clear, identify_all, in_the_way, intent_file, note, put_away, ready, take_offline, tidied},
        proxying::Proxying,
        reconcile::Reconcile,
        routes::{is_used, with_waiting},
        tries,
    },
    stop::stop,
};
use crate::{
    config::{Deploy, DeployName, Label, State},
    deploy::{Change, Prepared, context, fresh_id, is_whole, prepare},
    seam::{Effect, Folder, Plan, Purpose, Refusal, Role, Settled as _, Stage},
    single::live,
};

/// The next plan towards a deploy as it is wanted: first what else has its port is stopped, and what is in its way gets
/// an id.
pub(super) fn deploy(r: &Reconcile<'_>, deploy: &DeployName, wanted: &Deploy, state: &State) -> Result<Plan, Refusal> {
    if let Some(plan) = make_way(r, deploy, wanted, state)? {
        return Ok(plan);
    }
    let (seen, facts, config) = (&r.seen, r.seen.facts, r.seen.config);
    let home_path = seen.deploys.live_dir(deploy.as_str());
    let sources = context::fetch(facts, config);
    let mut notes = Vec::new();
    notes.extend(unpinned(r, deploy, wanted)?);
    let values = context::fetched(config, &sources);
    let values = values.map(|values| with_ports(r, values, wanted.port.0, &mut notes));
    let prepared = prepare(facts, config, wanted.release.as_str(), wanted.pin.as_ref(), values);
    let (id, home, proxying) = (fresh_id(facts), facts.folder(&home_path), Proxying::new(r));
    let (sources, prepared, id, home, mut proxying) = (sources?, prepared?, id?, home?, proxying?);
    let others = in_the_way(r, deploy, wanted, prepared.compose, state)?;
    may_take(r, deploy, wanted, home.as_ref(), &prepared, &others)?;
    if let Some(plan) = identify_all(r, core::iter::once(deploy).chain(others.keys().copied()), &id)? {
        return Ok(plan);
    }
    let change = Change {
        config,
        name: deploy.as_str(),
        release: wanted.release.as_str(),
        pin: wanted.pin.as_ref(),
        port: Some(wanted.port.0),
        id,
        home: home.as_ref(),
        prepared: &prepared,
        running: r.policy.running(config),
    };
    let cache = context::cache(config, &sources);
    let mut stages: Vec<Stage> =
        (!cache.is_empty()).then(|| Stage::new("cache the config sources", cache)).into_iter().collect();
    stages.extend(exchange(r, &mut proxying, &change, deploy, &others, &mut notes)?);
    let waiting: Vec<Label> = seen.waiting_for(deploy).cloned().collect();
    let waiting = if seen.has_proxy() && !r.policy.routes_later { waiting } else { vec![] };
    stages.push(start(r, &change, wanted, !waiting.is_empty()));
    let mut after = seen.state.clone();
    after.deploys.insert(deploy.clone(), wanted.clone());
    for other in others.keys() {
        stages.push(put_away(r, other)?);
        after.deploys.remove(*other);
    }
    stages.extend(note(r, &after));
    let routes = with_waiting(r, proxying.routes(), wanted, &waiting)?;
    if routes != *proxying.routes() {
        stages.extend(proxying.switch_to("route to it again", &routes)?);
    }
    notes.extend(prepared.notes.iter().cloned());
    notes.append(&mut proxying.notes);
    let intent = Some((intent_file(r, deploy), change.intent()));
    let mut tidy = tidied(r, core::iter::once(deploy).chain(others.keys().copied()));
    tidy.extend(tries::forget(r, deploy)?);
    let plan = Plan { intent, notes, tidy, ..Plan::new(Purpose::StartDeploy(deploy.clone()), stages) };
    tries::judge(r, deploy, &plan)?;
    Ok(plan)
}

/// The stages until the new content is in its place and nothing else is in its way.
fn exchange(
    r: &Reconcile<'_>,
    proxying: &mut Proxying<'_>,
    change: &Change<'_>,
    deploy: &DeployName,
    others: &BTreeMap<&DeployName, &Deploy>,
    notes: &mut Vec<String>,
) -> Result<Vec<Stage>, Refusal> {
    let old = r.seen.state.deploys.get(deploy);
    let before = proxying.routes().clone();
    let mut stages = vec![change.unpack(change.staged())];
    // While another deploy is still up: what it prepares may take its time.
    let early = old.is_some() || !others.is_empty();
    if early {
        stages.extend(change.prestart(&change.staged()));
    }
    for (other, known) in others {
        stages.extend(clear(r, proxying, other, known, true)?);
    }
    if let Some(old) = old {
        if before.answers_503_without(old.port.0) {
            let note = "its endpoints answer 503 until it is ready: a switch without loss takes two deploys";
            notes.push(format!("{note} (start it under another name, then connect)"));
        } else if before.pairs().any(|(_, port)| port == old.port.0) {
            notes.push("its share goes to the endpoint's other deploy until it is ready".into());
        }
        stages.extend(take_offline(r, proxying, deploy, old, change.home, true)?);
    }
    stages.push(change.put_in_place());
    if !early {
        stages.extend(change.prestart(&change.live_dir()));
    }
    Ok(stages)
}

/// The stage that starts it. A machine that follows leaves up what is not ready, and routes to it when it is.
fn start(r: &Reconcile<'_>, change: &Change<'_>, wanted: &Deploy, demanded: bool) -> Stage {
    let home = change.live_dir();
    let readiness = change.prepared.config.readiness.as_ref().unwrap_or(&r.seen.config.readiness).clone();
    let ready = (!r.policy.routes_later).then(|| ready(wanted.port.0, readiness, &home, demanded));
    let undo = r.drain(&home).into_iter().chain(change.run(Role::Stop, &home, true)).collect();
    let effects: Vec<Effect> = change.run(Role::Start, &home, false).into_iter().chain(ready).collect();
    Stage::new("start", effects).undone_by(undo)
}

/// What a person should know of a deploy whose bytes a master does not pin; refused where pins are required.
fn unpinned(r: &Reconcile<'_>, deploy: &DeployName, wanted: &Deploy) -> Result<Option<String>, Refusal> {
    if !r.policy.wants_pins || wanted.pin.is_some() {
        return Ok(None);
    }
    let why = format!("the master pins no hash for it, so that whatever {} holds would run", wanted.release);
    if r.seen.config.require_pins {
        let hint = format!("pin it: c2 start {} {deploy}; or do not set requirePins", wanted.release);
        return Err(Refusal::no(doing(deploy), why).with_hint(hint));
    }
    Ok(Some(format!("warning: {why}")))
}

/// Lets a deploy have its port: the plan that stops first what has it and is not needed any more. Refused while
/// that serves: nothing that serves is stopped for a port.
fn make_way(r: &Reconcile<'_>, deploy: &DeployName, wanted: &Deploy, state: &State) -> Result<Option<Plan>, Refusal> {
    let (seen, port) = (&r.seen, wanted.port.0);
    let on_it = |(other, known): &(&DeployName, &Deploy)| *other != deploy && known.port.0 == port;
    let Some((other, known)) = seen.state.deploys.iter().find(on_it) else { return Ok(None) };
    let (listens, runs) = (seen.facts.listens(port).known_or(true), seen.runs(other, known).known_or(true));
    let runs = listens? || runs?;
    if !runs && !seen.intents.contains_key(other) {
        return Ok(None);
    }
    let is_needed = state.deploys.contains_key(other) || is_used(r, other, known, state);
    if !is_needed && r.tried(&Purpose::StopDeploy(other.clone())).is_none() {
        return stop(r, other).map(Some);
    }
    let routes = seen.routes();
    let serves: Vec<&str> =
        routes.pairs().filter(|(_, at)| *at == port).map(|(endpoint, _)| endpoint.as_str()).collect();
    let how = if serves.is_empty() { "still runs".into() } else { format!("serves {}", serves.join(", ")) };
    let why = format!("waiting for port {port}: the deploy {other} has it and {how}");
    Err(Refusal::no(doing(deploy), why).with_hint(format!(
        "it starts when {other} is stopped or has moved; for another port start it under another name (where none is \
         free, widen dynamicPortRange first)"
    )))
}

/// Refuses a port or a project name that somebody else has, and a folder that runs and is not known.
fn may_take(
    r: &Reconcile<'_>,
    deploy: &DeployName,
    wanted: &Deploy,
    home: Option<&Folder>,
    prepared: &Prepared,
    others: &BTreeMap<&DeployName, &Deploy>,
) -> Result<(), Refusal> {
    let (seen, path) = (&r.seen, r.seen.deploys.live_dir(deploy.as_str()));
    let old = seen.state.deploys.get(deploy);
    if let (None, Some(folder)) = (old, home.filter(|folder| is_whole(folder)))
        && seen.folder_runs(deploy, folder, folder.port.unwrap_or(wanted.port.0))?
    {
        let why = format!("{path} holds a release that runs, and the state does not know it");
        return Err(Refusal::no(doing(deploy), why).with_hint("stop it by hand, or put the state file back"));
    }
    if old.is_none() && home.is_some() && live(seen.facts, seen.deploys)?.is_some_and(|live| live.path == path) {
        let why = format!("{path} is what a start without a proxy has made live");
        return Err(Refusal::no(doing(deploy), why)
            .with_hint("stop that first, by a configuration without deployMode.proxy, or give this one another name"));
    }
    let known = old.into_iter().chain(others.values().copied()).any(|known| known.port == wanted.port);
    if !known && seen.facts.listens(wanted.port.0)? {
        let why = format!("something that this machine's state does not know listens on port {}", wanted.port.0);
        return Err(Refusal::no(doing(deploy), why)
            .with_hint("stop that, or give the deploy another port: start it under another name"));
    }
    if !prepared.compose {
        return Ok(());
    }
    let project = project_name(deploy.as_str());
    let same = |other: &&DeployName| {
        *other != deploy && !others.contains_key(*other) && project_name(other.as_str()) == project
    };
    for other in seen.state.deploys.keys().filter(same) {
        if seen.facts.folder(&seen.deploys.live_dir(other.as_str()))?.is_some_and(|folder| folder.compose) {
            let why = format!("Compose would take it and the deploy {other} for one project ({project})");
            return Err(Refusal::no(doing(deploy), why).with_hint("give it another name: start RELEASE NAME"));
        }
    }
    Ok(())
}

/// The values of the templates with `ports`.
fn with_ports(
    r: &Reconcile<'_>,
    mut values: Map<String, Value>,
    port: u16,
    notes: &mut Vec<String>,
) -> Map<String, Value> {
    let mut ports = Map::new();
    ports.insert("http".to_string(), json!(port));
    for n in 1..=4 {
        match r.seen.proxy_config.dynamic_port_range.extra(port, n) {
            Some(extra) => drop(ports.insert(format!("extra{n}"), json!(extra))),
            None => notes.push(format!("the port extra{n} would be above 65535: templates do not have it")),
        }
    }
    if values.insert("ports".to_string(), Value::Object(ports)).is_some() {
        notes.push("the config source ports is ignored: templates have the deploy's ports under that name".into());
    }
    values
}

/// What the start of a deploy is called.
fn doing(deploy: &DeployName) -> String {
    Purpose::StartDeploy(deploy.clone()).to_string()
}
