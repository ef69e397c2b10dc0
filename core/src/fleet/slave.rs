//! `slave-update`: brings this machine to the state of the master and reports what really runs. `reconcile`: the same by
//! the state of this machine alone, which reports to nobody.

use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

use super::{
    Base,
    follower_state::{AGAIN_S, FailedDeploy, FollowerState, Wanted, unreached},
    health::Health,
    slaves::{HELD, MISCONFIGURED, STALE_S},
    state_of,
};
use crate::{
    Ordered,
    aws::s3::{Condition, without_request_id},
    commands::held,
    config::{
        DeployName, FromText, Label, Positive, ProxyModeConfig, S3Path, SlaveLabel, SlaveState, SlaveStatus, State,
        ToolConfig,
    },
    deploy::Deploys,
    printable::for_record,
    proxy::{Follow, Followed, Following, look_at_routed, noted_state},
    seam::{
        Command, Effect, Facts, Memo, Outcome, Plan, Purpose, Reason, Refusal, Report, Secret, Settled as _, Shared,
        Stage, Step,
    },
    time::utc,
};

/// `slave-update` or `reconcile`, one round of it.
#[derive(Clone, Debug)]
pub struct SlaveUpdate {
    /// The configuration.
    pub config: ToolConfig,
    /// Its part about the proxy.
    pub proxy: ProxyModeConfig,
    /// Where the state is kept that is followed; `None`: it is this machine's own.
    pub base: Option<S3Path>,
    /// What the round before has kept.
    pub kept: Option<Memo>,
    /// The time until another round follows; `None`: none does.
    pub repeat_s: Option<Positive>,
    /// Why the configuration cannot be read any more; it is followed as it was.
    pub misconfigured: Option<String>,
}

impl Command for SlaveUpdate {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        if let Some(Outcome::Planned { plan: Plan { memo: Some(memo), .. }, failed, .. }) = past.last()
            && let Some(state) = memo.get::<FollowerState>()
        {
            let failed = failed.as_ref().map(|(_, failure)| failure.to_string());
            return Ok(Step::Done(self.told(state.clone(), failed)));
        }
        let master = self.base.as_ref().map_or(Ok(None), |base| facts.shared(&Base(base).master())).known();
        let now = facts.began().known();
        let have = noted_state(facts, Deploys(self.config.deploys_dir.as_str())).known();
        let label = self.label(facts).known();
        let (now, master, have, label) = (now?, master?, have?, label?);
        let (now, have) = (now?, have.ok().flatten().unwrap_or_default());
        let looks = look_at_routed(facts, &self.config, &have).known_or(Vec::new())?;
        let known = self.before().map(|before| before.health.clone()).unwrap_or_default();
        let health = known.after(&looks);
        let held = held(facts, Deploys(self.config.deploys_dir.as_str()))?;
        if let (true, Some(before)) = (past.is_empty(), self.before())
            && before.held == held
            && (self.base.is_some() || before.noted == have)
            && !health.is_news(&known, now)
            && !looks.iter().any(|look| look.unnoted)
            && let Some(report) = before.rest(now, &master, self, health.clone())
        {
            return Ok(Step::Done(report));
        }
        // What a boot has ended is not waited for.
        let dead = match self.before() {
            Some(_) => health.due(now),
            None => looks.iter().filter(|look| look.dead).map(|look| look.deploy.clone()).into_set(),
        };
        let round = Round { slave: self, now, have, label, health, dead, held };
        round.next(facts, past, master)
    }

    fn lock(&self) -> Option<String> {
        Some(Deploys(self.config.deploys_dir.as_str()).lock())
    }

    fn may_nest(&self) -> bool {
        false
    }
}

impl SlaveUpdate {
    /// What the round before has kept.
    fn before(&self) -> Option<&FollowerState> {
        self.kept.as_ref()?.get()
    }

    /// The report of a round that looked at this machine; perhaps its own report could not be written.
    fn told(&self, state: FollowerState, unreported: Option<String>) -> Report {
        let again = if self.base.is_some() { "c2 slave-update" } else { "c2 reconcile" };
        state.told(unreported, self.repeat_s.is_none().then_some(again))
    }

