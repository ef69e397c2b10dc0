//! Writes to S3: each is one request that is never repeated by itself.

use super::body::Failed;
use super::{S3, S3Error};
use crate::http;
use c2_core::s3::{Condition, Fault, HonorsConditions, Needs, Put};

/// What a probe object says to those who find it.
const PROBE: &[u8] = b"This object only shows whether the store heeds conditions on writes. It may be deleted.\n";

impl S3 {
    /// Writes an object in one request, which is not made again whatever comes of it: the answer to a second one could
    /// not be told from that to the first. Only what was refused for its time is signed once more, and only what was never
    /// sent, as there was no connection, is tried as often as reads are. `body` is sent as it
    /// is, as `content_type`. AWS wants `s3:GetObject` beside `s3:PutObject` for [`Condition::Is`].
    ///
    /// # Errors
    /// When nothing was written and trying again would not change that.
    pub fn put(
        &self,
        bucket: &str,
        key: &str,
        body: &[u8],
        content_type: &str,
        condition: &Condition,
    ) -> Result<Put, S3Error> {
        let target = self.bucket_for(bucket, key)?;
        target.attempts(&format!("cannot write s3://{bucket}/{key}"), condition.into(), || {
            let failed = match target.put_object(key, body, content_type, condition) {
                Ok(response) => return Ok(Put::Written { etag: http::etag(&response) }),
                Err(failed) => failed,
            };
            if let Failed::Fault(fault) = &failed
                && let Some(put) = Put::of(&target.redacted(fault), condition)
            {
                return Ok(put);
            }
            Err(failed)
        })
    }

    /// Deletes the object at `key`, whatever it is by then; one that is not there is fine. A request that broke is made
    /// again, so that what was written in between is deleted as well.
    ///
    /// # Errors
    /// When S3 does not say that it is gone.
    pub fn delete(&self, bucket: &str, key: &str) -> Result<(), S3Error> {
        let target = self.bucket_for(bucket, key)?;
        target.attempts(&format!("cannot delete s3://{bucket}/{key}"), Needs::Delete, || {
            match target.delete_object(key) {
                Err(Failed::Fault(Fault::Refused(answer))) if answer.is_missing_key() => Ok(()),
                other => other.map(|_| ()),
            }
        })
    }

    /// Finds out whether the store heeds conditions on writes, by writes to `probe_key` that it must refuse. With
    /// `absent`, [`Condition::Absent`] is tried as well, which leaves a small object at `probe_key`.
    ///
    /// It tells a store that ignores the headers, not one that heeds them for writes one after the other only.
    ///
    /// # Errors
    /// When the store says neither: it cannot be reached, the bucket is missing, or the credentials are wrong.
    pub fn honors_conditions(&self, bucket: &str, probe_key: &str, absent: bool) -> Result<HonorsConditions, S3Error> {
        let probe = |condition: &Condition| self.is_written(bucket, probe_key, condition);
        let honors_conditions = || {
            let never = Condition::never();
            if probe(&never)? {
                return Ok(HonorsConditions::ignored(&never));
            }
            if absent && probe(&Condition::Absent)? && probe(&Condition::Absent)? {
                return Ok(HonorsConditions::ignored(&Condition::Absent));
            }
            Ok(HonorsConditions::Yes)
        };
        honors_conditions().or_else(|error| match &error {
            S3Error::Request { fault: Fault::Refused(answer), .. } => HonorsConditions::of(answer).ok_or(error),
            _ => Err(error),
        })
    }

    /// Writes the probe, made again as reads are: a probe that was written twice says no less.
    fn is_written(&self, bucket: &str, key: &str, condition: &Condition) -> Result<bool, S3Error> {
        let target = self.bucket_for(bucket, key)?;
        let doing = format!("cannot try at s3://{bucket}/{key} whether the store heeds conditions on writes");
        target.attempts(&doing, condition.into(), || match target.put_object(key, PROBE, "text/plain", condition) {
            Ok(_) => Ok(true),
            Err(Failed::Fault(fault)) => match Put::of(&fault, condition) {
                Some(Put::Lost | Put::Conflict) => Ok(false),
                _ => Err(fault.into()),
            },
            Err(failed) => Err(failed),
        })
    }
}
