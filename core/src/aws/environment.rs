//! Credentials in the environment: keys, or a role by the token of an identity provider.
//!
//! Source: the pages "AWS access keys" and "Assume role with web identity" of the AWS SDKs reference.

use super::credentials::Found;
use super::sts::Role;
use super::{Credentials, Failure, Look, Stop};
use crate::prelude::*;
const KEY: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
const ROLE: &str = "AWS_ROLE_ARN";

/// The keys in the environment. Half a pair is an error: another identity is not what its author meant.
pub(super) fn credentials(look: &Look<'_>) -> Result<Found, Stop> {
    let half = |there, missing| {
        Err(Stop::Failed(Failure::new("the environment", format!("it has {there}, but lacks {missing}"), None)))
    };
    match (look.variable(KEY), look.variable(SECRET)) {
        (Some(id), Some(secret)) => Ok(Found::Credentials(Credentials {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: look.variable("AWS_SESSION_TOKEN").map(ToOwned::to_owned),
            ..Credentials::none()
        })),
        (None, Some(_)) => half(SECRET, KEY),
        (Some(_), None) => half(KEY, SECRET),
        (None, None) => Ok(Found::Nothing(format!("it lacks {KEY} and {SECRET}"))),
    }
}

/// The role that a token of an identity provider stands for.
pub(super) fn web_identity(look: &Look<'_>) -> Result<Found, Stop> {
    let Some(path) = look.variable(TOKEN_FILE) else {
        return Ok(Found::Nothing(format!("{TOKEN_FILE} is not set")));
    };
    let arn = look.variable(ROLE).ok_or_else(|| {
        Stop::Failed(Failure::new("web identity", format!("{TOKEN_FILE} is set, but {ROLE} is not"), None))
    })?;
    let role = Role {
        source: "web identity".to_owned(),
        arn,
        session_name: look.variable("AWS_ROLE_SESSION_NAME"),
        external_id: None,
        duration_s: None,
    };
    role.with_token_file(look, path)
}
