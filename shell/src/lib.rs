//! The doing half of c2: answers the core's questions and performs its effects. It holds no policy.

pub mod aws;
mod call;
mod demo;
mod docker;
mod ending;
mod files;
mod host;
mod http;
mod lock;
mod log;
mod memory;
mod processes;
mod progress;
mod proxy;
mod release;
mod repeat;
mod run;
mod signals;
mod system;
mod terminal;

pub use aws::s3;
pub use demo::demo;
pub use release::archive;
pub use run::run;
pub use terminal::{print, tell};
