//! Credentials of a profile: keys, a command, a role by way of another profile or source, or a token file.
//!
//! Source: the pages "Assume role credential provider" and "Process credential provider" of the AWS SDKs reference.

use super::credentials::Found;
use super::profiles::{Profiles, Section};
use super::sts::Role;
use super::{Answer, Ask, Credentials, Failure, Look, Stop, container, document, environment, metadata};
use crate::prelude::*;

/// The credentials of the profile that counts.
pub(super) fn credentials(look: &Look<'_>) -> Result<Found, Stop> {
    let (location, profiles) = look.profiles()?;
    let name = location.profile.as_str();
    if !profiles.profiles.contains_key(name) {
        let why = format!("there is no profile {name} in {}", location.paths());
        return if look.variable("AWS_PROFILE").is_some() {
            Err(failed(name, why, Some("AWS_PROFILE names it: check the name, or unset it")))
        } else {
            Ok(Found::Nothing(why))
        };
    }
    Chain { look, profiles: &profiles, seen: Vec::new() }.of(name)
}

struct Chain<'a> {
    look: &'a Look<'a>,
    profiles: &'a Profiles,
    /// The profiles on the way here, the first first.
    seen: Vec<&'a str>,
}

impl<'a> Chain<'a> {
    fn of(&mut self, name: &'a str) -> Result<Found, Stop> {
        let Some(profile) = self.profiles.profiles.get(name) else {
            let from = self.seen.last().copied().unwrap_or_default();
            return Err(failed(from, format!("its source_profile {name} is not there"), None));
        };
        if self.seen.contains(&name) {
            let way = self.seen.join(" -> ");
            return Err(failed(name, format!("its source profiles lead back to it: {way} -> {name}"), None));
        }
        self.seen.push(name);
        // Of a source profile the keys count before a role of its own.
        if self.seen.len() > 1
            && let Ok(Some(keys)) = keys(name, profile)
        {
            return Ok(Found::Credentials(keys));
        }
        let value = |property: &str| value(profile, property);
        let Some(arn) = value("role_arn").filter(|_| value("web_identity_token_file").is_none()) else {
            return self.base(name, profile);
        };
        if value("mfa_serial").is_some() {
            let hint = "c2 runs without a person: use a role that needs no code, or short-lived keys";
            return Err(failed(name, "its mfa_serial wants a code".to_owned(), Some(hint)));
        }
        let found = match (value("source_profile"), value("credential_source")) {
            (Some(_), Some(_)) => {
                return Err(failed(name, "it has both source_profile and credential_source".to_owned(), None));
            }
            (None, None) => {
                let why = "it has role_arn, but neither source_profile nor credential_source";
                return Err(failed(name, why.to_owned(), None));
            }
            (Some(source), None) if source == name => self.base(name, profile)?,
            (Some(source), None) => self.of(source)?,
            (None, Some(_)) => self.base(name, profile)?,
        };
        match found {
            Found::Nothing(why) => Err(failed(name, format!("its source gives no credentials: {why}"), None)),
            Found::Credentials(with) => {
                role(name, profile, arn).with_credentials(self.look, &with).map(Found::Credentials)
            }
        }
    }

    /// What the profile gives without taking on a role with other credentials.
    fn base(&self, name: &str, profile: &Section) -> Result<Found, Stop> {
        let value = |property: &str| value(profile, property);
        if let Some(source) = value("credential_source") {
            let found = match source.to_ascii_lowercase().as_str() {
                "environment" => environment::credentials(self.look)?,
                "ec2instancemetadata" => metadata::credentials(self.look)?,
                "ecscontainer" => container::credentials(self.look)?,
                _ => {
                    let why = format!(
                        "its credential_source {source} is none of Environment, Ec2InstanceMetadata, EcsContainer"
                    );
                    return Err(failed(name, why, None));
                }
            };
            return match found {
                Found::Nothing(why) => Err(failed(name, format!("its credential_source {source}: {why}"), None)),
                found => Ok(found),
            };
        }
        if let Some(path) = value("web_identity_token_file") {
            let arn = value("role_arn");
            let arn =
                arn.ok_or_else(|| failed(name, "it has web_identity_token_file, but no role_arn".to_owned(), None))?;
            return role(name, profile, arn).with_token_file(self.look, path);
        }
        if let Some(keys) = keys(name, profile)? {
            return Ok(Found::Credentials(keys));
        }
        if let Some(command) = value("credential_process") {
            return process(self.look, name, command);
        }
        if let Some(property) = ["sso_session", "sso_start_url", "sso_account_id", "login_session"]
            .into_iter()
            .find(|property| value(property).is_some())
        {
            let hint = format!(
                "a login needs a person: give the machine a role, or put into another profile \
                 credential_process = aws configure export-credentials --profile {name}"
            );
            return Err(failed(name, format!("it has {property}, which c2 does not use"), Some(&hint)));
        }
        Ok(Found::Nothing(format!("profile {name} has no credentials")))
    }
}

/// The credentials that a command prints.
fn process(look: &Look<'_>, name: &str, command: &str) -> Result<Found, Stop> {
    // Its arguments may be secret, and what is set before it.
    let program = command.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
    let why = match look.answer(Ask::Command(command.to_owned()))? {
        Answer::Bytes(output) => match document::from_process(output) {
            Ok(found) => return Ok(Found::Credentials(found)),
            Err(why) => why,
        },
        Answer::Failed { why, .. } => why.clone(),
        _ => "it was not run".to_owned(),
    };
    let hint = "run it by hand to see what it says";
    Err(failed(name, format!("its credential_process {program}: {why}"), Some(hint)))
}

/// The keys that the profile holds; `None` without any.
fn keys(name: &str, profile: &Section) -> Result<Option<Credentials>, Stop> {
    let value = |property: &str| value(profile, property);
    let missing = |property: &str| Err(failed(name, format!("it has no {property}"), None));
    match (value("aws_access_key_id"), value("aws_secret_access_key")) {
        (None, None) => Ok(None),
        (None, Some(_)) => missing("aws_access_key_id"),
        (Some(_), None) => missing("aws_secret_access_key"),
        (Some(id), Some(secret)) => Ok(Some(Credentials {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: value("aws_session_token").map(ToOwned::to_owned),
            ..Credentials::none()
        })),
    }
}

fn role<'a>(name: &str, profile: &'a Section, arn: &'a str) -> Role<'a> {
    Role {
        source: format!("profile {name}"),
        arn,
        session_name: value(profile, "role_session_name"),
        external_id: value(profile, "external_id"),
        duration_s: value(profile, "duration_seconds"),
    }
}

fn value<'a>(profile: &'a Section, property: &str) -> Option<&'a str> {
    profile.get(property).map(String::as_str).filter(|value| !value.is_empty())
}

fn failed(name: &str, why: String, hint: Option<&str>) -> Stop {
    Stop::Failed(Failure::new(format!("profile {name}"), why, hint))
}
