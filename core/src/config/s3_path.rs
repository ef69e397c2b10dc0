//! The path of an object, or of a prefix of objects, in S3.

use crate::prelude::*;
use core::fmt;

use super::node::quoted;
use super::text::{FromText, at_most, no_control, not_first, only};

/// `s3://bucket/key-or-prefix`, the key kept byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct S3Path {
    bucket: String,
    key: String,
}

impl S3Path {
    /// The bucket. It may have capitals, `_` or dots, as buckets of old do.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key or prefix, never empty.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for S3Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "s3://{}/{}", self.bucket, self.key)
    }
}

impl FromText for S3Path {
    const EXPECTED: &'static str = "an S3 path (s3://bucket/key)";

    fn check(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("s3://").ok_or("it does not begin with s3://")?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        check_bucket(bucket).map_err(|why| format!("in the bucket {}, {why}", quoted(bucket)))?;
        if key.is_empty() {
            return Err("the key is missing".into());
        }
        check_key(key).map_err(|why| format!("in the key, {why}"))?;
        Ok(Self { bucket: bucket.into(), key: key.into() })
    }
}

/// Today's names have 3 to 63 characters; those of old, in us-east-1, up to 255, with capitals and `_`
/// (Amazon S3 User Guide, "General purpose bucket naming rules").
fn check_bucket(bucket: &str) -> Result<(), String> {
    if bucket.len() < 3 {
        return Err("there are fewer than 3 characters".into());
    }
    at_most(bucket, 255)?;
    not_first(bucket, &['.', '-'])?;
    only(bucket, |c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// A `.` or `..` part cannot be asked for: whatever handles the URL works it out.
fn check_key(key: &str) -> Result<(), String> {
    at_most(key, 1024)?;
    no_control(key)?;
    match key.split('/').find(|part| matches!(*part, "." | "..")) {
        Some(part) => Err(format!("the part {} is not allowed", quoted(part))),
        None => Ok(()),
    }
}
