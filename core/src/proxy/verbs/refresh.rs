//! `restart-frontend-proxy`, and the same for what is up already.

use crate::prelude::*;

use super::{
    super::target::{Target, Upkeep},
    Verb,
};
use crate::{config::State, seam::Purpose};

/// The proxy runs and serves its configuration: what does already is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh;

impl Verb for Refresh {
    fn target(&self) -> Target {
        Target::switching(Purpose::RefreshProxy, Upkeep::Run)
    }

    fn command(&self) -> String {
        "c2 restart-frontend-proxy".into()
    }

    fn done(&self, _: &State, _: bool) -> String {
        "the proxy runs and serves its configuration".into()
    }
}

/// `restart-frontend-proxy`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restart;

impl Verb for Restart {
    fn target(&self) -> Target {
        Target::switching(Purpose::RestartProxy, Upkeep::Restart)
    }

    fn command(&self) -> String {
        Refresh.command()
    }

    fn done(&self, state: &State, untouched: bool) -> String {
        Refresh.done(state, untouched)
    }
}
