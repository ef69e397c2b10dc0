//! Docker: the engine asked over its socket, and by the docker command where that is not to be had.

pub(crate) mod command;
pub(crate) mod containers;
pub(crate) mod engine;
