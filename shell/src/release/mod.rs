//! Releases: where their archives come from, and their commands as processes.

pub mod archive;
pub(crate) mod foreground;
pub(crate) mod output;
pub(crate) mod process;
pub(crate) mod store;
