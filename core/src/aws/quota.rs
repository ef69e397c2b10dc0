//! How much a process may ask again in all: where a service fails for everybody, asking again and again makes it worse.
//!
//! Source: the retry quota of the AWS SDKs' standard mode, on the page "Retry behavior" of the AWS SDKs reference and in
//! botocore's `retries/quota.py`.

use super::settings::Named;
use super::{Failure, Look, Stop};

/// What there is to spend.
const CAPACITY: u32 = 500;
/// What asking again costs.
const RETRY: u32 = 5;
/// What asking again after no answer in time costs.
const RETRY_LATE: u32 = 10;
/// What a request that succeeds at once gives back.
const SUCCESS: u32 = 1;
/// How often a request is made in all where nothing else is set.
const ATTEMPTS: u32 = 3;

/// What is left to be spent on asking again.
#[derive(Debug)]
pub struct Quota {
    left: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self { left: CAPACITY }
    }
}

impl Quota {
    /// Pays for asking again, `late` after no answer in time. The answer: what it cost; `None` when not enough is left.
    pub fn take(&mut self, late: bool) -> Option<u32> {
        let cost = if late { RETRY_LATE } else { RETRY };
        self.left = self.left.checked_sub(cost)?;
        Some(cost)
    }

    /// Gives back what the last try of a request that succeeded cost; `None` for one that succeeded at once.
    pub fn succeeded(&mut self, cost: Option<u32>) {
        self.left = self.left.saturating_add(cost.unwrap_or(SUCCESS)).min(CAPACITY);
    }
}

/// How often a request to a service is made in all: `AWS_MAX_ATTEMPTS`, else `max_attempts` of the profile, else 3.
///
/// # Errors
/// When a file has to be read first, or the setting is not a number from 1 on.
pub fn max_attempts(look: &Look<'_>) -> Result<u32, Stop> {
    match look.setting("AWS_MAX_ATTEMPTS", "max_attempts")? {
        None => Ok(ATTEMPTS),
        Some(Named { source, value }) => match value.parse() {
            Ok(attempts) if attempts > 0 => Ok(attempts),
            _ => Err(Stop::Failed(Failure::new(source, "it is not a whole number from 1 on", None))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_tries_are_paid_for_and_fifty_late_ones() {
        for (late, paid) in [(false, 100), (true, 50)] {
            let mut quota = Quota::default();
            assert_eq!((0..200).filter(|_| quota.take(late).is_some()).count(), paid);
        }
    }

    #[test]
    fn what_is_left_is_too_little_for_a_late_one_before_it_is_for_another() {
        let mut quota = Quota { left: 9 };
        assert_eq!((quota.take(true), quota.take(false), quota.take(false)), (None, Some(5), None));
    }

    #[test]
    fn a_success_gives_back_its_last_try_or_one_and_never_more_than_there_was() {
        let mut quota = Quota { left: 0 };
        quota.succeeded(Some(10));
        quota.succeeded(None);
        assert_eq!(quota.left, 11);
        quota = Quota::default();
        quota.succeeded(Some(5));
        assert_eq!(quota.left, CAPACITY);
    }
}
