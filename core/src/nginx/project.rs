//! The compose file of the proxy.

use crate::prelude::*;

use serde_json::Value;

use super::{conf::certificate_paths, routes::name_of};
use crate::config::{EndPointType, ProxyModeConfig, SslCertMode, ToolConfig};

/// The proxy's compose project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    /// The text of `docker-compose.yml`, without limits of the logs.
    pub(crate) text: String,
    /// What tells it, also on the container made from it: with limits and without.
    pub(crate) name: String,
    /// The folders that it mounts and that must be there.
    pub(crate) folders: Vec<String>,
}

impl Project {
    /// Its text with limits of the logs. An engine that keeps them elsewhere by default bounds them there.
    pub(crate) fn bounded(&self) -> String {
        let Project { text, .. } = self;
        format!("{text}    logging: {{driver: json-file, options: {{max-size: \"10m\", max-file: \"3\"}}}}\n")
    }
}

/// The files of certificates and keys that the configuration names one by one, sorted, each once.
pub(crate) fn explicit_certificates(config: &ToolConfig, proxy: &ProxyModeConfig) -> Vec<String> {
    let explicit = |etype: &EndPointType| matches!(etype, EndPointType::HttpsWithRedirect(SslCertMode::Explicit(_)));
    let of_endpoints = proxy.end_points.values().filter(|endpoint| explicit(&endpoint.etype));
    let mut files: Vec<String> =
        of_endpoints.filter_map(|endpoint| certificate_paths(config, &endpoint.etype)).flatten().collect();
    files.sort();
    files.dedup();
    files
}

/// The compose file, with these explicit certificates and what tells their contents. They are mounted as files, which
/// stay the same inside when they are replaced outside: their fingerprints are part of the text, so that the container is
/// re-created.
pub(crate) fn project(config: &ToolConfig, certificates: &[(String, Option<String>)]) -> Project {
    let letsencrypt = format!("{}/etc/letsencrypt", config.letsencrypt_prefix_dir);
    let www = config.letsencrypt_www_dir.to_string();
    let mut mounts = vec![
        mount(".", "/etc/c2", true),
        mount("./include.conf", "/etc/nginx/nginx.conf", true),
        mount("./include.candidate.conf", "/etc/nginx/nginx.candidate.conf", true),
        mount(&letsencrypt, &letsencrypt, false),
        mount(&www, &www, false),
    ];
    let mut comments = String::new();
    for (path, found) in certificates {
        comments.push_str(&format!("# {path} {}\n", found.as_deref().unwrap_or_default()));
        mounts.push(mount(path, path, true));
    }
    let image = quoted(&format!("{}:{}", config.nginx_docker_image, config.nginx_docker_version));
    let body = format!(
        "    image: {image}\n    container_name: frontendproxy\n    network_mode: host\n    restart: always\n    \
         entrypoint: [\"nginx\"]\n    command: [\"-g\", \"daemon off;\"]\n    stop_signal: SIGQUIT\n    volumes:\n{}",
        mounts.concat()
    );
    let name = name_of(&format!("{comments}{body}"));
    let text = format!(
        "# Written by c2, and written anew when its configuration changes.\n{comments}version: \"3.7\"\n\
         services:\n  nginx:\n{body}    labels:\n      c2.project: {}\n",
        quoted(&name)
    );
    Project { text, name, folders: vec![letsencrypt, www] }
}

fn mount(source: &str, target: &str, read_only: bool) -> String {
    let (source, target) = (quoted(source), quoted(target));
    format!("      - {{type: bind, source: {source}, target: {target}, read_only: {read_only}}}\n")
}

/// A text in YAML, as JSON writes it; Compose takes `$` for a variable unless it is doubled.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text.replace('$', "$$")).to_string()
}
