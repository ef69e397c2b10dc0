//! On which condition an object is written.

use alloc::string::String;
use core::fmt;

/// When an object is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Whatever is there.
    Always,
    /// While there is none: `If-None-Match: *`.
    Absent,
    /// While it has this ETag: `If-Match`.
    Is(String),
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Always => f.write_str("whatever is there"),
            Condition::Absent => f.write_str("unless it is there"),
            Condition::Is(etag) => write!(f, "while it is as it was read ({etag})"),
        }
    }
}
