//! An answer of S3 that is not what was asked for: its error document, and what a person can do about it.

use crate::aws::have_ended;
use crate::aws::xml::{self, Element};
use crate::prelude::*;
use core::fmt;

/// What an id of a request stands behind in a text, up to `)`.
const REQUEST_ID: &str = " (request id ";

/// An error that S3 answered with. What the answer did not hold is empty: a proxy has documents of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusedRequest {
    /// The HTTP status; 200 when the error came behind a success.
    pub status: u16,
    /// The error code, `NoSuchKey`.
    pub code: String,
    /// S3's own words.
    pub message: String,
    /// The id that AWS support asks for.
    pub request_id: String,
    /// The region the bucket is really in.
    pub region: String,
    /// How long it asks to wait before another try, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl RefusedRequest {
    /// Reads an answer from its status, its headers `x-amz-request-id` and `x-amz-bucket-region`, and its body.
    pub fn new(status: u16, request_id: Option<&str>, region: Option<&str>, body: &[u8]) -> Self {
        let document = xml::parse(body).ok().filter(is_error);
        let field = |name| document.as_ref().and_then(|error| error.child_text(name)).unwrap_or_default();
        let either = |header: Option<&str>, name| header.unwrap_or_else(|| field(name)).to_string();
        Self {
            status,
            code: field("Code").to_string(),
            message: field("Message").to_string(),
            request_id: either(request_id, "RequestId"),
            region: either(region, "Region"),
            retry_after_ms: None,
        }
    }

    /// Reads an error document that came with status 200, as S3 sends one when it had begun to answer.
    pub(super) fn behind_success(document: &Element<'_>) -> Option<Self> {
        let field = |name| document.child_text(name).unwrap_or_default().to_string();
        is_error(document).then(|| Self {
            status: 200,
            code: field("Code"),
            message: field("Message"),
            request_id: field("RequestId"),
            region: field("Region"),
            retry_after_ms: None,
        })
    }

    /// Whether the answer to a GET says that there is no such key in a bucket that is there. No other answer does.
    pub fn is_missing_key(&self) -> bool {
        self.status == 404 && self.code == "NoSuchKey"
    }

    /// Whether the answer to a GET of one version says that there is no such version, or no such key.
    pub fn is_missing_version(&self) -> bool {
        self.is_missing_key() || self.status == 404 && self.code == "NoSuchVersion"
    }

    /// The region that the bucket is in, where the answer to a request that was signed for `region` says that it is
    /// another one. Source: the S3 page "Request redirection and the REST API", and `S3RegionRedirector` of botocore.
    pub fn elsewhere(&self, region: &str) -> Option<&str> {
        let redirects = matches!(self.status, 301 | 302 | 307 | 400);
        (redirects && !self.region.is_empty() && self.region != region).then_some(self.region.as_str())
    }

    /// Whether it says that the credentials have ended.
    pub fn says_ended(&self) -> bool {
        have_ended(&self.code)
    }

    /// What to do about it, when that is known, for a request that was signed for `region` and takes these permissions.
    pub fn hint(&self, region: &str, needs: Needs) -> Option<String> {
        let hint = match (self.status, self.code.as_str()) {
            _ if !self.region.is_empty() && self.region != region => {
                return Some(format!(
                    "the bucket is in region {0}, the request was made for {region}: set AWS_REGION={0}",
                    self.region
                ));
            }
            (_, "ExpiredToken" | "TokenRefreshRequired") => "the session has ended: get new credentials",
            (_, "InvalidToken") => "AWS_SESSION_TOKEN does not belong to the key: get new credentials",
            (_, "InvalidAccessKeyId") => "check AWS_ACCESS_KEY_ID, and that the endpoint is the one it belongs to",
            (_, "SignatureDoesNotMatch") => "check AWS_SECRET_ACCESS_KEY",
            (_, "RequestTimeTooSkewed") => "set this machine's clock",
            (_, "NoSuchBucket") => "check the bucket's name and the endpoint",
            (403, _) if self.message.contains("expired") || self.message.contains("not yet valid") => {
                "set this machine's clock"
            }
            (403, _) if self.message.contains("explicit deny") => {
                "a policy denies it; requests are signed in their URLs (s3:authType REST-QUERY-STRING)"
            }
            // The words themselves name what is missing, and it is nothing of S3.
            (403, _) if self.message.contains("kms:") => return None,
            (403, _) => return Some(needs.hint()),
            (300..=399, _) => "redirects are not followed: check the endpoint and the region",
            _ => return None,
        };
        Some(hint.to_string())
    }
}

