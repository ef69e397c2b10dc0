//! Credentials that a service says have ended before their time: others are asked for, once, and the request made again.

use super::credentials::{ENDPOINT, ROLES, document, instance};
use super::support::{Reply, Request, Server};
use super::variables;
use c2_shell::aws::Tuning;
use c2_shell::s3::S3;
use std::sync::Mutex;

const STATIC: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "K0"), ("AWS_SECRET_ACCESS_KEY", "S0")];

/// The metadata service of an instance whose role has the keys K1 and so on up to a last one.
fn role(last: usize) -> Server {
    let n = Mutex::new(0);
    Server::new(move |_, request| {
        let mut n = n.lock().unwrap();
        *n += usize::from(request.target == ROLES);
        instance(request, &document((*n).min(last), "2130-03-17T20:00:00Z"))
    })
}

/// A service that takes one key alone.
fn service(key: &'static str) -> Server {
    Server::new(move |_, request| {
        let is_s3 = request.query("X-Amz-Credential").is_some();
        match (signed_with(request, key), is_s3, request.method.as_str()) {
            (true, true, _) => Reply::ok("12345"),
            (true, false, _) => Reply::ok(r#"{"SecretString": "12345"}"#),
            (false, true, "HEAD") => Reply::new(400, &[], ""),
            (false, true, _) => Reply::error(400, "ExpiredToken", request),
            (false, false, _) => {
                Reply::new(400, &[], r#"{"__type": "com.amazon.coral.service#ExpiredTokenException"}"#)
            }
        }
    })
}

fn signed_with(request: &Request, key: &str) -> bool {
    let header = format!("credential={}/", key.to_lowercase());
    request.query("X-Amz-Credential").is_some_and(|credential| credential.starts_with(&format!("{key}%2F")))
        || request.headers.iter().any(|line| line.contains(&header))
}

fn client(service: &Server, env: &[(&str, &str)]) -> S3 {
    let endpoint = service.url();
    let tuning = Tuning { pause: Box::new(|_| ()), ..Tuning::default() };
    S3::tuned(&variables(&[&[("AWS_ENDPOINT_URL", endpoint.as_str())], env].concat()), tuning)
}

/// A way to ask a service: whether it gives what is wanted.
type Way = fn(&S3) -> Result<(), String>;

const WAYS: [Way; 3] = [
    |s3| s3.aws().secret("db").map(drop).map_err(|error| error.to_string()),
    |s3| s3.get_small("bucket", "k", 5).map(drop).map_err(|error| error.to_string()),
    |s3| s3.delete("bucket", "k").map_err(|error| error.to_string()),
];

#[test]
fn others_are_asked_for_and_the_request_made_again_with_them() {
    for way in WAYS {
        let (metadata, service) = (role(2), service("K2"));
        let s3 = client(&service, &[(ENDPOINT, &metadata.url())]);
        for requests in [2, 3] {
            assert_eq!(way(&s3), Ok(()));
            assert_eq!((service.requests().len(), metadata.requests().len()), (requests, 6));
        }
    }
}

#[test]
fn ones_that_end_at_once_again_are_a_failure() {
    for way in WAYS {
        let (metadata, service) = (role(9), service("K9"));
        let s3 = client(&service, &[(ENDPOINT, &metadata.url())]);
        let error = way(&s3).unwrap_err();
        assert!(error.contains("ExpiredToken") || error.contains("400"), "{error}");
        assert_eq!((service.requests().len(), metadata.requests().len()), (2, 6));
    }
}

#[test]
fn where_no_source_has_others_the_request_is_not_made_again() {
    for (way, n) in WAYS.iter().zip(1..) {
        let (metadata, service) = (role(1), service("K2"));
        let s3 = client(&service, &[(ENDPOINT, &metadata.url())]);
        way(&s3).unwrap_err();
        assert_eq!((service.requests().len(), metadata.requests().len()), (1, 6), "way {n}");
        way(&client(&service, &STATIC)).unwrap_err();
        assert_eq!(service.requests().len(), 2, "way {n}");
    }
}

#[test]
fn a_request_that_may_be_made_once_is_made_once() {
    for way in WAYS {
        let (metadata, service) = (role(2), service("K2"));
        let s3 = client(&service, &[(ENDPOINT, &metadata.url()), ("AWS_MAX_ATTEMPTS", "1")]);
        way(&s3).unwrap_err();
        assert_eq!((service.requests().len(), metadata.requests().len()), (1, 3));
    }
}

#[test]
fn what_a_source_cannot_renew_is_told_as_the_service_told_it() {
    let n = Mutex::new(0);
    let metadata = Server::new(move |_, request| {
        let mut n = n.lock().unwrap();
        *n += 1;
        if *n > 3 { Reply::new(403, &[], "") } else { instance(request, &document(1, "2130-03-17T20:00:00Z")) }
    });
    let service = service("K2");
    let s3 = client(&service, &[(ENDPOINT, &metadata.url())]);
    let told = s3.aws().secret("db").unwrap_err().to_string();
    assert!(told.starts_with("get the secret db: it answered 400 ExpiredTokenException"), "{told}");
    assert!(told.contains("it answered 403 when asked for a token"), "and why there are no others: {told}");
    let told = s3.get_small("bucket", "k", 5).unwrap_err().to_string();
    assert!(told.contains("ExpiredToken") && told.contains("it answered 403 when asked for a token"), "{told}");
    // What is at hand goes on being used.
    s3.aws().secret("db").unwrap_err();
    assert_eq!(service.requests().len(), 3);
}
