//! The time by the services' clock, so that a first boot with a wrong clock can sign.
//!
//! Source: the clock skew correction of the AWS SDKs, as the test cases of their `aws-runtime` crate have it.

use crate::time::http_date;

/// A signature error is one of the clock when the clocks are further apart than this.
const DETECTED_S: u64 = 4 * 60;
/// An answer that took longer tells nothing of the clock.
const TRUSTED_S: u64 = 15 * 60;

/// The codes of errors that a wrong clock causes. A presigned request that is too old or too young is answered with the
/// last.
const CODES: [&str; 7] = [
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "AuthFailure",
    "RequestTimeTooSkewed",
    "RequestExpired",
    "AccessDeniedException",
    "AccessDenied",
];

/// An answer as far as it tells the time.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// How long it took from the request on, by a monotonic clock: the machine's own may be set meanwhile.
    pub took_s: u64,
    /// The header `Date`.
    pub date: Option<&'a str>,
    /// Whether there is a header `Age`: the answer comes from a cache, and its date is old.
    pub cached: bool,
}

impl Heard<'_> {
    /// The time by the service's clock when the answer came, seconds since 1970 UTC; `None` when the answer does not
    /// tell.
    #[must_use]
    pub fn service_s(&self) -> Option<u64> {
        if self.cached || self.took_s > TRUSTED_S {
            return None;
        }
        Some(http_date(self.date?)?.saturating_add(self.took_s - self.took_s / 2))
    }
}

/// Whether the clock that signed a request and the service's are this far apart that the service may refuse it.
#[must_use]
pub fn is_apart(skew_s: i64) -> bool {
    skew_s.unsigned_abs() > DETECTED_S
}

/// Whether an error is likely to have come from the clock: the code is one of signatures and times, and the clock that
/// signed the request was this far behind the service's.
#[must_use]
pub fn is_skewed(code: &str, skew_s: i64) -> bool {
    CODES.contains(&code) && is_apart(skew_s)
}
