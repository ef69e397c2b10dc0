//! Which proxy a request goes through, as the environment says.

use crate::prelude::*;
use alloc::collections::BTreeMap;
use core::net::IpAddr;

/// The variables for each scheme, the strongest first. Source: curl's page "Environment", and the AWS CLI's page "Using
/// an HTTP proxy".
const SECURE: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const PLAIN: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
const EXCEPT: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The URL of the proxy for a request to `host`, without the brackets of an IPv6 address, and the variable that names
/// it; `None` when the request goes straight there.
pub fn proxy<'a>(
    env: &'a BTreeMap<String, String>,
    is_tls: bool,
    host: &str,
    port: u16,
) -> Option<(&'static str, &'a str)> {
    let set = |names: &[&'static str]| {
        names.iter().find_map(|name| Some((*name, env.get(*name)?.trim())).filter(|(_, value)| !value.is_empty()))
    };
    let found = set(if is_tls { &SECURE } else { &PLAIN })?;
    let excepted =
        set(&EXCEPT).is_some_and(|(_, hosts)| hosts.split(',').any(|entry| covers(entry.trim(), host, port)));
    (!excepted).then_some(found)
}

/// Whether the port in the URL of a proxy is one; none at all will do.
#[must_use]
pub fn has_usable_port(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = host.rsplit_once(']').map_or(host, |(_, behind)| behind).rsplit_once(':');
    port.is_none_or(|(_, port)| port.parse().is_ok_and(|port: u16| port > 0))
}

/// Whether an entry of `NO_PROXY` covers the host: `*`, a domain with those below it, an address, a network, each but
/// the last perhaps with a port.
fn covers(entry: &str, host: &str, port: u16) -> bool {
    let entry = entry.to_ascii_lowercase();
    if let (Some((network, bits)), Ok(ip)) = (entry.split_once('/'), host.parse::<IpAddr>()) {
        return network.parse().is_ok_and(|network| bits.parse().is_ok_and(|bits| is_in(ip, network, bits)));
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        Some((name, wanted)) if !name.contains(':') || name.ends_with(']') => (name, wanted.parse().ok()),
        _ => (entry.as_str(), None),
    };
    if wanted.is_some_and(|wanted: u16| wanted != port) {
        return false;
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    if name == "*" {
        return true;
    }
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    let host = host.to_ascii_lowercase();
    !name.is_empty() && host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn is_in(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) if bits <= 32 => {
            (u64::from(ip.to_bits() ^ network.to_bits()) >> (32 - bits)) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) if (1..=128).contains(&bits) => {
            (ip.to_bits() ^ network.to_bits()) >> (128 - bits) == 0
        }
        _ => false,
    }
}
