//! Which failures of a service pass.

use super::Answer;

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

impl Answer {
    /// Whether another try may help.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Answer::Failed { passing, .. } => *passing,
            Answer::Http { status: 429 | 500..=599, .. } => true,
            Answer::Http { status: 400, body } => is_throttled(body),
            _ => false,
        }
    }
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
