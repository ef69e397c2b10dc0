//! The verbs of proxy mode, one file each: their rules, what they want, their words.

mod connect;
mod disconnect;
mod maintenance;
mod refresh;
mod shutdown;
mod split;
mod start;
mod start_again;
mod stop;

use crate::prelude::*;
use core::fmt;

pub use connect::Connect;
pub use disconnect::Disconnect;
pub use maintenance::{EndMaintenance, Maintain};
pub use refresh::{Refresh, Restart};
pub use shutdown::Shutdown;
pub use split::Split;
pub use start::Start;
pub(crate) use start::no_port;
pub use start_again::StartAgain;
pub use stop::Stop;

use super::{known_state::KnownState, reconcile::Reconcile, target::Target};
use crate::{
    config::{DeployName, FromText, Port, State},
    deploy::{ZIP, is_zip},
    seam::{Purpose, Refusal},
};

/// A verb of proxy mode.
pub(crate) trait Verb {
    /// What it wants of a machine, apart from the state that it makes.
    fn target(&self) -> Target;

    /// The command, to be given again.
    fn command(&self) -> String;

    /// What is so now; `untouched`: it was so before.
    fn done(&self, state: &State, untouched: bool) -> String;

    /// What is to be so on every machine, by a state that they share.
    fn planned(&self, _state: &State) -> String {
        String::new()
    }

    /// Refuses a change that a state does not allow, wherever it is kept.
    fn allows(&self, _known: &KnownState<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Refuses what this machine does not allow, unless this run has done it. The answer is the port of a new deploy.
    fn judge(&self, r: &Reconcile<'_>, known: &KnownState<'_>) -> Result<Option<Port>, Refusal> {
        if r.is_done() { Ok(None) } else { self.allows(known).map(|()| None) }
    }

    /// Makes the change in a state that allows it. A new deploy gets this port.
    fn apply(&self, _state: &mut State, _port: Option<Port>) {}

    /// Whether its change is another one each time it is made: a run makes it once.
    fn applies_once(&self) -> bool {
        false
    }

    /// Whether it only takes endpoints off: allowed in the middle of a rollout, as an emergency must not wait for one.
    fn takes_off(&self) -> bool {
        false
    }
}

/// A verb with its words. The steps know none of them; what is special to one is in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each has its own")]
pub enum Goal {
    Start(Start),
    StartAgain(StartAgain),
    Stop(Stop),
    Connect(Connect),
    Disconnect(Disconnect),
    Split(Split),
    Maintain(Maintain),
    EndMaintenance(EndMaintenance),
    Refresh(Refresh),
    Restart(Restart),
    Shutdown(Shutdown),
}

impl Goal {
    pub(crate) fn verb(&self) -> &dyn Verb {
        match self {
            Goal::Start(verb) => verb,
            Goal::StartAgain(verb) => verb,
            Goal::Stop(verb) => verb,
            Goal::Connect(verb) => verb,
            Goal::Disconnect(verb) => verb,
            Goal::Split(verb) => verb,
            Goal::Maintain(verb) => verb,
            Goal::EndMaintenance(verb) => verb,
            Goal::Refresh(verb) => verb,
            Goal::Restart(verb) => verb,
            Goal::Shutdown(verb) => verb,
        }
    }

    /// What the plan is for that brings it about.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.verb().target().purpose
    }

    /// The same goal about the deploy that is meant, where this state has none of the name but one of the name that a
    /// release so named is deployed under.
    pub(crate) fn meant(&self, state: &State) -> Goal {
        let mut goal = self.clone();
        let named = match &mut goal {
            Goal::Stop(Stop { deploy })
            | Goal::StartAgain(StartAgain { deploy })
            | Goal::Connect(Connect { deploy, .. })
            | Goal::Split(Split { deploy, .. }) => deploy,
            _ => return goal,
        };
        if is_zip(named.as_str())
            && !state.deploys.contains_key(named)
            && let Some(Ok(without)) = named.as_str().strip_suffix(ZIP).map(DeployName::from_text)
        {
            *named = without;
        }
        goal
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.purpose().fmt(f)
    }
}
