//! Which requests a proxy sees.

use super::support::{Reply, Server};
use super::{Machine, variables};
use c2_shell::s3::S3;

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "K"), ("AWS_SECRET_ACCESS_KEY", "S")];

fn error(env: &[(&str, &str)]) -> String {
    S3::new(&variables(&[&KEYS, env].concat())).get_small("bucket", "k", 5).unwrap_err().to_string()
}

#[test]
fn s3_goes_through_the_proxy_of_its_scheme() {
    let proxy = Server::new(|_, _| Reply::new(407, &[], ""));
    let shown = error(&[("S3_ENDPOINT", "http://s3.invalid"), ("HTTP_PROXY", &proxy.url())]);
    assert!(proxy.requests().iter().all(|request| request.method == "CONNECT"), "{shown}");
    assert!(!proxy.requests().is_empty(), "{shown}");
}

#[test]
fn s3_goes_straight_past_a_proxy_of_the_other_scheme_and_by_no_proxy() {
    let proxy = Server::new(|_, _| Reply::new(407, &[], ""));
    let store = Server::new(|_, request| Reply::error(404, "NoSuchKey", request));
    let endpoint = store.url();
    let through = proxy.url();
    for env in [
        &[("HTTPS_PROXY", &*through)][..],
        &[("HTTP_PROXY", &through), ("NO_PROXY", "127.0.0.1")],
        &[("HTTP_PROXY", &through), ("no_proxy", "127.0.0.0/8")],
    ] {
        let env = [&KEYS, env, &[("S3_ENDPOINT", &*endpoint)]].concat();
        assert_eq!(S3::new(&variables(&env)).get_small("bucket", "k", 5).unwrap(), None);
    }
    assert_eq!(proxy.requests().len(), 0);
    assert_eq!(store.requests().len(), 3);
}

#[test]
fn a_proxy_that_is_none_is_an_error_without_its_password() {
    let shown = error(&[("S3_ENDPOINT", "http://127.0.0.1:1"), ("HTTP_PROXY", "ftp://me:s3cret@proxy")]);
    let expected = "HTTP_PROXY names no proxy: it wants http://host:port or socks5://host:port";
    assert_eq!(shown, expected);
    assert_eq!(
        error(&[("S3_ENDPOINT", "http://127.0.0.1:1"), ("HTTP_PROXY", "http://me:s3cret@proxy:65536")]),
        expected
    );
}

#[test]
fn a_proxy_that_is_down_is_named_by_its_variable() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let down = format!("http://me:s3cret@{nobody}");
    let shown = error(&[("S3_ENDPOINT", "http://s3.invalid"), ("http_proxy", &down)]);
    let expected = "the connection failed: Connection refused (os error 111), through the proxy that http_proxy names";
    assert!(shown.contains(expected) && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn no_proxy_sees_the_metadata_service_or_an_agent() {
    let proxy = Server::new(|_, _| Reply::new(407, &[], ""));
    let server = Server::new(|_, _| Reply::ok(r#"{"AccessKeyId":"K","SecretAccessKey":"S"}"#));
    let through = proxy.url();
    let all = [("ALL_PROXY", &*through), ("HTTP_PROXY", &through), ("http_proxy", &through)];
    let url = server.url();
    let agent = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*url);
    assert_eq!(Machine::new(&[&all[..], &[agent]].concat()).credentials(), "K S ");
    let metadata = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*url);
    let shown = Machine::new(&[&all[..], &[metadata]].concat()).credentials();
    assert!(shown.ends_with("it answered with something that is not the name of a role"), "{shown}");
    assert_eq!(proxy.requests().len(), 0);
}
