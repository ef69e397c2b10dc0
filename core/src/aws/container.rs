//! The agent that gives a container its credentials, in ECS and EKS.
//!
//! Source: the page "Container credential provider" of the AWS SDKs reference.

use super::ask::place;
use super::credentials::Found;
use super::redact;
use super::{Answer, Ask, Failure, HttpRequest, Look, Reach, Stop, document};
use crate::prelude::*;
use core::net::IpAddr;

const SOURCE: &str = "container credentials";
const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// The credentials of the container's role.
pub(super) fn credentials(look: &Look<'_>) -> Result<Found, Stop> {
    let url = match (look.variable(RELATIVE), look.variable(FULL)) {
        (Some(path), _) if path.starts_with('/') => format!("http://169.254.170.2{path}"),
        (Some(_), _) => return failed(format!("{RELATIVE} does not begin with /")),
        (None, Some(url)) if is_allowed(url) => url.to_owned(),
        (None, Some(_)) => {
            return failed(format!(
                "{FULL} is neither https nor at an address that may be asked: \
                 localhost, 127.0.0.0/8, [::1], 169.254.170.2, 169.254.170.23, [fd00:ec2::23]"
            ));
        }
        (None, None) => return Ok(Found::Nothing(format!("neither {RELATIVE} nor {FULL} is set"))),
    };
    let mut headers = Vec::new();
    if let Some(token) = token(look)? {
        headers.push(("authorization", token));
    }
    let secrets: Vec<String> = headers.iter().map(|(_, token)| token.clone()).collect();
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let ask = HttpRequest {
        reach: Reach::Container,
        method: "GET",
        url: url.clone(),
        headers,
        body: String::new(),
        again: false,
    };
    let host = place(&url);
    match look.answer(Ask::Http(ask))? {
        Answer::Http { status: 200, body } => match document::from_service(body) {
            Ok(found) => Ok(Found::Credentials(found)),
            Err(why) => failed(redact(&format!("{host}: {why}"), &secrets)),
        },
        Answer::Http { status, body } => {
            // The agent may say why; anything else is left out.
            let why = document::from_service(body).err().filter(|why| why.starts_with("it answered"));
            let why = why.map_or_else(|| format!("it answered {status}"), |why| format!("{why} (status {status})"));
            failed(redact(&format!("{host}: {why}"), &secrets))
        }
        Answer::Failed { why, .. } => failed(redact(&format!("{host}: {why}"), &secrets)),
        _ => failed(format!("{host}: it did not answer")),
    }
}

/// The token that the agent wants; a file, read each time as it is rotated, counts before a variable.
fn token(look: &Look<'_>) -> Result<Option<String>, Stop> {
    let (token, from) = match look.variable(TOKEN_FILE) {
        None => (look.variable(TOKEN), TOKEN),
        Some(path) => match look.answer(Ask::File(path.to_owned()))? {
            Answer::Bytes(bytes) => (Some(core::str::from_utf8(bytes).unwrap_or("\0").trim_end()), path),
            Answer::Failed { why, .. } => {
                return failed(format!("{path} (named by {TOKEN_FILE}) cannot be read: {why}"));
            }
            _ => return failed(format!("{path} (named by {TOKEN_FILE}) is not there")),
        },
    };
    match token {
        Some(token) if token.bytes().any(|b| !(b' '..=b'~').contains(&b)) => {
            failed(format!("the token in {from} cannot be part of a header"))
        }
        token => Ok(token.filter(|token| !token.is_empty()).map(ToOwned::to_owned)),
    }
}

fn failed<T>(why: String) -> Result<T, Stop> {
    Err(Stop::Failed(Failure::new(SOURCE, why, None)))
}

/// Whether the URL may be asked: over https any host, else this machine and the agents' own addresses. A name other
/// than `localhost` is not looked up: what it leads to may change before it is asked.
fn is_allowed(url: &str) -> bool {
    if url.starts_with("https://") {
        return true;
    }
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands before an `@` is not a host, whatever it looks like.
    if authority.contains('@') {
        return false;
    }
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) if port.is_empty() || port.starts_with(':') => host,
        Some(_) => return false,
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    };
    let agents = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
    host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || agents.iter().any(|agent| agent.parse() == Ok(ip)))
}
