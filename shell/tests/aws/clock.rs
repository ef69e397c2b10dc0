//! Clocks that are set, stand still or lie while c2 runs: what requests are signed with, and how often they are made.

use super::credentials::{ENDPOINT, ROLES, document, instance};
use super::support::{Reply, Request, Server};
use super::{NOW_S, variables};
use c2_core::time::{parse_utc, utc};
use c2_shell::aws::Tuning;
use c2_shell::s3::S3;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const DAY_S: u64 = 24 * 3600;
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "K"), ("AWS_SECRET_ACCESS_KEY", "S")];

/// A clock that a test sets.
type Clock = Arc<AtomicU64>;

fn clock(at_s: u64) -> Clock {
    Arc::new(AtomicU64::new(at_s))
}

/// S3 and Secrets Manager, which refuse what is signed at another time than theirs.
fn service(clock: &Clock) -> Server {
    let clock = Arc::clone(clock);
    Server::new(move |_, request| {
        let now_s = clock.load(Ordering::SeqCst);
        let is_s3 = request.query("X-Amz-Date").is_some();
        let (code, body) = match (signed_s(request).abs_diff(now_s) > 900, is_s3) {
            (true, true) => (403, "<Error><Code>RequestTimeTooSkewed</Code></Error>".to_owned()),
            (true, false) => (400, r#"{"__type": "InvalidSignatureException"}"#.to_owned()),
            (false, _) => (200, r#"{"SecretString": "{}"}"#.to_owned()),
        };
        Reply::new(code, &[("date", &http_date(now_s))], body)
    })
}

/// When a request was signed.
fn signed_s(request: &Request) -> u64 {
    let header = || request.headers.iter().find_map(|line| line.strip_prefix("x-amz-date: "));
    let text = request.query("X-Amz-Date").or_else(header).unwrap().to_uppercase();
    let part = |from, to| &text[from..to];
    let (date, hour) = (format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8)), part(9, 11));
    parse_utc(&format!("{date}T{hour}:{}:{}Z", part(11, 13), part(13, 15))).unwrap()
}

/// A day of January 2030 as an HTTP date.
fn http_date(at_s: u64) -> String {
    let text = utc(at_s);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[text[5..7].parse::<usize>().unwrap() - 1];
    format!("Thu, {} {month} {} {} GMT", &text[8..10], &text[..4], &text[11..19])
}

fn client(server: &Server, day: &Clock, monotonic: &Clock, env: &[(&str, &str)]) -> S3 {
    let (url, day, monotonic) = (server.url(), Arc::clone(day), Arc::clone(monotonic));
    let tuning = Tuning {
        pause: Box::new(|_| ()),
        now_s: Box::new(move || day.load(Ordering::SeqCst)),
        monotonic: Box::new(move || Duration::from_secs(monotonic.load(Ordering::SeqCst))),
        ..Tuning::default()
    };
    S3::tuned(&variables(&[&[("AWS_ENDPOINT_URL", url.as_str())], env].concat()), tuning)
}

/// A way to ask a service.
type Way = fn(&S3) -> Result<(), String>;

const WAYS: [Way; 2] = [
    |s3| s3.aws().secret("db").map(drop).map_err(|error| error.to_string()),
    |s3| s3.get_small("bucket", "k", 99).map(drop).map_err(|error| error.to_string()),
];

#[test]
fn a_clock_that_is_set_after_it_was_corrected_is_not_corrected_twice() {
    for way in WAYS {
        for wrong_s in [NOW_S - 30 * DAY_S, NOW_S + 30 * DAY_S] {
            let (truth, day) = (clock(NOW_S), clock(wrong_s));
            let server = service(&truth);
            let s3 = client(&server, &day, &clock(7), &KEYS);
            assert_eq!((way(&s3), server.requests().len()), (Ok(()), 2), "it is corrected");
            day.store(NOW_S, Ordering::SeqCst);
            assert_eq!((way(&s3), server.requests().len()), (Ok(()), 3), "what NTP does to the clock changes nothing");
        }
    }
}

#[test]
fn what_was_signed_at_another_time_than_the_services_is_signed_again() {
    for way in WAYS {
        // A machine that slept: no clock of its own went on.
        let (truth, day) = (clock(NOW_S), clock(NOW_S));
        let server = service(&truth);
        let s3 = client(&server, &day, &clock(7), &KEYS);
        assert_eq!((way(&s3), server.requests().len()), (Ok(()), 1));
        truth.fetch_add(DAY_S, Ordering::SeqCst);
        assert_eq!((way(&s3), server.requests().len()), (Ok(()), 3));
        truth.fetch_sub(2 * DAY_S, Ordering::SeqCst);
        assert_eq!((way(&s3), server.requests().len()), (Ok(()), 5));
    }
}

#[test]
fn a_metadata_service_does_not_tell_the_time() {
    let metadata = Server::new(|_, request| {
        let reply = instance(request, &document(1, "2130-03-17T20:00:00Z"));
        reply.with("date", &http_date(NOW_S - 365 * DAY_S))
    });
    let (truth, day) = (clock(NOW_S), clock(NOW_S));
    let server = service(&truth);
    let s3 = client(&server, &day, &clock(7), &[(ENDPOINT, &metadata.url())]);
    assert_eq!((WAYS[1](&s3), server.requests().len()), (Ok(()), 1));
    assert!(metadata.requests().iter().any(|request| request.target == ROLES));
}
