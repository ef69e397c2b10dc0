//! What is wrong or doubtful in a configuration though each of its fields is right by itself.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::decode::{Decoder, Step, hint};
use super::names::Label;
use super::node::{Node, quoted};
use super::tool::{DeployMode, EndPointType, ProxyModeConfig, SslCertMode, ToolConfig};
use super::{advice, folders};

/// Notes all of it.
pub(super) fn check(config: &mut ToolConfig, node: &Node, at: &mut Decoder) {
    folders::check(config, node, at);
    source_named_ports(config, node, at);
    let DeployMode::Proxy(proxy) = &config.deploy_mode else { return };
    ports_of_the_proxy(proxy, node, at);
    advice::note(config, proxy, node, at);
    health_check(config, proxy, node, at);
    server_names(proxy, node, at);
    // The empty prefix is the root of the machine.
    let prefix = Some(config.letsencrypt_prefix_dir.as_str()).filter(|prefix| !prefix.is_empty());
    let paths = prefix.map(|prefix| ("letsencryptPrefixDir", prefix));
    certificates(proxy, node, at);
    for (field, path) in paths.into_iter().chain([("letsencryptWwwDir", config.letsencrypt_www_dir.as_str())]) {
        if !path.starts_with('/') {
            let text = unmountable(path);
            let position = node.get(field).map_or(node.position, |path| path.position);
            at.within(Step::Key(field.into()), |at| at.error(position, text));
        }
    }
}

/// What is wrong with a relative path.
fn unmountable(path: &str) -> String {
    format!("found {}, expected a path that begins with a slash: the proxy's container mounts it", quoted(path))
}

/// A source of this name cannot be seen by the templates of a release behind a proxy.
fn source_named_ports(config: &ToolConfig, node: &Node, at: &mut Decoder) {
    const PORTS: &str = "ports";
    if config.config_sources.keys().any(|name| name.as_str() == PORTS) {
        let written = node.get("configSources").and_then(|sources| sources.get(PORTS));
        let position = written.map_or(node.position, |source| source.position);
        let text = "behind a proxy templates find the deploy's ports by this name, expected another one".to_string();
        at.within_all(["configSources", PORTS].map(|step| Step::Key(step.into())), |at| at.warning(position, text));
    }
}

/// The proxy itself listens on 80 and 443.
fn ports_of_the_proxy(proxy: &ProxyModeConfig, node: &Node, at: &mut Decoder) {
    let held = [80, 443].into_iter().filter(|port| proxy.dynamic_port_range.contains(*port));
    let held: Vec<String> = held.map(|port| port.to_string()).collect();
    if !held.is_empty() {
        let steps = ["deployMode", "proxy", "dynamicPortRange"];
        let written = steps.iter().try_fold(node, |node, step| node.get(step));
        let position = written.map_or(node.position, |written| written.position);
        let text = format!("expected a range without {}, on which the proxy itself listens", held.join(" and "));
        at.within_all(steps.map(|step| Step::Key(step.into())), |at| at.warning(position, text));
    }
}

/// A certificate that the proxy's container mounts.
fn certificates(proxy: &ProxyModeConfig, node: &Node, at: &mut Decoder) {
    for (label, endpoint) in &proxy.end_points {
        let EndPointType::HttpsWithRedirect(SslCertMode::Explicit(paths)) = &endpoint.etype else { continue };
        for path in [&paths.ssl_certificate, &paths.ssl_certificate_key] {
            if !path.as_str().starts_with('/') {
                let text = unmountable(path.as_str());
                let steps = ["deployMode", "proxy", "endPoints", label.as_str(), "etype"];
                let written = steps.iter().try_fold(node, |node, step| node.get(step));
                let position = written.map_or(node.position, |written| written.position);
                at.within_all(steps.map(|step| Step::Key(step.into())), |at| at.error(position, text));
            }
        }
    }
}

/// A health check on an endpoint that is not there is never answered: most likely a slip. Behind a regular expression
/// nginx passes on the path that it was asked for, and takes no other.
fn health_check(config: &ToolConfig, proxy: &ProxyModeConfig, node: &Node, at: &mut Decoder) {
    let Some(check) = &config.health_check else { return };
    if check.incoming_path.is_regex() && !check.outgoing_path.as_str().is_empty() {
        let text = format!(
            "found the regular expression {}, behind which nginx takes no outgoingPath but the empty one",
            quoted(check.incoming_path.as_str())
        );
        let position = node.get("healthCheck").map_or(node.position, |check| check.position);
        at.within(Step::Key("healthCheck".into()), |at| at.warning(position, text));
    }
    let Some(label) = &check.endpoint else { return };
    if !proxy.end_points.contains_key(label) {
        let known: Vec<&str> = proxy.end_points.keys().map(Label::as_str).collect();
        let text = format!(
            "found the endpoint {}, expected one of deployMode.proxy.endPoints{}",
            quoted(label.as_str()),
            hint(label.as_str(), &known)
        );
        let position = node.get("healthCheck").map_or(node.position, |check| check.position);
        at.within(Step::Key("healthCheck".into()), |at| at.warning(position, text));
    }
}

/// An endpoint without a name makes no configuration of nginx; of two with one name the first alone is served.
fn server_names(proxy: &ProxyModeConfig, node: &Node, at: &mut Decoder) {
    let mut holders: BTreeMap<_, &Label> = BTreeMap::new();
    let written = node.get("deployMode").and_then(|mode| mode.get("proxy")).and_then(|proxy| proxy.get("endPoints"));
    for (label, endpoint) in &proxy.end_points {
        let names = written.and_then(|all| all.get(label.as_str())).and_then(|written| written.get("serverNames"));
        let position = names.map_or(node.position, |names| names.position);
        let steps = ["deployMode", "proxy", "endPoints", label.as_str(), "serverNames"];
        let steps = || steps.map(|step| Step::Key(step.into()));
        if endpoint.server_names.is_empty() {
            at.within_all(steps(), |at| at.error(position, "found no name, expected one or more".to_string()));
        }
        for name in &endpoint.server_names {
            let holder = *holders.entry(name.as_str().to_ascii_lowercase()).or_insert(label);
            if holder != label {
                let name = quoted(name.as_str());
                let text = format!("{name} is a name of the endpoint {holder} too, which alone answers to it");
                at.within_all(steps(), |at| at.warning(position, text));
            }
        }
    }
}
