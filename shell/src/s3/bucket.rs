//! Requests for one bucket: signed anew for each attempt, and made again as the core decides.

use super::body::Failed;
use super::http::{Http, Tuning, fault, header};
use super::{S3Error, credentials::credentials};
use c2_core::s3::{Address, AddressError, Addressing, Answer, Fault, Retry, address, retry};
use rusty_s3::{Credentials, S3Action, UrlStyle};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Read;
use std::time::Duration;
use ureq::http::Response;
use ureq::typestate::WithoutBody;
use ureq::{Agent, Body, RequestBuilder};

/// How long a signature holds from the machine's time on: long, as the clock of a booting machine may be slow.
const SIGNED_FOR: Duration = Duration::from_secs(3600);
/// The longest error document that is read.
const MAX_ERROR_BYTES: u64 = 64 << 10;

/// A bucket with all that requests for it need.
pub(super) struct Bucket<'a> {
    http: &'a Http,
    agent: &'a Agent,
    address: Address,
    signing: rusty_s3::Bucket,
    credentials: Credentials,
}

impl<'a> Bucket<'a> {
    pub(super) fn new(env: &BTreeMap<String, String>, http: &'a Http, bucket: &str) -> Result<Self, S3Error> {
        let address = address(env, bucket)?;
        let signing = signing(&address)?;
        let credentials = credentials(env)?;
        let agent = http.agent(env, address.is_tls())?;
        Ok(Self { http, agent, address, signing, credentials })
    }

    /// Makes a request up to three times, with pauses, and gives the last failure with everything secret taken out.
    pub(super) fn attempts<T>(&self, doing: &str, mut once: impl FnMut() -> Result<T, Failed>) -> Result<T, S3Error> {
        let doing = doing.to_owned();
        let mut attempt = 1;
        loop {
            let fault = match once() {
                Ok(value) => return Ok(value),
                Err(Failed::TooLarge { limit_bytes }) => return Err(S3Error::TooLarge { doing, limit_bytes }),
                Err(Failed::Write(error)) => return Err(S3Error::Write { doing, error }),
                Err(Failed::Fault(fault)) => fault,
            };
            match retry(attempt, &fault, random()) {
                Retry::Again { after_ms } => (self.http.tuning.pause)(Duration::from_millis(after_ms)),
                Retry::GiveUp => {
                    let Address { endpoint, region, .. } = self.address.clone();
                    let fault = fault.redacted(&self.secrets());
                    return Err(S3Error::Request { doing, endpoint, region, attempts: attempt, fault });
                }
            }
            attempt += 1;
        }
    }

    /// Asks for an object; `None` when there is no such key.
    pub(super) fn get_object(&self, key: &str) -> Result<Option<Response<Body>>, Failed> {
        match self.get(key, &[]) {
            Err(Failed::Fault(Fault::Refused(answer))) if answer.is_missing_key() => Ok(None),
            other => other.map(Some),
        }
    }

    /// Asks for a page of the keys that start with `prefix`.
    pub(super) fn get_page(&self, prefix: &str, token: Option<&str>) -> Result<Response<Body>, Failed> {
        let mut query = vec![("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix)];
        query.extend(token.map(|token| ("continuation-token", token)));
        // With an empty key the URL is the bucket's, which spares rusty-s3's own listing and the XML parser it brings.
        self.get("", &query)
    }

    pub(super) fn head_object(&self, key: &str) -> Result<Response<Body>, Failed> {
        let url = self.signing.head_object(Some(&self.credentials), key).sign(SIGNED_FOR);
        self.send(self.agent.head(url.as_str()))
    }

    fn get(&self, key: &str, query: &[(&'static str, &str)]) -> Result<Response<Body>, Failed> {
        let mut action = self.signing.get_object(Some(&self.credentials), key);
        for (name, value) in query {
            action.query_mut().insert(*name, (*value).to_owned());
        }
        let url = action.sign(SIGNED_FOR);
        self.send(self.agent.get(url.as_str()))
    }

    /// Sends a request; any answer but a plain success is a fault.
    fn send(&self, request: RequestBuilder<WithoutBody>) -> Result<Response<Body>, Failed> {
        let mut response = request.call().map_err(|error| fault(error, &self.http.tuning))?;
        if response.status() == 200 {
            return Ok(response);
        }
        // A longer one is cut off and then counts as none.
        let mut body = Vec::new();
        let reader = response.body_mut().as_reader();
        let read = reader.take(MAX_ERROR_BYTES).read_to_end(&mut body);
        read.map_err(|error| fault(error.into(), &self.http.tuning))?;
        let answer = Answer::new(
            response.status().as_u16(),
            header(&response, "x-amz-request-id"),
            header(&response, "x-amz-bucket-region"),
            &body,
        );
        Err(Fault::Refused(Box::new(answer)).into())
    }

    pub(super) fn tuning(&self) -> &Tuning {
        &self.http.tuning
    }

    fn secrets(&self) -> [&str; 3] {
        [self.credentials.key(), self.credentials.secret(), self.credentials.token().unwrap_or_default()]
    }
}

/// The bucket as rusty-s3 knows it.
fn signing(address: &Address) -> Result<rusty_s3::Bucket, AddressError> {
    let style = match address.addressing {
        Addressing::Path => UrlStyle::Path,
        Addressing::VirtualHost => UrlStyle::VirtualHost,
    };
    let no_bucket = || AddressError::Bucket { bucket: address.bucket.clone() };
    let endpoint = address.endpoint.parse().map_err(|_| no_bucket())?;
    rusty_s3::Bucket::new(endpoint, style, address.bucket.clone(), address.region.clone()).map_err(|_| no_bucket())
}

/// A number that differs from machine to machine and call to call; not fit for cryptography.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The presigned URL up to its query, in which the host alone is signed.
    fn url(bucket: &str, key: &str, variables: &[(&str, &str)]) -> String {
        let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let bucket = signing(&address(&env, bucket).unwrap()).unwrap();
        let url = bucket.get_object(Some(&Credentials::new("AK", "SK")), key).sign(SIGNED_FOR);
        let (place, query) = url.as_str().split_once('?').unwrap();
        assert!(query.contains("X-Amz-SignedHeaders=host&"), "{query}");
        place.to_owned()
    }

    #[test]
    fn aws_is_asked_by_virtual_host() {
        assert_eq!(url("releases", "a b/r+1.zip", &[]), "https://releases.s3.us-east-1.amazonaws.com/a%20b/r%2B1.zip");
        let china = [("AWS_REGION", "cn-north-1")];
        assert_eq!(url("releases", "/k", &china), "https://releases.s3.cn-north-1.amazonaws.com.cn//k");
    }

    #[test]
    fn names_that_no_certificate_covers_and_other_endpoints_are_asked_by_path() {
        assert_eq!(url("re.leases", "k", &[]), "https://s3.us-east-1.amazonaws.com/re.leases/k");
        assert_eq!(url("Re_leases", "k", &[]), "https://s3.us-east-1.amazonaws.com/Re_leases/k");
        let other = [("S3_ENDPOINT", "http://[::1]:9000")];
        assert_eq!(url("releases", "\u{fc}/?&#", &other), "http://[::1]:9000/releases/%C3%BC/%3F%26%23");
    }
}
