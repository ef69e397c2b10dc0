//! How far this machine's clock is from that of a service, so that a first boot with a wrong clock can sign.
//!
//! Source: the clock skew correction of the AWS SDKs, as the test cases of their `aws-runtime` crate have it.

use crate::time::http_date;

/// A signature error is one of the clock when the clocks are further apart than this.
const DETECTED_S: u64 = 4 * 60;
/// An answer that took longer tells nothing of the clock.
const TRUSTED_S: u64 = 15 * 60;

/// The codes of errors that a wrong clock brings about. A presigned request that is too old or too young is answered
/// with the last.
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
    /// This machine's time when the request was sent, seconds since 1970 UTC.
    pub sent_s: u64,
    /// This machine's time when the answer came.
    pub received_s: u64,
    /// The header `Date`.
    pub date: Option<&'a str>,
    /// Whether there is a header `Age`: the answer comes from a cache, and its date is old.
    pub cached: bool,
}

impl Heard<'_> {
    /// The seconds that the service's clock is ahead of this machine's, negative where it is behind; `None` when the
    /// answer does not tell.
    #[must_use]
    pub fn skew_s(&self) -> Option<i64> {
        let took_s = self.received_s.saturating_sub(self.sent_s);
        if self.cached || took_s > TRUSTED_S {
            return None;
        }
        let service_s = i64::try_from(http_date(self.date?)?).ok()?;
        Some(service_s - i64::try_from(self.sent_s + took_s / 2).ok()?)
    }
}

/// Whether an error is likely to have come from the clock: the code is one of signatures and times, and the clocks were
/// found to be apart.
#[must_use]
pub fn is_skewed(code: &str, skew_s: Option<i64>) -> bool {
    CODES.contains(&code) && skew_s.is_some_and(|skew_s| skew_s.unsigned_abs() > DETECTED_S)
}

/// Whether a clock that was corrected from one skew to another was wrong enough to sign anew.
#[must_use]
pub fn is_corrected(from_s: i64, to_s: i64) -> bool {
    from_s.abs_diff(to_s) > DETECTED_S
}
