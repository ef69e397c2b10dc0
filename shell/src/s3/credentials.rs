//! The one place where credentials come from: the environment.

use super::S3Error;
use rusty_s3::Credentials;
use std::collections::BTreeMap;

/// Finds the credentials to sign with; a blank variable counts as absent.
///
/// # Errors
/// [`S3Error::NoCredentials`] with what was looked for.
pub(super) fn credentials(env: &BTreeMap<String, String>) -> Result<Credentials, S3Error> {
    let variable = |name: &str| env.get(name).filter(|value| !value.trim().is_empty());
    let missing = |missing: &str| S3Error::NoCredentials { missing: missing.to_owned() };
    match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"), variable("AWS_SESSION_TOKEN")) {
        (Some(key), Some(secret), Some(token)) => Ok(Credentials::new_with_token(key, secret, token)),
        (Some(key), Some(secret), None) => Ok(Credentials::new(key, secret)),
        (None, Some(_), _) => Err(missing("AWS_ACCESS_KEY_ID")),
        (Some(_), None, _) => Err(missing("AWS_SECRET_ACCESS_KEY")),
        (None, None, _) => Err(missing("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")),
    }
}
