//! AWS as this machine has it: credentials, asked for when first needed and again before they end, and settings.

mod answer;
mod objects;
pub mod s3;
mod services;

pub(crate) use objects::{Objects, s3_failure};
pub(crate) use services::Services;

pub use crate::http::{ConnectError, RootsError, Tuning};

use crate::http::{self, Http};
use c2_core::aws::{
    Credentials, Dns, Failure, Heard, Known, Login, Look, Quota, Registries, Service, Settings, Stop, Taken,
    TextChange, TextRecord, credentials, instance_id, is_apart, logins, max_attempts, secret, settings,
};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use ureq::http::Response;
use ureq::{Agent, Body};

/// AWS for one environment. It may be used by several threads at once: while one asks for credentials the others wait.
pub struct Aws {
    env: BTreeMap<String, String>,
    http: Http,
    credentials: Mutex<Held>,
    settings: Mutex<BTreeMap<Service, Settings>>,
    instance_id: Mutex<Option<String>>,
    instance_region: OnceLock<String>,
    asking_region: Mutex<()>,
    /// The latest time that a service told.
    told: Mutex<Option<Moment>>,
    max_attempts: OnceLock<u32>,
    quota: Mutex<Quota>,
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

/// A time of day, and the monotonic clock at that moment.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    /// Seconds since 1970 UTC.
    pub(crate) now_s: u64,
    /// Monotonic clock.
    pub(crate) at: Duration,
}

/// A decision on its way.
struct Settling {
    known: Known,
    /// What it signs with.
    signs_at: Moment,
    /// Whether it was begun again for a wrong clock.
    corrected: bool,
}

impl Aws {
    /// Takes the environment. Reads and connects nothing yet.
    pub fn new(env: &BTreeMap<String, String>, tuning: Tuning) -> Self {
        Self {
            env: env.clone(),
            http: Http::new(tuning),
            credentials: Mutex::default(),
            settings: Mutex::default(),
            instance_id: Mutex::default(),
            instance_region: OnceLock::new(),
            asking_region: Mutex::default(),
            told: Mutex::default(),
            max_attempts: OnceLock::new(),
            quota: Mutex::default(),
        }
    }

    /// The credentials of this machine.
    ///
    /// Ones that hold for five more minutes are not asked for again. When that fails, those at hand go on being used.
    ///
    /// # Errors
    /// When no source gives any. Threads that waited for an attempt share its failure; a later call tries again.
    pub fn credentials(&self) -> Result<Credentials, Failure> {
        let before = self.held().asked;
        let mut held = self.held();
        let now_s = self.now_s();
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
        match self.settle(credentials) {
            Ok(found) => {
                self.keep(&mut held, &found);
                Ok(found)
            }
            Err(failure) => match &mut held.found {
                // Also ones that have ended: the service alone knows whether it still takes them.
                Some((found, refresh_at_s)) => {
                    *refresh_at_s = found.refresh_at_s(now_s);
                    Ok(found.clone())
                }
                None => {
                    held.failed = Some(failure.clone());
                    Err(failure)
                }
            },
        }
    }

    /// Other credentials than these, which a service says have ended; `None` when the source still gives
    /// the same.
    ///
    /// # Errors
    /// When no source gives any.
    pub(crate) fn renewed(&self, ended: [&str; 3]) -> Result<Option<Credentials>, Failure> {
        let mut held = self.held();
        // Another thread may have met the same.
        if let Some((found, _)) = held.found.as_ref().filter(|(found, _)| found.secrets() != ended) {
            return Ok(Some(found.clone()));
        }
        let found = self.settle(credentials)?;
        self.keep(&mut held, &found);
        Ok((found.secrets() != ended).then_some(found))
    }

    fn keep(&self, held: &mut Held, found: &Credentials) {
        // The clock may have been set while they were asked for.
        held.found = Some((found.clone(), found.refresh_at_s(self.now_s())));
        held.failed = None;
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
        let found = self.settle(|look| settings(look, service))?;
        known.insert(service, found.clone());
        Ok(found)
    }

