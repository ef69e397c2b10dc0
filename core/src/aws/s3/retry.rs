//! Whether and when a request that failed is made again.

use super::Fault;
use crate::aws::retry::{CAP_MS, as_asked, asks_for_patience};

/// The longest pause before the second attempt; it doubles with each further one.
const BASE_MS: u64 = 1_000;
/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Pause, then make the same request again from its start.
    Again {
        /// The pause in milliseconds.
        after_ms: u64,
    },
    /// Trying again would not help, or was tried often enough.
    GiveUp,
}

/// Decides what follows attempt number `attempt` (the first is 1) of at most `most` that ended in `fault`.
///
/// The pause has full jitter: any length from nothing up to a limit that doubles with each attempt, so that machines
/// which booted together do not come back together. `random` is any number; it picks the length.
pub fn retry(attempt: u32, most: u32, fault: &Fault, random: u64) -> Retry {
    if attempt >= most || !fault.is_passing() {
        return Retry::GiveUp;
    }
    let limit = BASE_MS.saturating_mul(1 << attempt.saturating_sub(1).min(32)).min(CAP_MS);
    let asked_ms = if let Fault::Refused(answer) = fault { answer.retry_after_ms } else { None };
    Retry::Again { after_ms: as_asked(random % (limit + 1), asked_ms) }
}

impl Fault {
    /// Whether it may be gone at the next try.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Fault::Unreached { .. } | Fault::Broken { .. } => true,
            Fault::Refused(answer) => asks_for_patience(answer.status, &answer.code),
            Fault::Implausible { .. } | Fault::Hopeless { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::s3::Answer;

    fn refused(status: u16, code: &str) -> Fault {
        Fault::Refused(Box::new(Answer { status, code: code.into(), ..Answer::default() }))
    }

    #[test]
    fn what_passes_is_tried_as_often_as_is_set() {
        let broken = Fault::Broken { why: "connection reset".into(), late: false };
        let unreached = Fault::Unreached { why: "connection refused".into(), late: false };
        for fault in [
            broken,
            unreached,
            refused(500, ""),
            refused(503, "SlowDown"),
            refused(400, "RequestTimeout"),
            refused(429, ""),
        ] {
            assert!(matches!(retry(1, 3, &fault, 7), Retry::Again { .. }), "{fault}");
            assert!(matches!(retry(2, 3, &fault, 7), Retry::Again { .. }), "{fault}");
            assert_eq!(retry(3, 3, &fault, 7), Retry::GiveUp, "{fault}");
            assert_eq!(retry(1, 1, &fault, 7), Retry::GiveUp, "{fault}");
            assert!(matches!(retry(40, 50, &fault, u64::MAX), Retry::Again { after_ms } if after_ms <= CAP_MS));
        }
    }

    #[test]
    fn an_error_behind_a_200_is_tried_again_when_its_code_passes() {
        assert!(matches!(retry(1, 3, &refused(200, "InternalError"), 0), Retry::Again { .. }));
        assert_eq!(retry(1, 3, &refused(200, "AccessDenied"), 0), Retry::GiveUp);
    }

    #[test]
    fn what_does_not_pass_is_tried_once() {
        for (status, code) in [
            (301, "PermanentRedirect"),
            (400, "ExpiredToken"),
            (400, "AuthorizationHeaderMalformed"),
            (403, "AccessDenied"),
            (403, "RequestTimeTooSkewed"),
            (404, "NoSuchBucket"),
            (412, "PreconditionFailed"),
            (501, "NotImplemented"),
            (400, ""),
        ] {
            assert_eq!(retry(1, 3, &refused(status, code), 0), Retry::GiveUp, "{status} {code}");
        }
        assert_eq!(retry(1, 3, &Fault::Implausible { why: "HTML".into() }, 0), Retry::GiveUp);
        assert_eq!(retry(1, 3, &Fault::Hopeless { why: "unknown issuer".into() }, 0), Retry::GiveUp);
    }

    #[test]
    fn a_pause_heeds_what_is_asked_for_within_five_seconds() {
        let cases = [(700, None, 700), (700, Some(0), 700), (700, Some(3_000), 3_000), (700, Some(u64::MAX), 5_700)];
        for (own_ms, retry_after_ms, expected) in cases {
            let answer = Answer { status: 503, retry_after_ms, ..Answer::default() };
            let after = retry(1, 3, &Fault::Refused(Box::new(answer)), own_ms);
            assert_eq!(after, Retry::Again { after_ms: expected });
        }
    }

    #[test]
    fn a_pause_is_anything_up_to_a_limit_that_doubles() {
        let fault = refused(503, "SlowDown");
        for (attempt, limit) in [(1, 1_000), (2, 2_000)] {
            assert_eq!(retry(attempt, 3, &fault, 0), Retry::Again { after_ms: 0 });
            assert_eq!(retry(attempt, 3, &fault, limit), Retry::Again { after_ms: limit });
            assert_eq!(retry(attempt, 3, &fault, limit + 1), Retry::Again { after_ms: 0 });
            for random in [1, 999, u64::MAX, 0x9e37_79b9_7f4a_7c15] {
                assert!(matches!(retry(attempt, 3, &fault, random), Retry::Again { after_ms } if after_ms <= limit));
            }
        }
    }
}
