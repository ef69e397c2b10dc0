//! The instance metadata service, version 2: a token, the name of the role, its credentials; the region.
//!
//! Source: the EC2 page "Use IMDS" and the page "IMDS credential provider" of the AWS SDKs reference. The older version
//! without a token is never used.

use super::ask::place;
use super::credentials::Found;
use super::redact;
use super::{Answer, Ask, Failure, HttpRequest, Look, Reach, Stop, document};
use crate::prelude::*;
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const INSTANCE_ID: &str = "/latest/meta-data/instance-id";
const REGION: &str = "/latest/meta-data/placement/region";
/// Six hours, the longest and what the SDKs ask for.
const TOKEN_TTL_S: &str = "21600";
const HOP_LIMIT: &str = "if c2 runs in a container, let the instance's metadata answer it: \
    aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2";

const OFF: &str = "AWS_EC2_METADATA_DISABLED is true";

/// What to do where no source has credentials.
pub(super) const ELSEWHERE: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role";

/// Whether the service is not to be asked.
fn is_off(look: &Look<'_>) -> bool {
    look.variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The credentials of the instance's role.
pub(super) fn credentials(look: &Look<'_>) -> Result<Found, Stop> {
    if is_off(look) {
        return Ok(Found::Nothing(OFF.to_owned()));
    }
    let base = base(look)?;
    let failed = |why: String, hint| Stop::Failed(Failure::new(source(&base), why, hint));
    let (status, body) = match get(look, &base, ROLES)? {
        Ok(answer) => answer,
        // Most likely this machine is not an instance.
        Err((why, Some(HOP_LIMIT))) => return Err(failed(why, Some(&format!("{ELSEWHERE}; {HOP_LIMIT}")))),
        Err((why, hint)) => return Err(failed(why, hint)),
    };
    let role = match (status, core::str::from_utf8(body).ok().and_then(|text| text.lines().next()).map(str::trim)) {
        (200, Some(role)) if is_role(role) => role,
        (404, _) | (200, None | Some("")) => {
            let hint = "give the instance a role (an instance profile); a new one takes a while to arrive";
            return Err(failed("the instance has no role".to_owned(), Some(hint)));
        }
        (200, _) => return Err(failed("it answered with something that is not the name of a role".to_owned(), None)),
        (status, _) => return Err(failed(format!("it answered {status} when asked for the role"), None)),
    };
    let (status, body) = match get(look, &base, &format!("{ROLES}{role}"))? {
        Ok(answer) => answer,
        Err((why, hint)) => return Err(failed(why, hint)),
    };
    if status != 200 {
        return Err(failed(format!("it answered {status} when asked for the credentials of role {role}"), None));
    }
    let mut found = document::from_service(body).map_err(|why| {
        let hint = "the role must trust ec2.amazonaws.com: see its trust policy";
        let untrusted = why.contains("AssumeRoleUnauthorizedAccess");
        failed(format!("role {role}: {why}"), untrusted.then_some(hint))
    })?;
    found.from_metadata = true;
    Ok(Found::Credentials(found))
}

/// The region that the instance is in; `None` when it does not say.
pub(super) fn region<'a>(look: &Look<'a>) -> Result<Option<&'a str>, Stop> {
    if look.instance_region.is_some() {
        return Ok(look.instance_region);
    }
    let base = base(look)?;
    Ok(get(look, &base, REGION)?.ok().and_then(|(status, body)| region_in(status, body)))
}

/// The region of this instance, where it was asked for and this is the answer: it never changes, so it is to be kept.
#[must_use]
pub fn instance_region<'a>(ask: &Ask, answer: &'a Answer) -> Option<&'a str> {
    match (ask, answer) {
        (Ask::Http(request), Answer::Http { status, body })
            if request.reach == Reach::Metadata && request.url.ends_with(REGION) =>
        {
            region_in(*status, body)
        }
        _ => None,
    }
}

fn region_in(status: u16, body: &[u8]) -> Option<&str> {
    core::str::from_utf8(body).ok().filter(|_| status == 200).map(str::trim)
}