    /// The same settings with the instance's region, where that is the one to use; it is asked for once.
    ///
    /// # Errors
    /// When the metadata service cannot be asked.
    pub fn with_region(&self, settings: Settings, credentials: &Credentials) -> Result<Settings, Failure> {
        // The first thread asks, and the others find what it was told.
        let _asking = self.asking_region.lock().unwrap_or_else(PoisonError::into_inner);
        self.settle(|look| settings.clone().with_region(look, credentials.from_metadata))
    }

    /// The bytes of a secret of Secrets Manager, by its ARN or name; `None` when there is none of that name.
    ///
    /// # Errors
    /// When it is not available.
    pub fn secret(&self, id: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.call(Service::SecretsManager, |look, settings, credentials| secret(look, settings, credentials, id))
    }

    /// Logins to docker registries of Amazon ECR.
    ///
    /// # Errors
    /// When they are not available.
    pub fn logins(&self, registries: &Registries) -> Result<Vec<Login>, Failure> {
        self.call(Service::Ecr, |look, settings, credentials| logins(look, settings, credentials, registries))
    }

    /// The id of the public zone of Route 53 that a name is in.
    ///
    /// # Errors
    /// When it cannot be found out.
    pub fn hosted_zone(&self, name: &str) -> Result<Option<String>, Failure> {
        self.call(Service::Route53, |look, settings, credentials| Dns { settings, credentials }.zone(look, name))
    }

    /// The TXT records of a name in a zone of Route 53.
    ///
    /// # Errors
    /// When they are not available.
    pub fn text_record(&self, zone: &str, name: &str) -> Result<Option<TextRecord>, Failure> {
        self.call(Service::Route53, |look, settings, credentials| Dns { settings, credentials }.text(look, zone, name))
    }

    /// Changes the TXT records of a name in a zone of Route 53; `None` when those to be deleted are others by now.
    ///
    /// # Errors
    /// When Route 53 does not take the change.
    pub fn change_text(&self, zone: &str, name: &str, change: &TextChange) -> Result<Option<Taken>, Failure> {
        self.call(Service::Route53, |look, settings, credentials| {
            Dns { settings, credentials }.change(look, zone, name, change)
        })
    }

    /// How far a change of Route 53 has come.
    ///
    /// # Errors
    /// When Route 53 does not say.
    pub fn progress(&self, change: &str) -> Result<Taken, Failure> {
        self.call(Service::Route53, |look, settings, credentials| Dns { settings, credentials }.progress(look, change))
    }

    /// The id of this EC2 instance, asked for once.
    ///
    /// # Errors
    /// When the metadata service does not say.
    pub fn instance_id(&self) -> Result<String, Failure> {
        let mut known = self.instance_id.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = &*known {
            return Ok(id.clone());
        }
        let id = self.settle(instance_id)?;
        *known = Some(id.clone());
        Ok(id)
    }

    /// How often a request to a service is made in all, read once.
    ///
    /// # Errors
    /// When a profile cannot be read, or a setting is not a number.
    pub(crate) fn max_attempts(&self) -> Result<u32, Failure> {
        match self.max_attempts.get() {
            Some(most) => Ok(*most),
            None => self.settle(max_attempts).map(|most| *self.max_attempts.get_or_init(|| most)),
        }
    }

    /// What is left to be spent on asking again. Whoever holds it asks nothing meanwhile.
    pub(crate) fn quota(&self) -> MutexGuard<'_, Quota> {
        self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The agent for a URL of a service.
    pub(crate) fn agent(&self, url: &str) -> Result<&Agent, ConnectError> {
        self.http.agent(&self.env, url, true)
    }

