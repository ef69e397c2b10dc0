//! What both modes share: a release made ready, the folder of its deploy, its change and the way back.

mod change;
mod commands;
mod compose;
pub(crate) mod context;
mod deploys;
mod either_name;
mod ended;
mod members;
mod opened;
mod partials;
mod prepare;
mod releases;
mod way_back;

use crate::prelude::*;
use core::fmt::Display;

pub(crate) use change::Change;
pub(crate) use commands::{Commands, Running, end_foreground, is_whole, release_json};
pub(crate) use deploys::{CURRENT_INTENT, Deploys, base_name, fresh_id};
pub(crate) use either_name::{EitherName, ZIP, is_zip};
pub(crate) use ended::{Dead, LOOKS, RESTART_S, Remains, noted, restart_pause_s, write_note};
pub(crate) use members::utf8;
pub(crate) use opened::opened_copy;
pub(crate) use partials::template_partials;
pub(crate) use prepare::{Prepared, prepare};
pub(crate) use releases::{archive_location, limits};
pub(crate) use way_back::WayBack;

use crate::{config::Rejected, seam::Refusal};

/// A refusal from all the errors of a file.
pub(crate) fn rejected(what: &str) -> impl Fn(Rejected) -> Refusal {
    move |rejected| Refusal::no(what, rejected.to_string())
}

/// The same for a file that was filled from a template: where it is wrong, and nothing of what it holds.
pub(crate) fn rejected_filled(what: &str) -> impl Fn(Rejected) -> Refusal {
    move |mut rejected| {
        for error in rejected.errors.iter_mut().filter(|error| !error.of_syntax) {
            error.text = "this is not what must be there (what is there may be secret and is not shown)".into();
        }
        Refusal::no(what, rejected.to_string()).with_hint("look at its template, and at the values that fill it")
    }
}

/// A refusal from all these problems.
pub(crate) fn problems<P: Display>(what: &str) -> impl Fn(Vec<P>) -> Refusal {
    move |problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Refusal::no(what, lines.join("\n"))
    }
}
