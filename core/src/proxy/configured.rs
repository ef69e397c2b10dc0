//! The proxy's configuration for given routes: rendered, marked, and the compose file it runs by.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use serde_json::{Map, Value, json};

use super::{
    page::{RETRY_AFTER_S, page},
    served::{Routes, Served, name_of},
};
use crate::{
    commands::{problems, template_partials, utf8},
    config::{EndPointType, FilePath, Label, Maintenance, ProxyModeConfig, ServerName, SslCertMode, ToolConfig},
    nginx,
    seam::{Facts, Location, Refusal},
    template::{self, Strictness},
};

/// A configuration of the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Configured {
    /// The text of `nginx.conf`.
    pub(super) text: String,
    /// The text of `nginx.ctx.json`.
    pub(super) context: String,
    /// What it serves.
    pub(super) served: Served,
}

/// The proxy's compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Project {
    /// The text of `docker-compose.yml`, without limits of the logs.
    pub(super) text: String,
    /// What tells it, also on the container made from it: with limits and without.
    pub(super) name: String,
    /// The folders that it mounts and that must be there.
    pub(super) folders: Vec<String>,
}

impl Project {
    /// Its text with limits of the logs. An engine that keeps them elsewhere by default bounds them there.
    pub(super) fn bounded(&self) -> String {
        let Project { text, .. } = self;
        format!("{text}    logging: {{driver: json-file, options: {{max-size: \"10m\", max-file: \"3\"}}}}\n")
    }
}

/// The files that certificates are in, and what tells their contents.
pub(super) struct Certificates {
    fingerprints: BTreeMap<String, Option<String>>,
}

impl Certificates {
    /// Asks for all that the endpoints need; an explicit one that is not there is refused.
    pub(super) fn ask(facts: &Facts, config: &ToolConfig, proxy: &ProxyModeConfig) -> Result<Self, Refusal> {
        let mut asked = BTreeMap::new();
        for (label, endpoint) in &proxy.end_points {
            for path in paths(config, &endpoint.etype).into_iter().flatten() {
                asked.insert(path.clone(), (label, &endpoint.etype, facts.fingerprint(&path)));
            }
        }
        let mut fingerprints = BTreeMap::new();
        for (path, (label, etype, answer)) in asked {
            let found = answer.map_err(|refusal| refusal.during(&format!("configure the endpoint {label}")))?;
            if let (EndPointType::HttpsWithRedirect(SslCertMode::Explicit(_)), None) = (etype, &found) {
                let why = format!("{path} does not exist");
                return Err(Refusal::no(format!("configure the endpoint {label}"), why)
                    .with_hint("put the certificate there, or correct the path in the configuration"));
            }
            fingerprints.insert(path, found);
        }
        Ok(Certificates { fingerprints })
    }

    /// The certificate and key of an endpoint, where both are there.
    pub(super) fn usable(&self, config: &ToolConfig, etype: &EndPointType) -> Option<[String; 2]> {
        let there = |path: &String| self.fingerprints.get(path).is_some_and(Option::is_some);
        paths(config, etype).filter(|paths| paths.iter().all(there))
    }

    fn text(&self) -> String {
        let lines =
            self.fingerprints.iter().map(|(path, found)| format!("{path} {}\n", found.as_deref().unwrap_or("-")));
        lines.collect()
    }
}

/// The certificate and key of an endpoint, whether they are there or not; `None` for one without https.
pub(super) fn paths(config: &ToolConfig, etype: &EndPointType) -> Option<[String; 2]> {
    match etype {
        EndPointType::HttpOnly => None,
        EndPointType::HttpsWithRedirect(SslCertMode::Generated) => {
            let folder = format!("{}/etc/letsencrypt/live/{}", config.letsencrypt_prefix_dir, config.auto_cert_name);
            Some([format!("{folder}/fullchain.pem"), format!("{folder}/privkey.pem")])
        }
        EndPointType::HttpsWithRedirect(SslCertMode::Explicit(paths)) => {
            Some([paths.ssl_certificate.to_string(), paths.ssl_certificate_key.to_string()])
        }
    }
}

/// What the pages of the endpoints in maintenance say.
pub(super) type Pages = BTreeMap<Label, Maintenance>;

