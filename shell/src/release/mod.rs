//! Releases: where their archives come from, and their commands as processes.

pub mod archive;
mod commands;
mod foreground;
mod output;
mod process;
mod store;

pub(crate) use commands::Commands;
pub(crate) use process::ToRun;
pub(crate) use store::{Archives, Unpacking};
