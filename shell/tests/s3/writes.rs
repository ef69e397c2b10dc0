//! Single writes: one request each, and what is known of the object afterwards.

use super::faulty_s3::{Fault, FaultyS3};
use super::support::{Reply, Request, Server};
use super::{Client, text};
use c2_core::s3::{Condition, HonorsConditions, Put};
use c2_shell::s3::S3Error;
use std::time::Duration;

fn is(etag: &str) -> Condition {
    Condition::Is(etag.into())
}

fn put(client: &Client, condition: &Condition) -> Result<Put, S3Error> {
    client.s3.put("bucket", "a b/state.json", b"{\"a\": 1}", "application/json", condition)
}

/// Writes to a server that always answers so; whatever that is, it is asked once and nothing is waited for.
fn once(
    condition: &Condition,
    answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
) -> Result<Put, String> {
    let server = Server::new(answer);
    let client = Client::with_stall(&server.url(), Duration::from_millis(300));
    let ended = put(&client, condition);
    assert_eq!((server.requests().len(), client.pauses()), (1, 0));
    ended.map_err(|error| {
        let (error, start) = (text(&error), format!("cannot write s3://bucket/a b/state.json at {}: ", server.url()));
        error.strip_prefix(&start).unwrap_or_else(|| panic!("{error}")).to_owned()
    })
}

#[test]
fn a_write_carries_its_type_and_its_condition_signed() {
    for (condition, name, value) in
        [(Condition::Always, "", ""), (Condition::Absent, "if-none-match", "*"), (is("abc"), "if-match", "\"abc\"")]
    {
        let server = Server::new(|_, _| Reply::new(200, &[("etag", "\"new\"")], ""));
        let written = put(&Client::new(&server.url()), &condition).unwrap();
        assert_eq!(written, Put::Written { etag: "new".into() });
        let request = &server.requests()[0];
        assert_eq!((request.method.as_str(), request.path()), ("PUT", "/bucket/a%20b/state.json"));
        assert_eq!(request.body, "{\"a\": 1}");
        let headers: Vec<_> = request.headers.iter().filter(|header| header.starts_with("if-")).cloned().collect();
        let (expected, signed) = if name.is_empty() {
            (vec![], "host".to_owned())
        } else {
            (vec![format!("{name}: {value}")], format!("host%3B{name}"))
        };
        assert_eq!((headers, request.query("X-Amz-SignedHeaders")), (expected, Some(signed.as_str())));
        assert!(request.headers.contains(&"content-type: application/json".to_owned()), "{request:?}");
        assert!(request.headers.contains(&"content-length: 8".to_owned()), "{request:?}");
    }
}

#[test]
fn an_answer_tells_what_became_of_the_object() {
    for (status, code, condition, expected) in [
        (412, "PreconditionFailed", Condition::Absent, Put::Lost),
        (412, "PreconditionFailed", is("abc"), Put::Lost),
        (404, "NoSuchKey", is("abc"), Put::Lost),
        (409, "ConditionalRequestConflict", is("abc"), Put::Conflict),
        (409, "ConditionalRequestConflict", Condition::Absent, Put::Conflict),
    ] {
        let ended = once(&condition, move |_, request| Reply::error(status, code, request));
        assert_eq!(ended, Ok(expected), "{status} {code}");
    }
    assert_eq!(once(&is("abc"), |_, _| Reply::ok("")), Ok(Put::Written { etag: String::new() }));
}

#[test]
fn what_breaks_or_passes_is_not_repeated_and_stays_unknown() {
    for (status, code) in [(500, "InternalError"), (503, "SlowDown"), (429, "TooManyRequests"), (400, "RequestTimeout")]
    {
        let ended = once(&is("abc"), move |_, request| Reply::error(status, code, request));
        let why = format!("answered {status} {code}: No to [hidden] (request id REQ1)");
        assert_eq!(ended, Ok(Put::Unknown { why }));
    }
    let written = || Reply::new(200, &[("etag", "\"new\"")], "");
    for (reply, expected) in [
        (Reply::reset(), "the connection failed: "),
        (written().short_of(10), "the connection failed: "),
        (written().short_of(10).then_reset(), "the connection failed: "),
        (written().short_of(10).then_stall(), "nothing came for 0.3 s"),
        (Reply::raw(200, &[("content-length", "x")], ""), "the answer is not HTTP: "),
        (Reply::new(200, &[("x-long", &"h".repeat(100 << 10))], ""), "the head of the answer is too long"),
    ] {
        let ended = once(&Condition::Always, move |_, _| reply.clone());
        assert!(matches!(&ended, Ok(Put::Unknown { why }) if why.starts_with(expected)), "{ended:?}");
    }
}