/// The permissions that a request takes of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Those to fetch an object or to look it up.
    Get,
    /// Those to fetch one version of an object.
    GetVersion,
    /// Those to write an object.
    Put,
    /// Those to write an object while it is the one that was read.
    PutOver,
    /// Those to delete an object.
    Delete,
    /// Those to list a bucket.
    List,
}

impl Needs {
    /// What to do where they may be missing. Source: the S3 page "Required permissions for Amazon S3 API operations".
    pub(super) fn hint(self) -> String {
        let permissions = match self {
            Self::Get => "s3:GetObject",
            Self::GetVersion => "s3:GetObjectVersion",
            Self::Put => "s3:PutObject",
            Self::PutOver => "s3:PutObject and s3:GetObject",
            Self::Delete => "s3:DeleteObject",
            Self::List => "s3:ListBucket",
        };
        let hint = format!("the credentials need {permissions}");
        match self {
            Self::Get | Self::GetVersion => {
                hint + ", or there is no such key: S3 tells the two apart only where s3:ListBucket is allowed"
            }
            Self::Put | Self::PutOver | Self::Delete | Self::List => hint,
        }
    }
}

/// A text without the ids of the requests that it tells of: each answer has another one, however lasting what it says.
#[must_use]
pub fn without_request_id(text: &str) -> String {
    let mut parts = text.split(REQUEST_ID);
    let mut left = String::from(parts.next().unwrap_or_default());
    for part in parts {
        left.push_str(part.split_once(')').map_or("", |(_, behind)| behind));
    }
    left
}

fn is_error(document: &Element<'_>) -> bool {
    document.name == "Error"
}

