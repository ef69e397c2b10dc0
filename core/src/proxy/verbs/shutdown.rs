//! `shutdown-frontend-proxy`: the configuration and the state stay.

use crate::prelude::*;

use super::{
    super::target::{Target, Upkeep},
    Verb,
};
use crate::{config::State, seam::Purpose};

/// `shutdown-frontend-proxy`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shutdown;

impl Verb for Shutdown {
    fn target(&self) -> Target {
        Target { proxy: Upkeep::Stop, ..Target::new(Purpose::ShutDownProxy) }
    }

    fn command(&self) -> String {
        "c2 shutdown-frontend-proxy".into()
    }

    fn done(&self, _: &State, _: bool) -> String {
        "the proxy is shut down".into()
    }
}
