//! How a deploy stands: its port and its containers, by one look and those before it.

use crate::prelude::*;

use super::{Container, Reason};

/// How a deploy stands, by one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What its port answered, or why that is not what was asked for; good where nothing was asked of it.
    pub port: Result<(), String>,
    /// The containers of its project, or why they cannot be told.
    pub containers: Result<Vec<Container>, Reason>,
    /// Whether its folder holds a compose file.
    pub compose: bool,
    /// The time in milliseconds since the process began that listens on its port, where there is no container and that
    /// can be told.
    pub listener_age_ms: Option<u64>,
    /// For how many milliseconds every look of this run found it so.
    pub same_ms: u64,
    /// Whether a look of this run before found it otherwise.
    pub changed: bool,
}
