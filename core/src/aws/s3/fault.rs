//! How a single request to S3 failed.

use super::RefusedRequest;
use crate::aws::redact;
use crate::prelude::*;
use core::fmt;

/// How a single request failed, in the kinds that decide whether it is made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection could not be made, so that nothing was sent.
    Unreached {
        /// What stood in the way.
        why: String,
        /// Whether nothing came in time.
        late: bool,
    },
    /// The connection may have been made but did not hold, or what came through it was cut off or damaged.
    Broken {
        /// What happened to it.
        why: String,
        /// Whether nothing came in time.
        late: bool,
    },
    /// No connection is possible, and another try would not change that: an unknown certificate, a broken proxy address.
    Hopeless {
        /// What stands in the way.
        why: String,
    },
    /// S3 answered that it will not.
    Refused(Box<RefusedRequest>),
    /// The answer claims success but is not what was asked for.
    Implausible {
        /// What is wrong with it.
        why: String,
    },
}

impl Fault {
    /// The same fault with the variable named whose proxy the request went through: it may be that proxy which fails.
    #[must_use]
    pub fn through(self, proxy: Option<&str>) -> Self {
        let Some(variable) = proxy else { return self };
        let named = |why: String| format!("{why}, through the proxy that {variable} names");
        match self {
            Self::Unreached { why, late } => Self::Unreached { why: named(why), late },
            Self::Broken { why, late } => Self::Broken { why: named(why), late },
            other => other,
        }
    }

    /// The same fault with every text fit to be shown: see [`redact`].
    pub fn redacted(self, secrets: &[&str]) -> Self {
        let clean = |text: String| redact(&text, secrets);
        match self {
            Self::Unreached { why, late } => Self::Unreached { why: clean(why), late },
            Self::Broken { why, late } => Self::Broken { why: clean(why), late },
            Self::Hopeless { why } => Self::Hopeless { why: clean(why) },
            Self::Implausible { why } => Self::Implausible { why: clean(why) },
            Self::Refused(answer) => Self::Refused(Box::new(RefusedRequest {
                status: answer.status,
                code: clean(answer.code),
                message: clean(answer.message),
                request_id: clean(answer.request_id),
                region: clean(answer.region),
                retry_after_ms: answer.retry_after_ms,
            })),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreached { why, .. }
            | Self::Broken { why, .. }
            | Self::Hopeless { why }
            | Self::Implausible { why } => f.write_str(why),
            Self::Refused(answer) => answer.fmt(f),
        }
    }
}
