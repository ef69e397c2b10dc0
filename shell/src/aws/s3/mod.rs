//! The S3 client: signs, sends and receives what `c2_core::s3` decides. It never logs, and follows no redirect
//! but that to the region a bucket is in.

mod body;
mod bucket;
mod error;
mod write;

pub use crate::aws::Tuning;
pub use error::S3Error;

use crate::aws::Aws;
use body::Failed;
use bucket::{Bucket, Regions};
use c2_core::s3::{Fault, ListedObject, Listing, Needs, check_key, unless_etag};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek};

/// The longest page of a listing: 1,000 keys of 1,024 bytes, each byte percent-encoded, need half of it.
const MAX_PAGE_BYTES: u64 = 8 << 20;

/// A client for all buckets that one environment leads to. It may be used by several threads at once.
pub struct S3 {
    aws: Aws,
    regions: Regions,
}

/// An object that was written to a file whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Its length.
    pub bytes: u64,
    /// Its ETag without quotes; empty when the server gave none.
    pub etag: String,
    /// The SHA-256 of its bytes in lower-case hex.
    pub sha256: String,
    /// Its version, in a bucket that keeps them.
    pub version: Option<String>,
}

/// A small object in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Small {
    /// Its bytes.
    pub body: Vec<u8>,
    /// Its ETag without quotes; empty when the server gave none.
    pub etag: String,
    /// Its version, in a bucket that keeps them.
    pub version: Option<String>,
}

/// A small object as it is now, beside what was known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It is the one that is known.
    Unchanged,
    /// There is no such key.
    Missing,
    /// It is another one.
    Is(Small),
}

impl S3 {
    /// Makes a client for the endpoint, region and credentials that `env` names. Reads and connects nothing yet.
    pub fn new(env: &BTreeMap<String, String>) -> Self {
        Self::tuned(env, Tuning::default())
    }

    /// Makes a client with other limits and pauses than the usual ones.
    pub fn tuned(env: &BTreeMap<String, String>, tuning: Tuning) -> Self {
        Self { aws: Aws::new(env, tuning), regions: Regions::default() }
    }

    /// AWS as this client has it: one set of credentials for all services.
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// Lists every object of `bucket` whose key starts with `prefix`, in the order of the server.
    ///
    /// # Errors
    /// When any page of the listing is missing: an incomplete listing is never returned.
    pub fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<ListedObject>, S3Error> {
        let doing = format!("cannot list s3://{bucket}/{prefix}");
        let target = self.bucket(bucket)?;
        let mut listing = Listing::new(prefix);
        let mut token = None;
        loop {
            token = target.attempts(&doing, Needs::List, || {
                let mut response = target.get_page(prefix, token.as_deref())?;
                let page = body::whole(&mut response, MAX_PAGE_BYTES, target.tuning())?;
                Ok(listing.add_page(&page)?)
            })?;
            if token.is_none() {
                return Ok(listing.into_objects());
            }
        }
    }

    /// Writes the object at `key`, as it is now or as it was in `version`, to `file`, in place of what is in it; `None`
    /// when there is no such key or version.
    ///
    /// Memory stays flat. The length is checked, and the MD5 where the ETag is one; a download that breaks or does not
    /// match begins again. After an error the file holds nothing that may be used. The file is not synced.
    ///
    /// # Errors
    /// When the object cannot be read whole, or the file not be written.
    pub fn get_to_file(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        file: &mut File,
    ) -> Result<Option<Download>, S3Error> {
        let target = self.bucket_for(bucket, key)?;
        let needs = if version.is_some() { Needs::GetVersion } else { Needs::Get };
        target.attempts(&cannot_fetch(bucket, key), needs, || {
            let Some(mut response) = target.get_object(key, version)? else { return Ok(None) };
            empty(file).map_err(Failed::Write)?;
            body::verified(&mut response, file, u64::MAX, target.tuning()).map(Some)
        })
    }

    /// Fetches the object at `key` into memory; `None` when there is no such key. It is checked as a download is.
    ///
    /// # Errors
    /// When the object cannot be read whole, or is longer than `limit_bytes`.
    pub fn get_small(&self, bucket: &str, key: &str, limit_bytes: u64) -> Result<Option<Small>, S3Error> {
        let target = self.bucket_for(bucket, key)?;
        target.attempts(&cannot_fetch(bucket, key), Needs::Get, || {
            let Some(mut response) = target.get_object(key, None)? else { return Ok(None) };
            body::small(&mut response, limit_bytes, target.tuning()).map(Some)
        })
    }

    /// Fetches the object at `key` into memory unless it is still the one that had the ETag `known`, without quotes. It
    /// is checked as a download is. An empty `known` matches nothing.
    ///
    /// # Errors
    /// When the object cannot be read whole, or is longer than `limit_bytes`.
    pub fn get_if_changed(
        &self,
        bucket: &str,
        key: &str,
        known: Option<&str>,
        limit_bytes: u64,
    ) -> Result<Changed, S3Error> {
        let target = self.bucket_for(bucket, key)?;
        let if_none_match = known.and_then(unless_etag);
        target.attempts(&cannot_fetch(bucket, key), Needs::Get, || {
            match target.get_unless(key, if_none_match.as_deref()) {
                Ok(mut response) => body::small(&mut response, limit_bytes, target.tuning()).map(Changed::Is),
                Err(Failed::Fault(Fault::Refused(answer))) if answer.is_missing_key() => Ok(Changed::Missing),
                Err(Failed::Fault(Fault::Refused(answer))) if answer.status == 304 && if_none_match.is_some() => {
                    Ok(Changed::Unchanged)
                }
                Err(failed) => Err(failed),
            }
        })
    }

    fn bucket_for(&self, bucket: &str, key: &str) -> Result<Bucket<'_>, S3Error> {
        check_key(key)?;
        self.bucket(bucket)
    }

    fn bucket(&self, bucket: &str) -> Result<Bucket<'_>, S3Error> {
        Bucket::new(&self.aws, &self.regions, bucket)
    }
}

fn cannot_fetch(bucket: &str, key: &str) -> String {
    format!("cannot fetch s3://{bucket}/{key}")
}

fn empty(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()
}
