//! How a run goes about it: as a person's command, or as a machine that follows a state by itself.

use crate::{
    config::{Positive, ToolConfig},
    deploy::Running,
};

/// The longest run of a start command in seconds, where the configuration gives none.
const START_S: u32 = 600;
/// The longest run of any other command of a release where no person watches, and the configuration gives none.
const UNWATCHED_S: u32 = 3_600;

/// How a run goes about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// One refusal holds up nothing else: all are told at the end. Else the first one, before anything is done, is the
    /// command's.
    pub(super) goes_on: bool,
    /// What was started is left up though it is not ready yet, and its endpoints go to it once it is. Else it must be
    /// ready, or its start is undone.
    pub(super) routes_later: bool,
    /// A deploy that is no longer wanted stays while an endpoint needs it.
    pub(super) keeps_used: bool,
    /// A deploy that is on disk as it is wanted is started from there first, without its store.
    pub(super) starts_from_disk: bool,
    /// A deploy without a compose file that is not seen to run is taken to run: it would be started again in each round.
    pub(super) trusts_unseen: bool,
    /// Bytes are to be pinned by the state.
    pub(super) wants_pins: bool,
    /// The longest run of a prestart or stop command in seconds, where the configuration gives none.
    pub(super) limit_s: Option<u32>,
}

impl Policy {
    /// That of a command.
    pub(super) const COMMAND: Policy = Policy {
        goes_on: false,
        routes_later: false,
        keeps_used: false,
        starts_from_disk: false,
        trusts_unseen: false,
        wants_pins: false,
        limit_s: None,
    };

    /// That of a machine that follows a state.
    pub(super) const FOLLOWER: Policy = Policy {
        goes_on: true,
        routes_later: true,
        keeps_used: true,
        starts_from_disk: true,
        trusts_unseen: true,
        wants_pins: true,
        limit_s: Some(UNWATCHED_S),
    };

    /// How a release's commands are run. A start command must return.
    pub(super) fn running(&self, config: &ToolConfig) -> Running {
        let each = config.command_timeout_s.map(Positive::get);
        let start = config.start_timeout_s.map(Positive::get);
        let start_limit_s = start.or(each).or(Some(START_S));
        Running { limit_s: each.or(self.limit_s), start_limit_s, may_stay: false }
    }
}
