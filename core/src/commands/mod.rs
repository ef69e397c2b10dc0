//! The commands: one verb, one file.

mod deploys;
mod live;
mod start;
mod take_up;

use alloc::{string::{String, ToString}, vec::Vec};
use core::fmt::Display;

use crate::seam::Refusal;

/// A refusal from all the problems of a file.
pub(crate) fn problems<P: Display>(what: &str) -> impl Fn(Vec<P>) -> Refusal {
    move |problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Refusal::no(what, lines.join("\n"))
    }
}
