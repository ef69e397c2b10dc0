//! Writing an object under a condition: what is asked for, and what an answer says about what was written.
//!
//! Source of the rules: the S3 page "How to prevent object overwrites with conditional writes", and RFC 9110, section 13.

use super::{Fault, Needs, RefusedRequest};
use crate::prelude::*;
use core::fmt;

/// An ETag that no object has: it is none of any bytes that are known.
const NO_ETAG: &str = "00000000000000000000000000000000";
/// The codes that say, beside a 409, that another write to the same key was under way.
const CONFLICTS: [&str; 2] = ["ConditionalRequestConflict", "OperationAborted"];

/// When an object is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Whatever is there.
    Always,
    /// While there is none: `If-None-Match: *`.
    Absent,
    /// While the object is the one that had this ETag, without quotes, when it was read: `If-Match`.
    Is(String),
}

impl Condition {
    /// The condition that holds for no object, there or not.
    pub fn never() -> Self {
        Self::Is(NO_ETAG.to_string())
    }

    /// The header that says so, as its name in lower case and its value; `None` when there is nothing to say.
    ///
    /// # Errors
    /// For an ETag that no server may match: an empty or a weak one, as RFC 9110 has it for `If-Match`.
    pub fn header(&self) -> Result<Option<(&'static str, String)>, Fault> {
        match self {
            Self::Always => Ok(None),
            Self::Absent => Ok(Some(("if-none-match", "*".to_string()))),
            Self::Is(etag) if etag.is_empty() || etag.starts_with("W/") => Err(Fault::Hopeless {
                why: format!(
                    "the object came with {}, so that no write can depend on it",
                    if etag.is_empty() { "no ETag".to_string() } else { format!("the weak ETag {etag}") }
                ),
            }),
            Self::Is(etag) => Ok(Some(("if-match", quoted(etag)))),
        }
    }
}

impl From<&Condition> for Needs {
    fn from(condition: &Condition) -> Self {
        match condition {
            Condition::Always | Condition::Absent => Self::Put,
            Condition::Is(_) => Self::PutOver,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "whatever is there",
            Self::Absent => "unless it is there",
            Self::Is(_) => "while it is as read",
        })
    }
}

/// The value of `If-None-Match` for a read of what may have changed since it had this ETag; `None` for an empty ETag,
/// which matches nothing.
pub fn unless_etag(etag: &str) -> Option<String> {
    match etag {
        "" => None,
        weak if weak.starts_with("W/") => Some(weak.to_string()),
        etag => Some(quoted(etag)),
    }
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

/// How a write ended that was not refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// The object is written.
    Written {
        /// Its ETag without quotes; empty when the server gave none.
        etag: String,
    },
    /// Nothing was written, as the condition does not hold: somebody else wrote.
    Lost,
    /// Nothing was written, as another write to the same key was under way: try again.
    Conflict,
    /// It is unknown whether it was written: the connection broke, or the server failed or was busy.
    Unknown {
        /// What happened.
        why: String,
    },
}

impl Put {
    /// What a failed request to write says of the object; `None` when it says for good that nothing was written.
    pub fn of(fault: &Fault, condition: &Condition) -> Option<Self> {
        let unknown = || Some(Self::Unknown { why: fault.to_string() });
        let answer = match fault {
            Fault::Unreached { .. } | Fault::Hopeless { .. } => return None,
            Fault::Broken { .. } | Fault::Implausible { .. } => return unknown(),
            Fault::Refused(answer) => answer,
        };
        let is_conditional = *condition != Condition::Always;
        match answer.status {
            412 if is_conditional => Some(Self::Lost),
            404 if matches!(condition, Condition::Is(_)) && answer.is_missing_key() => Some(Self::Lost),
            // A success that is not the one S3 has for a write.
            200..=299 => unknown(),
            409 if CONFLICTS.contains(&answer.code.as_str()) || answer.code.is_empty() && is_conditional => {
                Some(Self::Conflict)
            }
            _ if fault.is_passing() => unknown(),
            _ => None,
        }
    }
}

/// Whether a store heeds conditions on writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HonorsConditions {
    /// It does.
    Yes,
    /// It does not: writers may undo one another's work.
    No {
        /// What it did instead.
        why: String,
    },
    /// Trying it is not allowed.
    Denied {
        /// What it answered.
        why: String,
    },
}

impl HonorsConditions {
    /// What it says of a store that it wrote under a condition that did not hold.
    pub fn ignored(condition: &Condition) -> Self {
        let why = match condition {
            Condition::Absent => "it wrote over an object with If-None-Match: *",
            _ => "it wrote an object with an If-Match that holds for none",
        };
        Self::No { why: why.to_string() }
    }

