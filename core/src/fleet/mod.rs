//! A fleet on nothing but a bucket: the master's state, which commands change and slaves follow, and what slaves report.

mod change;
mod flush;

mod follower;
mod follower_state;
mod health;
mod ports;
mod rollout;
mod run;
mod slave;
mod slaves;
mod status;
mod writing;

use crate::prelude::*;
use alloc::collections::BTreeSet;

pub use change::MasterChange;
pub use flush::SlaveFlush;
pub use follower::{Basis, Follower, Told};
pub use rollout::{RolloutChange, RolloutStatus};
pub use run::RolloutRun;
pub use slave::SlaveUpdate;
pub use status::MasterStatus;

use crate::{
    Ordered,
    config::{self, Label, Parsed, Rejected, S3Path, State},
    deploy::rejected,
    seam::{Facts, Location, Refusal, Shared},
};

/// Where the state is kept that a fleet shares: `remoteStateS3`, byte for byte, also when it ends in `/`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base<'a>(pub(crate) &'a S3Path);

impl Base<'_> {
    /// The state of the master.
    pub(crate) fn master(self) -> Location {
        self.object("master/state.json")
    }

    /// What a slave reports.
    pub(crate) fn slave(self, label: &Label) -> Location {
        self.object(&format!("slaves/{label}/state.json"))
    }

    /// The object that tells whether the store heeds conditions on writes.
    fn probe(self) -> Location {
        self.object("master/.c2-probe")
    }

    fn object(self, below: &str) -> Location {
        Location::Object { bucket: self.0.bucket().into(), key: format!("{}/{below}", self.0.key()) }
    }
}

/// Reads a state that is kept in a bucket.
///
/// # Errors
/// Everything that is wrong with it.
fn state_of(at: &Location, shared: &Shared) -> Result<Parsed<State>, Rejected> {
    config::state(&format!("{at}"), &String::from_utf8_lossy(&shared.bytes))
}

/// The deploys that the state of the master names, also those of a candidate; none where there is no state.
///
/// # Errors
/// The state cannot be fetched or read.
pub(crate) fn master_deploys(facts: &Facts, base: &S3Path) -> Result<Vec<String>, Refusal> {
    let at = Base(base).master();
    let Some(shared) = facts.shared(&at)? else { return Ok(Vec::new()) };
    let state = state_of(&at, &shared).map_err(rejected("read the state of the master"))?.value;
    let candidate = state.rollout.iter().flat_map(|rollout| rollout.candidate.deploys.keys());
    let names: BTreeSet<String> = state.deploys.keys().chain(candidate).map(ToString::to_string).into_set();
    Ok(names.into_iter().collect())
}

impl State {
    /// What a machine of this label is to follow: the candidate of a rollout that it is in, else the state itself.
    #[must_use]
    pub fn for_machine(&self, label: Option<&Label>) -> &State {
        match (&self.rollout, label) {
            (Some(rollout), Some(label)) if rollout.is_in(label) => &rollout.candidate,
            _ => self,
        }
    }
}

impl config::Rollout {
    /// Whether a machine of this label is in. One that is in stays in while the share grows.
    #[must_use]
    pub fn is_in(&self, label: &Label) -> bool {
        // FNV-1a, then the finalizer of MurmurHash3, without which labels that differ in their last letter stay together.
        let bytes = self.id.as_str().bytes().chain([0]).chain(label.as_str().bytes());
        let mut hash =
            bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
            hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
        }
        (hash ^ (hash >> 33)) % 100 < u64::from(self.percent.get())
    }
}
