//! Proxies by scheme and exceptions by host.

use crate::aws::{has_usable_port, proxy};
use crate::prelude::*;

fn of(env: &[(&str, &str)], url: &str) -> String {
    let env = env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (host, port) = rest.rsplit_once(' ').unwrap_or((rest, if scheme == "https" { "443" } else { "80" }));
    proxy(&env, scheme == "https", host, port.parse().unwrap()).map_or("straight", |(_, url)| url).into()
}

#[test]
fn a_proxy_is_chosen_by_scheme() {
    let both = [("HTTPS_PROXY", "http://s"), ("HTTP_PROXY", "http://p")];
    assert_eq!(of(&both, "https://x"), "http://s");
    assert_eq!(of(&both, "http://x"), "http://p");
    assert_eq!(of(&both[..1], "http://x"), "straight");
    assert_eq!(of(&both[1..], "https://x"), "straight");
    assert_eq!(of(&[both[0], ("https_proxy", "http://lower")], "https://x"), "http://lower");
    assert_eq!(of(&[("ALL_PROXY", "socks5://a"), both[0]], "https://x"), "http://s");
    assert_eq!(of(&[("ALL_PROXY", "socks5://a")], "http://x"), "socks5://a");
    assert_eq!(of(&[("HTTPS_PROXY", " ")], "https://x"), "straight");
}

#[test]
fn a_port_of_a_proxy_is_from_1_to_65535() {
    for url in ["http://p", "http://p:1", "p:65535", "http://me:s3cret@p/", "http://[::1]", "http://[::1]:3128/x:y"] {
        assert!(has_usable_port(url), "{url}");
    }
    for url in ["http://p:0", "http://p:65536", "http://p:", "p:http", "http://me:1@p:x", "http://[::1]:-1"] {
        assert!(!has_usable_port(url), "{url}");
    }
}

#[test]
fn no_proxy_excepts_hosts() {
    for (except, host, straight) in [
        ("*", "https://a.example.com", true),
        ("example.com", "https://example.com", true),
        ("example.com", "https://a.EXAMPLE.com", true),
        (".example.com", "https://a.example.com", true),
        ("*.example.com", "https://a.example.com", true),
        ("example.com", "https://anexample.com", false),
        ("example.com", "https://example.com.evil", false),
        ("x, localhost ,y", "https://localhost", true),
        ("example.com:8443", "https://example.com", false),
        ("example.com:443", "https://example.com", true),
        ("10.0.0.1", "https://10.0.0.1", true),
        ("10.0.0.0/8", "https://10.1.2.3", true),
        ("10.0.0.0/8", "https://11.1.2.3", false),
        ("0.0.0.0/0", "https://11.1.2.3", true),
        ("10.0.0.0/33", "https://10.0.0.0", false),
        ("fd00::/8", "https://fd00:ec2::1", true),
        ("::1", "https://::1", true),
        ("[::1]:443", "https://::1", true),
        ("", "https://a", false),
        (",", "https://a", false),
    ] {
        let found = of(&[("HTTPS_PROXY", "http://s"), ("NO_PROXY", except)], host);
        assert_eq!(found == "straight", straight, "{except} {host}");
    }
}
