//! A staged rollout: a change stands beside the state as a candidate that a share of the machines takes up.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use serde_json::Map;

use super::{
    Base,
    slaves::{Slave, slaves},
    writing::{Turn, Writing, last_writer},
};
use crate::{
    Ordered,
    config::{FromText, Hundredths, Label, ProxyModeConfig, Rollout, S3Path, State},
    printable::one_line,
    seam::{Command, Facts, Outcome, Plan, Purpose, Refusal, Report, RolloutVerb, Step, WaitFor},
};

/// `rollout advance PERCENT`, `rollout finish`, `rollout abort`
#[derive(Clone, Debug)]
pub struct RolloutChange {
    /// Where the state is kept.
    pub base: S3Path,
    /// What is done.
    pub verb: RolloutVerb,
    /// Whether a store is written to that ignores conditions.
    pub unsafe_store: bool,
}

impl Command for RolloutChange {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let (what, unsafe_store) = (Purpose::Only(self.verb.to_string()), self.unsafe_store);
        let mut writing = Writing { facts, past, base: &self.base, what, unsafe_store, retry_for_s: None };
        let id = match begun(past) {
            Some(id) => id,
            None => {
                let master = writing.read().map_err(|refusal| refusal.during(&writing.what.to_string()))?;
                master.state.rollout.ok_or_else(|| none(&writing.what.to_string()))?.id.to_string()
            }
        };
        writing.what = Purpose::Rollout { id: id.clone(), change: self.verb };
        match writing.turn().map_err(|refusal| refusal.during(&writing.what.to_string()))? {
            Turn::Step(step) => Ok(step),
            Turn::Written(state) => {
                let done = match self.verb {
                    RolloutVerb::Advance(percent) => format!("{} % of the slaves take the change up", percent.get()),
                    RolloutVerb::Finish => "the change holds for all machines now".to_string(),
                    RolloutVerb::Abort => {
                        "the change is taken back: all machines follow the state without it".to_string()
                    }
                };
                let is_open = matches!(self.verb, RolloutVerb::Advance(_));
                let since = (is_open && own(&state, &id).is_none()).then(|| since(&state, &id));
                Ok(Step::Done(Report { notes: core::iter::once(done).chain(since).collect(), ..Report::text("") }))
            }
            Turn::Master(master) if own(&master.state, &id).is_none() => {
                Ok(Step::Done(ended(&writing.what.to_string(), &master.state, &id)))
            }
            Turn::Master(master) => match self.verb.applied(&master.state)? {
                Some(state) => writing.write(&master, state, Vec::new()),
                None => Ok(Step::Done(Report::note("the master says so already"))),
            },
        }
    }

    fn is_logged(&self) -> bool {
        true
    }
}

/// The rollout that a run acts on, once it has planned or waited: whatever it does or waits for names it. It is the one
/// that was read first, and never one that somebody began meanwhile.
pub(super) fn begun(past: &[Outcome]) -> Option<String> {
    past.iter().find_map(|outcome| match outcome {
        Outcome::Planned { plan: Plan { purpose: Purpose::Rollout { id, .. }, .. }, .. }
        | Outcome::Waited { what: WaitFor::Rollout { id, .. }, .. } => Some(id.clone()),
        _ => None,
    })
}

/// The rollout of this state, if it is the one with this id.
pub(super) fn own<'s>(state: &'s State, id: &str) -> Option<&'s Rollout> {
    state.rollout.as_ref().filter(|rollout| rollout.id.as_str() == id)
}

/// That the rollout which a run acts on has ended: this state has another one, or none.
pub(super) fn ended(what: &str, state: &State, id: &str) -> Report {
    let text = format!("{what}: {}", ended_by(state, id));
    Report::failed(text, Some("c2 rollout status and c2 status show what holds now"))
}

/// That it has ended since this run wrote into it.
pub(super) fn since(state: &State, id: &str) -> String {
    format!("warning: since then {}", ended_by(state, id))
}

fn ended_by(state: &State, id: &str) -> String {
    match &state.rollout {
        Some(other) => format!("the rollout {id} has ended and {} is under way, {}", other.id, begun_by(state, other)),
        None => format!("the rollout {id} has ended{}", last_writer(state)),
    }
}

/// Who began a rollout, and when: its id is taken from that of the write which did.
fn begun_by(state: &State, rollout: &Rollout) -> String {
    let id = rollout.id.as_str().strip_prefix(PREFIX).unwrap_or_default();
    let begin = state.writes.iter().find(|write| !id.is_empty() && write.id.starts_with(id));
    begin.map_or_else(
        || "begun by an unknown writer".into(),
        |write| {
            let [user, host, time] = [&write.user, &write.host, &write.time].map(|text| one_line(text));
            format!("begun by {user} on {host} at {time}")
        },
    )
}

/// What the id of a rollout begins with.
const PREFIX: char = 'r';