    /// The variable that names the proxy which requests to this URL go through.
    pub(crate) fn proxy_variable(&self, url: &str) -> Option<&'static str> {
        http::proxy_for(&self.env, url).map(|(variable, _)| variable)
    }

    pub(crate) fn tuning(&self) -> &Tuning {
        self.http.tuning()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.credentials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time by the services' clock: the latest that an answer told, and what has passed since then. So no step of
    /// the machine's own clock is ever added to a difference that was measured before it. That clock counts until a
    /// service has told the time.
    pub(crate) fn now_s(&self) -> u64 {
        self.moment().now_s
    }

    /// What a request is signed with, or what it was sent at.
    pub(crate) fn moment(&self) -> Moment {
        let at = (self.tuning().monotonic)();
        match *self.told.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(told) => Moment { now_s: told.after(at), at },
            None => Moment { now_s: (self.tuning().now_s)(), at },
        }
    }

    /// How far the services' clock, as it is known by now, is ahead of the one that a request was signed by.
    pub(crate) fn skew_s(&self, signed: Moment) -> i64 {
        let now = self.moment();
        now.now_s.cast_signed().saturating_sub(signed.after(now.at).cast_signed())
    }

    /// Takes the time from the answer of a service to a request that was sent at this moment.
    pub(crate) fn hear(&self, sent: Moment, response: &Response<Body>) {
        let at = (self.tuning().monotonic)();
        let heard = Heard {
            took_s: at.saturating_sub(sent.at).as_secs(),
            date: http::header(response, "date"),
            cached: response.headers().contains_key("age"),
        };
        if let Some(now_s) = heard.service_s() {
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(Moment { now_s, at });
        }
    }

    /// Calls an operation of a service, with what is set for it and this machine's credentials; once more with others
    /// where the service says that they have ended.
    fn call<T>(
        &self,
        service: Service,
        operation: impl Fn(&Look<'_>, &Settings, &Credentials) -> Result<T, Stop>,
    ) -> Result<T, Failure> {
        let settings = self.settings(service)?;
        let credentials = self.credentials()?;
        let ask = |credentials: &Credentials| {
            let settings = self.with_region(settings.clone(), credentials)?;
            self.settle(|look| operation(look, &settings, credentials))
        };
        match ask(&credentials) {
            Err(failure) if failure.ended && self.asks_again() => match self.renewed(credentials.secrets()) {
                Ok(Some(others)) => ask(&others),
                Ok(None) => Err(failure),
                Err(no_others) => Err(failure.and(no_others)),
            },
            result => result,
        }
    }

    /// Whether a request may be made more than once.
    fn asks_again(&self) -> bool {
        self.max_attempts().is_ok_and(|most| most > 1)
    }

    /// Calls a decision until it has all it asks for. One that failed on a clock that turned out to be wrong is called
    /// once more from the start.
    fn settle<T>(&self, decide: impl Fn(&Look<'_>) -> Result<T, Stop>) -> Result<T, Failure> {
        let mut settling = Settling { known: Known::default(), signs_at: self.moment(), corrected: false };
        loop {
            let instance_region = self.instance_region.get().map(String::as_str);
            let Settling { known, signs_at, .. } = &settling;
            match decide(&Look { env: &self.env, now_s: signs_at.now_s, instance_region, known }) {
                Ok(value) => return Ok(value),
                Err(stop) => self.resolve(stop, &mut settling)?,
            }
        }
    }

    /// Does what has to be done before a decision is called again. It is apart, as it is the same for all of them.
    fn resolve(&self, stop: Stop, settling: &mut Settling) -> Result<(), Failure> {
        match stop {
            Stop::Failed(_) if !settling.corrected && is_apart(self.skew_s(settling.signs_at)) && self.asks_again() => {
                *settling = Settling { known: Known::default(), signs_at: self.moment(), corrected: true };
            }
            Stop::Failed(failure) => return Err(failure),
            Stop::Ask(ask) => {
                let answer = self.answer(&ask);
                if let Some(region) = c2_core::aws::instance_region(&ask, &answer) {
                    self.instance_region.get_or_init(|| region.to_owned());
                }
                settling.known.add(ask, answer);
            }
        }
        Ok(())
    }
}

impl Moment {
    /// The time of day at another reading of the monotonic clock.
    fn after(self, at: Duration) -> u64 {
        self.now_s.saturating_add(at.saturating_sub(self.at).as_secs())
    }
}

/// A number that differs from machine to machine and call to call; not fit for cryptography.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