impl fmt::Display for RefusedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answered {}", self.status)?;
        if self.status == 200 {
            f.write_str(" with an error inside,")?;
        }
        match (self.code.is_empty(), self.message.is_empty()) {
            (true, true) => f.write_str(" without saying why")?,
            (true, false) => write!(f, ": {}", self.message)?,
            (false, true) => write!(f, " {}", self.code)?,
            (false, false) => write!(f, " {}: {}", self.code, self.message)?,
        }
        if !self.request_id.is_empty() {
            write!(f, "{REQUEST_ID}{})", self.request_id)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str) -> RefusedRequest {
        RefusedRequest { status, code: code.into(), ..RefusedRequest::default() }
    }

    #[test]
    fn code_message_and_request_id_are_in_the_text() {
        let body = b"<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>No &quot;k&quot; here.</Message>\
            <Key>k</Key><RequestId>DOC</RequestId><HostId>h</HostId></Error>";
        let from_document = RefusedRequest::new(404, None, None, body);
        assert_eq!(from_document.to_string(), "answered 404 NoSuchKey: No \"k\" here. (request id DOC)");
        assert!(from_document.is_missing_key());
        let from_header = RefusedRequest::new(404, Some("HEADER"), None, body);
        assert_eq!(from_header.to_string(), "answered 404 NoSuchKey: No \"k\" here. (request id HEADER)");
        let twice = format!("a: {from_document}, tried 2 times (b); c: {from_header}");
        let no = "answered 404 NoSuchKey: No \"k\" here.";
        assert_eq!(without_request_id(&twice), format!("a: {no}, tried 2 times (b); c: {no}"));
        assert_eq!(without_request_id("cut off (request id X"), "cut off");
    }

    #[test]
    fn an_answer_of_something_else_still_has_its_status() {
        for body in [&b""[..], b"<html><body>Bad Gateway<br></body></html>", b"\xff", b"<Error><Code>NoSuchKey", b"{}"]
        {
            let answer = RefusedRequest::new(502, None, None, body);
            assert_eq!(answer.to_string(), "answered 502 without saying why");
        }
    }

    #[test]
    fn only_no_such_key_on_a_404_is_a_missing_key() {
        for (status, code) in
            [(404, "NoSuchBucket"), (404, ""), (404, "NotFound"), (403, "NoSuchKey"), (200, "NoSuchKey")]
        {
            assert!(!answer(status, code).is_missing_key(), "{status} {code}");
            assert!(!answer(status, code).is_missing_version(), "{status} {code}");
        }
        let no_version = answer(404, "NoSuchVersion");
        assert!(no_version.is_missing_version() && !no_version.is_missing_key());
    }

    #[test]
    fn the_right_region_is_named_from_header_or_document() {
        let body =
            b"<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>eu-west-1</Region></Error>";
        let expected =
            "the bucket is in region eu-west-1, the request was made for us-east-1: set AWS_REGION=eu-west-1";
        assert_eq!(RefusedRequest::new(400, None, None, body).hint("us-east-1", Needs::Get).as_deref(), Some(expected));
        assert_eq!(
            RefusedRequest::new(301, None, Some("eu-west-1"), b"").hint("us-east-1", Needs::Get).as_deref(),
            Some(expected)
        );
        assert!(
            RefusedRequest::new(301, None, Some("us-east-1"), b"")
                .hint("us-east-1", Needs::Get)
                .unwrap()
                .contains("redirects")
        );
    }

    #[test]
    fn another_region_is_elsewhere_only_where_the_answer_redirects() {
        let of = |status, region: &str| RefusedRequest { region: region.into(), ..answer(status, "x") };
        for status in [301, 302, 307, 400] {
            assert_eq!(of(status, "eu-west-1").elsewhere("us-east-1"), Some("eu-west-1"));
            assert_eq!(of(status, "us-east-1").elsewhere("us-east-1"), None);
            assert_eq!(of(status, "").elsewhere("us-east-1"), None);
        }
        for status in [200, 403, 404, 500] {
            assert_eq!(of(status, "eu-west-1").elsewhere("us-east-1"), None);
        }
    }

    #[test]
    fn a_refusal_names_the_permissions_of_the_request() {
        let or_missing = "or there is no such key: S3 tells the two apart only where s3:ListBucket is allowed";
        for (needs, expected) in [
            (Needs::Get, format!("s3:GetObject, {or_missing}")),
            (Needs::GetVersion, format!("s3:GetObjectVersion, {or_missing}")),
            (Needs::Put, "s3:PutObject".into()),
            (Needs::PutOver, "s3:PutObject and s3:GetObject".into()),
            (Needs::Delete, "s3:DeleteObject".into()),
            (Needs::List, "s3:ListBucket".into()),
        ] {
            let hint = answer(403, "AccessDenied").hint("r", needs);
            assert_eq!(hint, Some(format!("the credentials need {expected}")));
        }
    }

    #[test]
    fn a_refusal_says_that_a_missing_key_looks_the_same() {
        assert!(answer(403, "AccessDenied").hint("r", Needs::Get).unwrap().contains("there is no such key"));
        assert!(answer(403, "").hint("r", Needs::GetVersion).unwrap().contains("there is no such key"));
        assert_eq!(
            answer(403, "SignatureDoesNotMatch").hint("r", Needs::Get).as_deref(),
            Some("check AWS_SECRET_ACCESS_KEY")
        );
        let said = |message: &str| RefusedRequest { message: message.into(), ..answer(403, "AccessDenied") };
        assert_eq!(said("not authorized to perform: kms:Decrypt on it").hint("r", Needs::Get), None);
        let denied = said("with an explicit deny in a resource-based policy").hint("r", Needs::Get).unwrap();
        assert!(denied.contains("REST-QUERY-STRING"), "{denied}");
        let expired = RefusedRequest { message: "Request has expired".into(), ..answer(403, "AccessDenied") };
        assert_eq!(expired.hint("r", Needs::Get).as_deref(), Some("set this machine's clock"));
        assert_eq!(
            answer(404, "NoSuchBucket").hint("r", Needs::Get).as_deref(),
            Some("check the bucket's name and the endpoint")
        );
        assert_eq!(answer(500, "InternalError").hint("r", Needs::Get), None);
    }
}
