//! What might be better in a configuration in which nothing is wrong: `check-config` notes it, and nothing refuses it.

use crate::prelude::*;

use super::decode::{Decoder, Step};
use super::node::Node;
use super::tool::{EndPointType, ProxyModeConfig, ToolConfig};

/// The oldest minor version of nginx 1 that gets security fixes (nginx.org, as of November 2026).
const OLDEST_NGINX: u32 = 30;

/// Notes what a proxy might do better.
pub(super) fn note(config: &ToolConfig, proxy: &ProxyModeConfig, node: &Node, at: &mut Decoder) {
    image(config, node, at);
    for (label, endpoint) in &proxy.end_points {
        if endpoint.etype == EndPointType::HttpOnly {
            let steps = ["deployMode", "proxy", "endPoints", label.as_str(), "etype"];
            let written = steps.iter().try_fold(node, |node, step| node.get(step));
            let position = written.map_or(node.position, |written| written.position);
            let text = "plain http: anyone on the network path can read and change it, unless a load balancer in front \
                        of it takes https";
            at.within_all(steps.map(|step| Step::Key(step.into())), |at| at.note(position, text.to_string()));
        }
    }
}

/// An image without security fixes, or that may be another one tomorrow.
fn image(config: &ToolConfig, node: &Node, at: &mut Decoder) {
    let (image, version) = (config.nginx_docker_image.as_str(), config.nginx_docker_version.as_str());
    let field = "nginxDockerVersion";
    let position = node.get(field).map_or(node.position, |version| version.position);
    let mut note = |text| at.within(Step::Key(field.into()), |at| at.note(position, text));
    if image.rsplit('/').next() == Some("nginx") && minor(version).is_some_and(|minor| minor < OLDEST_NGINX) {
        note(format!("nginx {version} is out of support: only 1.{OLDEST_NGINX} and later get security fixes"));
    }
    if !version.contains('@') {
        note(format!(
            "{image}:{version} has no digest and may be another image tomorrow; \"{version}@sha256:...\" stays the same"
        ));
    }
}

/// The minor version of a version 1.
fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("1.")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
