//! Downloads: what breaks is begun again, what does not match is never taken, what is fine is stored as it came.

use super::support::{Reply, Server};
use super::{Client, text};
use c2_shell::s3::{Download, S3Error};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::time::Duration;

const BODY: &[u8] = b"\x1f\x8bthe bytes of a release\x00\xff\r\n";
const MD5: &str = "c262e1f5c6080053942046a2db372101";
const SHA256: &str = "a4ea8bf5f0ca1bf9dd288446eb1e9ea3bf921dd3f785585d18b55c344667270f";

fn good() -> Reply {
    Reply::new(200, &[("etag", &format!("\"{MD5}\""))], BODY)
}

/// A file that holds something longer already.
fn file() -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[b'x'; 1000]).unwrap();
    file
}

fn bytes_of(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

fn fetch(client: &Client) -> (Result<Option<Download>, S3Error>, Vec<u8>) {
    let mut file = file();
    let fetched = client.s3.get_to_file("bucket", "a b/r.zip", None, &mut file);
    (fetched, bytes_of(&mut file))
}

/// Fetches with these replies, and checks that the object came whole in the end.
fn check_whole(replies: Vec<Reply>) {
    let pauses = replies.len() - 1;
    let server = Server::scripted(replies.clone());
    let client = Client::new(&server.url());
    let (fetched, bytes) = fetch(&client);
    let fetched = fetched.map_err(|error| text(&error)).unwrap().unwrap();
    assert_eq!(bytes, BODY, "{replies:?}");
    assert_eq!((fetched.bytes, fetched.sha256.as_str()), (BODY.len() as u64, SHA256));
    assert_eq!((client.pauses(), server.requests().len()), (pauses, pauses + 1), "{replies:?}");
}

/// Fetches with the same reply for ever, and gives the error and the number of requests.
fn failure(reply: Reply) -> (String, usize) {
    failure_with_stall(reply, Duration::from_secs(30))
}

fn failure_with_stall(reply: Reply, stall: Duration) -> (String, usize) {
    let server = Server::new(move |_, _| reply.clone());
    let client = Client::with_stall(&server.url(), stall);
    let (fetched, _) = fetch(&client);
    let error = text(&fetched.unwrap_err());
    let start = format!("cannot fetch s3://bucket/a b/r.zip at {}: ", server.url());
    assert!(error.starts_with(&start), "{error}");
    (error[start.len()..].to_owned(), server.requests().len())
}

#[test]
fn a_whole_object_replaces_what_the_file_held() {
    let server = Server::scripted(vec![good()]);
    let client = Client::new(&server.url());
    let (fetched, bytes) = fetch(&client);
    let expected = Download { bytes: BODY.len() as u64, etag: MD5.into(), sha256: SHA256.into(), version: None };
    assert_eq!((fetched.unwrap(), bytes), (Some(expected), BODY.to_vec()));
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.path()), ("GET", "/bucket/a%20b/r.zip"));
    assert!(request.headers.iter().all(|header| !header.starts_with("accept-encoding")), "{request:?}");
}

#[test]
fn what_passes_is_survived() {
    check_whole(vec![Reply::new(500, &[], ""), good()]);
    check_whole(vec![Reply::new(502, &[], "<html>Bad Gateway</html>"), Reply::new(500, &[], ""), good()]);
    for code in ["SlowDown", "Throttling", "RequestTimeout", "BandwidthLimitExceeded"] {
        let body = format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
        check_whole(vec![Reply::new(400, &[], body), good()]);
    }
    check_whole(vec![Reply::new(429, &[], ""), Reply::reset(), good()]);
}

#[test]
fn what_breaks_or_is_damaged_is_begun_again() {
    check_whole(vec![Reply::reset(), good()]);
    check_whole(vec![good().short_of(5).then_reset(), good().short_of(5), good()]);
    check_whole(vec![good().short_of(BODY.len()), good()]);
    check_whole(vec![good().short_of(BODY.len() + 10).then_reset(), good()]);
    check_whole(vec![Reply::new(200, &[("etag", MD5)], vec![b'y'; 5000]), good()]);
}

