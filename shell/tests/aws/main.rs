//! Credentials and settings of AWS against servers, files and commands: what is asked, how often, and what is kept.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clock;
mod credentials;
mod ended;
mod proxies;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
mod vectors;
mod vectors_clock;

use c2_shell::aws::{Aws, Tuning};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const NOW_S: u64 = 1_900_000_000;

/// AWS whose clock stands still until it is set, and whose pauses take no time.
struct Machine {
    aws: Aws,
    now_s: Arc<AtomicU64>,
}

impl Machine {
    fn new(env: &[(&str, &str)]) -> Self {
        let now_s = Arc::new(AtomicU64::new(NOW_S));
        let tuning = Tuning { pause: Box::new(|_| ()), ..stopped_clock(&now_s) };
        Self { aws: Aws::new(&variables(env), tuning), now_s }
    }

    fn pass(&self, seconds: u64) {
        self.now_s.fetch_add(seconds, Ordering::SeqCst);
    }

    /// `KEY secret token` or the failure.
    fn credentials(&self) -> String {
        match self.aws.credentials() {
            Ok(found) => {
                let token = found.session_token.unwrap_or_default();
                format!("{} {} {token}", found.access_key_id, found.secret_access_key)
            }
            Err(failure) => format!("no: {failure}"),
        }
    }
}

/// The time of day and the monotonic clock as one that only runs when it is set.
fn stopped_clock(now_s: &Arc<AtomicU64>) -> Tuning {
    let (day, monotonic) = (Arc::clone(now_s), Arc::clone(now_s));
    Tuning {
        now_s: Box::new(move || day.load(Ordering::SeqCst)),
        monotonic: Box::new(move || Duration::from_secs(monotonic.load(Ordering::SeqCst))),
        ..Tuning::default()
    }
}

fn variables(env: &[(&str, &str)]) -> BTreeMap<String, String> {
    env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
