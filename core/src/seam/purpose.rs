//! What plans and waits are for: how a run tells what it has done from what is left.
//!
//! What a person reads of one is its `Display`; nothing is told from another by that.

use crate::prelude::*;
use core::fmt;

use crate::config::{DeployName, Hundredths, Label};

/// What a plan is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The only plan of its command, in words.
    Only(String),

    /// A release is made live, without a proxy.
    StartRelease(String),
    /// The start command of that release is attended.
    Attend(String),
    /// What is live, by the name of its deploy, is stopped.
    StopRelease(String),
    /// What was live before an interrupted change is made live again.
    GoBack,
    /// The note of a change that is done, which could not be removed, is removed.
    Forget(Box<Purpose>),
    /// The folder of an older tool gets an id.
    TakeOver(String),
    /// What is no longer needed is removed.
    Tidy,

    /// A deploy is created, or its release replaced.
    StartDeploy(DeployName),
    /// A deploy is started from what is on disk.
    RestartDeploy(DeployName),
    /// A try of a deploy is noted that failed after what ran was stopped for it.
    NoteTry(DeployName),
    /// What has ended well is noted.
    NoteJobs,
    /// A deploy is stopped.
    StopDeploy(DeployName),
    /// The interrupted change of a deploy is taken back, or forgotten where it had come to its end.
    GoBackDeploy(DeployName),

    /// An endpoint is connected to a deploy.
    Connect(Label, DeployName),
    /// An endpoint is disconnected.
    Disconnect(Label),
    /// A share of an endpoint goes to a second deploy.
    Split(Label, DeployName),
    /// An endpoint is put into maintenance.
    Maintain(Label),
    /// The maintenance of an endpoint is ended.
    EndMaintenance(Label),
    /// The endpoints are routed to what they are to have.
    Route,
    /// The proxy runs and serves its configuration.
    RefreshProxy,
    /// The proxy is restarted.
    RestartProxy,
    /// The proxy is shut down.
    ShutDownProxy,
    /// A certificate is obtained.
    ObtainCertificate,

    /// The record of a slave is written.
    Report,
    /// A rollout is changed.
    Rollout {
        /// Its id.
        id: String,
        /// How.
        change: RolloutVerb,
    },
}

/// What is done with the rollout that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutVerb {
    /// `rollout advance PERCENT`
    Advance(Hundredths),
    /// `rollout finish`
    Finish,
    /// `rollout abort`
    Abort,
}

/// What a wait is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// The next look, at whatever the words of the wait name.
    Look,
    /// A rollout.
    Rollout {
        /// Its id.
        id: String,
        /// What of it.
        phase: Phase,
    },
}

/// Where a rollout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its machines are to take up the change, at this percent.
    Waiting(Hundredths),
    /// They are to do well for a while.
    Baking(Hundredths),
    /// It goes on, in spite of a doubt that is told.
    GoesOn(Hundredths),
    /// It is halted, and is to be taken back.
    Halted,
    /// One of its writes is to be tried again.
    Writing,
    /// The store cannot be looked at.
    Unreachable,
}

impl fmt::Display for RolloutVerb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RolloutVerb::Advance(percent) => write!(f, "advance the rollout to {} %", percent.get()),
            RolloutVerb::Finish => f.write_str("finish the rollout"),
            RolloutVerb::Abort => f.write_str("abort the rollout"),
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Purpose::Only(text) => f.write_str(text),
            Purpose::StartRelease(release) | Purpose::Attend(release) => write!(f, "start {release}"),
            Purpose::StopRelease(deploy) => write!(f, "stop {deploy}"),
            Purpose::GoBack => f.write_str("go back to what was live before"),
            Purpose::Forget(change) => change.fmt(f),
            Purpose::TakeOver(path) => write!(f, "take over {path}"),
            Purpose::Tidy => f.write_str("remove what is no longer needed"),
            Purpose::StartDeploy(deploy) => write!(f, "start the deploy {deploy}"),
            Purpose::RestartDeploy(deploy) => write!(f, "start the deploy {deploy} again"),
            Purpose::NoteTry(deploy) => write!(f, "note that the start of {deploy} failed"),
            Purpose::NoteJobs => f.write_str("note what has ended well"),
            Purpose::StopDeploy(deploy) => write!(f, "stop the deploy {deploy}"),
            Purpose::GoBackDeploy(deploy) => write!(f, "take up the interrupted change of the deploy {deploy}"),
            Purpose::Connect(endpoint, deploy) => write!(f, "connect {endpoint} to {deploy}"),
            Purpose::Disconnect(endpoint) => write!(f, "disconnect {endpoint}"),
            Purpose::Split(endpoint, deploy) => write!(f, "split {endpoint} between its deploy and {deploy}"),
            Purpose::Maintain(endpoint) => write!(f, "put {endpoint} into maintenance"),
            Purpose::EndMaintenance(endpoint) => write!(f, "end the maintenance of {endpoint}"),
            Purpose::Route => f.write_str("route the endpoints"),
            Purpose::RefreshProxy => f.write_str("refresh the proxy"),
            Purpose::RestartProxy => f.write_str("restart the proxy"),
            Purpose::ShutDownProxy => f.write_str("shut the proxy down"),
            Purpose::ObtainCertificate => f.write_str("obtain the certificate"),
            Purpose::Report => f.write_str("report to the master"),
            Purpose::Rollout { id, change: RolloutVerb::Advance(percent) } => {
                write!(f, "advance the rollout {id} to {} %", percent.get())
            }
            Purpose::Rollout { id, change: RolloutVerb::Finish } => write!(f, "finish the rollout {id}"),
            Purpose::Rollout { id, change: RolloutVerb::Abort } => write!(f, "abort the rollout {id}"),
        }
    }
}

impl From<String> for Purpose {
    fn from(text: String) -> Self {
        Purpose::Only(text)
    }
}

impl From<&str> for Purpose {
    fn from(text: &str) -> Self {
        Purpose::Only(text.into())
    }
}
