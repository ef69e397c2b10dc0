//! How often a request is made, what it may cost in all, and how a bucket in another region is found.

use super::support::{Reply, Request, Server};
use super::{Client, text};
use c2_core::s3::{Condition, Put};
use std::time::Duration;

fn busy() -> Server {
    Server::new(|_, request| Reply::error(503, "SlowDown", request))
}

/// Signed for this region.
fn signed_for(request: &Request, region: &str) -> bool {
    request.query("X-Amz-Credential").is_some_and(|credential| credential.contains(&format!("%2F{region}%2Fs3")))
}

/// A bucket in `us-west-2`: requests that are signed for another region are answered so, others with a success.
fn in_us_west_2(wrong: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
    Server::new(move |_, request| match signed_for(request, "us-west-2") {
        true => Reply::new(200, &[("etag", "\"e\"")], if request.method == "GET" { "12345" } else { "" }),
        false => wrong(request),
    })
}

/// What S3 answers to a signature in the query that is for another region.
fn malformed(region: &str) -> Reply {
    let body = format!(
        "<Error><Code>AuthorizationQueryParametersError</Code><Message>the region 'eu-west-1' is wrong; expecting \
         '{region}'</Message><Region>{region}</Region></Error>"
    );
    Reply::new(400, &[], body)
}

#[test]
fn aws_max_attempts_says_how_often_a_request_is_made() {
    for (attempts, requests) in [("1", 1), ("2", 2), ("5", 5), (" 4 ", 4)] {
        let server = busy();
        let client = Client::with(&server.url(), &[("AWS_MAX_ATTEMPTS", attempts)]);
        client.s3.get_small("bucket", "k", 5).unwrap_err();
        assert_eq!((server.requests().len(), client.pauses()), (requests, requests - 1));
    }
}

#[test]
fn a_pause_is_as_long_as_the_server_asks_for() {
    let server = Server::new(|_, _| Reply::new(503, &[("x-amz-retry-after", "4000")], ""));
    let client = Client::new(&server.url());
    client.s3.get_small("bucket", "k", 5).unwrap_err();
    assert_eq!(*client.pauses.lock().unwrap(), [Duration::from_secs(4); 2]);
}

#[test]
fn a_number_of_attempts_that_is_none_is_named_and_nothing_is_sent() {
    for attempts in ["0", "-1", "three", "1.5"] {
        let server = busy();
        let client = Client::with(&server.url(), &[("AWS_MAX_ATTEMPTS", attempts)]);
        let error = text(&client.s3.get_small("bucket", "k", 5).unwrap_err());
        assert!(error.ends_with("AWS_MAX_ATTEMPTS: it is not a whole number from 1 on"), "{error}");
        assert_eq!(server.requests().len(), 0);
    }
}

#[test]
fn a_server_that_stays_busy_is_asked_a_hundred_times_more_and_then_once_each() {
    let server = busy();
    let client = Client::new(&server.url());
    for _ in 0..60 {
        client.s3.get_small("bucket", "k", 5).unwrap_err();
    }
    assert_eq!((server.requests().len(), client.pauses()), (60 + 100, 100));
}

#[test]
fn what_succeeds_at_last_gives_back_what_its_last_try_cost() {
    let server = Server::new(|n, request| match n % 2 {
        0 => Reply::error(503, "SlowDown", request),
        _ => Reply::ok("12345"),
    });
    let client = Client::new(&server.url());
    for _ in 0..150 {
        assert!(client.s3.get_small("bucket", "k", 5).unwrap().is_some());
    }
}

#[test]
fn a_bucket_in_another_region_is_followed_once_and_remembered() {
    for wrong in [
        |_: &Request| Reply::new(301, &[("x-amz-bucket-region", "us-west-2")], ""),
        |_: &Request| malformed("us-west-2"),
    ] {
        let server = in_us_west_2(wrong);
        let client = Client::with(&server.url(), &[("AWS_MAX_ATTEMPTS", "1")]);
        for _ in 0..3 {
            assert!(client.s3.get_small("bucket", "k", 5).unwrap().is_some());
        }
        assert_eq!((server.requests().len(), client.pauses()), (4, 0));
        let other = client.s3.get_small("others", "k", 5).unwrap();
        assert!(other.is_some() && signed_for(&server.requests()[4], "eu-west-1"), "each bucket has its own region");
    }
}

#[test]
fn a_write_is_followed_too() {
    let server = in_us_west_2(|_| malformed("us-west-2"));
    let put = Client::new(&server.url()).s3.put("bucket", "k", b"x", "text/plain", &Condition::Absent).unwrap();
    assert_eq!((put, server.requests().len()), (Put::Written { etag: "e".into() }, 2));
}

#[test]
fn two_regions_that_point_at_each_other_end_with_the_region_to_set() {
    let server = Server::new(|_, request| match signed_for(request, "us-west-2") {
        true => malformed("eu-west-1"),
        false => malformed("us-west-2"),
    });
    let error = text(&Client::new(&server.url()).s3.get_small("bucket", "k", 5).unwrap_err());
    assert!(error.ends_with("set AWS_REGION=eu-west-1"), "{error}");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn what_is_no_region_is_not_followed() {
    let server = Server::new(|_, _| malformed("evil.example.com/"));
    let error = text(&Client::new(&server.url()).s3.get_small("bucket", "k", 5).unwrap_err());
    assert!(error.contains("AuthorizationQueryParametersError"), "{error}");
    assert_eq!(server.requests().len(), 1);
}
