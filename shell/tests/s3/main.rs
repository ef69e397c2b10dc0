//! The S3 client against a server that misbehaves: what it asks for, what it takes for an answer, when it gives up.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod download;
#[path = "../support/faulty_s3.rs"]
mod faulty_s3;
mod listing;
mod retries;
mod states;
#[path = "../support/mod.rs"]
mod support;
mod writes;

use c2_shell::s3::{S3, S3Error, Tuning};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjE/token+EXAMPLE==";

fn env(endpoint: &str) -> BTreeMap<String, String> {
    [
        ("S3_ENDPOINT", endpoint),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", TOKEN),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// A client that notes its pauses instead of making them.
struct Client {
    s3: S3,
    pauses: Arc<Mutex<Vec<Duration>>>,
}

impl Client {
    fn new(endpoint: &str) -> Self {
        Self::with_stall(endpoint, Duration::from_secs(30))
    }

    /// One with further variables.
    fn with(endpoint: &str, variables: &[(&str, &str)]) -> Self {
        Self::made(endpoint, Tuning { stall: Duration::from_millis(300), ..Tuning::default() }, variables)
    }

    fn with_stall(endpoint: &str, stall: Duration) -> Self {
        Self::tuned(endpoint, Tuning { stall, ..Tuning::default() })
    }

    fn tuned(endpoint: &str, tuning: Tuning) -> Self {
        Self::made(endpoint, tuning, &[])
    }

    fn made(endpoint: &str, tuning: Tuning, variables: &[(&str, &str)]) -> Self {
        let mut env = env(endpoint);
        env.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&pauses);
        let pause = Box::new(move |pause| noted.lock().unwrap().push(pause));
        let s3 = S3::tuned(&env, Tuning { pause, ..tuning });
        Self { s3, pauses }
    }

    fn pauses(&self) -> usize {
        self.pauses.lock().unwrap().len()
    }
}

/// The text of an error, after a look that no secret is in it, in whatever way it is shown.
fn text(error: &S3Error) -> String {
    let shown = error.to_string();
    for view in [&shown, &format!("{error:?}")] {
        for secret in ["X-Amz-Signature", "X-Amz-Credential", KEY, SECRET, TOKEN, "token%2BEXAMPLE"] {
            assert!(!view.to_lowercase().contains(&secret.to_lowercase()), "{secret} in {view}");
        }
    }
    shown
}
