//! Which failures of a service pass, and how long to pause before a request is made again: one table for all services.

use super::{Answer, Reach};
use alloc::format;

/// How often a request to what is on the same machine is made in all.
const LOCAL_ATTEMPTS: u32 = 3;
/// No pause is longer.
pub(super) const CAP_MS: u64 = 20_000;

/// Codes with which S3 and the servers that speak like it ask for patience, whatever the status beside them.
/// Source: the AWS SDKs' lists of throttling and transient errors, and the S3 page "Error responses".
const PASSING_CODES: [&str; 20] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "IDPCommunicationError",
    "InternalError",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// The pause in milliseconds after attempt number `attempt` (the first is 1) before the next one; `None` when there is
/// none. A service is asked `most` times in all.
///
/// The pause has full jitter: `random` is any number, it picks the length.
pub fn pause_ms(reach: Reach, attempt: u32, most: u32, answer: &Answer, random: u64) -> Option<u64> {
    let passing = match answer {
        Answer::Failed { passing, .. } => *passing,
        Answer::Http { status: 429 | 500..=599, .. } => true,
        Answer::Http { status: 400, body } => is_throttled(body),
        _ => false,
    };
    // What is on the same machine answers at once or not at all.
    let (base_ms, most) = if reach == Reach::Service { (1_000_u64, most) } else { (100, LOCAL_ATTEMPTS) };
    (passing && attempt < most).then(|| random % (base_ms << attempt.min(8)).min(CAP_MS))
}

/// A pause as the service asks for it by `x-amz-retry-after`: not shorter than it would be, and at most 5 s longer, all in
/// milliseconds. Source: the standard retry mode of the AWS SDKs, revision 2.1 (aws-sdk-java-v2, pull request 6925).
#[must_use]
pub fn as_asked(pause_ms: u64, asked_ms: Option<u64>) -> u64 {
    asked_ms.unwrap_or_default().clamp(pause_ms, pause_ms.saturating_add(5_000))
}

/// Whether a service that refuses so may not do so at the next try. What a server has not (501) it will not have then
/// either.
pub(super) fn asks_for_patience(status: u16, code: &str) -> bool {
    matches!(status, 429 | 500 | 502..=599) || PASSING_CODES.contains(&code)
}

/// Whether an answer with status 400 asks to try again: by the code of its XML, or by that at the end of its JSON's `__type`.
fn is_throttled(body: &[u8]) -> bool {
    let is_in = |code: &&str| {
        contains(body, format!("<Code>{code}<").as_bytes()) || contains(body, format!("{code}\"").as_bytes())
    };
    PASSING_CODES.iter().any(is_in)
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}