/// Renders the configuration for these routes.
pub(super) fn configured(
    facts: &Facts,
    config: &ToolConfig,
    proxy: &ProxyModeConfig,
    routes: &Routes,
    pages: &Pages,
) -> Result<Configured, Refusal> {
    let certificates = Certificates::ask(facts, config, proxy);
    let own = proxy.nginx_conf_template_path.as_ref().map(|path| Template::read(facts, path)).transpose();
    let (certificates, own) = (certificates?, own?);
    let context = context(config, proxy, &certificates, routes, pages);
    let served = |generation| Served { routes: routes.clone(), generation };
    let (body, served) = match own {
        Some(own) => {
            let body = own.render(&context)?;
            let served = served(name_of(&format!("{body}{}", certificates.text())));
            (body, served)
        }
        None => {
            let own = Template::built_in();
            let served = served(name_of(&format!("{}{}", own.render(&context)?, certificates.text())));
            let mut marked = context.clone();
            marked.insert("served".to_string(), served.to_text().into());
            (own.render(&marked)?, served)
        }
    };
    let text = format!("{}{body}", served.first_line());
    Ok(Configured { text, context: format!("{:#}\n", Value::Object(context)), served })
}

/// Refuses routes that a template of the user's own would not serve: a split always, a maintenance that changes nothing
/// in what the template becomes.
pub(super) fn is_served(
    facts: &Facts,
    config: &ToolConfig,
    proxy: &ProxyModeConfig,
    routes: &Routes,
    pages: &Pages,
) -> Result<(), Refusal> {
    let Some(path) = &proxy.nginx_conf_template_path else { return Ok(()) };
    if let Some((endpoint, _)) = routes.targets.iter().find(|(_, target)| target.share.is_some()) {
        return Err(no_split(endpoint, path));
    }
    if routes.maintenance.is_empty() {
        return Ok(());
    }
    let (certificates, own) = (Certificates::ask(facts, config, proxy), Template::read(facts, path));
    let (certificates, own) = (certificates?, own?);
    let rendered = |routes: &Routes| own.render(&context(config, proxy, &certificates, routes, pages));
    let text = rendered(routes)?;
    for endpoint in &routes.maintenance {
        let mut without = routes.clone();
        without.maintenance.remove(endpoint);
        if rendered(&without)? == text {
            let why = format!("the nginx template {path} does not use the key maintenance of its endpoints");
            return Err(Refusal::no(format!("put {endpoint} into maintenance"), why).with_hint(format!(
                "take it over from c2 show-default-nginx-config; c2 maintenance {endpoint} --off ends a maintenance"
            )));
        }
    }
    Ok(())
}

/// Why an endpoint cannot be split under a template of the user's own.
pub(super) fn no_split(endpoint: &Label, path: &FilePath) -> Refusal {
    let why = format!("the nginx template {path} (nginxConfTemplatePath) routes each endpoint to one port");
    Refusal::no(format!("split {endpoint}"), why)
        .with_hint(format!("only the built-in template splits; c2 connect {endpoint} DEPLOY ends a split"))
}

/// The values that the template is filled with.
fn context(
    config: &ToolConfig,
    proxy: &ProxyModeConfig,
    certificates: &Certificates,
    routes: &Routes,
    pages: &Pages,
) -> Map<String, Value> {
    let mut context = Map::new();
    if let Some(check) = &config.health_check {
        // Of the endpoints the first that is connected: a new one must not take the machine out of its load balancer.
        let port = match &check.endpoint {
            Some(label) => routes.port(label),
            None => proxy.end_points.keys().find_map(|label| routes.port(label)),
        };
        if let Some(port) = port {
            let value = json!({
                "incomingPath": check.incoming_path.as_str(),
                "location": check.incoming_path.location(),
                "outgoingPath": check.outgoing_path.as_str(),
                "outgoingPort": port,
            });
            context.insert("healthCheck".to_string(), value);
        }
    }
    let mut end_points = Vec::new();
    for (index, (label, endpoint)) in proxy.end_points.iter().enumerate() {
        let names: Vec<String> = endpoint.server_names.iter().map(ServerName::in_nginx).collect();
        let mut value = routed(label, index + 1, routes, pages);
        value.insert("serverNames".to_string(), names.join(" ").into());
        let kind = match &endpoint.etype {
            EndPointType::HttpOnly => "http",
            etype @ EndPointType::HttpsWithRedirect(_) => {
                value.insert("letsencryptWwwDir".to_string(), config.letsencrypt_www_dir.as_str().into());
                if let Some([certificate, key]) = certificates.usable(config, etype) {
                    value.insert("sslCertPath".to_string(), certificate.into());
                    value.insert("sslCertKeyPath".to_string(), key.into());
                }
                "https"
            }
        };
        end_points.push(json!({ kind: value }));
    }
    context.insert("endPoints".to_string(), Value::Array(end_points));
    context
}

