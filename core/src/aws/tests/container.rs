//! Credentials of a container's agent.

use super::{World, check};
use crate::aws::Reach;

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const BODY: &str =
    r#"{"RoleArn":"r","AccessKeyId":"K","SecretAccessKey":"S","Token":"T","Expiration":"2030-03-17T20:00:00Z"}"#;

#[test]
fn which_addresses_may_be_asked() {
    for (url, allowed) in [
        ("http://127.0.0.1/c", true),
        ("http://127.3.4.5:80/c", true),
        ("http://[::1]:8080/c", true),
        ("http://localhost:1/c", true),
        ("http://169.254.170.2/c", true),
        ("http://169.254.170.23/c", true),
        ("http://[fd00:ec2::23]/c", true),
        ("http://[fd00:0ec2:0::23]:80/c", true),
        ("https://anything.example.com/c", true),
        ("http://169.254.169.254/c", false),
        ("http://169.254.170.24/c", false),
        ("http://10.0.0.1/c", false),
        ("http://example.com/c", false),
        ("http://localhost.example.com/c", false),
        ("http://127.0.0.1.example.com/c", false),
        ("http://127.0.0.1@example.com/c", false),
        ("http://127.0.0.1:80@example.com/c", false),
        ("http://[::1]:80@example.com/c", false),
        ("http://localhost:x@example.com/c", false),
        ("http://[::2]/c", false),
        ("http://[::1]x/c", false),
        ("http:///c", false),
        ("ftp://127.0.0.1/c", false),
        ("/c", false),
    ] {
        let line = alloc::format!("GET {url}");
        let http = [(&*line, 200, BODY)];
        let shown = World { env: &[(FULL, url)], http: &http, ..World::default() }.credentials().shown;
        assert_eq!(shown == "K S T", allowed, "{url}: {shown}");
        assert!(allowed || shown.contains("is neither https nor at an address that may be asked"), "{url}: {shown}");
    }
}

#[test]
fn the_answers_of_an_agent() {
    let at = |body: &'static str, status| [("GET http://169.254.170.2/v2/c?id=1", status, body)];
    let start = "container credentials: http://169.254.170.2/v2/c: ";
    let env = [(RELATIVE, "/v2/c?id=1"), (FULL, "http://10.0.0.1/")];
    for (rule, http, expected) in [
        ("the relative URI counts before the full one", at(BODY, 200), "K S T"),
        ("names are read in any case", at(r#"{"accessKeyID":"K","SECRETACCESSKEY":"S"}"#, 200), "K S"),
        (
            "an error has a code and a message",
            at(r#"{"code":"Gone","message":"no task"}"#, 404),
            "it answered Gone: no task (status 404)",
        ),
        ("other errors have a status", at("<html>", 500), "it answered 500"),
        ("an empty object holds no key", at("{}", 200), "what came has no AccessKeyId"),
        ("half a key is none", at(r#"{"AccessKeyId":"K"}"#, 200), "what came has no SecretAccessKey"),
        ("what is no JSON is not shown", at("S3CRET", 200), "the response is not a JSON object"),
        (
            "an Expiration must be a time",
            at(r#"{"AccessKeyId":"K","SecretAccessKey":"S","Expiration":"soon"}"#, 200),
            "its Expiration is not a time like 2030-01-02T03:04:05Z",
        ),
        ("no answer in time is said", at("no answer within 5 s", 0), "no answer within 5 s"),
    ] {
        let shown = World { env: &env, http: &http, ..World::default() }.credentials().shown;
        let found = shown.split_once(start).map_or(&*shown, |(_, why)| why);
        assert_eq!(found, expected, "{rule}");
    }
    check(&[(
        "a relative URI begins with a slash",
        World { env: &[(RELATIVE, "@example.com/")], ..World::default() },
        "container credentials: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with /",
    )]);
}

#[test]
fn the_agents_token() {
    const FILE: (&str, &str) = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/t");
    const TOKEN: (&str, &str) = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic x");
    let http = [("GET http://169.254.170.2/c", 200, BODY)];
    let asked = |env: &[(&str, &str)], file: &str| {
        let env = [env, &[(RELATIVE, "/c")]].concat();
        let outcome = World { env: &env, files: &[("/t", file)], http: &http, ..World::default() }.credentials();
        outcome.requests().first().map(|request| request.headers.clone()).ok_or(outcome.shown.clone())
    };
    assert_eq!(asked(&[], ""), Ok([].into()));
    assert_eq!(asked(&[TOKEN], ""), Ok([("authorization", "Basic x".into())].into()));
    assert_eq!(asked(&[TOKEN, FILE], "from file\n"), Ok([("authorization", "from file".into())].into()));
    let wrong = asked(&[FILE], "one\r\nx-evil: two").unwrap_err();
    assert!(wrong.ends_with("container credentials: the token in /t cannot be part of a header"), "{wrong}");
    let gone = World { env: &[(RELATIVE, "/c"), FILE], ..World::default() }.credentials().shown;
    assert!(gone.ends_with("/t (named by AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) is not there"), "{gone}");
}

#[test]
fn an_agent_is_asked_straight_and_its_token_is_never_shown() {
    let env = [(RELATIVE, "/c"), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "t0k3n1")];
    let http = [("GET http://169.254.170.2/c", 403, r#"{"code":"No","message":"not with t0k3n1"}"#)];
    let outcome = World { env: &env, http: &http, ..World::default() }.credentials();
    assert_eq!(outcome.requests()[0].reach, Reach::Container);
    assert!(outcome.shown.ends_with("it answered No: not with [hidden] (status 403)"), "{}", outcome.shown);
}

#[test]
fn a_password_in_the_url_of_an_agent_or_a_metadata_service_is_not_shown() {
    let shown = |env| World { env: &[env], ..World::default() }.credentials().shown;
    let agent = shown((FULL, "https://user:s3/cr@t@agent.example.com/c?key=s3cret"));
    assert!(agent.ends_with("container credentials: https://agent.example.com/c: the connection failed"), "{agent}");
    let metadata = shown(("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://user:s3cret@127.0.0.1/"));
    assert!(metadata.contains("instance metadata at http://127.0.0.1: the connection failed"), "{metadata}");
}
