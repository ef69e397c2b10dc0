//! The doing half of c2: answers the core's questions and performs its effects. It holds no policy.

mod answer;
pub mod archive;
pub mod aws;
mod beside;
mod containers;
mod demo;
mod dns;
mod docker;
mod engine;
mod files;
mod foreground;
mod host;
mod listener;
mod lock;
mod log;
mod memory;
mod nginx;
mod open;
mod output;
mod perform;
mod process;
mod proxy;
mod ready;
mod repeat;
pub mod resolve;
mod run;
pub mod s3;
mod shared;
mod signals;
mod store;

pub use demo::demo;
pub use output::tell;
pub use run::{print, run};
