//! What the real program does with real commands, signals, other runs of itself and its streams.
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod endings;
mod fixture;
mod foreground;
mod foreign;
mod output;
mod paths;
mod runs;
mod secrets;
mod signals;
