//! The proxy's `nginx.conf` for given routes, rendered and marked.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    DEFAULT_TEMPLATE,
    page::{RETRY_AFTER_S, page},
    routes::{Generation, Routes, name_of},
};
use crate::{
    config::{EndPointType, Label, Maintenance, ProxyModeConfig, ServerName, SslCertMode, ToolConfig},
    template::{self, Problem, Strictness},
};

/// A configuration of the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conf {
    /// The text of `nginx.conf`.
    pub(crate) text: String,
    /// The text of `nginx.ctx.json`.
    pub(crate) context: String,
    /// What it serves.
    pub(crate) served: Generation,
}

/// What the pages of the endpoints in maintenance say.
pub(crate) type Pages = BTreeMap<Label, Maintenance>;

/// The files of certificates and their keys, and what tells their contents; `None` for one that is not there.
pub(crate) struct Certificates(pub(crate) BTreeMap<String, Option<String>>);

impl Certificates {
    /// The certificate and key of an endpoint, where both are there.
    pub(crate) fn usable(&self, config: &ToolConfig, etype: &EndPointType) -> Option<[String; 2]> {
        let there = |path: &String| self.0.get(path).is_some_and(Option::is_some);
        certificate_paths(config, etype).filter(|paths| paths.iter().all(there))
    }

    fn text(&self) -> String {
        let lines = self.0.iter().map(|(path, found)| format!("{path} {}\n", found.as_deref().unwrap_or("-")));
        lines.collect()
    }
}

/// The certificate and key of an endpoint, whether they are there or not; `None` for one without https.
pub(crate) fn certificate_paths(config: &ToolConfig, etype: &EndPointType) -> Option<[String; 2]> {
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

/// What a configuration is made from, besides the routes.
pub(crate) struct Source<'a> {
    pub(crate) config: &'a ToolConfig,
    pub(crate) proxy: &'a ProxyModeConfig,
    pub(crate) certificates: Certificates,
    /// The user's own template; else the built-in one is taken.
    pub(crate) template: Option<Template>,
}

/// A template of the configuration, with its partials.
pub(crate) struct Template {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) partials: BTreeMap<String, String>,
}

impl Template {
    fn built_in() -> Self {
        Template { path: "nginx.conf.tpl".into(), text: DEFAULT_TEMPLATE.into(), partials: BTreeMap::new() }
    }

    fn render(&self, context: &Map<String, Value>) -> Result<String, Vec<Problem>> {
        let source = template::Source { path: &self.path, text: &self.text };
        template::render(source, &self.partials, &Value::Object(context.clone()), Strictness::Lenient)
    }
}

impl Source<'_> {
    /// The configuration of these routes.
    pub(crate) fn conf(&self, routes: &Routes, pages: &Pages) -> Result<Conf, Vec<Problem>> {
        let context = self.context(routes, pages);
        let served = |text: &str| {
            let generation = name_of(&format!("{text}{}", self.certificates.text()));
            Generation { routes: routes.clone(), generation }
        };
        let (body, served) = match &self.template {
            Some(own) => {
                let body = own.render(&context)?;
                let served = served(&body);
                (body, served)
            }
            None => {
                let built_in = Template::built_in();
                let served = served(&built_in.render(&context)?);
                let mut marked = context.clone();
                marked.insert("served".to_string(), served.to_text().into());
                (built_in.render(&marked)?, served)
            }
        };
        let text = format!("{}{body}", served.first_line());
        Ok(Conf { text, context: format!("{:#}\n", Value::Object(context)), served })
    }

    /// The first endpoint in maintenance for which the user's own template renders the same text as without it.
    pub(crate) fn unserved_maintenance<'r>(
        &self,
        routes: &'r Routes,
        pages: &Pages,
    ) -> Result<Option<&'r Label>, Vec<Problem>> {
        let Some(own) = self.template.as_ref().filter(|_| !routes.maintenance.is_empty()) else { return Ok(None) };
        let rendered = |routes: &Routes| own.render(&self.context(routes, pages));
        let text = rendered(routes)?;
        for endpoint in &routes.maintenance {
            let mut without = routes.clone();
            without.maintenance.remove(endpoint);
            if rendered(&without)? == text {
                return Ok(Some(endpoint));
            }
        }
        Ok(None)
    }

    /// The values that the template is filled with.
    fn context(&self, routes: &Routes, pages: &Pages) -> Map<String, Value> {
        let Source { config, proxy, .. } = self;
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
                    if let Some([certificate, key]) = self.certificates.usable(config, etype) {
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
}

/// The values that say where an endpoint goes.
fn routed(label: &Label, number: usize, routes: &Routes, pages: &Pages) -> Map<String, Value> {
    let mut value = Map::new();
    if let Some(route) = routes.targets.get(label) {
        value.insert("port".to_string(), route.port.into());
        if let Some(share) = route.share {
            let split = json!({
                "name": format!("split_{number}"),
                "percent": share.percent.get(),
                "port": share.port,
                "restPort": route.port,
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
