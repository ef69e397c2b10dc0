//! Requests for one bucket: signed for each attempt, and retried as the core decides.

use super::S3Error;
use super::body::Failed;
use crate::aws::{Aws, random};
use crate::http::{Tuning, fault, header, retry_after_ms};
use c2_core::aws::{self, Failure, Named, Service, Settings};
use c2_core::s3::{
    Address, AddressError, Addressing, Condition, Fault, Needs, RefusedRequest, Remedies, Remedy, address,
};
use jiff::Timestamp;
use rusty_s3::{Credentials, S3Action, UrlStyle};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use ureq::http::Response;
use ureq::{Agent, Body};

/// How long a signature holds from the machine's time on: long, as the clock of a booting machine may be slow.
const SIGNED_FOR: Duration = Duration::from_secs(3600);
/// The longest error document that is read.
const MAX_ERROR_BYTES: u64 = 64 << 10;

/// A bucket with all that requests for it need.
pub(super) struct Bucket<'a> {
    aws: &'a Aws,
    regions: &'a Regions,
    settings: Settings,
    most: u32,
    credentials: RefCell<Credentials>,
    place: RefCell<Place<'a>>,
}

/// The regions that buckets were found in, where they are not in the one that is set.
pub(super) type Regions = Mutex<BTreeMap<String, String>>;

/// Where requests for a bucket go, and what signs them.
struct Place<'a> {
    agent: &'a Agent,
    address: Address,
    signing: rusty_s3::Bucket,
}

impl<'a> Place<'a> {
    fn new(aws: &'a Aws, settings: &Settings, bucket: &str) -> Result<Self, S3Error> {
        let address = address(settings, bucket)?;
        let signing = signing(&address)?;
        // The host of a bucket ends in that of its endpoint.
        let agent = aws.agent(&address.endpoint)?;
        Ok(Self { agent, address, signing })
    }
}

impl<'a> Bucket<'a> {
    pub(super) fn new(aws: &'a Aws, regions: &'a Regions, bucket: &str) -> Result<Self, S3Error> {
        let settings = aws.settings(Service::S3).map_err(S3Error::Settings)?;
        let most = aws.max_attempts().map_err(S3Error::Settings)?;
        // What is wrong here is said before credentials are asked for.
        address(&settings, bucket)?;
        let found = aws.credentials().map_err(S3Error::NoCredentials)?;
        let mut settings = aws.with_region(settings, &found).map_err(S3Error::Settings)?;
        if let Some(region) = regions.lock().unwrap_or_else(PoisonError::into_inner).get(bucket) {
            settings = in_region(settings, region);
        }
        let place = RefCell::new(Place::new(aws, &settings, bucket)?);
        let credentials = RefCell::new(signing_with(found));
        Ok(Self { aws, regions, settings, most, credentials, place })
    }

    /// Makes a request until it succeeds or there is no remedy, and gives the last failure with everything secret taken
    /// out.
    pub(super) fn attempts<T>(
        &self,
        doing: &str,
        needs: Needs,
        mut once: impl FnMut() -> Result<T, Failed>,
    ) -> Result<T, S3Error> {
        let doing = doing.to_owned();
        let (mut remedies, mut no_others) = (Remedies::new(self.most), None);
        loop {
            let signed = self.aws.moment();
            let fault = match once() {
                Ok(value) => {
                    remedies.succeeded(&mut self.aws.quota());
                    return Ok(value);
                }
                Err(Failed::TooLarge { limit_bytes }) => return Err(S3Error::TooLarge { doing, limit_bytes }),
                Err(Failed::Write(error)) => return Err(S3Error::Write { doing, error }),
                Err(Failed::Fault(fault)) => fault,
            };
            let (elsewhere, skew_s) = (self.elsewhere(&fault), self.aws.skew_s(signed));
            let remedy = remedies.after(&fault, elsewhere.is_some(), skew_s, &mut self.aws.quota(), random());
            match remedy {
                Remedy::OtherRegion => elsewhere.into_iter().for_each(|place| self.go_to(place)),
                Remedy::Pause { ms } => (self.aws.tuning().pause)(Duration::from_millis(ms)),
                Remedy::OtherClock => (),
                Remedy::OtherCredentials if self.renews(&mut no_others) => (),
                Remedy::OtherCredentials | Remedy::None => {
                    let Address { endpoint, region, .. } = self.place.borrow().address.clone();
                    let fault = self.redacted(&fault).through(self.aws.proxy_variable(&endpoint));
                    let attempts = remedies.attempts();
                    return Err(S3Error::Request { doing, endpoint, region, needs, attempts, fault, no_others });
                }
            }
        }
    }

