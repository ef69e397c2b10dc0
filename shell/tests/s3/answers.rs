//! Single answers: what is there, what is missing, what is refused, and what is found wrong before anything is sent.

use super::support::{Reply, Request, Server};
use super::{Client, env, text};
use c2_core::s3::Condition;
use c2_shell::s3::{S3, Small};
use std::thread;

fn small(server: &Server, limit_bytes: u64) -> Result<Option<Small>, String> {
    Client::new(&server.url()).s3.get_small("bucket", "k", limit_bytes).map_err(|error| text(&error))
}

/// Fetches from a server that always answers so, and gives the error behind the endpoint and the number of requests.
fn refusal(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> (String, usize) {
    let server = Server::new(answer);
    let error = small(&server, 100).unwrap_err();
    let start = format!("cannot fetch s3://bucket/k at {}: ", server.url());
    assert!(error.starts_with(&start), "{error}");
    (error[start.len()..].to_owned(), server.requests().len())
}

#[test]
fn a_small_object_comes_with_its_etag_up_to_its_limit() {
    let server = Server::new(|_, _| Reply::new(200, &[("etag", "\"abc\"")], "12345"));
    assert_eq!(small(&server, 5), Ok(Some(Small { body: b"12345".into(), etag: "abc".into(), version: None })));
    let error = small(&server, 4).unwrap_err();
    assert_eq!(error, "cannot fetch s3://bucket/k: it is longer than the 4 bytes that are allowed here");
    let chunked = Server::new(|_, _| Reply::raw(200, &[("transfer-encoding", "chunked")], "5\r\n12345\r\n0\r\n\r\n"));
    assert!(small(&chunked, 4).is_err());
}

#[test]
fn only_no_such_key_is_missing() {
    let server = Server::new(|_, request| Reply::error(404, "NoSuchKey", request));
    assert_eq!(small(&server, 5), Ok(None));
    for code in ["NoSuchBucket", "NotFound"] {
        let (error, requests) = refusal(move |_, request| Reply::error(404, code, request));
        assert!(error.starts_with(&format!("answered 404 {code}: No to [hidden] (request id REQ1)")), "{error}");
        assert_eq!(requests, 1);
    }
    let (error, _) = refusal(|_, _| Reply::new(404, &[], "<html>Not Found</html>"));
    assert_eq!(error, "answered 404 without saying why");
}

#[test]
fn a_refusal_is_made_once_and_says_what_to_do() {
    for (status, code, hint) in [
        (403, "AccessDenied", "or there is no such key"),
        (403, "SignatureDoesNotMatch", "check AWS_SECRET_ACCESS_KEY"),
        (400, "ExpiredToken", "get new credentials"),
        (403, "RequestTimeTooSkewed", "set this machine's clock"),
    ] {
        let (error, requests) = refusal(move |_, request| Reply::error(status, code, request));
        assert!(error.starts_with(&format!("answered {status} {code}: No to [hidden] (request id REQ1); ")), "{error}");
        assert!(error.contains(hint) && requests == 1, "{requests} {error}");
    }
}

#[test]
fn a_denied_request_names_the_permission_that_it_needs() {
    let server = Server::new(|_, request| Reply::error(403, "AccessDenied", request));
    let s3 = Client::new(&server.url()).s3;
    let file = |version| s3.get_to_file("bucket", "k", version, &mut tempfile::tempfile().unwrap()).unwrap_err();
    let put = |condition| s3.put("bucket", "k", b"x", "text/plain", &condition).unwrap_err();
    let or_missing = ", or there is no such key: S3 tells the two apart only where s3:ListBucket is allowed";
    for (error, expected) in [
        (s3.get_small("bucket", "k", 9).unwrap_err(), format!("s3:GetObject{or_missing}")),
        (s3.get_if_changed("bucket", "k", None, 9).unwrap_err(), format!("s3:GetObject{or_missing}")),
        (file(None), format!("s3:GetObject{or_missing}")),
        (file(Some("v1")), format!("s3:GetObjectVersion{or_missing}")),
        (s3.list("bucket", "k").unwrap_err(), "s3:ListBucket".into()),
        (s3.delete("bucket", "k").unwrap_err(), "s3:DeleteObject".into()),
        (put(Condition::Absent), "s3:PutObject".into()),
        (put(Condition::Is("e".into())), "s3:PutObject and s3:GetObject".into()),
    ] {
        let error = text(&error);
        assert!(error.ends_with(&format!("(request id REQ1); the credentials need {expected}")), "{error}");
    }
}

/// A server in another time, which takes no signature of this one.
fn of_2099(_: usize, request: &Request) -> Reply {
    let date = [("date", "Thu, 01 Jan 2099 00:00:00 GMT")];
    match request.query("X-Amz-Date") {
        Some(time) if time.starts_with("20990101T0000") => Reply::new(200, &date, "12345"),
        _ => Reply::new(403, &date, "<Error><Code>RequestTimeTooSkewed</Code><Message>Wrong</Message></Error>"),
    }
}

#[test]
fn a_wrong_clock_is_found_out_by_the_first_answer_and_signed_with_from_then_on() {
    let server = Server::new(of_2099);
    let client = Client::new(&server.url());
    for requests in [2, 3] {
        let found = client.s3.get_small("bucket", "k", 100).unwrap().unwrap();
        assert_eq!((found.body.as_slice(), server.requests().len()), (&b"12345"[..], requests));
    }
    assert_eq!(client.pauses(), 0);
}

#[test]
fn what_does_not_pass_away_is_tried_three_times() {
    let (error, requests) = refusal(|_, request| Reply::error(503, "SlowDown", request));
    assert_eq!(error, "answered 503 SlowDown: No to [hidden] (request id REQ1), tried 3 times");
    assert_eq!(requests, 3);
}

#[test]
fn a_redirect_to_where_it_was_asked_already_is_the_end() {
    let region = ("x-amz-bucket-region", "eu-central-1");
    let body = "<Error><Code>PermanentRedirect</Code><Message>Use the endpoint.</Message></Error>";
    let (error, requests) = refusal(move |_, _| Reply::new(301, &[region], body));
    let expected = "answered 301 PermanentRedirect: Use the endpoint.; redirects are not followed: check the endpoint and \
                    the region";
    assert_eq!((error.as_str(), requests), (expected, 2));
    let body =
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>eu-central-1</Region></Error>";
    let (error, requests) = refusal(move |_, _| Reply::new(400, &[], body));
    assert_eq!((error.as_str(), requests), ("answered 400 AuthorizationHeaderMalformed: m", 2));
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::new(|_, _| Reply::ok("stolen"));
    let location = format!("{}/bucket/k", elsewhere.url());
    for status in [301, 302, 307, 308] {
        let location = location.clone();
        let (error, requests) = refusal(move |_, _| Reply::new(status, &[("location", &location)], ""));
        let hint = "redirects are not followed: check the endpoint and the region";
        assert_eq!((error, requests), (format!("answered {status} without saying why; {hint}"), 1));
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

#[test]
fn no_connection_is_tried_three_times() {
    let url = Server::new(|_, _| Reply::reset()).url();
    let client = Client::new(&url);
    let error = text(&client.s3.get_small("bucket", "k", 5).unwrap_err());
    let start = format!("cannot fetch s3://bucket/k at {url}: the connection failed: ");
    assert!(error.starts_with(&start) && error.ends_with(", tried 3 times"), "{error}");
    assert_eq!(client.pauses(), 2);
}

#[test]
fn what_is_no_http_is_an_error() {
    let (error, requests) = refusal(|_, _| Reply::raw(200, &[("content-length", "x")], ""));
    assert!(error.ends_with(", tried 3 times") && requests == 3, "{error}");
    let long = "h".repeat(100 << 10);
    let (error, requests) = refusal(move |_, _| Reply::new(200, &[("x-long", &long)], ""));
    assert!(requests == 1, "{error}");
}

#[test]
fn nothing_is_sent_without_credentials_or_for_a_key_that_no_url_carries() {
    let server = Server::new(|_, _| Reply::ok(""));
    for (missing, expected) in [
        ("AWS_ACCESS_KEY_ID", "it has AWS_SECRET_ACCESS_KEY, but lacks AWS_ACCESS_KEY_ID"),
        ("AWS_SECRET_ACCESS_KEY", "it has AWS_ACCESS_KEY_ID, but lacks AWS_SECRET_ACCESS_KEY"),
    ] {
        let mut env = env(&server.url());
        env.remove(missing);
        let error = text(&S3::new(&env).list("bucket", "").unwrap_err());
        assert_eq!(error, format!("no AWS credentials: the environment: {expected}"));
    }
    let client = Client::new(&server.url());
    let error = text(&client.s3.get_small("bucket", "../other/k", 1).unwrap_err());
    assert_eq!(error, "the S3 key \"../other/k\" cannot be asked for: a part of it is '.' or '..'");
    assert!(client.s3.get_small("no/bucket", "k", 5).is_err());
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn root_certificates_matter_for_https_only() {
    let server = Server::new(|_, _| Reply::ok("12345"));
    let mut env = env(&server.url());
    env.insert("AWS_CA_BUNDLE".into(), "/nowhere/ca.pem".into());
    assert!(S3::new(&env).get_small("bucket", "k", 5).unwrap().is_some());
    env.insert("S3_ENDPOINT".into(), server.url().replace("http:", "https:"));
    let error = text(&S3::new(&env).get_small("bucket", "k", 5).unwrap_err());
    let expected = "cannot read the root certificates for https from /nowhere/ca.pem (named by AWS_CA_BUNDLE): ";
    assert!(error.starts_with(expected), "{error}");
    env.insert("AWS_CA_BUNDLE".into(), " ".into());
    env.insert("SSL_CERT_FILE".into(), "/dev/null".into());
    let error = text(&S3::new(&env).get_small("bucket", "k", 5).unwrap_err());
    assert!(error.ends_with("/dev/null (named by SSL_CERT_FILE): there is no certificate in it"), "{error}");
}

#[test]
fn one_client_serves_several_threads() {
    let server = Server::new(|_, request| Reply::ok(request.path()));
    let client = Client::new(&server.url());
    thread::scope(|scope| {
        for n in 0..8 {
            let s3 = &client.s3;
            scope.spawn(move || {
                let small = s3.get_small("bucket", &format!("k{n}"), 100).unwrap().unwrap();
                assert_eq!(small.body, format!("/bucket/k{n}").into_bytes());
            });
        }
    });
    assert_eq!(server.requests().len(), 8);
}
