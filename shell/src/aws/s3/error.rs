//! Why a request to S3 failed.

use crate::aws::ConnectError;
use c2_core::aws::Failure;
use c2_core::s3::{AddressError, Fault, Needs};
use std::{fmt, io};

/// Why a request to S3 failed. No variant holds a key to sign with, a signature or a presigned URL.
#[derive(Debug)]
pub enum S3Error {
    /// Bucket, key, endpoint or region is not what it should be; nothing was sent.
    Address(AddressError),
    /// There is nothing to sign with; nothing was sent to S3.
    NoCredentials(Failure),
    /// What is set for AWS cannot be used; nothing was sent to S3.
    Settings(Failure),
    /// No connection can be tried: no root certificates, or a proxy that is none. Nothing was sent.
    Connect(ConnectError),
    /// The request was made and failed for good.
    Request {
        /// What could not be done to what, `cannot fetch s3://bucket/key`.
        doing: String,
        /// The endpoint it was sent to.
        endpoint: String,
        /// The region it was signed for.
        region: String,
        /// The permissions it takes.
        needs: Needs,
        /// How often it was made.
        attempts: u32,
        /// How it failed the last time.
        fault: Fault,
        /// Why no source gave other credentials, where the store says that these have ended.
        no_others: Option<Box<Failure>>,
    },
    /// The object is longer than what it is for allows.
    TooLarge {
        /// What could not be done to what.
        doing: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// The object came, but could not be written down.
    Write {
        /// What could not be done to what.
        doing: String,
        /// Why not.
        error: io::Error,
    },
}

impl fmt::Display for S3Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => error.fmt(f),
            Self::NoCredentials(failure) => write!(f, "no AWS credentials: {failure}"),
            Self::Settings(failure) => write!(f, "the settings for AWS cannot be used: {failure}"),
            Self::Connect(error) => error.fmt(f),
            Self::Request { doing, endpoint, region, needs, attempts, fault, no_others } => {
                write!(f, "{doing} at {endpoint}: {fault}")?;
                if *attempts > 1 {
                    write!(f, ", tried {attempts} times")?;
                }
                match (fault, no_others) {
                    (_, Some(failure)) => write!(f, "; no other credentials: {failure}"),
                    (Fault::Refused(answer), None) => {
                        answer.hint(region, *needs).map_or(Ok(()), |hint| write!(f, "; {hint}"))
                    }
                    _ => Ok(()),
                }
            }
            Self::TooLarge { doing, limit_bytes } => {
                write!(f, "{doing}: it is longer than the {limit_bytes} bytes that are allowed here")
            }
            Self::Write { doing, error } => write!(f, "{doing}: what came cannot be written: {error}"),
        }
    }
}

impl std::error::Error for S3Error {}

impl From<AddressError> for S3Error {
    fn from(error: AddressError) -> Self {
        Self::Address(error)
    }
}

impl From<ConnectError> for S3Error {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}
