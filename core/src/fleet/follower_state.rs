//! What a round of `slave-update` keeps for the next one, and when there is nothing to do but wait.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::{SlaveUpdate, health::Health};
use crate::{
    aws::s3::without_request_id,
    config::{Deploy, DeployName, Label, SlaveState, State, ToolConfig},
    seam::{Memo, Purpose, Reason, Refusal, Report, Shared, retry_hint},
};

/// The shortest time before what failed is tried again; it doubles with each further failure, up to the second number.
pub(super) const AGAIN_S: (u64, u64) = (30, 900);

/// What a round keeps for the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FollowerState {
    /// The configuration that it went by.
    pub(super) config: ToolConfig,
    /// The state of the master that it followed: its ETag.
    pub(super) followed: Option<String>,
    /// When the machine is looked at again though the master says nothing new, seconds since 1970.
    pub(super) look_at_s: u64,
    /// What was reported, and when.
    pub(super) reported: Option<(SlaveState, u64)>,
    /// The state that this machine noted at the end.
    pub(super) noted: State,
    /// What the looks have found of the deploys that endpoints have.
    pub(super) health: Health,
    /// The deploys that failed.
    pub(super) failed: BTreeMap<DeployName, FailedDeploy>,
    /// What is wrong, in words.
    pub(super) error: Option<String>,
    /// How the endpoints stand, in words.
    pub(super) standing: Option<String>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
    /// Why the master could not be asked, as it was told last.
    pub(super) told: Option<String>,
    /// That this machine is held, and why.
    pub(super) held: Option<String>,
    /// Why the configuration could not be read.
    pub(super) misconfigured: Option<String>,
}

/// A deploy that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FailedDeploy {
    /// As what.
    pub(super) wanted: Deploy,
    /// The rollout that it is a part of: who begins another wants it tried again.
    pub(super) rollout: Option<Label>,
    /// What this machine ran at the time.
    pub(super) have: State,
    pub(super) why: Reason,
    pub(super) tries: u32,
    /// When it is tried again though nothing changes, seconds since 1970.
    pub(super) again_at_s: u64,
}

impl FailedDeploy {
    /// Whether just this is wanted still.
    pub(super) fn is_wanted(&self, deploy: &DeployName, wanted: &Wanted) -> bool {
        let is_asked_anew = wanted.is_read && wanted.rollout != self.rollout;
        wanted.state.deploys.get(deploy) == Some(&self.wanted) && !is_asked_anew
    }
}

/// What this machine is to follow.
pub(super) struct Wanted {
    pub(super) state: State,
    /// What tells the master's state from any other; `None`: there is none.
    pub(super) etag: Option<String>,
    /// The rollout that this machine is in.
    pub(super) rollout: Option<Label>,
    /// Whether the master says so; else it is what this machine has.
    pub(super) is_read: bool,
}

impl FollowerState {
    /// The report of a round in which there is nothing to do; `None` when there is.
    pub(super) fn rest(
        &self,
        now: u64,
        master: &Result<Option<Shared>, Refusal>,
        slave: &SlaveUpdate,
        health: Health,
    ) -> Option<Report> {
        let heartbeat_s = u64::from(slave.config.slave_heartbeat_s.get());
        // A clock that was set back makes nothing wait for longer.
        let is_due = now >= self.look_at_s || self.look_at_s > now + heartbeat_s;
        if is_due || slave.config != self.config || slave.misconfigured != self.misconfigured {
            return None;
        }
        let told = unreached(master);
        let is_told = told == self.told;
        let memo = Some(Memo::new(FollowerState { told, health, ..self.clone() }));
        match master {
            Ok(shared) if shared.as_ref().map(|shared| &shared.etag) != self.followed.as_ref() => None,
            // The same again and again is told once.
            Err(refusal) if !is_told => Some(Report { memo, ..Report::failed(refusal.to_string(), refusal.hint()) }),
            _ => Some(Report { memo, ..Report::text("") }),
        }
    }

    /// The report of a round that looked at this machine; perhaps its own report could not be written. `again`: the
    /// command that makes another round, where none follows by itself.
    pub(super) fn told(mut self, unreported: Option<String>, again: Option<&str>) -> Report {
        if let Some(why) = unreported {
            let tried_s = self.reported.take().map_or(0, |(_, at)| at);
            self.look_at_s = self.look_at_s.min(tried_s + AGAIN_S.0);
            let lost = format!("{}: {why}", Purpose::Report);
            self.error = Some(self.error.map_or_else(|| lost.clone(), |error| format!("{error}\n{lost}")));
        }
        let report = match &self.error {
            None => Report::text(""),
            Some(error) => {
                let next = again.map(retry_hint);
                Report { now: self.standing.clone(), ..Report::failed(error.as_str(), next.as_deref()) }
            }
        };
        Report { notes: self.notes.clone(), memo: Some(Memo::new(self)), ..report }
    }
}

/// Why the master could not be asked.
pub(super) fn unreached(master: &Result<Option<Shared>, Refusal>) -> Option<String> {
    master.as_ref().err().map(|refusal| without_request_id(&refusal.to_string()))
}
