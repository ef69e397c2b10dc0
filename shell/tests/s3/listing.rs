//! Listings: pages, odd keys, and everything that is no listing.

use super::support::{Reply, Request, Server};
use super::{Client, text};

fn page(keys: &[&str], next: Option<&str>) -> Reply {
    Reply::ok(page_text(keys, next))
}

fn page_text(keys: &[&str], next: Option<&str>) -> String {
    let next = match next {
        Some(token) => {
            format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>")
        }
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    let contents = keys.iter().map(|key| {
        format!(
            "<Contents><Key>{key}</Key><LastModified>2024-05-06T07:08:09.000Z</LastModified>\
             <ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>"
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult><EncodingType>url</EncodingType>{next}{}</ListBucketResult>",
        contents.collect::<String>()
    )
}

fn list(server: &Server, prefix: &str) -> Result<Vec<String>, String> {
    let listed = Client::new(&server.url()).s3.list("bucket", prefix);
    listed.map(|objects| objects.into_iter().map(|object| object.key).collect()).map_err(|error| text(&error))
}

#[test]
fn all_pages_are_asked_for_and_joined() {
    let server = Server::scripted(vec![
        page(&["p/a", "p/b"], Some("t/1+=")),
        page(&["p/c%20d%2B%C3%BC%26"], Some("t2")),
        page(&["p/z"], None),
    ]);
    assert_eq!(list(&server, "p/"), Ok(["p/a", "p/b", "p/c d+\u{fc}&", "p/z"].map(String::from).into()));
    let requests = server.requests();
    let tokens: Vec<_> = requests.iter().map(|request| request.query("continuation-token")).collect();
    assert_eq!(tokens, [None, Some("t%2F1%2B%3D"), Some("t2")]);
    for request in &requests {
        assert_eq!((request.method.as_str(), request.path()), ("GET", "/bucket/"));
        assert_eq!(request.query("list-type"), Some("2"));
        assert_eq!(request.query("encoding-type"), Some("url"));
        assert_eq!(request.query("prefix"), Some("p%2F"));
    }
}

#[test]
fn a_page_that_fails_is_asked_for_again_and_counted_once() {
    let server = Server::scripted(vec![
        page(&["a"], Some("t")),
        Reply::new(500, &[], ""),
        page(&["b"], None).short_of(20),
        page(&["b"], None),
    ]);
    assert_eq!(list(&server, ""), Ok(["a", "b"].map(String::from).into()));
}

#[test]
fn the_same_token_for_ever_is_an_error() {
    let server = Server::new(|_, _| page(&["a"], Some("t")));
    let error = list(&server, "").unwrap_err();
    assert!(
        error.ends_with(": the answer is not a listing: the server gave the same continuation token twice"),
        "{error}"
    );
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn an_error_behind_a_200_is_tried_again_when_it_passes() {
    let answer = |n, request: &Request| match n {
        0 | 1 => Reply::error(200, "InternalError", request),
        _ => page(&["a"], None),
    };
    assert_eq!(list(&Server::new(answer), ""), Ok(vec!["a".to_owned()]));
    let server = Server::new(|_, request| Reply::error(200, "AccessDenied", request));
    let error = list(&server, "").unwrap_err();
    assert!(
        error.contains("answered 200 with an error inside, AccessDenied: No to [hidden] (request id REQ1)"),
        "{error}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn what_is_no_listing_is_an_error_that_says_so() {
    let good = page_text(&["a"], None);
    for (body, expected) in [
        ("<!DOCTYPE html><html><body>Sign in</body></html>", "it is an HTML page"),
        (&good[..good.len() - 30], "its XML is cut off at byte"),
        ("<ListAllMyBucketsResult></ListAllMyBucketsResult>", "its root element is <ListAllMyBucketsResult>"),
        ("", "its XML is empty"),
        (&page_text(&[], Some("")), "it says that more follows, but not how to ask for it"),
    ] {
        let server = Server::scripted(vec![Reply::ok(body)]);
        let error = list(&server, "").unwrap_err();
        let start = format!("cannot list s3://bucket/ at {}: the answer is not a listing: ", server.url());
        assert!(error.starts_with(&start) && error.contains(expected), "{error}");
    }
}

#[test]
fn a_page_without_end_is_an_error() {
    let server = Server::new(|_, _| Reply::ok(vec![b' '; (8 << 20) + 1]));
    let error = list(&server, "").unwrap_err();
    assert!(error.ends_with(": the answer is longer than 8388608 bytes"), "{error}");
}

#[test]
fn a_missing_bucket_is_an_error() {
    let server = Server::new(|_, request| Reply::error(404, "NoSuchBucket", request));
    let error = list(&server, "").unwrap_err();
    assert!(error.ends_with("; check the bucket's name and the endpoint"), "{error}");
}
