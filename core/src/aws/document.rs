//! The documents in which credentials come: JSON from metadata services and commands, XML from STS.

use super::Credentials;
use super::redact;
use super::xml::{self, Element};
use crate::prelude::*;
use crate::time::parse_utc;
use serde_json::{Map, Value};

/// Reads the JSON of a metadata service, the names in whatever case.
///
/// # Errors
/// Why it holds no credentials.
pub(super) fn from_service(body: &[u8]) -> Result<Credentials, String> {
    let document = object(body)?;
    match text(&document, &["code"]) {
        Some(code) if !code.eq_ignore_ascii_case("success") => {
            let message = text(&document, &["message"]).unwrap_or("without a message");
            Err(redact(&format!("it answered {code}: {message}"), &[]))
        }
        _ => credentials(&document),
    }
}

/// Reads what a `credential_process` prints.
///
/// # Errors
/// Why it holds no credentials.
pub(super) fn from_process(output: &[u8]) -> Result<Credentials, String> {
    let document = object(output)?;
    match member(&document, &["version"]) {
        Some(Value::Number(version)) if version.as_u64() == Some(1) => credentials(&document),
        _ => Err("what it prints has no \"Version\": 1".to_owned()),
    }
}

/// Reads the answer of STS to a request for a role.
///
/// # Errors
/// Why it holds no credentials.
pub(super) fn from_sts(status: u16, body: &[u8]) -> Result<Credentials, String> {
    let document = xml::parse(body).map_err(|_| format!("it answered {status} without saying why"))?;
    let field = |name| find(&document, name).map(|element| element.text.trim().to_string()).filter(|t| !t.is_empty());
    if status != 200 {
        let code = field("Code").unwrap_or_default();
        let message = field("Message").unwrap_or_default();
        return Err(redact(&format!("it answered {status} {code}: {message}"), &[]));
    }
    let missing = |name| format!("its answer has no {name}");
    Ok(Credentials {
        access_key_id: field("AccessKeyId").ok_or_else(|| missing("AccessKeyId"))?,
        secret_access_key: field("SecretAccessKey").ok_or_else(|| missing("SecretAccessKey"))?,
        session_token: Some(field("SessionToken").ok_or_else(|| missing("SessionToken"))?),
        expires_s: Some(
            field("Expiration").and_then(|time| parse_utc(&time)).ok_or_else(|| missing("readable Expiration"))?,
        ),
        from_metadata: false,
    })
}

/// The first element of this name, in depth.
pub(super) fn find<'a, 'b>(element: &'a Element<'b>, name: &str) -> Option<&'a Element<'b>> {
    if element.name == name {
        return Some(element);
    }
    element.children.iter().find_map(|child| find(child, name))
}

/// Never the parser's own words: they may quote what they met.
fn object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    serde_json::from_slice(bytes).map_err(|_| "the response is not a JSON object".to_owned())
}

fn credentials(document: &Map<String, Value>) -> Result<Credentials, String> {
    let required = |name| {
        let lower: &str = if name == "AccessKeyId" { "accesskeyid" } else { "secretaccesskey" };
        text(document, &[lower]).map(ToOwned::to_owned).ok_or_else(|| format!("what came has no {name}"))
    };
    let expires_s = match text(document, &["expiration", "expiresat"]) {
        None => None,
        Some(time) => Some(parse_utc(time).ok_or("its Expiration is not a time like 2030-01-02T03:04:05Z")?),
    };
    Ok(Credentials {
        access_key_id: required("AccessKeyId")?,
        secret_access_key: required("SecretAccessKey")?,
        session_token: text(document, &["token", "sessiontoken"]).map(ToOwned::to_owned),
        expires_s,
        from_metadata: false,
    })
}

/// A text that is there and not empty.
fn text<'a>(document: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    member(document, names)?.as_str().filter(|text| !text.is_empty())
}

/// The member of one of these names, which are in lower case.
fn member<'a>(document: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    document.iter().find(|(name, _)| names.contains(&name.to_ascii_lowercase().as_str())).map(|(_, value)| value)
}