#[test]
fn a_write_that_never_reached_the_store_is_tried_again_and_known_to_have_failed() {
    let endpoint = Server::new(|_, _| Reply::reset()).url();
    let client = Client::new(&endpoint);
    let error = text(&put(&client, &Condition::Absent).unwrap_err());
    let why = "the connection failed: Connection refused (os error 111), tried 3 times";
    let expected = format!("cannot write s3://bucket/a b/state.json at {endpoint}: {why}");
    assert_eq!((error, client.pauses()), (expected, 2));
}

#[test]
fn a_refusal_is_an_error_that_says_what_to_do() {
    for (status, code, hint) in [
        (403, "AccessDenied", "; the credentials need s3:PutObject and s3:GetObject"),
        (403, "SignatureDoesNotMatch", "; check AWS_SECRET_ACCESS_KEY"),
        (400, "ExpiredToken", "; the session has ended: get new credentials"),
        (404, "NoSuchBucket", "; check the bucket's name and the endpoint"),
        (501, "NotImplemented", ""),
    ] {
        let error = once(&is("abc"), move |_, request| Reply::error(status, code, request)).unwrap_err();
        let start = format!("answered {status} {code}: No to [hidden] (request id REQ1){hint}");
        assert!(error.starts_with(&start), "{error}");
    }
    let error = once(&Condition::Always, |_, request| Reply::error(412, "PreconditionFailed", request)).unwrap_err();
    assert!(error.starts_with("answered 412 PreconditionFailed"), "{error}");
}

