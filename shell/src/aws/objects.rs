//! Objects and secrets as the core asks for them: fetched side by side, those that a fleet shares only when they have
//! changed, and written on conditions.

use std::{
    collections::BTreeMap,
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use c2_core::{
    Ordered,
    s3::{Condition, HonorsConditions, Put},
    seam::{Answer, Content, Failure, Location, Query, RECORD_BYTES, Secret, Shared},
};

use super::s3::{Changed, S3, S3Error, Small};
use crate::{files::SMALL_BYTES, http::SIDE_BY_SIDE};

/// The objects of all buckets, and the secrets.
pub(crate) struct Objects {
    s3: Rc<S3>,
    /// The shared objects as they were fetched last.
    fetched: BTreeMap<Location, Shared>,
}

impl Objects {
    /// Nothing was fetched yet.
    pub(crate) fn new(s3: &Rc<S3>) -> Self {
        Objects { s3: Rc::clone(s3), fetched: BTreeMap::new() }
    }

    /// The objects and secrets among several questions, fetched side by side; one alone is left to the ordinary way.
    pub(crate) fn side_by_side(&self, queries: &[Query]) -> BTreeMap<Query, Answer> {
        side_by_side(&self.s3, queries)
    }

    /// The content of an object or a secret.
    pub(crate) fn content(&self, at: &Location) -> Answer {
        content(&self.s3, at, SMALL_BYTES)
    }

    /// The record of a slave.
    pub(crate) fn record(&self, at: &Location) -> Answer {
        content(&self.s3, at, RECORD_BYTES)
    }

    /// A shared object. One that was fetched before is asked for only if it has changed.
    pub(crate) fn shared(&mut self, at: &Location) -> Result<Option<Shared>, Failure> {
        let Location::Object { bucket, key } = at else { return Ok(None) };
        let known = self.fetched.get(at).map(|shared| shared.etag.clone());
        let found = self.s3.get_if_changed(bucket, key, known.as_deref(), SMALL_BYTES);
        match found.map_err(|error| s3_failure(&format!("fetch {at}"), &error))? {
            Changed::Unchanged => (),
            Changed::Missing => drop(self.fetched.remove(at)),
            Changed::Is(Small { body, etag, .. }) => {
                drop(self.fetched.insert(at.clone(), Shared { bytes: body, etag }));
            }
        }
        Ok(self.fetched.get(at).cloned())
    }

    /// How a store does not heed conditions on writes; `None` when it does.
    pub(crate) fn honors_conditions(&self, probe: &Location, absent: bool) -> Result<Option<String>, Failure> {
        let Location::Object { bucket, key } = probe else { return Ok(None) };
        let doing = format!("try whether the store heeds conditions on writes, on {probe}");
        match self.s3.honors_conditions(bucket, key, absent).map_err(|error| s3_failure(&doing, &error))? {
            HonorsConditions::Yes => Ok(None),
            HonorsConditions::No { why } => Ok(Some(why)),
            HonorsConditions::Denied { why } => Err(Failure::NotYet { doing, why }),
        }
    }

    /// Writes an object on a condition.
    pub(crate) fn put(&self, at: &Location, bytes: &[u8], condition: &Condition) -> Result<(), Failure> {
        let Location::Object { bucket, key } = at else { return Ok(()) };
        let doing = format!("write {at}");
        match self.s3.put(bucket, key, bytes, "application/json", condition) {
            Ok(Put::Written { .. }) => Ok(()),
            Ok(Put::Lost | Put::Conflict) => Err(Failure::Conflict { doing }),
            Ok(Put::Unknown { why }) => Err(Failure::OutcomeUnknown { doing, why }),
            Err(error) => Err(s3_failure(&doing, &error)),
        }
    }

    /// Deletes an object.
    pub(crate) fn delete(&self, at: &Location) -> Result<(), Failure> {
        let Location::Object { bucket, key } = at else { return Ok(()) };
        self.s3.delete(bucket, key).map_err(|error| s3_failure(&format!("delete {at}"), &error))
    }
}

fn side_by_side(s3: &S3, queries: &[Query]) -> BTreeMap<Query, Answer> {
    let remotely = queries.iter().filter_map(|query| match query {
        Query::Content(at) if !matches!(at, Location::File(_)) => Some((query, at, SMALL_BYTES)),
        Query::Record(at) => Some((query, at, RECORD_BYTES)),
        _ => None,
    });
    let wanted: Vec<(&Query, &Location, u64)> = remotely.collect();
    if wanted.len() < 2 {
        return BTreeMap::new();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut answered = Vec::new();
        while let Some((query, at, limit_bytes)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            answered.push(((*query).clone(), content(s3, at, *limit_bytes)));
        }
        answered
    };
    thread::scope(|scope| {
        let others = 1..wanted.len().min(SIDE_BY_SIDE);
        let others: Vec<_> = others.filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let own = work();
        others.into_iter().filter_map(|thread| thread.join().ok()).flatten().chain(own).into_map()
    })
}

/// The content of an object of at most so many bytes, or of a secret.
fn content(s3: &S3, at: &Location, limit_bytes: u64) -> Answer {
    let doing = format!("fetch {at}");
    let bytes = match at {
        Location::File(_) | Location::Version { .. } => Ok(None),
        Location::Object { bucket, key } => s3
            .get_small(bucket, key, limit_bytes)
            .map(|found| found.map(|small| small.body))
            .map_err(|error| match (s3_failure(&doing, &error), error) {
                (Failure::World { doing, why, .. }, S3Error::Request { fault, .. }) if fault.is_passing() => {
                    Failure::NotYet { doing, why }
                }
                (failure, _) => failure,
            }),
        Location::Secret(id) => s3.aws().secret(id).map_err(|failure| match failure.may_pass {
            true => Failure::NotYet { doing, why: failure.to_string() },
            false => Failure::world(doing, failure.to_string()),
        }),
    };
    let read = |bytes| Content { bytes: Secret::new(bytes), mode: None };
    bytes.map_or_else(Answer::Failed, |bytes| Answer::Content(bytes.map(read)))
}

/// A failure of the S3 client, whose text begins with what could not be done.
pub(crate) fn s3_failure(doing: &str, error: &S3Error) -> Failure {
    let text = error.to_string();
    let why = text.strip_prefix("cannot ").and_then(|text| text.strip_prefix(doing)).unwrap_or(&text);
    let (doing, why) = (doing.to_string(), why.trim_start_matches([':', ' ']).to_string());
    let is_not_yet = match error {
        S3Error::NoCredentials(_) | S3Error::Request { no_others: Some(_), .. } => true,
        S3Error::Request { fault, .. } => fault.is_not_yet(),
        _ => false,
    };
    if is_not_yet { Failure::NotYet { doing, why } } else { Failure::World { doing, why, hint: None } }
}