    /// The same bucket in the region that an answer says it is in; `None` when it names none that can be one.
    fn elsewhere(&self, fault: &Fault) -> Option<Place<'a>> {
        let Fault::Refused(answer) = fault else { return None };
        let Address { bucket, region, .. } = &self.place.borrow().address;
        let region = answer.elsewhere(region)?;
        Place::new(self.aws, &in_region(self.settings.clone(), region), bucket).ok()
    }

    /// Goes to another region, now and in later requests.
    fn go_to(&self, place: Place<'a>) {
        let Address { bucket, region, .. } = place.address.clone();
        self.regions.lock().unwrap_or_else(PoisonError::into_inner).insert(bucket, region);
        self.place.replace(place);
    }

    /// Takes other credentials, where there are others.
    fn renews(&self, no_others: &mut Option<Box<Failure>>) -> bool {
        let others = self.aws.renewed(secrets(&self.credentials.borrow()));
        match others {
            Ok(Some(others)) => {
                self.credentials.replace(signing_with(others));
                return true;
            }
            Ok(None) => (),
            Err(failure) => *no_others = Some(Box::new(failure)),
        }
        false
    }

    /// Asks for an object as it is now or as it was in one version; `None` when there is no such key or version.
    pub(super) fn get_object(&self, key: &str, version: Option<&str>) -> Result<Option<Response<Body>>, Failed> {
        let query: Vec<_> = version.map(|version| ("versionId", version)).into_iter().collect();
        let response = match self.get(key, &query) {
            Err(Failed::Fault(Fault::Refused(answer)))
                if answer.is_missing_key() || version.is_some() && answer.is_missing_version() =>
            {
                return Ok(None);
            }
            other => other?,
        };
        // A store that keeps no versions gives the object as it is now, whatever version it is asked for.
        match (version, header(&response, "x-amz-version-id").unwrap_or("none")) {
            (Some(asked), given) if asked != given => {
                let why = format!("version {asked} was asked for, and version {given} came");
                Err(Fault::Implausible { why }.into())
            }
            _ => Ok(Some(response)),
        }
    }

    /// Asks for a small object unless it has an ETag of this header.
    pub(super) fn get_unless(&self, key: &str, if_none_match: Option<&str>) -> Result<Response<Body>, Failed> {
        let (place, credentials) = (self.place.borrow(), self.credentials.borrow());
        let url = place.signing.get_object(Some(&credentials), key).sign_with_time(SIGNED_FOR, &self.now());
        let mut request = place.agent.get(url.as_str());
        if let Some(etag) = if_none_match {
            request = request.header("if-none-match", etag);
        }
        let request = request.config().timeout_recv_response(Some(self.tuning().poll)).build();
        self.send(&[200], || request.call())
    }

    /// Asks for a page of the keys that start with `prefix`.
    pub(super) fn get_page(&self, prefix: &str, token: Option<&str>) -> Result<Response<Body>, Failed> {
        let mut query = vec![("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix)];
        query.extend(token.map(|token| ("continuation-token", token)));
        // With an empty key the URL is the bucket's, which spares rusty-s3's own listing and the XML parser it brings.
        self.get("", &query)
    }

    /// Writes an object in one request.
    ///
    /// It goes over a connection of its own: one that was kept from an earlier request may be closed by the server at
    /// the moment it is used, and then it would be unknown whether the object was written. The condition is signed, so
    /// that nothing on the way can drop it.
    pub(super) fn put_object(
        &self,
        key: &str,
        body: &[u8],
        content_type: &str,
        condition: &Condition,
    ) -> Result<Response<Body>, Failed> {
        let condition = condition.header()?;
        let (place, credentials) = (self.place.borrow(), self.credentials.borrow());
        let mut action = place.signing.put_object(Some(&credentials), key);
        if let Some((name, value)) = &condition {
            action.headers_mut().insert(*name, value);
        }
        let url = action.sign_with_time(SIGNED_FOR, &self.now());
        let mut request = place.agent.put(url.as_str()).content_type(content_type);
        if let Some((name, value)) = &condition {
            request = request.header(*name, value);
        }
        self.send(&[200], || request.config().max_idle_age(Duration::ZERO).build().send(body))
    }

    pub(super) fn delete_object(&self, key: &str) -> Result<Response<Body>, Failed> {
        let (place, credentials) = (self.place.borrow(), self.credentials.borrow());
        let url = place.signing.delete_object(Some(&credentials), key).sign_with_time(SIGNED_FOR, &self.now());
        self.send(&[200, 204], || place.agent.delete(url.as_str()).call())
    }

    fn get(&self, key: &str, query: &[(&'static str, &str)]) -> Result<Response<Body>, Failed> {
        let (place, credentials) = (self.place.borrow(), self.credentials.borrow());
        let mut action = place.signing.get_object(Some(&credentials), key);
        for (name, value) in query {
            action.query_mut().insert(*name, (*value).to_owned());
        }
        let url = action.sign_with_time(SIGNED_FOR, &self.now());
        self.send(&[200], || place.agent.get(url.as_str()).call())
    }

    fn now(&self) -> Timestamp {
        let now_s = i64::try_from(self.aws.now_s()).unwrap_or(i64::MAX);
        // A time that no calendar holds is signed as 1970 and refused.
        Timestamp::from_second(now_s).unwrap_or_default()
    }

    /// Sends a request; any answer but one of these successes is a fault.
    fn send(
        &self,
        successes: &[u16],
        call: impl FnOnce() -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, Failed> {
        let sent = self.aws.moment();
        let mut response = call().map_err(|error| fault(error, self.aws.tuning()))?;
        self.aws.hear(sent, &response);
        if successes.contains(&response.status().as_u16()) {
            return Ok(response);
        }
        // A longer one is cut off and then counts as none.
        let mut body = Vec::new();
        let reader = response.body_mut().as_reader();
        let read = reader.take(MAX_ERROR_BYTES).read_to_end(&mut body);
        read.map_err(|error| fault(error.into(), self.aws.tuning()))?;
        let (request_id, region) = (header(&response, "x-amz-request-id"), header(&response, "x-amz-bucket-region"));
        let answer = RefusedRequest::new(response.status().as_u16(), request_id, region, &body);
        Err(Fault::Refused(Box::new(RefusedRequest { retry_after_ms: retry_after_ms(&response), ..answer })).into())
    }

    pub(super) fn tuning(&self) -> &Tuning {
        self.aws.tuning()
    }

    /// The fault with everything secret taken out.
    pub(super) fn redacted(&self, fault: &Fault) -> Fault {
        fault.clone().redacted(&secrets(&self.credentials.borrow()))
    }
}

fn signing_with(found: aws::Credentials) -> Credentials {
    match found.session_token {
        Some(token) => Credentials::new_with_token(found.access_key_id, found.secret_access_key, token),
        None => Credentials::new(found.access_key_id, found.secret_access_key),
    }
}

fn secrets(credentials: &Credentials) -> [&str; 3] {
    [credentials.key(), credentials.secret(), credentials.token().unwrap_or_default()]
}

/// The same settings for a bucket in this region.
fn in_region(settings: Settings, region: &str) -> Settings {
    let region = Named { source: "the region that S3 names for the bucket".to_owned(), value: region.to_owned() };
    Settings { region: Some(region), ..settings }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The presigned URL up to its query, in which the host alone is signed.
    fn url(bucket: &str, key: &str, variables: &[(&str, &str)]) -> String {
        let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = Aws::new(&env, Tuning::default()).settings(Service::S3).unwrap();
        let bucket = signing(&address(&settings, bucket).unwrap()).unwrap();
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
    fn a_bucket_in_another_region_is_asked_at_that_regions_host() {
        let env = [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "AK"), ("AWS_SECRET_ACCESS_KEY", "SK")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let (aws, regions) = (Aws::new(&env, Tuning::default()), Regions::default());
        // An https agent needs roots; a test machine may have none.
        let Ok(bucket) = Bucket::new(&aws, &regions, "releases") else { return };
        let elsewhere = |region: &str| {
            Fault::Refused(Box::new(RefusedRequest { status: 301, region: region.into(), ..RefusedRequest::default() }))
        };
        let named = |region: &str| bucket.elsewhere(&elsewhere(region));
        assert!(named("us-east-1").is_none() && named("evil.example.com/").is_none());
        bucket.go_to(named("cn-north-1").unwrap());
        let Address { endpoint, region, .. } = bucket.place.borrow().address.clone();
        assert_eq!((endpoint.as_str(), region.as_str()), ("https://s3.cn-north-1.amazonaws.com.cn", "cn-north-1"));
        let again = Bucket::new(&aws, &regions, "releases").unwrap();
        assert_eq!(again.place.borrow().address.region, "cn-north-1", "it is remembered");
        let other = Bucket::new(&aws, &regions, "others").unwrap();
        assert_eq!(other.place.borrow().address.region, "us-east-1", "for that bucket alone");
    }

    #[test]
    fn names_that_no_certificate_covers_and_other_endpoints_are_asked_by_path() {
        assert_eq!(url("re.leases", "k", &[]), "https://s3.us-east-1.amazonaws.com/re.leases/k");
        assert_eq!(url("Re_leases", "k", &[]), "https://s3.us-east-1.amazonaws.com/Re_leases/k");
        let other = [("S3_ENDPOINT", "http://[::1]:9000")];
        assert_eq!(url("releases", "\u{fc}/?&#", &other), "http://[::1]:9000/releases/%C3%BC/%3F%26%23");
    }
}