#[test]
fn an_object_that_never_comes_whole_is_an_error() {
    let (error, requests) = failure(good().short_of(5));
    assert_eq!(error, "the connection failed: Peer disconnected, after 23 of 28 bytes, tried 3 times");
    assert_eq!(requests, 3);
    let (error, _) = failure(good().short_of(5).then_reset());
    assert!(error.ends_with("of 28 bytes, tried 3 times"), "{error}");
    let (error, requests) = failure(Reply::reset());
    assert!(error.starts_with("the connection failed: ") && error.ends_with(", tried 3 times"), "{error}");
    assert_eq!(requests, 3);
}

#[test]
fn silence_ends_before_and_in_the_middle_of_a_body() {
    for missing in [BODY.len() + 3, 5] {
        let reply = good().short_of(missing).then_stall();
        let (error, requests) = failure_with_stall(reply, Duration::from_millis(300));
        assert!(error.starts_with("nothing came for 0.3 s") && error.ends_with(", tried 3 times"), "{error}");
        assert_eq!(requests, 3);
    }
}

#[test]
fn a_body_that_is_not_that_of_its_etag_is_an_error() {
    let etag = "\"00000000000000000000000000000000\"";
    let (error, requests) = failure(Reply::new(200, &[("etag", etag)], BODY));
    let expected =
        format!("what came is damaged: its MD5 is {MD5}, its ETag 00000000000000000000000000000000, tried 3 times");
    assert_eq!((error, requests), (expected, 3));
}

#[test]
fn an_etag_that_is_no_md5_is_not_compared() {
    let zeros = "\"00000000000000000000000000000000\"";
    let parts = "\"00000000000000000000000000000000-2\"";
    let kms = ("x-amz-server-side-encryption", "aws:kms");
    let customer = ("x-amz-server-side-encryption-customer-algorithm", "AES256");
    check_whole(vec![Reply::new(200, &[("etag", parts)], BODY)]);
    check_whole(vec![Reply::new(200, &[("etag", zeros), kms], BODY)]);
    check_whole(vec![Reply::new(200, &[("etag", zeros), customer], BODY)]);
    check_whole(vec![Reply::new(200, &[], BODY)]);
    check_whole(vec![Reply::new(200, &[("etag", &MD5.to_uppercase())], BODY)]);
}

#[test]
fn bytes_are_stored_as_they_are_whatever_the_headers_say() {
    check_whole(vec![Reply::new(200, &[("content-encoding", "gzip")], BODY)]);
    check_whole(vec![Reply::new(200, &[("content-encoding", "br")], BODY)]);
    check_whole(vec![Reply::new(200, &[("content-type", "text/plain; charset=iso-8859-1")], BODY)]);
}

#[test]
fn a_chunked_body_is_whole_at_its_last_chunk_only() {
    let mut chunks = format!("{:x}\r\n", BODY.len()).into_bytes();
    chunks.extend(BODY);
    chunks.extend(b"\r\n0\r\n\r\n");
    let chunked = Reply::raw(200, &[("transfer-encoding", "chunked")], &chunks);
    check_whole(vec![chunked.clone()]);
    let (error, _) = failure(chunked.short_of(8));
    assert!(error.ends_with(", tried 3 times"), "{error}");
}

#[test]
fn a_body_whose_end_no_one_can_tell_is_an_error() {
    let (error, _) = failure(Reply::raw(200, &[], BODY));
    assert_eq!(error, "the answer has no length, so that no one can tell whether it is whole");
}

#[test]
fn a_missing_key_leaves_the_file_alone() {
    let server = Server::new(|_, request| Reply::error(404, "NoSuchKey", request));
    let (fetched, bytes) = fetch(&Client::new(&server.url()));
    assert_eq!((fetched.unwrap(), bytes.len()), (None, 1000));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_at_once() {
    let server = Server::new(|_, _| good());
    let client = Client::new(&server.url());
    let mut file = File::open("/dev/null").unwrap();
    let error = client.s3.get_to_file("bucket", "k", None, &mut file).unwrap_err();
    assert!(text(&error).starts_with("cannot fetch s3://bucket/k: what came cannot be written: "), "{error}");
    assert_eq!(server.requests().len(), 1);
}