    /// By what the others know this machine; `None`: there are none.
    fn label(&self, facts: &Facts) -> Result<Option<Label>, Refusal> {
        if self.base.is_none() {
            return Ok(None);
        }
        match &self.proxy.slave_label {
            SlaveLabel::Label(label) => Ok(Some(label.clone())),
            SlaveLabel::Ec2InstanceId => {
                let id = facts.instance_id()?.unwrap_or_default();
                Label::from_text(&id).map(Some).map_err(|why| Refusal::no("find this instance's id", why.to_string()))
            }
        }
    }
}

/// One look at the master and at this machine.
struct Round<'a> {
    slave: &'a SlaveUpdate,
    now: u64,
    /// The state that this machine notes.
    have: State,
    label: Result<Option<Label>, Refusal>,
    /// What is known of the deploys that endpoints have, with the look of this round.
    health: Health,
    /// The deploys of which something has ended that is to be started again now.
    dead: BTreeSet<DeployName>,
    /// That this machine is held, and why.
    held: Option<String>,
}

impl Round<'_> {
    fn next(&self, facts: &Facts, past: &[Outcome], master: Result<Option<Shared>, Refusal>) -> Result<Step, Refusal> {
        let SlaveUpdate { config, proxy, .. } = self.slave;
        let told = unreached(&master);
        let wanted = match &self.slave.base {
            Some(base) => self.wanted(base, master),
            None => Ok(Wanted { state: self.have.clone(), etag: None, rollout: None, is_read: true }),
        };
        let (wanted, mut troubles) = match wanted {
            Ok(wanted) => (wanted, vec![]),
            // Whatever is wrong with the master: this machine keeps what it has.
            Err(why) => {
                let etag = self.slave.before().and_then(|before| before.followed.clone());
                (Wanted { state: self.have.clone(), etag, rollout: None, is_read: false }, vec![why])
            }
        };
        let mut postponed = self.postponed(&wanted);
        let is_as_wanted = |deploy: &&DeployName| self.is_as_wanted(deploy, &wanted);
        let resting = self.health.resting(self.now).filter(|deploy| !self.dead.contains(*deploy));
        let labels = postponed.keys().chain(resting.filter(is_as_wanted)).cloned().into_set();
        let (config, proxy, master) = (config.clone(), proxy.clone(), wanted.state.clone());
        let is_held = self.held.is_some();
        let labels = if is_held { master.deploys.keys().cloned().into_set() } else { labels };
        let asked_by = wanted.rollout.clone();
        let mut following =
            match (Follow { config, proxy, master, postponed: labels, dead: self.dead.clone(), asked_by, is_held })
                .round(facts, past)
                .known()?
            {
                Ok(Followed::Step(Step::Do(mut plan))) if past.is_empty() => {
                    plan.notes.insert(0, self.reason(wanted.etag.as_ref()));
                    return Ok(Step::Do(plan));
                }
                Ok(Followed::Step(step)) => return Ok(step),
                Ok(Followed::Done(following)) => following,
                Err(refusal) => {
                    Following { troubles: vec![Reason::from(&refusal)], ..Following::keeping(self.have.clone()) }
                }
            };
        troubles.append(&mut following.troubles);
        let label = self.label.as_ref().map_err(|refusal| troubles.push(refusal.into())).ok().and_then(Option::as_ref);
        if !wanted.is_read {
            let mut before = self.failed_before();
            before.retain(|deploy, _| !following.failed.contains_key(deploy));
            before.extend(postponed);
            postponed = before;
        }
        // What cannot be started again is a matter of its health, with pauses of its own.
        let mut health = self.health.clone();
        let restarted = &mut following.restarted;
        following.failed.retain(|deploy, why| {
            let is_ill = health.knows(deploy) && self.is_as_wanted(deploy, &wanted);
            if let (true, Some(reason)) = (is_ill, restarted.get_mut(deploy)) {
                reason.get_or_insert_with(|| why.clone());
            }
            !is_ill
        });
        health.restarted(&following.restarted, self.now);
        self.end(facts, Ended { wanted, postponed, troubles, told, following, health }, label)
    }

    /// Whether this machine notes a deploy as it is wanted.
    fn is_as_wanted(&self, deploy: &DeployName, wanted: &Wanted) -> bool {
        let to = wanted.state.deploys.get(deploy);
        to.zip(self.have.deploys.get(deploy)).is_some_and(|(to, known)| known.is_as(to))
    }

    fn wanted(&self, base: &S3Path, master: Result<Option<Shared>, Refusal>) -> Result<Wanted, Reason> {
        let at = Base(base).master();
        let shared = master.map_err(|refusal| Reason::from(&refusal).advised(Some("everything stays as it is")))?;
        let Some(shared) = shared else {
            if self.have == State::default() {
                return Ok(Wanted { state: State::default(), etag: None, rollout: None, is_read: true });
            }
            return Err(format!("read the state of the master: {at} is not there; everything stays as it is").into());
        };
        let parsed = state_of(&at, &shared)
            .map_err(|rejected| format!("read the state of the master: {rejected}; everything stays as it is"))?;
        let master = parsed.value;
        if master.rollout.is_some() && self.label.is_err() {
            return Err("a rollout is under way, and without its label this machine cannot tell whether it is in; \
                 everything stays as it is"
                .into());
        }
        let label = self.label.as_ref().ok().and_then(Option::as_ref);
        let rollout = master.rollout.as_ref().filter(|rollout| label.is_some_and(|label| rollout.is_in(label)));
        Ok(Wanted {
            state: master.for_machine(label).clone(),
            etag: Some(shared.etag),
            rollout: rollout.map(|rollout| rollout.id.clone()),
            is_read: true,
        })
    }

    /// Why this machine is looked at now.
    fn reason(&self, etag: Option<&String>) -> String {
        match self.slave.before() {
            None => "because this run begins".into(),
            Some(before) if before.config != self.slave.config || before.misconfigured != self.slave.misconfigured => {
                "because the configuration has changed".into()
            }
            Some(before) if before.followed.as_ref() != etag => "because the state of the master has changed".into(),
            Some(before) if before.failed.values().any(|failed| failed.again_at_s <= self.now) => {
                "because it is time to try again what failed".into()
            }
            Some(_) => "because this machine is not as the master wants it".into(),
        }
    }

    /// What failed before, by the same configuration.
    fn failed_before(&self) -> BTreeMap<DeployName, FailedDeploy> {
        let before = self.slave.before().filter(|before| before.config == self.slave.config);
        before.map(|before| before.failed.clone()).unwrap_or_default()
    }

    /// What failed before and is not tried yet: neither its target nor this machine has changed.
    fn postponed(&self, wanted: &Wanted) -> BTreeMap<DeployName, FailedDeploy> {
        let mut failed = self.failed_before();
        failed.retain(|deploy, failed| {
            // A clock that was set back makes nothing wait for longer.
            let waits = self.now < failed.again_at_s && failed.again_at_s <= self.now + AGAIN_S.1;
            waits && failed.is_wanted(deploy, wanted) && self.have == failed.have
        });
        failed
    }

    /// The report of a round, written when it says something new or the last one is old.
    fn end(&self, facts: &Facts, ended: Ended, label: Option<&Label>) -> Result<Step, Refusal> {
        let SlaveUpdate { config, base, .. } = self.slave;
        let (address, host) = (facts.address(self.slave.proxy.slave_interface_name.as_str()), facts.host_name());
        let (address, host) = (address.known(), host.known());
        let (address, host) = (address?, host?);
        let failed = self.failed(&ended);
        let Ended { wanted: Wanted { etag, .. }, troubles, told, following, health, .. } = ended;
        let heartbeat_s = u64::from(config.slave_heartbeat_s.get());
        let soon = if troubles.is_empty() { heartbeat_s } else { AGAIN_S.0.min(heartbeat_s) };
        let again = failed.values().map(|failed| failed.again_at_s).filter(|again_at_s| *again_at_s > self.now);
        let next = again.chain([self.now + soon]).min();
        let look_at_s = if following.unready.is_empty() { next.unwrap_or_default() } else { self.now };
        let in_words = |failed: &FailedDeploy| match self.slave.repeat_s.is_some() {
            true => failed.why.map(|why| format!("{why}; it is looked at again at {}", utc(failed.again_at_s))),
            false => failed.why.clone(),
        };
        let reasons: Vec<Reason> = failed
            .values()
            .map(in_words)
            .chain(troubles)
            .chain(following.unready)
            .chain(health.reasons(self.slave.repeat_s.is_some()))
            .collect();
        let error = (!reasons.is_empty()).then(|| reasons.iter().map(|it| &*it.full).collect::<Vec<_>>().join("\n"));
        let reported = error.as_ref().map(|_| without_request_id(&public(&reasons)));
        let misconfigured = self.slave.misconfigured.clone();
        let warning = misconfigured.as_ref().map(|why| format!("warning: {why}"));
        let interface = &self.slave.proxy.slave_interface_name;
        let report = SlaveState {
            status: reported.map_or(SlaveStatus::Ok, |text| SlaveStatus::Error(for_record(&text))),
            ip_address: match address {
                Ok(Some(address)) => address,
                Ok(None) => format!("{interface} has no IPv4 address"),
                Err(refusal) => for_record(&refusal.to_string()),
            },
            host_name: host.ok().flatten().unwrap_or_default(),
            state: following.running,
            followed: etag.clone(),
            extra: [(MISCONFIGURED, &misconfigured), (HELD, &self.held)]
                .into_iter()
                .filter_map(|(name, why)| Some((name.to_string(), for_record(why.as_ref()?).into())))
                .collect(),
        };
        // By another configuration it may have another label, whose record says nothing yet.
        let before = self.slave.before().filter(|before| before.config == *config);
        let before = before.and_then(|before| before.reported.as_ref());
        let is_due = |at: u64| self.now >= at + heartbeat_s || self.now < at;
        let is_new = before.is_none_or(|(last, at)| *last != report || is_due(*at));
        let mut state = FollowerState {
            config: config.clone(),
            followed: etag,
            look_at_s,
            reported: before.cloned(),
            noted: following.noted,
            health,
            failed,
            error,
            standing: following.standing,
            notes: self.silence().into_iter().chain(warning).chain(self.held.clone()).chain(following.notes).collect(),
            held: self.held.clone(),
            told,
            misconfigured: self.slave.misconfigured.clone(),
        };
        let Some((base, label)) = base.as_ref().zip(label).filter(|_| is_new) else {
            return Ok(Step::Done(self.slave.told(state, None)));
        };
        let (at, bytes) = (Base(base).slave(label), Secret::new(report.to_json().into_bytes()));
        state.reported = Some((report, self.now));
        let put = Effect::Put { at, bytes, condition: Condition::Always };
        let stages = vec![Stage::new("write it", vec![put])];
        Ok(Step::Do(Plan { memo: Some(Memo::new(state)), ..Plan::new(Purpose::Report, stages) }))
    }

    /// A warning, in the first round, that the pauses between reports are longer than the master waits for one.
    fn silence(&self) -> Option<String> {
        self.slave.base.as_ref()?;
        let (repeat_s, heartbeat_s) = (self.slave.repeat_s?.get(), self.slave.config.slave_heartbeat_s.get());
        let is_long = u64::from(repeat_s) + u64::from(heartbeat_s) > STALE_S;
        (self.slave.before().is_none() && is_long).then(|| {
            format!(
                "warning: with --repeat {repeat_s} and slaveHeartbeatSecs {heartbeat_s} nothing may be heard of this machine \
                 for longer than the {STALE_S} s after which it counts as dead"
            )
        })
    }

    /// The deploys that failed, now or before, and when each is tried again.
    fn failed(&self, ended: &Ended) -> BTreeMap<DeployName, FailedDeploy> {
        let mut all = ended.postponed.clone();
        for (deploy, why) in &ended.following.failed {
            let Some(wanted) = ended.wanted.state.deploys.get(deploy).filter(|_| !all.contains_key(deploy)) else {
                continue;
            };
            let before = self.slave.before().and_then(|before| before.failed.get(deploy));
            let before = before.filter(|before| before.is_wanted(deploy, &ended.wanted));
            let tries = before.map_or(0, |before| before.tries);
            let pause_s = (AGAIN_S.0 << tries.min(16)).min(AGAIN_S.1);
            let failed = FailedDeploy {
                wanted: wanted.clone(),
                rollout: ended.wanted.rollout.clone(),
                have: ended.following.noted.clone(),
                why: why.clone(),
                tries: tries + 1,
                again_at_s: self.now + pause_s,
            };
            all.insert(deploy.clone(), failed);
        }
        all
    }
}

/// How following ended.
struct Ended {
    wanted: Wanted,
    postponed: BTreeMap<DeployName, FailedDeploy>,
    troubles: Vec<Reason>,
    /// Why the master could not be asked, which is among them.
    told: Option<String>,
    following: Following,
    health: Health,
}

/// What a record says of them: it is read by others, who are not to see what a release's commands are or print.
fn public(reasons: &[Reason]) -> String {
    let mut lines: Vec<&str> = reasons.iter().map(|reason| &*reason.public).collect();
    if reasons.iter().any(|reason| reason.full != reason.public) {
        lines.push("the log on the machine has the commands and what they printed: c2 show-log");
    }
    lines.join("\n")
}
