//! The order in which credentials are looked for.

use super::credentials::Found;
use super::{Credentials, Failure, Look, Stop, container, environment, metadata, profile};
use crate::prelude::*;

type Source = fn(&Look<'_>) -> Result<Found, Stop>;

/// The sources. Source: the page "Standardized credential providers" of the AWS SDKs reference, "Understand the
/// credential provider chain".
const SOURCES: [(&str, Source); 5] = [
    ("the environment", environment::credentials),
    ("web identity", environment::web_identity),
    ("profile", profile::credentials),
    ("container credentials", container::credentials),
    ("instance metadata", metadata::credentials),
];

/// Finds credentials, or what has to be asked first. To be called again with the same time and the answers so far.
///
/// A source that is not set up is passed over. One that is and fails ends the search: to act as someone else than was
/// meant is worse than not to act.
///
/// # Errors
/// [`Stop::Failed`] with every source that was looked at.
pub fn credentials(look: &Look<'_>) -> Result<Credentials, Stop> {
    let mut failure = Failure::default();
    for (name, source) in SOURCES {
        match source(look) {
            Ok(Found::Credentials(credentials)) => return Ok(credentials),
            Ok(Found::Nothing(why)) => failure.tried.extend(Failure::new(name, why, None).tried),
            Err(Stop::Ask(ask)) => return Err(Stop::Ask(ask)),
            Err(Stop::Failed(last)) => {
                failure.tried.extend(last.tried);
                failure.hint = last.hint;
                failure.may_pass = true;
                return Err(Stop::Failed(failure));
            }
        }
    }
    failure.hint = Some(metadata::ELSEWHERE.to_owned());
    failure.may_pass = true;
    Err(Stop::Failed(failure))
}
