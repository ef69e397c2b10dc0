//! Bodies of answers: read with a limit, and checked against what the head of the answer promises.

use super::{Download, Small};
use crate::http::{self, Tuning, header};
use c2_core::hex;
use c2_core::s3::{Fault, etag_md5, version};
use md5::{Digest, Md5};
use ring::digest::{Context, SHA256};
use std::io::{self, Read, Write};
use ureq::Body;
use ureq::http::Response;

const BUFFER_BYTES: usize = 64 << 10;

/// How an attempt ended without what was asked for.
pub(super) enum Failed {
    /// The request failed, and may be made again.
    Fault(Fault),
    /// The object is longer than it may be.
    TooLarge { limit_bytes: u64 },
    /// The bytes came and could not be written.
    Write(io::Error),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Reads a whole body that is not an object.
///
/// # Errors
/// When the connection breaks, or the body is longer than `limit_bytes`.
pub(super) fn whole(response: &mut Response<Body>, limit_bytes: u64, tuning: &Tuning) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    let mut reader = response.body_mut().as_reader().take(limit_bytes + 1);
    reader.read_to_end(&mut body).map_err(|error| http::fault(error.into(), tuning))?;
    if body.len() as u64 > limit_bytes {
        return Err(Fault::Implausible { why: format!("the answer is longer than {limit_bytes} bytes") });
    }
    Ok(body)
}

/// Copies the bytes of an object to `sink` as they are, whatever their encoding, and checks their number and, where
/// the ETag is one, their MD5.
///
/// # Errors
/// When they do not come whole, or are more than `limit_bytes`.
pub(super) fn verified(
    response: &mut Response<Body>,
    sink: &mut dyn Write,
    limit_bytes: u64,
    tuning: &Tuning,
) -> Result<Download, Failed> {
    let length = length(response)?;
    if length.is_some_and(|length| length > limit_bytes) {
        return Err(Failed::TooLarge { limit_bytes });
    }
    let etag = http::etag(response);
    let version = version(header(response, "x-amz-version-id")).map(str::to_owned);
    let mut md5 = promised_md5(response).map(|promised| (promised, Md5::new()));
    let mut sha256 = Context::new(&SHA256);
    let mut bytes = 0;
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut reader = response.body_mut().as_reader();
    loop {
        let count = reader.read(&mut buffer).map_err(|error| broken_off(error, bytes, length, tuning))?;
        if count == 0 {
            break;
        }
        bytes += count as u64;
        if bytes > limit_bytes {
            return Err(Failed::TooLarge { limit_bytes });
        }
        sha256.update(&buffer[..count]);
        if let Some((_, md5)) = &mut md5 {
            md5.update(&buffer[..count]);
        }
        sink.write_all(&buffer[..count]).map_err(Failed::Write)?;
    }
    if let Some(length) = length.filter(|length| *length != bytes) {
        return Err(
            Fault::Broken { why: format!("{bytes} bytes came where {length} were promised"), late: false }.into()
        );
    }
    if let Some((promised, md5)) = md5 {
        let found = hex(&md5.finalize());
        if found != promised {
            return Err(Fault::Broken {
                why: format!("what came is damaged: its MD5 is {found}, its ETag {promised}"),
                late: false,
            }
            .into());
        }
    }
    Ok(Download { bytes, etag, sha256: hex(sha256.finish().as_ref()), version })
}

/// Reads a small object, with the checks of [`verified`].
pub(super) fn small(response: &mut Response<Body>, limit_bytes: u64, tuning: &Tuning) -> Result<Small, Failed> {
    let mut body = Vec::new();
    let Download { etag, version, .. } = verified(response, &mut body, limit_bytes, tuning)?;
    Ok(Small { body, etag, version })
}

/// The promised length; none when the body is chunked, which has an end of its own.
fn length(response: &Response<Body>) -> Result<Option<u64>, Fault> {
    let is_chunked = header(response, "transfer-encoding").is_some_and(|value| value.contains("chunked"));
    match response.body().content_length() {
        None if !is_chunked => Err(Fault::Implausible {
            why: "the answer has no length, so that no one can tell whether it is whole".to_owned(),
        }),
        length => Ok(length),
    }
}

fn promised_md5(response: &Response<Body>) -> Option<String> {
    let encryption = header(response, "x-amz-server-side-encryption");
    let customer_key = response.headers().contains_key("x-amz-server-side-encryption-customer-algorithm");
    let etag = header(response, "etag")?;
    etag_md5(etag, encryption, customer_key).map(str::to_ascii_lowercase)
}

fn broken_off(error: io::Error, bytes: u64, length: Option<u64>, tuning: &Tuning) -> Fault {
    match (http::fault(error.into(), tuning), length) {
        (Fault::Broken { why, late }, Some(length)) => {
            Fault::Broken { why: format!("{why}, after {bytes} of {length} bytes"), late }
        }
        (Fault::Broken { why, late }, None) => Fault::Broken { why: format!("{why}, after {bytes} bytes"), late },
        (fault, _) => fault,
    }
}