impl RolloutVerb {
    /// The state after it; `None`: it is so already.
    pub(super) fn applied(self, state: &State) -> Result<Option<State>, Refusal> {
        let Some(rollout) = &state.rollout else {
            return Err(none(&self.to_string()));
        };
        let mut after = state.clone();
        match self {
            RolloutVerb::Advance(percent) => {
                may_grow(&self.to_string(), rollout, percent)?;
                after.rollout = Some(Rollout { percent, ..rollout.clone() });
            }
            RolloutVerb::Abort => after.rollout = None,
            RolloutVerb::Finish => {
                let candidate = (*rollout.candidate).clone();
                let mut extra = state.extra.clone();
                extra.extend(candidate.extra.clone());
                let (writes, last_port) = (state.writes.clone(), state.last_port);
                after = State { extra, writes, rollout: None, last_port, ..candidate };
            }
        }
        Ok((after != *state).then_some(after))
    }
}

/// The rollout that a change is a part of; `None` for a change that all machines take up.
pub(super) fn joined(
    state: &State,
    percent: Option<Hundredths>,
    writing: &Writing<'_>,
) -> Result<Option<Rollout>, Refusal> {
    match (percent, &state.rollout) {
        (None, None) => Ok(None),
        (None, Some(rollout)) => {
            let (now, by) = (rollout.percent.get(), begun_by(state, rollout));
            let why = format!("the rollout {} is under way, at {now} % of the slaves, {by}", rollout.id);
            Err(Refusal::no(writing.what.to_string(), why).with_hint(format!(
                "make it a part of that one by --rollout {now}, or end that one: c2 rollout finish, c2 rollout abort"
            )))
        }
        (Some(percent), Some(rollout)) if percent != rollout.percent => {
            let (now, by, percent) = (rollout.percent.get(), begun_by(state, rollout), percent.get());
            let why = format!("the rollout {} is at {now} % of the slaves, {by}", rollout.id);
            Err(Refusal::no(writing.what.to_string(), why).with_hint(format!(
                "make it a part of that one as it is by --rollout {now}; c2 rollout advance {percent} is what changes the share"
            )))
        }
        (Some(_), Some(rollout)) => Ok(Some(rollout.clone())),
        (Some(percent), None) => {
            let (id, extra) = (new_id(writing)?, Map::new());
            let candidate = State { writes: Vec::new(), rollout: None, last_port: None, extra, ..state.clone() };
            Ok(Some(Rollout { id, percent, candidate: Box::new(candidate), extra: Map::new() }))
        }
    }
}

/// The id of a rollout that a run begins: the same whenever it tries.
fn new_id(writing: &Writing<'_>) -> Result<Label, Refusal> {
    let id = Label::from_text(&format!("{PREFIX}{}", writing.id()?.get(..8).unwrap_or_default()));
    id.map_err(|why| Refusal::no("name a rollout", why.to_string()))
}

/// The rollout that this run has tried to change where it is not that of this state any more, nor to be begun again.
pub(super) fn gone(state: &State, writing: &Writing<'_>) -> Result<Option<Label>, Refusal> {
    let Some(tried) = writing.attempted()?.and_then(|tried| tried.rollout) else { return Ok(None) };
    let begins_again = state.rollout.is_none() && tried.id == new_id(writing)?;
    let is_it = begins_again || own(state, tried.id.as_str()).is_some();
    Ok((!is_it).then_some(tried.id))
}

/// Refuses a share that is smaller than what has taken a rollout up.
fn may_grow(what: &str, rollout: &Rollout, percent: Hundredths) -> Result<(), Refusal> {
    if percent >= rollout.percent {
        return Ok(());
    }
    let why = format!("the rollout {} is at {} % already, and its share only grows", rollout.id, rollout.percent.get());
    Err(Refusal::no(what, why).with_hint("take it back with c2 rollout abort, then begin again"))
}

/// That there is no rollout.
pub(super) fn none(what: &str) -> Refusal {
    Refusal::no(what, "no rollout is under way")
        .with_hint("begin one by --rollout PERCENT on a verb that changes the state, such as start or connect")
}

/// How the machines of a rollout stand.
pub(super) struct Standing<'s> {
    /// Those that are in and follow it well.
    pub(super) well: Vec<&'s Slave>,
    /// Those that are in and say that something is wrong.
    pub(super) failed: Vec<&'s Slave>,
    /// Those that are in and have not followed yet.
    pub(super) waiting: Vec<&'s Slave>,
    /// Those that are in and were not heard of for long.
    pub(super) stale: Vec<&'s Slave>,
    /// The number of those that are not in.
    pub(super) out: usize,
}

