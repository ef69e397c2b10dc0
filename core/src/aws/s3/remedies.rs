//! What follows a request to S3 that failed, in the order in which it is tried: another region, a pause, another clock,
//! other credentials.

use super::Fault;
use crate::aws::{Attempts, FailedAttempt, Quota, is_skewed};

/// What is done before the request is made once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// It goes to the region that the answer names.
    OtherRegion,
    /// So many milliseconds pass.
    Pause {
        /// The pause.
        ms: u64,
    },
    /// It is signed by the clock as it is known by now.
    OtherClock,
    /// It is signed with other credentials, where there are any; else there is no remedy.
    OtherCredentials,
    /// There is none.
    None,
}

/// What was tried to have one request succeed.
#[derive(Debug)]
pub struct Remedies {
    attempts: Attempts,
    followed: bool,
    renewed: bool,
}

impl Remedies {
    /// Nothing yet for a request that is made `most` times in all.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self { attempts: Attempts::at_s3(most), followed: false, renewed: false }
    }

    /// How often the request failed, but for those that went to the wrong region.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts.made()
    }

    /// Decides what follows a failure.
    ///
    /// `elsewhere`: whether the answer names another region that can be gone to, which is done once. `skew_s`: how far the
    /// services' clock, as it is known by now, is ahead of the one that the request was signed by.
    pub fn after(&mut self, fault: &Fault, elsewhere: bool, skew_s: i64, quota: &mut Quota, random: u64) -> Remedy {
        if elsewhere && !self.followed {
            self.followed = true;
            return Remedy::OtherRegion;
        }
        let (more, failed) = (self.attempts.count(), FailedAttempt::from(fault));
        match fault {
            _ if !more => Remedy::None,
            _ if failed.passing => {
                let pause_ms = self.attempts.paid_pause_ms(&failed, quota, random);
                pause_ms.map_or(Remedy::None, |ms| Remedy::Pause { ms })
            }
            Fault::Refused(answer) if is_skewed(&answer.code, skew_s) => Remedy::OtherClock,
            Fault::Refused(answer) if answer.says_ended() && !self.renewed => {
                self.renewed = true;
                Remedy::OtherCredentials
            }
            _ => Remedy::None,
        }
    }

    /// Gives back what the last attempt, which succeeded, cost.
    pub fn succeeded(&self, quota: &mut Quota) {
        self.attempts.succeeded(quota);
    }
}

impl From<&Fault> for FailedAttempt {
    fn from(fault: &Fault) -> Self {
        Self {
            passing: fault.is_passing(),
            late: matches!(fault, Fault::Unreached { late: true, .. } | Fault::Broken { late: true, .. }),
            asked_ms: if let Fault::Refused(answer) = fault { answer.retry_after_ms } else { None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::RefusedRequest;
    use super::*;
    use crate::prelude::*;

    fn refused(status: u16, code: &str) -> Fault {
        Fault::Refused(Box::new(RefusedRequest { status, code: code.into(), ..RefusedRequest::default() }))
    }

    /// What follows the same failure again and again, for a request that is made so often in all.
    fn remedies(most: u32, fault: &Fault, elsewhere: bool, skew_s: i64) -> Vec<Remedy> {
        let (mut remedies, mut quota) = (Remedies::new(most), Quota::default());
        let mut tried = Vec::new();
        while tried.last() != Some(&Remedy::None) {
            tried.push(remedies.after(fault, elsewhere, skew_s, &mut quota, 0));
        }
        assert!(remedies.attempts() <= most);
        tried
    }

    const PAUSE: Remedy = Remedy::Pause { ms: 0 };

    #[test]
    fn what_passes_is_asked_again_after_a_pause_and_nothing_else_is_tried() {
        for fault in [refused(503, "SlowDown"), Fault::Broken { why: "reset".into(), late: false }] {
            assert_eq!(remedies(3, &fault, false, 9_999), [PAUSE, PAUSE, Remedy::None]);
        }
        assert_eq!(remedies(1, &refused(503, "SlowDown"), false, 0), [Remedy::None]);
    }

    #[test]
    fn another_region_is_gone_to_once_first_of_all_and_is_no_attempt() {
        let moved = refused(301, "PermanentRedirect");
        assert_eq!(remedies(1, &moved, true, 0), [Remedy::OtherRegion, Remedy::None]);
        assert_eq!(remedies(3, &moved, false, 0), [Remedy::None]);
        assert_eq!(remedies(2, &refused(503, ""), true, 0), [Remedy::OtherRegion, PAUSE, Remedy::None]);
    }

    #[test]
    fn a_wrong_clock_is_corrected_before_other_credentials_are_looked_for() {
        let skewed = refused(403, "RequestTimeTooSkewed");
        assert_eq!(remedies(3, &skewed, false, 3_600), [Remedy::OtherClock, Remedy::OtherClock, Remedy::None]);
        assert_eq!(remedies(3, &skewed, false, 10), [Remedy::None]);
        assert_eq!(remedies(1, &skewed, false, 3_600), [Remedy::None]);
    }

    #[test]
    fn other_credentials_are_looked_for_once_where_these_have_ended() {
        let ended = refused(400, "ExpiredToken");
        assert_eq!(remedies(3, &ended, false, 3_600), [Remedy::OtherCredentials, Remedy::None]);
        assert_eq!(remedies(1, &ended, false, 0), [Remedy::None]);
        assert_eq!(remedies(3, &refused(403, "AccessDenied"), false, 0), [Remedy::None]);
    }

    #[test]
    fn without_any_quota_left_nothing_is_asked_again() {
        let (mut remedies, mut quota) = (Remedies::new(3), Quota::default());
        while quota.take(false).is_some() {}
        assert_eq!(remedies.after(&refused(503, ""), false, 0, &mut quota, 0), Remedy::None);
        assert_eq!(remedies.attempts(), 1);
    }
}
