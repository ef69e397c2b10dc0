//! The frontend proxy: its container, its nginx as processes, and whether what is behind it is ready.

mod container;
mod listener;
mod nginx;
mod ready;

pub(crate) use container::Proxy;
pub(crate) use ready::{Looks, accepts, listens};