/// The id of the instance.
///
/// # Errors
/// [`Stop::Failed`] when the service does not say.
pub fn instance_id(look: &Look<'_>) -> Result<String, Stop> {
    let base = base(look)?;
    let failed = |why: String, hint| Stop::Failed(Failure::new(source(&base), why, hint));
    let hint = "where c2 does not run on an EC2 instance, set slaveLabel in the configuration";
    if is_off(look) {
        return Err(failed(OFF.to_owned(), Some(hint)));
    }
    match get(look, &base, INSTANCE_ID)? {
        Ok((200, body)) => match core::str::from_utf8(body).map(str::trim) {
            Ok(id) if !id.is_empty() => Ok(id.to_owned()),
            _ => Err(failed("it answered with something that is not an id".to_owned(), Some(hint))),
        },
        Ok((status, _)) => Err(failed(format!("it answered {status} when asked for the instance's id"), Some(hint))),
        Err((why, cure)) => Err(failed(why, cure.filter(|cure| *cure != ELSEWHERE).or(Some(hint)))),
    }
}

type Got<'a> = Result<(u16, &'a [u8]), (String, Option<&'static str>)>;

/// Asks with a token, and with another one where that is not taken (401): a service that began again has forgotten it.
/// Inside, why there is no answer and what to do.
fn get<'a>(look: &Look<'a>, base: &str, path: &str) -> Result<Got<'a>, Stop> {
    for again in [false, true] {
        let token = match token(look, base, again)? {
            Ok(token) => token,
            Err(failed) => return Ok(Err(failed)),
        };
        match look.answer(request("GET", base, path, ("x-aws-ec2-metadata-token", token), false))? {
            Answer::Http { status: 401, .. } if !again => (),
            Answer::Http { status, body } => return Ok(Ok((*status, body))),
            Answer::Failed { why, .. } => return Ok(Err((redact(why, &[token]), None))),
            _ => break,
        }
    }
    Ok(Err(("it did not answer".to_owned(), None)))
}

type Token<'a> = Result<&'a str, (String, Option<&'static str>)>;

/// The token that goes with each request, or another one than that.
fn token<'a>(look: &Look<'a>, base: &str, again: bool) -> Result<Token<'a>, Stop> {
    let lifetime = ("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_TTL_S);
    let token = match look.answer(request("PUT", base, "/latest/api/token", lifetime, again))? {
        Answer::Http { status: 200, body } => core::str::from_utf8(body).map(str::trim).unwrap_or_default(),
        Answer::Http { status, .. } => {
            let hint = (*status == 403).then_some("the instance's metadata is switched off");
            return Ok(Err((format!("it answered {status} when asked for a token"), hint)));
        }
        Answer::Failed { why, late, .. } => {
            return Ok(Err((why.clone(), Some(if *late { HOP_LIMIT } else { ELSEWHERE }))));
        }
        _ => "",
    };
    match !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(Ok(token)),
        false => Ok(Err(("it answered with something that is not a token".to_owned(), None))),
    }
}

fn request(method: &'static str, base: &str, path: &str, header: (&'static str, &str), again: bool) -> Ask {
    let (url, headers) = (format!("{base}{path}"), vec![(header.0, header.1.to_owned())]);
    Ask::Http(HttpRequest { reach: Reach::Metadata, method, url, headers, body: String::new(), again })
}

/// Where the service is: an endpoint, else a mode, in the environment and then the profile.
fn base(look: &Look<'_>) -> Result<String, Stop> {
    let (endpoint, mode) = (
        look.setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint")?,
        look.setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode")?,
    );
    let wrong =
        |source: &str, why: &str| Err(Stop::Failed(Failure::new("instance metadata", format!("{source} {why}"), None)));
    match (endpoint, mode) {
        (Some(named), _) if named.value.starts_with("http://") || named.value.starts_with("https://") => {
            Ok(named.value.trim_end_matches('/').to_owned())
        }
        (Some(named), _) => wrong(&named.source, "is not an http URL"),
        (None, Some(named)) if named.value.eq_ignore_ascii_case("ipv6") => Ok("http://[fd00:ec2::254]".to_owned()),
        (None, Some(named)) if !named.value.eq_ignore_ascii_case("ipv4") => {
            wrong(&named.source, "is neither IPv4 nor IPv6")
        }
        _ => Ok("http://169.254.169.254".to_owned()),
    }
}

fn source(base: &str) -> String {
    format!("instance metadata at {}", place(base))
}

/// The characters of the name of a role. Source: the IAM page "IAM and AWS STS quotas", names of roles.
fn is_role(role: &str) -> bool {
    !role.is_empty() && role.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b))
}