/// The values that say where an endpoint goes.
fn routed(label: &Label, number: usize, routes: &Routes, pages: &Pages) -> Map<String, Value> {
    let mut value = Map::new();
    if let Some(target) = routes.targets.get(label) {
        value.insert("port".to_string(), target.port.into());
        if let Some(share) = target.share {
            let split = json!({
                "name": format!("split_{number}"),
                "percent": share.percent.get(),
                "port": share.port,
                "restPort": target.port,
            });
            value.insert("split".to_string(), split);
        }
    }
    if routes.maintenance.contains(label) {
        let message = pages.get(label).map(|page| page.message.clone()).unwrap_or_default();
        let maintenance =
            json!({ "message": message.as_str(), "page": page(&message), "retryAfterSecs": RETRY_AFTER_S });
        value.insert("maintenance".to_string(), maintenance);
    }
    value
}

/// A template of the configuration, with its partials.
struct Template {
    path: String,
    text: String,
    partials: BTreeMap<String, String>,
}

impl Template {
    fn built_in() -> Self {
        Template { path: "nginx.conf.tpl".into(), text: nginx::DEFAULT_TEMPLATE.into(), partials: BTreeMap::new() }
    }

    fn read(facts: &Facts, path: &FilePath) -> Result<Self, Refusal> {
        let Some(content) = facts.content(&Location::File(path.to_string()))? else {
            return Err(Refusal::no(format!("read the nginx template {path}"), "it does not exist")
                .with_hint("deployMode.proxy.nginxConfTemplatePath in the configuration names it"));
        };
        let text = utf8(&format!("the nginx template {path}"), content.bytes.reveal())?.to_string();
        let partials = template_partials(facts, path.as_str(), &text)?;
        Ok(Template { path: path.to_string(), text, partials })
    }

    fn render(&self, context: &Map<String, Value>) -> Result<String, Refusal> {
        let source = template::Source { path: &self.path, text: &self.text };
        template::render(source, &self.partials, &Value::Object(context.clone()), Strictness::Lenient)
            .map_err(problems("fill the nginx template"))
    }
}

/// The compose file of the proxy. Its certificates are mounted as files, which stay the same inside when they are
/// replaced outside: what tells them is part of the text, so that the container is made anew.
pub(super) fn project(facts: &Facts, config: &ToolConfig, proxy: &ProxyModeConfig) -> Result<Project, Refusal> {
    let letsencrypt = format!("{}/etc/letsencrypt", config.letsencrypt_prefix_dir);
    let www = config.letsencrypt_www_dir.to_string();
    let mut mounts = vec![
        mount(".", "/etc/c2", true),
        mount("./include.conf", "/etc/nginx/nginx.conf", true),
        mount("./include.candidate.conf", "/etc/nginx/nginx.candidate.conf", true),
        mount(&letsencrypt, &letsencrypt, false),
        mount(&www, &www, false),
    ];
    let explicit = |etype: &EndPointType| matches!(etype, EndPointType::HttpsWithRedirect(SslCertMode::Explicit(_)));
    let of_endpoints = proxy.end_points.values().filter(|endpoint| explicit(&endpoint.etype));
    let files = of_endpoints.filter_map(|endpoint| paths(config, &endpoint.etype)).flatten();
    let mut asked: Vec<_> = files.map(|path| (facts.fingerprint(&path), path)).map(|(a, path)| (path, a)).collect();
    asked.sort_by(|a, b| a.0.cmp(&b.0));
    asked.dedup_by(|a, b| a.0 == b.0);
    let mut certificates = String::new();
    for (path, found) in asked {
        certificates.push_str(&format!("# {path} {}\n", found?.unwrap_or_default()));
        mounts.push(mount(&path, &path, true));
    }
    let image = quoted(&format!("{}:{}", config.nginx_docker_image, config.nginx_docker_version));
    let body = format!(
        "    image: {image}\n    container_name: frontendproxy\n    network_mode: host\n    restart: always\n    \
         entrypoint: [\"nginx\"]\n    command: [\"-g\", \"daemon off;\"]\n    stop_signal: SIGQUIT\n    volumes:\n{}",
        mounts.concat()
    );
    let name = name_of(&format!("{certificates}{body}"));
    let text = format!(
        "# Written by c2, and written anew when its configuration changes.\n{certificates}version: \"3.7\"\n\
         services:\n  nginx:\n{body}    labels:\n      c2.project: {}\n",
        quoted(&name)
    );
    Ok(Project { text, name, folders: vec![letsencrypt, www] })
}

fn mount(source: &str, target: &str, read_only: bool) -> String {
    let (source, target) = (quoted(source), quoted(target));
    format!("      - {{type: bind, source: {source}, target: {target}, read_only: {read_only}}}\n")
}

/// A text in YAML, as JSON writes it; Compose takes `$` for a variable unless it is doubled.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text.replace('$', "$$")).to_string()
}
