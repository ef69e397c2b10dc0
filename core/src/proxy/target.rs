//! What a verb wants of this machine, apart from the state that it makes: plain values, known without a look.

use crate::prelude::*;

use crate::{
    config::{DeployName, Label},
    seam::Purpose,
};

/// What a verb wants.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// What the verb is for.
    pub(crate) purpose: Purpose,
    /// The deploys that are started, or replaced, where they are not as they are wanted.
    pub(crate) starts: Starts,
    /// The deploy that is stopped because it was asked for.
    pub(crate) stops: Option<DeployName>,
    /// The endpoint that goes to a deploy, wholly or with a share, once that has proven itself.
    pub(crate) routes: Option<Asked>,
    /// Whether the plan that switches the routes is the verb's own.
    pub(crate) switches: bool,
    /// What becomes of the proxy.
    pub(crate) proxy: Upkeep,
}

impl Target {
    /// A verb that touches nothing but what a look finds wrong.
    pub(crate) fn new(purpose: Purpose) -> Self {
        Target { purpose, starts: Starts::None, stops: None, routes: None, switches: false, proxy: Upkeep::Leave }
    }

    /// A verb whose own plan switches the routes.
    pub(crate) fn switching(purpose: Purpose, proxy: Upkeep) -> Self {
        Target { switches: true, proxy, ..Target::new(purpose) }
    }

    /// What the plan is for that switches the routes.
    pub(crate) fn routing(&self) -> Purpose {
        if self.switches { self.purpose.clone() } else { Purpose::Route }
    }

    /// Whether this endpoint is asked to go wholly to a deploy.
    pub(crate) fn connects(&self, endpoint: &Label) -> bool {
        self.routes.as_ref().is_some_and(|asked| !asked.share && asked.endpoint == *endpoint)
    }

    /// Whether a share of this endpoint is asked for.
    pub(crate) fn splits(&self, endpoint: &Label) -> bool {
        self.routes.as_ref().is_some_and(|asked| asked.share && asked.endpoint == *endpoint)
    }

    /// The endpoint that is asked for, wholly or with a share.
    pub(crate) fn endpoint(&self) -> Option<&Label> {
        self.routes.as_ref().map(|asked| &asked.endpoint)
    }

    /// Whether the verb needs the proxy, on a machine some of whose endpoints are `routed`.
    pub(crate) fn needs_proxy(&self, routed: bool) -> bool {
        routed || !matches!(self.proxy, Upkeep::Leave | Upkeep::Repair)
    }

    /// What the verb does, for an error.
    pub(crate) fn doing(&self) -> String {
        self.purpose.to_string()
    }
}

/// Which deploys are started.
#[derive(Clone, Debug)]
pub(crate) enum Starts {
    /// None.
    None,
    /// This one.
    One(DeployName),
    /// All that are wanted.
    All,
}

impl Starts {
    /// Whether this deploy is among them.
    pub(crate) fn has(&self, deploy: &DeployName) -> bool {
        match self {
            Starts::None => false,
            Starts::One(asked) => asked == deploy,
            Starts::All => true,
        }
    }
}

/// An endpoint that is to go to a deploy.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) endpoint: Label,
    pub(crate) deploy: DeployName,
    /// Whether only a share of it is.
    pub(crate) share: bool,
}

/// What becomes of the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upkeep {
    /// Its routes change where they must; it is neither started nor repaired.
    Leave,
    /// One that runs and is stale is repaired.
    Repair,
    /// It runs at the end, where an endpoint needs it.
    Run,
    /// It is re-created from its configuration as it is now.
    Restart,
    /// It is shut down.
    Stop,
}