impl<'s> Standing<'s> {
    /// How these slaves stand to the rollout of the state with this ETag.
    pub(super) fn of(slaves: &'s [Slave], rollout: &Rollout, etag: &str, proxy: &ProxyModeConfig) -> Self {
        let end_points: Vec<&Label> = proxy.end_points.keys().collect();
        let state = State { rollout: Some(rollout.clone()), ..State::default() };
        let mut standing = Standing { well: vec(), failed: vec(), waiting: vec(), stale: vec(), out: 0 };
        for slave in slaves {
            let followed = slave.report.followed.as_deref() == Some(etag);
            let to = match () {
                () if !rollout.is_in(&slave.label) => {
                    standing.out += 1;
                    continue;
                }
                () if slave.is_stale() => &mut standing.stale,
                () if followed && slave.error().is_some() => &mut standing.failed,
                () if followed && !slave.is_behind(&state, &end_points) => &mut standing.well,
                () => &mut standing.waiting,
            };
            to.push(slave);
        }
        standing
    }

    /// One line.
    pub(super) fn line(&self) -> String {
        let stale = match self.stale.len() {
            0 => String::new(),
            stale => format!(", {stale} not heard of"),
        };
        let (well, failed, waiting) = (self.well.len(), self.failed.len(), self.waiting.len());
        format!("{well} well, {waiting} waited for, {failed} failed{stale}")
    }
}

fn vec<T>() -> Vec<T> {
    Vec::new()
}

/// `rollout status`
#[derive(Clone, Debug)]
pub struct RolloutStatus {
    /// The part of the configuration about the proxy.
    pub proxy: ProxyModeConfig,
    /// Where the state is kept.
    pub base: S3Path,
}

impl Command for RolloutStatus {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let what = Purpose::Only("show the rollout".into());
        let writing = Writing { facts, past, base: &self.base, what, unsafe_store: false, retry_for_s: None };
        let (master, slaves) = (writing.read(), slaves(facts, Base(&self.base)));
        let (master, slaves) = (master?, slaves?);
        let (Some(rollout), Some(etag)) = (&master.state.rollout, &master.etag) else {
            return Ok(Step::Done(Report::text("no rollout is under way\n")));
        };
        let standing = Standing::of(&slaves, rollout, etag, &self.proxy);
        let mut text = format!("rollout {}: {} % of the slaves\n", rollout.id, rollout.percent.get());
        for line in changes(&master.state, &rollout.candidate) {
            text.push_str(&format!("  {line}\n"));
        }
        text.push_str(&format!("in: {}\nnot in: {}\n", standing.line(), standing.out));
        for slave in standing.failed.iter().chain(&standing.waiting).chain(&standing.stale) {
            let why = slave.error().map_or_else(|| "waited for".to_string(), first_line);
            text.push_str(&format!("  {}: {why}\n", slave.label));
        }
        Ok(Step::Done(Report::text(text)))
    }
}

/// The first line of a text from a record.
pub(super) fn first_line(text: &str) -> String {
    one_line(text.lines().next().unwrap_or_default()).into_owned()
}

/// What a candidate changes, a line each.
fn changes(stable: &State, candidate: &State) -> Vec<String> {
    let mut lines = Vec::new();
    for (label, deploy) in &candidate.deploys {
        match stable.deploys.get(label) {
            Some(known) if known.is_as(deploy) => (),
            Some(known) => lines.push(format!("replaces {label}: {} by {}", known.release, deploy.release)),
            None => lines.push(format!("starts {label} ({})", deploy.release)),
        }
    }
    let gone = stable.deploys.keys().filter(|label| !candidate.deploys.contains_key(*label));
    lines.extend(gone.map(|label| format!("stops {label}")));
    let routes: BTreeMap<_, _> = stable.connections.iter().chain(&candidate.connections).into_map();
    for endpoint in routes.keys() {
        let (before, after) = (stable.connections.get(*endpoint), candidate.connections.get(*endpoint));
        if before != after {
            let name =
                |deploy: Option<&crate::config::DeployName>| deploy.map_or("nothing".to_string(), ToString::to_string);
            lines.push(format!("connects {endpoint} to {} instead of {}", name(after), name(before)));
        }
    }
    for (endpoint, split) in candidate.splits.iter().filter(|(at, split)| stable.splits.get(*at) != Some(*split)) {
        lines.push(format!("sends {} % of the clients of {endpoint} to {}", split.percent.get(), split.deploy));
    }
    let ended = stable.splits.keys().filter(|at| !candidate.splits.contains_key(*at));
    lines.extend(ended.map(|at| format!("ends the split of {at}")));
    let paged = candidate.maintenance.iter().filter(|(at, page)| stable.maintenance.get(*at) != Some(*page));
    lines.extend(paged.map(|(at, _)| format!("puts {at} into maintenance")));
    let ended = stable.maintenance.keys().filter(|at| !candidate.maintenance.contains_key(*at));
    lines.extend(ended.map(|at| format!("ends the maintenance of {at}")));
    lines
}
