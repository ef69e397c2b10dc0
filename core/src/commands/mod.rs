//! The commands: one verb, one file.

mod await_config;
mod check_config;
mod compose;
mod config_on_host;
pub(crate) mod context;
mod deploys;
mod dispatch;
mod docker_credential;
mod docker_login;
mod either_name;
mod expand_template;
mod fetch_context;
mod le_get_certs;
mod le_hook;
mod lets_encrypt;
mod list_releases;
mod live;
mod load_config;
mod partials;
mod prepare;
mod proxied;
mod releases;
mod request;
mod show_log;
mod start;
mod status;
mod stop;
mod take_up;
mod unpack;

pub use check_config::CheckConfig;
pub use dispatch::Dispatch;
pub use docker_credential::DockerCredential;
pub use docker_login::DockerLogin;
pub use expand_template::ExpandTemplate;
pub use fetch_context::FetchContext;
pub use le_get_certs::GetCerts;
pub use le_hook::ChallengeHook;
pub use list_releases::ListReleases;
pub use load_config::{CONFIG_VARIABLE, load_config};
pub use request::{Options, Request};
pub use show_log::ShowLog;
pub use start::Start;
pub use status::Status;
pub use stop::Stop;
pub use unpack::Unpack;

pub(crate) use deploys::{Deploys, base_name, fresh_id};
pub(crate) use either_name::{ZIP, is_zip};
pub(crate) use list_releases::releases;
pub(crate) use live::{Commands, Running, is_whole, live, release_json};
pub(crate) use partials::template_partials;
pub(crate) use prepare::{Prepared, opened_copy, prepare, utf8};
pub(crate) use releases::{archive_location, limits};

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Display;

use crate::{config::Rejected, seam::Refusal};

/// A refusal from all the errors of a file.
pub(crate) fn rejected(what: &str) -> impl Fn(Rejected) -> Refusal {
    move |rejected| Refusal::no(what, rejected.to_string())
}

/// The same for a file that was filled from a template: where it is wrong, and nothing of what it holds.
pub(crate) fn rejected_filled(what: &str) -> impl Fn(Rejected) -> Refusal {
    move |mut rejected| {
        // What the JSON reader says shows nothing of the text.
        for error in rejected.errors.iter_mut().filter(|error| !error.text.starts_with("no valid JSON")) {
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
