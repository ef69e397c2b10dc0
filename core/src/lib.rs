//! The deciding half of c2: from what is known of the world to what to do next. It never touches the world.
//!
//! Begin with [`seam`]: how a run goes, with a whole command as an example. [`request`] leads from words to a command:
//! [`single`] has the verbs without a proxy, [`proxy`] those behind one, [`fleet`] those on a state that machines share,
//! [`commands`] those that are the same everywhere. [`config`] reads the files, and the module `world` (feature `world`) is
//! the simulated host that the tests run all of it on.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

#[macro_use]
extern crate alloc;

pub mod archive;
pub mod aws;
pub mod commands;
pub mod config;
mod deploy;
pub mod fleet;
mod hex;
mod nearest;
pub mod nginx;
mod ordered;
mod prelude;
pub mod printable;
pub mod proxy;
pub mod ready;
pub mod request;
pub mod seam;
pub mod secret;
pub mod single;
pub mod template;
pub mod time;
#[cfg(feature = "world")]
pub mod world;

pub use aws::s3;
pub use hex::hex;
pub use nearest::nearest;
pub use ordered::Ordered;
