//! Signature version 4 in the header `Authorization`, for the services that take their request in a POST.
//!
//! Source: the IAM page "Create a signed AWS API request".

use super::Credentials;
use crate::hex;
use crate::prelude::*;
use crate::time::utc;
use alloc::collections::BTreeMap;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// All but the unreserved characters of RFC 3986.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const IN_PATH: AsciiSet = RESERVED.remove(b'/');

/// What a request is signed for.
pub struct Signing<'a> {
    /// The key.
    pub credentials: &'a Credentials,
    /// The region, `eu-west-1`.
    pub region: &'a str,
    /// The service's name in signatures, `sts`.
    pub service: &'a str,
    /// Seconds since 1970 UTC.
    pub now_s: u64,
}

/// A request as its signature sees it.
pub struct Request<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The path as it is sent, percent-encoded once.
    pub path: &'a str,
    /// The parameters of the query, not encoded.
    pub query: &'a [(&'a str, &'a str)],
    /// The headers that are signed, `host` among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

impl Signing<'_> {
    /// The headers to send beside the signed ones: the time, the session's token, the signature.
    pub fn headers(&self, request: &Request<'_>) -> Vec<(&'static str, String)> {
        let time: String = utc(self.now_s).chars().filter(|c| !matches!(c, '-' | ':')).collect();
        let mut added = Vec::from([("x-amz-date", time.clone())]);
        added.extend(self.credentials.session_token.clone().map(|token| ("x-amz-security-token", token)));
        let mut headers = BTreeMap::<String, String>::new();
        let own = added.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in request.headers.iter().copied().chain(own) {
            let value = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
            let value = value.collect::<Vec<_>>().join(" ");
            let all = headers.entry(name.to_ascii_lowercase()).or_default();
            *all = if all.is_empty() { value } else { format!("{all},{value}") };
        }
        let signed = headers.keys().map(String::as_str).collect::<Vec<_>>().join(";");
        let canonical = format!(
            "{}\n{}\n{}\n{}\n{signed}\n{}",
            request.method,
            encode(request.path, true),
            query(request.query),
            headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect::<String>(),
            hex(&Sha256::digest(request.body)),
        );
        let scope = format!("{}/{}/{}/aws4_request", &time[..8], self.region, self.service);
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
        let mut key = hmac(format!("AWS4{}", self.credentials.secret_access_key).as_bytes(), &time.as_bytes()[..8]);
        for part in [self.region, self.service, "aws4_request", &to_sign] {
            key = hmac(&key, part.as_bytes());
        }
        added.push((
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature={}",
                self.credentials.access_key_id,
                hex(&key)
            ),
        ));
        added
    }

    /// What signs a POST to the root of a service at this URL, whose body and other headers these are.
    pub(super) fn of_post(&self, base: &str, others: &[(&str, &str)], body: &str) -> Vec<(&'static str, String)> {
        self.of(base, "POST", "/", &[], others, body)
    }

    /// What signs a request to a service at this URL.
    pub(super) fn of(
        &self,
        base: &str,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        others: &[(&str, &str)],
        body: &str,
    ) -> Vec<(&'static str, String)> {
        let host = base.split_once("://").map_or(base, |(_, host)| host);
        let headers = [&[("host", host)], others].concat();
        self.headers(&Request { method, path, query, headers: &headers, body: body.as_bytes() })
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    hmac.chain_update(message).finalize().into_bytes().into()
}

/// The canonical query: encoded, in order of the encoded names and values.
pub(super) fn query(parameters: &[(&str, &str)]) -> String {
    let mut pairs: Vec<_> =
        parameters.iter().map(|(name, value)| (encode(name, false), encode(value, false))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Percent-encodes all but the unreserved characters of RFC 3986, and the slash in a path.
pub(super) fn encode(text: &str, is_path: bool) -> String {
    utf8_percent_encode(text, if is_path { &IN_PATH } else { &RESERVED }).to_string()
}
