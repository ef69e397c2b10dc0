//! Whether a request that failed may succeed at the next try.

use super::Fault;
use crate::aws::retry::asks_for_patience;

/// The errors of an identity that has no permission yet, or is not known everywhere yet.
const NOT_YET: [&str; 3] = ["AccessDenied", "InvalidAccessKeyId", "ExpiredToken"];

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

    /// Whether it may be gone later without anybody's doing, though not at the next try: permissions take a while.
    #[must_use]
    pub fn is_not_yet(&self) -> bool {
        matches!(self, Fault::Refused(answer) if NOT_YET.contains(&answer.code.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::RefusedRequest;
    use super::*;

    fn refused(status: u16, code: &str) -> Fault {
        Fault::Refused(Box::new(RefusedRequest { status, code: code.into(), ..RefusedRequest::default() }))
    }

    #[test]
    fn what_may_be_gone_at_the_next_try_passes() {
        let broken = Fault::Broken { why: "connection reset".into(), late: false };
        let unreached = Fault::Unreached { why: "connection refused".into(), late: false };
        let refusals = [(500, ""), (503, "SlowDown"), (400, "RequestTimeout"), (429, ""), (200, "InternalError")];
        let refusals = refusals.map(|(status, code)| refused(status, code));
        for fault in [broken, unreached].iter().chain(&refusals) {
            assert!(fault.is_passing(), "{fault}");
        }
    }

    #[test]
    fn what_will_be_the_same_at_the_next_try_does_not_pass() {
        for (status, code) in [
            (200, "AccessDenied"),
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
            assert!(!refused(status, code).is_passing(), "{status} {code}");
        }
        assert!(refused(403, "AccessDenied").is_not_yet() && !refused(404, "NoSuchBucket").is_not_yet());
        assert!(!Fault::Implausible { why: "HTML".into() }.is_passing());
        assert!(!Fault::Hopeless { why: "unknown issuer".into() }.is_passing());
    }
}
