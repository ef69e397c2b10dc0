//! The proxy's texts from what is found on this machine: its template, its certificates.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use crate::{
    config::{EndPointType, FilePath, Label, ProxyModeConfig, SslCertMode, ToolConfig},
    deploy::{problems, template_partials, utf8},
    nginx::{
        Certificates, Conf, Pages, Project, Routes, Source, Template, certificate_paths, explicit_certificates, project,
    },
    seam::{Facts, Location, Refusal},
};

const FILL: &str = "fill the nginx template";

/// Asks for all certificates that the endpoints need; an explicit one that is not there is refused.
pub(super) fn certificates(
    facts: &Facts,
    config: &ToolConfig,
    proxy: &ProxyModeConfig,
) -> Result<Certificates, Refusal> {
    let mut asked = BTreeMap::new();
    for (label, endpoint) in &proxy.end_points {
        for path in certificate_paths(config, &endpoint.etype).into_iter().flatten() {
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
    Ok(Certificates(fingerprints))
}

fn source<'a>(facts: &Facts, config: &'a ToolConfig, proxy: &'a ProxyModeConfig) -> Result<Source<'a>, Refusal> {
    let certificates = certificates(facts, config, proxy);
    let template = proxy.nginx_conf_template_path.as_ref().map(|path| template(facts, path)).transpose();
    let (certificates, template) = (certificates?, template?);
    Ok(Source { config, proxy, certificates, template })
}

/// Renders the configuration for these routes.
pub(super) fn conf(
    facts: &Facts,
    config: &ToolConfig,
    proxy: &ProxyModeConfig,
    routes: &Routes,
    pages: &Pages,
) -> Result<Conf, Refusal> {
    source(facts, config, proxy)?.conf(routes, pages).map_err(problems(FILL))
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
    if let Some((endpoint, _)) = routes.targets.iter().find(|(_, route)| route.share.is_some()) {
        return Err(no_split(endpoint, path));
    }
    if routes.maintenance.is_empty() {
        return Ok(());
    }
    let unserved = source(facts, config, proxy)?.unserved_maintenance(routes, pages).map_err(problems(FILL))?.cloned();
    let Some(endpoint) = unserved else { return Ok(()) };
    let why = format!("the nginx template {path} does not use the key maintenance of its endpoints");
    Err(Refusal::no(format!("put {endpoint} into maintenance"), why).with_hint(format!(
        "take it over from c2 show-default-nginx-config; c2 maintenance {endpoint} --off ends a maintenance"
    )))
}

/// Why an endpoint cannot be split under a template of the user's own.
pub(super) fn no_split(endpoint: &Label, path: &FilePath) -> Refusal {
    let why = format!("the nginx template {path} (nginxConfTemplatePath) routes each endpoint to one port");
    Refusal::no(format!("split {endpoint}"), why)
        .with_hint(format!("only the built-in template splits; c2 connect {endpoint} DEPLOY ends a split"))
}

fn template(facts: &Facts, path: &FilePath) -> Result<Template, Refusal> {
    let Some(content) = facts.content(&Location::File(path.to_string()))? else {
        return Err(Refusal::no(format!("read the nginx template {path}"), "it does not exist")
            .with_hint("deployMode.proxy.nginxConfTemplatePath in the configuration names it"));
    };
    let text = utf8(&format!("the nginx template {path}"), content.bytes.reveal())?.to_string();
    let partials = template_partials(facts, path.as_str(), &text)?;
    Ok(Template { path: path.to_string(), text, partials })
}

/// The compose project of the proxy, as it would be made now.
pub(super) fn compose_project(facts: &Facts, config: &ToolConfig, proxy: &ProxyModeConfig) -> Result<Project, Refusal> {
    let files = explicit_certificates(config, proxy);
    let asked: Vec<_> = files.into_iter().map(|path| (facts.fingerprint(&path), path)).collect();
    let found: Result<Vec<(String, Option<String>)>, Refusal> =
        asked.into_iter().map(|(found, path)| Ok((path, found?))).collect();
    Ok(project(config, &found?))
}
