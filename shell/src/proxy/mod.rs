//! The frontend proxy: its container, its nginx as processes, and whether what is behind it is ready.

pub(crate) mod container;
pub(crate) mod listener;
pub(crate) mod nginx;
pub(crate) mod ready;
