//! How often a request is made and what pauses lie between: one table for S3, for the other services of AWS, and for
//! what is on the same machine.

use super::{Answer, Quota, Reach};

/// No pause is longer.
const CAP_MS: u64 = 20_000;
/// The most that a service may add to a pause.
const MOST_ADDED_MS: u64 = 5_000;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// How often the request is made in all; `None`: as often as is set for services.
    most: Option<u32>,
    /// The longest first pause; it doubles with each further one.
    first_ms: u64,
    /// Whether asking again is paid for: see [`Quota`].
    is_paid: bool,
}

/// S3.
const S3: Rule = Rule { most: None, first_ms: 1_000, is_paid: true };
/// The other services.
const SERVICE: Rule = Rule { most: None, first_ms: 2_000, is_paid: true };
/// What answers at once or not at all.
const LOCAL: Rule = Rule { most: Some(3), first_ms: 200, is_paid: false };

/// How an attempt failed, as far as it decides about the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Whether another try may help.
    pub passing: bool,
    /// Whether no answer came in time.
    pub late: bool,
    /// How long the service asks to wait before another try (`x-amz-retry-after`).
    pub asked_ms: Option<u64>,
}

/// The attempts at one request so far.
#[derive(Debug)]
pub struct Attempts {
    rule: Rule,
    most: u32,
    made: u32,
    /// What the last try again cost.
    cost: Option<u32>,
}

impl Attempts {
    /// None yet at a request that goes there; a service is asked `most` times in all.
    #[must_use]
    pub fn at(reach: Reach, most: u32) -> Self {
        Self::by(if reach == Reach::Service { SERVICE } else { LOCAL }, most)
    }

    /// None yet at a request to S3, which is asked `most` times in all.
    #[must_use]
    pub(crate) fn at_s3(most: u32) -> Self {
        Self::by(S3, most)
    }

    fn by(rule: Rule, most: u32) -> Self {
        Self { rule, most: rule.most.unwrap_or(most), made: 0, cost: None }
    }

    /// How many have failed.
    #[must_use]
    pub fn made(&self) -> u32 {
        self.made
    }

    /// Counts one that failed. Whether there may be another.
    pub(crate) fn count(&mut self) -> bool {
        self.made += 1;
        self.made < self.most
    }

    /// The pause in milliseconds after one that failed; `None` when there is no other: it would not help, was made often
    /// enough, or too little of the quota is left.
    pub fn pause_ms(&mut self, failed: &FailedAttempt, quota: &mut Quota, random: u64) -> Option<u64> {
        if self.count() && failed.passing { self.paid_pause_ms(failed, quota, random) } else { None }
    }

    /// The pause before the next one, where that is paid for. It has full jitter: any length from nothing up to a limit
    /// that doubles, so that machines which booted together do not come back together. `random` is any number; it picks
    /// the length. A service that asks for more is heeded within limits (the standard retry mode of the AWS SDKs, revision
    /// 2.1: aws-sdk-java-v2, pull request 6925).
    pub(crate) fn paid_pause_ms(&mut self, failed: &FailedAttempt, quota: &mut Quota, random: u64) -> Option<u64> {
        if self.rule.is_paid {
            self.cost = Some(quota.take(failed.late)?);
        }
        let doubled = self.rule.first_ms.saturating_mul(1 << self.made.saturating_sub(1).min(32));
        let pause_ms = random % (doubled.min(CAP_MS) + 1);
        Some(failed.asked_ms.unwrap_or_default().clamp(pause_ms, pause_ms + MOST_ADDED_MS))
    }

    /// Gives back what the last one, which succeeded, cost.
    pub fn succeeded(&self, quota: &mut Quota) {
        if self.rule.is_paid {
            quota.succeeded(self.cost);
        }
    }
}

impl Answer {
    /// How it failed; a service may ask to wait.
    #[must_use]
    pub fn failed(&self, asked_ms: Option<u64>) -> FailedAttempt {
        FailedAttempt { passing: self.is_passing(), late: matches!(self, Answer::Failed { late: true, .. }), asked_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    const PASSING: FailedAttempt = FailedAttempt { passing: true, late: false, asked_ms: None };

    /// The pauses of a request that fails so for ever, each as long as it can be.
    fn pauses(mut attempts: Attempts, failed: FailedAttempt) -> Vec<u64> {
        let mut quota = Quota::default();
        core::iter::from_fn(|| {
            let doubled = attempts.rule.first_ms.saturating_mul(1 << attempts.made.min(32)).min(CAP_MS);
            attempts.pause_ms(&failed, &mut quota, doubled)
        })
        .collect()
    }

    #[test]
    fn a_request_is_made_as_often_as_is_set_and_pauses_double_up_to_a_limit() {
        assert_eq!(pauses(Attempts::at_s3(3), PASSING), [1_000, 2_000]);
        assert_eq!(pauses(Attempts::at(Reach::Service, 7), PASSING), [2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
        for reach in [Reach::Metadata, Reach::Container] {
            assert_eq!(pauses(Attempts::at(reach, 7), PASSING), [200, 400], "three times, whatever is set");
        }
        assert_eq!(pauses(Attempts::at_s3(1), PASSING), [0; 0]);
        assert_eq!(pauses(Attempts::at_s3(3), FailedAttempt { passing: false, ..PASSING }), [0; 0]);
    }

    #[test]
    fn a_pause_is_anything_up_to_its_limit() {
        for (random, expected) in [(0, 0), (1, 1), (1_000, 1_000), (1_001, 0), (u64::MAX, u64::MAX % 1_001)] {
            let pause_ms = Attempts::at_s3(3).pause_ms(&PASSING, &mut Quota::default(), random);
            assert_eq!(pause_ms, Some(expected));
        }
    }

    #[test]
    fn a_pause_heeds_what_is_asked_for_within_five_seconds() {
        for (asked_ms, expected) in [(None, 700), (Some(0), 700), (Some(3_000), 3_000), (Some(u64::MAX), 5_700)] {
            let pause_ms =
                Attempts::at_s3(3).pause_ms(&FailedAttempt { asked_ms, ..PASSING }, &mut Quota::default(), 700);
            assert_eq!(pause_ms, Some(expected));
        }
    }

    #[test]
    fn asking_a_service_again_is_paid_for_and_what_is_on_the_same_machine_is_not() {
        let mut quota = Quota::default();
        while quota.take(false).is_some() {}
        assert_eq!(Attempts::at(Reach::Service, 3).pause_ms(&PASSING, &mut quota, 0), None);
        assert_eq!(Attempts::at(Reach::Metadata, 3).pause_ms(&PASSING, &mut quota, 0), Some(0));
        // A success at once gives one back, and four more are enough for another try.
        (0..5).for_each(|_| Attempts::at(Reach::Service, 3).succeeded(&mut quota));
        let mut attempts = Attempts::at(Reach::Service, 3);
        assert_eq!(attempts.pause_ms(&PASSING, &mut quota, 0), Some(0));
        attempts.succeeded(&mut quota);
        assert_eq!(quota.take(false), Some(5), "a try that succeeded gives back what it cost");
    }
}