#[test]
fn nothing_is_sent_under_an_etag_that_no_server_matches() {
    let server = Server::new(|_, _| Reply::ok(""));
    let client = Client::new(&server.url());
    for (etag, expected) in [("", "no ETag"), ("W/\"abc\"", "the weak ETag W/\"abc\"")] {
        let error = text(&put(&client, &is(etag)).unwrap_err());
        assert!(
            error.ends_with(&format!("the object came with {expected}, so that no write can depend on it")),
            "{error}"
        );
    }
    assert!(client.s3.put("bucket", "../other/k", b"", "text/plain", &Condition::Always).is_err());
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_write_refused_for_its_time_is_signed_once_more() {
    let date = [("date", "Thu, 01 Jan 2099 00:00:00 GMT")];
    let server = Server::new(move |_, request| match request.query("X-Amz-Date") {
        Some(time) if time.starts_with("20990101T0000") => Reply::new(200, &date, ""),
        _ => Reply::new(403, &date, "<Error><Code>RequestTimeTooSkewed</Code><Message>Wrong</Message></Error>"),
    });
    let client = Client::new(&server.url());
    for requests in [2, 3] {
        assert_eq!(put(&client, &Condition::Absent).unwrap(), Put::Written { etag: String::new() });
        assert_eq!((server.requests().len(), client.pauses()), (requests, 0));
    }
    let (date, body) =
        ([("date", "Thu, 01 Jan 2099 00:00:00 GMT")], "<Error><Code>RequestTimeTooSkewed</Code></Error>");
    let server = Server::new(move |_, _| Reply::new(403, &date, body));
    assert!(put(&Client::new(&server.url()), &Condition::Absent).is_err());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_write_never_goes_over_a_connection_that_was_kept() {
    let server = FaultyS3::start(0, 0);
    server.store("bucket", "k", "1");
    let client = Client::new(&server.url());
    let read = || client.s3.get_small("bucket", "k", 10).unwrap().unwrap();
    read();
    // The server closes the connection at the next request on it: reads are made again, a write is not.
    server.give(&[Some(Fault::Stale)]);
    let etag = read().etag;
    let ended = client.s3.put("bucket", "k", b"2", "text/plain", &is(&etag)).unwrap();
    assert!(matches!(ended, Put::Written { .. }), "{ended:?}");
    read();
    let connections: Vec<_> = server.seen().iter().map(|seen| (seen.method.clone(), seen.connection)).collect();
    assert_eq!(connections[..3], [("GET".into(), 0), ("GET".into(), 0), ("PUT".into(), 1)]);
}

#[test]
fn a_delete_is_made_again_until_the_object_is_gone() {
    let server = FaultyS3::start(0, 0);
    server.store("bucket", "k", "1");
    server.give(&[Some(Fault::ResetBefore), Some(Fault::ErrorAfter)]);
    let client = Client::new(&server.url());
    client.s3.delete("bucket", "k").unwrap();
    assert_eq!((server.object("bucket", "k"), server.seen().len(), client.pauses()), (None, 3, 2));
    client.s3.delete("bucket", "k").unwrap();
    let without = Server::new(|_, request| Reply::error(404, "NoSuchKey", request));
    Client::new(&without.url()).s3.delete("bucket", "k").unwrap();
    for (status, code) in [(404, "NoSuchBucket"), (403, "AccessDenied")] {
        let server = Server::new(move |_, request| Reply::error(status, code, request));
        let error = text(&Client::new(&server.url()).s3.delete("bucket", "k").unwrap_err());
        let start = format!("cannot delete s3://bucket/k at {}: answered {status} {code}: ", server.url());
        assert!(error.starts_with(&start), "{error}");
    }
}

/// What a store that answers so is found to do, with the number of requests.
fn honors_conditions(
    absent: bool,
    answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
) -> (Result<HonorsConditions, String>, usize) {
    let server = Server::new(answer);
    let honors_conditions =
        Client::new(&server.url()).s3.honors_conditions("bucket", "probe", absent).map_err(|error| text(&error));
    (honors_conditions, server.requests().len())
}

#[test]
fn a_store_that_honors_conditions_is_told_through_faults() {
    for faults in
        [vec![], vec![Some(Fault::SlowDown)], vec![None, Some(Fault::ResetAfter)], vec![None, None, Some(Fault::Error)]]
    {
        let server = FaultyS3::start(0, 0);
        server.give(&faults);
        let client = Client::new(&server.url());
        assert_eq!(client.s3.honors_conditions("bucket", "probe", false).unwrap(), HonorsConditions::Yes);
        assert_eq!(client.s3.honors_conditions("bucket", "probe", true).unwrap(), HonorsConditions::Yes);
        assert_eq!(client.s3.honors_conditions("bucket", "probe", true).unwrap(), HonorsConditions::Yes);
        assert_eq!(server.versions("bucket", "probe").len(), 1);
    }
}

#[test]
fn a_store_that_ignores_a_condition_is_found_out() {
    let no = |why: &str| Ok(HonorsConditions::No { why: why.into() });
    for absent in [false, true] {
        let found = honors_conditions(absent, |_, _| Reply::ok(""));
        assert_eq!(found, (no("it wrote an object with an If-Match that holds for none"), 1));
    }
    let only_if_match = |_, request: &Request| match request.headers.iter().any(|header| header.starts_with("if-match"))
    {
        true => Reply::error(412, "PreconditionFailed", request),
        false => Reply::ok(""),
    };
    assert_eq!(honors_conditions(true, only_if_match), (no("it wrote over an object with If-None-Match: *"), 3));
    for status in [501, 400] {
        let found = honors_conditions(true, move |_, request| Reply::error(status, "NotImplemented", request));
        assert_eq!(found, (no(&format!("it answered {status} NotImplemented: No to [hidden] (request id REQ1)")), 1));
    }
}

#[test]
fn a_store_that_lets_nobody_try_or_cannot_be_asked_says_so() {
    let found = honors_conditions(true, |_, request| Reply::error(403, "AccessDenied", request));
    let needs = "the credentials need s3:PutObject and s3:GetObject";
    let why = format!("it answered 403 AccessDenied: No to [hidden] (request id REQ1); {needs}");
    assert_eq!(found, (Ok(HonorsConditions::Denied { why }), 1));
    for (status, code, requests) in [(404, "NoSuchBucket", 1), (403, "SignatureDoesNotMatch", 1), (503, "SlowDown", 3)]
    {
        let (found, sent) = honors_conditions(true, move |_, request| Reply::error(status, code, request));
        let start = "cannot try at s3://bucket/probe whether the store heeds conditions on writes at http://";
        assert!(found.clone().unwrap_err().starts_with(start), "{found:?}");
        assert_eq!(sent, requests);
    }
}