    /// What it says of a store that it refused for good to write under a condition; `None` when it says nothing.
    pub fn of(answer: &RefusedRequest) -> Option<Self> {
        match (answer.status, answer.code.as_str()) {
            (501, _) | (400, "NotImplemented") => Some(Self::No { why: format!("it {answer}") }),
            (403, "AccessDenied") => Some(Self::Denied { why: format!("it {answer}; {}", Needs::PutOver.hint()) }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Condition::{Absent, Always};

    fn is() -> Condition {
        Condition::Is("abc-1".into())
    }

    fn refused(status: u16, code: &str) -> Fault {
        Fault::Refused(Box::new(RefusedRequest { status, code: code.into(), ..RefusedRequest::default() }))
    }

    #[test]
    fn a_condition_is_a_header_with_a_quoted_etag() {
        assert_eq!(Always.header(), Ok(None));
        assert_eq!(Absent.header(), Ok(Some(("if-none-match", "*".into()))));
        assert_eq!(is().header(), Ok(Some(("if-match", "\"abc-1\"".into()))));
        for (etag, expected) in [("", "no ETag"), ("W/\"abc\"", "the weak ETag W/\"abc\"")] {
            let fault = Condition::Is(etag.into()).header().unwrap_err();
            assert_eq!(
                fault.to_string(),
                format!("the object came with {expected}, so that no write can depend on it")
            );
            assert_eq!(Put::of(&fault, &is()), None);
        }
    }

    #[test]
    fn a_read_of_what_changed_takes_any_etag_but_an_empty_one() {
        assert_eq!(unless_etag("abc").as_deref(), Some("\"abc\""));
        assert_eq!(unless_etag("W/\"abc\"").as_deref(), Some("W/\"abc\""));
        assert_eq!(unless_etag(""), None);
    }

    #[test]
    fn a_condition_that_does_not_hold_is_a_write_that_was_lost() {
        for condition in [Absent, is()] {
            assert_eq!(Put::of(&refused(412, "PreconditionFailed"), &condition), Some(Put::Lost));
            assert_eq!(Put::of(&refused(412, ""), &condition), Some(Put::Lost));
        }
        assert_eq!(Put::of(&refused(404, "NoSuchKey"), &is()), Some(Put::Lost));
        for (fault, condition) in [
            (refused(412, "PreconditionFailed"), Always),
            (refused(404, "NoSuchKey"), Absent),
            (refused(404, "NoSuchKey"), Always),
            (refused(404, "NoSuchBucket"), is()),
            (refused(404, ""), is()),
        ] {
            assert_eq!(Put::of(&fault, &condition), None, "{fault} {condition}");
        }
    }

    #[test]
    fn a_write_at_the_same_time_is_a_conflict() {
        for code in ["ConditionalRequestConflict", "OperationAborted", ""] {
            for condition in [Absent, is()] {
                assert_eq!(Put::of(&refused(409, code), &condition), Some(Put::Conflict), "{code}");
            }
        }
        assert_eq!(Put::of(&refused(409, "OperationAborted"), &Always), Some(Put::Conflict));
        assert_eq!(Put::of(&refused(409, ""), &Always), None);
        assert_eq!(Put::of(&refused(409, "InvalidBucketState"), &is()), None);
    }

    #[test]
    fn what_breaks_or_passes_leaves_the_write_unknown() {
        for condition in [Always, Absent, is()] {
            for (fault, why) in [
                (Fault::Broken { why: "connection reset".into(), late: false }, "connection reset"),
                (Fault::Implausible { why: "the head is too long".into() }, "the head is too long"),
                (refused(503, "SlowDown"), "answered 503 SlowDown"),
                (refused(500, ""), "answered 500 without saying why"),
                (refused(400, "RequestTimeout"), "answered 400 RequestTimeout"),
                (refused(429, "TooManyRequests"), "answered 429 TooManyRequests"),
                (refused(202, ""), "answered 202 without saying why"),
            ] {
                assert_eq!(Put::of(&fault, &condition), Some(Put::Unknown { why: why.into() }));
            }
        }
    }

    #[test]
    fn a_refusal_for_good_is_no_end_of_a_write() {
        for (status, code) in [
            (301, "PermanentRedirect"),
            (400, "ExpiredToken"),
            (403, "AccessDenied"),
            (403, "SignatureDoesNotMatch"),
            (404, "NoSuchBucket"),
            (501, "NotImplemented"),
        ] {
            for condition in [Always, Absent, is()] {
                assert_eq!(Put::of(&refused(status, code), &condition), None, "{status} {code}");
            }
        }
        assert_eq!(Put::of(&Fault::Hopeless { why: "unknown issuer".into() }, &is()), None);
        assert_eq!(Put::of(&Fault::Unreached { why: "connection refused".into(), late: false }, &is()), None);
    }

    #[test]
    fn a_store_without_conditions_is_told_from_one_that_nobody_may_try() {
        let of = |status, code: &str| {
            HonorsConditions::of(&RefusedRequest { status, code: code.into(), ..RefusedRequest::default() })
        };
        assert_eq!(
            of(501, "NotImplemented"),
            Some(HonorsConditions::No { why: "it answered 501 NotImplemented".into() })
        );
        assert!(matches!(of(400, "NotImplemented"), Some(HonorsConditions::No { .. })));
        let denied = "it answered 403 AccessDenied; the credentials need s3:PutObject and s3:GetObject";
        assert_eq!(of(403, "AccessDenied"), Some(HonorsConditions::Denied { why: denied.into() }));
        for (status, code) in [(403, "SignatureDoesNotMatch"), (403, ""), (404, "NoSuchBucket"), (500, "")] {
            assert_eq!(of(status, code), None);
        }
    }
}
