//! Small states in a bucket with many writers: none undoes the work of another, and what did not change is not fetched.

use super::faulty_s3::{Fault, FaultyS3};
use super::support::{Reply, Server};
use super::{Client, text};
use c2_core::s3::{Condition, Put};
use c2_shell::s3::{Changed, Small, Tuning};
use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::thread;
use std::time::Duration;

const WRITERS: usize = 8;
const UPDATES: usize = 25;

fn read(client: &Client) -> Option<Small> {
    // A read that failed three times is made again: the test is about writes.
    loop {
        if let Ok(state) = client.s3.get_small("bucket", "state", 1 << 20) {
            return state;
        }
    }
}

/// Adds one line to the state: reads, writes what was read and the line, and reads again where that was in vain or may
/// have been. Gives the number of times that nobody knew whether it was written.
fn add(client: &Client, line: &str) -> usize {
    let mut unknown = 0;
    loop {
        let state = read(client);
        let (mut text, condition) = match state {
            Some(state) => (String::from_utf8(state.body).unwrap(), Condition::Is(state.etag)),
            None => (String::new(), Condition::Absent),
        };
        if text.lines().any(|known| known == line) {
            return unknown;
        }
        text.push_str(line);
        text.push('\n');
        match client.s3.put("bucket", "state", text.as_bytes(), "text/plain", &condition).unwrap() {
            Put::Written { .. } => return unknown,
            Put::Lost | Put::Conflict => (),
            Put::Unknown { .. } => unknown += 1,
        }
    }
}

#[test]
fn writers_that_meet_faults_lose_and_double_nothing() {
    let server = FaultyS3::start(7, 30);
    let unknown: usize = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let client = Client::new(&server.url());
                scope.spawn(move || (0..UPDATES).map(|n| add(&client, &format!("{writer} {n}"))).sum::<usize>())
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    let state = String::from_utf8(server.object("bucket", "state").unwrap()).unwrap();
    let lines: BTreeSet<_> = state.lines().collect();
    assert_eq!((lines.len(), state.lines().count()), (WRITERS * UPDATES, WRITERS * UPDATES));
    // Each version has the lines of the one before and one more: no write was done on anything but the latest.
    let mut before = Vec::new();
    for version in server.versions("bucket", "state") {
        assert!(version.starts_with(&before) && version.len() > before.len());
        before = version;
    }
    assert_eq!(server.faults().len(), 10, "{:?}", server.faults());
    assert!(unknown > 0);
}

fn changed(client: &Client, known: Option<&str>) -> Changed {
    client.s3.get_if_changed("bucket", "k", known, 100).map_err(|error| text(&error)).unwrap()
}

#[test]
fn a_state_is_fetched_when_it_changed_only() {
    let server = FaultyS3::start(0, 0);
    let client = Client::new(&server.url());
    assert_eq!(changed(&client, None), Changed::Missing);
    assert_eq!(changed(&client, Some("abc")), Changed::Missing);
    server.store("bucket", "k", "one");
    let Changed::Is(small) = changed(&client, None) else { panic!("it is there") };
    assert_eq!((small.body.as_slice(), small.version.as_deref()), (&b"one"[..], Some("v1")));
    server.give(&[Some(Fault::ResetBefore), Some(Fault::SlowDown), None]);
    assert_eq!(changed(&client, Some(&small.etag)), Changed::Unchanged);
    assert_eq!(client.pauses(), 2);
    server.store("bucket", "k", "two");
    let now = changed(&client, Some(&small.etag));
    assert!(matches!(&now, Changed::Is(Small { body, .. }) if body == b"two"), "{now:?}");
}

#[test]
fn any_etag_but_an_empty_one_is_asked_with() {
    let server = Server::new(|_, request| match request.headers.iter().find(|header| header.starts_with("if-")) {
        Some(_) => Reply::raw(304, &[], ""),
        None => Reply::ok("1"),
    });
    let client = Client::new(&server.url());
    for (known, expected) in [("abc", "\"abc\""), ("W/\"Abc\"", "w/\"abc\"")] {
        assert_eq!(changed(&client, Some(known)), Changed::Unchanged);
        let headers = server.requests().pop().unwrap().headers;
        assert!(headers.contains(&format!("if-none-match: {expected}")), "{headers:?}");
    }
    for known in [None, Some("")] {
        assert!(matches!(changed(&client, known), Changed::Is(_)));
    }
}

#[test]
fn a_state_that_did_not_change_is_believed_only_when_that_was_asked() {
    let server = Server::new(|_, _| Reply::raw(304, &[], ""));
    let error = text(&Client::new(&server.url()).s3.get_if_changed("bucket", "k", None, 100).unwrap_err());
    assert!(error.contains(": answered 304 without saying why"), "{error}");
}

#[test]
fn a_store_that_takes_connections_and_does_not_answer_is_not_waited_for_as_long_as_for_a_release() {
    let server = Server::new(|_, _| Reply::raw(200, &[], "").short_of(5).then_stall());
    let client = Client::tuned(&server.url(), Tuning { poll: Duration::from_millis(200), ..Tuning::default() });
    let error = text(&client.s3.get_if_changed("bucket", "k", None, 100).unwrap_err());
    assert!(error.contains(": it took too long (") && error.ends_with("), tried 3 times"), "{error}");
}

#[test]
fn a_version_is_had_after_others_were_written() {
    let server = FaultyS3::start(0, 0);
    for body in ["one", "two"] {
        server.store("bucket", "k", body);
    }
    let client = Client::new(&server.url());
    let fetch = |version| {
        let mut file = tempfile::tempfile().unwrap();
        let fetched = client.s3.get_to_file("bucket", "k", version, &mut file).unwrap()?;
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        Some((text, fetched.version.unwrap()))
    };
    assert_eq!(fetch(None), Some(("two".into(), "v2".into())));
    assert_eq!(fetch(Some("v1")), Some(("one".into(), "v1".into())));
    assert_eq!(fetch(Some("v9")), None);
    client.s3.delete("bucket", "k").unwrap();
    assert_eq!((fetch(None), fetch(Some("v1"))), (None, Some(("one".into(), "v1".into()))));
}

#[test]
fn a_bucket_that_keeps_no_versions_gives_none() {
    for (headers, given) in [(&[("x-amz-version-id", "null")][..], "null"), (&[], "none")] {
        let server = Server::new(move |_, _| Reply::new(200, headers, "1"));
        let client = Client::new(&server.url());
        assert_eq!(client.s3.get_small("bucket", "k", 1).unwrap().unwrap().version, None);
        let mut file = tempfile::tempfile().unwrap();
        let error = text(&client.s3.get_to_file("bucket", "k", Some("v1"), &mut file).unwrap_err());
        assert!(error.ends_with(&format!(": version v1 was asked for, and version {given} came")), "{error}");
        assert_eq!((server.requests().len(), file.metadata().unwrap().len()), (2, 0));
    }
}

#[test]
fn a_listing_in_pages_is_whole_through_faults() {
    let server = FaultyS3::start(3, 30);
    let client = Client::new(&server.url());
    let keys: Vec<_> = (0..35).map(|n| format!("p/{n:02} +")).collect();
    for n in 0..35 {
        server.store("bucket", &format!("p/{n:02}%20%2B"), "1");
    }
    server.store("bucket", "q", "1");
    let listed = loop {
        if let Ok(listed) = client.s3.list("bucket", "p/") {
            break listed;
        }
    };
    assert_eq!(listed.into_iter().map(|object| object.key).collect::<Vec<_>>(), keys);
}
