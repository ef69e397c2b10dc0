//! AWS as this machine has it: credentials, asked for when first needed and again before they end, and settings.

mod answer;
pub(crate) mod http;
mod roots;

pub use http::{ConnectError, Tuning};
pub use roots::RootsError;

use c2_core::aws::{Credentials, Failure, Known, Look, Service, Settings, Stop, credentials, settings};
use http::Http;
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use ureq::Agent;

/// AWS for one environment. It may be used by several threads at once: while one asks for credentials the others wait.
pub struct Aws {
    env: BTreeMap<String, String>,
    http: Http,
    credentials: Mutex<Held>,
    settings: Mutex<BTreeMap<Service, Settings>>,
}

/// The credentials of this process.
#[derive(Default)]
struct Held {
    /// The credentials, and when to ask again.
    found: Option<(Credentials, Option<u64>)>,
    /// How often they were asked for, and how the last time failed.
    asked: u64,
    failed: Option<Failure>,
}

impl Aws {
    /// Takes the environment. Reads and connects nothing yet.
    pub fn new(env: &BTreeMap<String, String>, tuning: Tuning) -> Self {
        Self { env: env.clone(), http: Http::new(tuning), credentials: Mutex::default(), settings: Mutex::default() }
    }

    /// The credentials of this machine.
    ///
    /// Ones that hold for five more minutes are not asked for anew. When that fails, those at hand are used to their end.
    ///
    /// # Errors
    /// When no source gives any. Threads that waited for an attempt share its failure; a later call tries again.
    pub fn credentials(&self) -> Result<Credentials, Failure> {
        let before = self.held().asked;
        let mut held = self.held();
        let now_s = (self.http.tuning.now_s)();
        match &held.found {
            Some((found, refresh_at_s)) if refresh_at_s.is_none_or(|at_s| now_s < at_s) => return Ok(found.clone()),
            _ => (),
        }
        if held.asked != before
            && let Some(failure) = &held.failed
        {
            return Err(failure.clone());
        }
        held.asked += 1;
        match self.settle(now_s, credentials) {
            Ok(found) => {
                // The clock may have been set while they were asked for.
                let refresh_at_s = found.refresh_at_s((self.http.tuning.now_s)());
                held.found = Some((found.clone(), refresh_at_s));
                held.failed = None;
                Ok(found)
            }
            Err(failure) => match held.found.take() {
                Some((found, _)) if found.expires_s.is_some_and(|expires_s| now_s < expires_s) => {
                    held.found = Some((found.clone(), found.refresh_at_s(now_s)));
                    Ok(found)
                }
                _ => {
                    held.failed = Some(failure.clone());
                    Err(failure)
                }
            },
        }
    }

    /// What is set for a service, read once.
    ///
    /// # Errors
    /// When a profile cannot be read, or a switch is neither true nor false.
    pub fn settings(&self, service: Service) -> Result<Settings, Failure> {
        let mut known = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(settings) = known.get(&service) {
            return Ok(settings.clone());
        }
        let found = self.settle((self.http.tuning.now_s)(), |look| settings(look, service))?;
        known.insert(service, found.clone());
        Ok(found)
    }

    /// The same settings with the instance's region, where that is the one to use.
    ///
    /// # Errors
    /// When the metadata service cannot be asked.
    pub fn with_region(&self, settings: Settings, credentials: &Credentials) -> Result<Settings, Failure> {
        self.settle((self.http.tuning.now_s)(), |look| settings.clone().with_region(look, credentials.from_metadata))
    }

    /// The agent for a URL of a service.
    pub(crate) fn agent(&self, url: &str) -> Result<&Agent, ConnectError> {
        self.http.agent(&self.env, url, true)
    }

    pub(crate) fn tuning(&self) -> &Tuning {
        &self.http.tuning
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.credentials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a decision until it has all it asks for.
    fn settle<T>(&self, now_s: u64, decide: impl Fn(&Look<'_>) -> Result<T, Stop>) -> Result<T, Failure> {
        let mut known = Known::default();
        loop {
            match decide(&Look { env: &self.env, now_s, sha256, known: &known }) {
                Ok(value) => return Ok(value),
                Err(Stop::Failed(failure)) => return Err(failure),
                Err(Stop::Ask(ask)) => {
                    let answer = self.answer(&ask);
                    known.add(ask, answer);
                }
            }
        }
    }
}

/// The hash that requests are signed with.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// A number that differs from machine to machine and call to call; not fit for cryptography.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
