//! `status` behind a proxy: endpoints and deploys, byte for byte as scripts read them.

use crate::prelude::*;

use serde_json::json;

use super::{
    expiry::standing,
    seen::{PROXY, state},
};
use crate::{
    config::{Deploy, EndPoint, EndPointType, Label, ProxyModeConfig, State, ToolConfig},
    deploy::Deploys,
    nginx::{Routes, certificate_paths},
    seam::{Command, Facts, Location, Outcome, Refusal, Report, Settled as _, Step},
};

/// `status [--show-slaves] [--json-output]` behind a proxy, on local state.
#[derive(Clone, Debug)]
pub struct ProxyStatus {
    /// The configuration.
    pub config: ToolConfig,
    /// Its part about the proxy.
    pub proxy: ProxyModeConfig,
    /// Whether the slaves are shown; a machine on its own has none.
    pub show_slaves: bool,
    /// Whether it prints JSON.
    pub json: bool,
}

pub(crate) const MASTER: &str = "---------------------MASTER-------------------------------------------";
pub(crate) const SLAVES: &str = "---------------------SLAVES-------------------------------------------";

impl Command for ProxyStatus {
    fn next(&self, facts: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        let deploys = Deploys(self.config.deploys_dir.as_str());
        let found = state(facts, deploys)?;
        let is_there = found.is_some();
        let state = found.unwrap_or_default();
        let mut notes = state.warnings(&self.proxy);
        let shown = if self.json {
            // A reader of the JSON must not take a missing state for an empty one.
            if !is_there {
                notes.extend(self.warnings(facts, deploys, &state, false)?);
            }
            let mut value = json!({ "master": state.to_value() });
            if let (true, Some(fields)) = (self.show_slaves, value.as_object_mut()) {
                fields.insert("slaves".to_string(), json!([]));
            }
            Report::json(&value)
        } else {
            let slaves = if self.show_slaves { format!("{SLAVES}\n") } else { String::new() };
            let (certificates, warnings) = (self.certificates(facts), self.warnings(facts, deploys, &state, is_there));
            let (certificates, warnings) = (certificates?, section("To look at", &warnings?));
            let body = body(&state, &self.proxy);
            Report::text(format!("{MASTER}\n{body}{slaves}{}{certificates}{warnings}", more(&state)))
        };
        Ok(Step::Done(Report { notes, ..shown }))
    }
}

impl ProxyStatus {
    /// What is not as the state says.
    fn warnings(
        &self,
        facts: &Facts,
        deploys: Deploys<'_>,
        state: &State,
        is_there: bool,
    ) -> Result<Vec<String>, Refusal> {
        let (intents, proxy) = (facts.intents(&deploys.intents()), facts.proxy(&deploys.live_dir(PROXY)));
        let mains = self.proxy.end_points.keys().filter_map(|label| Some((label, state.connected(label)?)));
        let asked: Vec<_> = mains.map(|(label, deploy)| (label, deploy, facts.listens(deploy.port.0))).collect();
        let shares = self.proxy.end_points.keys().filter_map(|label| Some((label, state.split(label)?.0)));
        let shares: Vec<_> = shares.map(|(label, deploy)| (label, deploy, facts.listens(deploy.port.0))).collect();
        let (intents, proxy) = (intents.known()?, proxy.known()?);
        for (_, _, answer) in asked.iter().chain(&shares) {
            answer.clone().known()?.ok();
        }
        let mut lines = Vec::new();
        if intents.is_ok_and(|intents| !intents.is_empty()) {
            lines.push(
                "a change was cut short: the next command that changes something goes back from it first".to_string(),
            );
        }
        let proxy = match proxy {
            Ok(proxy) => proxy,
            Err(refusal) => {
                lines.push(format!("whether the proxy runs cannot be told: {refusal}"));
                return Ok(lines);
            }
        };
        let served = proxy.serves.map(|served| served.routes);
        if !is_there && served.as_ref().is_some_and(|routes| !routes.targets.is_empty()) {
            lines.push(format!("{}/state.json is not there, yet the proxy routes endpoints", deploys.live_dir(PROXY)));
        }
        let stranger = served.as_ref().filter(|_| is_there).and_then(|routes| routes.stranger(state));
        lines.extend(stranger.map(|(label, port)| {
            format!("{label}: the proxy routes it to port {port}, on which the state knows no deploy")
        }));
        if !asked.is_empty() && !proxy.running {
            lines.push("the proxy does not run: no endpoint answers; c2 restart-frontend-proxy starts it".to_string());
        } else if !asked.is_empty() && served.is_none() {
            lines.push("the proxy does not serve its configuration; c2 restart-frontend-proxy heals it".to_string());
        }
        lines.extend(unserved(asked, shares, served.as_ref()));
        Ok(lines)
    }

    /// The certificates of the endpoints, and when they expire.
    fn certificates(&self, facts: &Facts) -> Result<String, Refusal> {
        let endpoints = self.proxy.end_points.iter();
        let asked =
            endpoints.filter_map(|(label, endpoint)| Some((label, certificate_paths(&self.config, &endpoint.etype)?)));
        let asked: Vec<_> = asked
            .map(|(label, [path, key])| {
                (label, facts.content(&Location::File(path.clone())), path, facts.fingerprint(&key), key)
            })
            .collect();
        let mut lines = String::new();
        for (label, content, path, found, key) in asked {
            let expiry = match content.known()? {
                Err(refusal) => format!("cannot be read: {refusal}"),
                Ok(None) => "is not there".into(),
                Ok(Some(content)) => standing(content.bytes.reveal(), facts.now())?,
            };
            let key = match found.known()? {
                Ok(None) => format!("; its key {key} is not there"),
                // Who asks for the status may not be allowed to read it.
                Ok(Some(_)) | Err(_) => String::new(),
            };
            lines.push_str(&format!("  {label}: {path} {expiry}{key}\n"));
        }
        Ok(if lines.is_empty() { lines } else { format!("\nCertificates:\n{lines}") })
    }
}

/// A deploy that an endpoint has, and whether something listens on its port.
type Looked<'a> = (&'a Label, &'a Deploy, Result<bool, Refusal>);

/// The endpoints and shares that are not served as the state says.
fn unserved(asked: Vec<Looked<'_>>, shares: Vec<Looked<'_>>, served: Option<&Routes>) -> Vec<String> {
    let mut lines = Vec::new();
    for (label, deploy, listens) in asked {
        let routed = served.map(|routes| routes.port(label));
        let paged = served.is_some_and(|routes| routes.maintenance.contains(label));
        let (name, port) = (&deploy.label, deploy.port.0);
        if listens.is_ok_and(|listens| !listens) {
            lines.push(format!("{label}: nothing listens on port {port}: {name} does not run or is not ready"));
        } else if let (Some(None), false) = (routed, paged) {
            lines.push(format!("{label}: the proxy answers 503, though it is connected to {name}"));
        } else if let Some(Some(other)) = routed.filter(|routed| *routed != Some(port)) {
            lines.push(format!("{label}: the proxy routes it to port {other}, though it is connected to {name}"));
        }
    }
    for (label, deploy, listens) in shares {
        let (name, port) = (&deploy.label, deploy.port.0);
        if listens.is_ok_and(|listens| !listens) {
            lines.push(format!("{label}: nothing listens on port {port}: {name}, which has a share, does not run"));
        } else if served.is_some_and(|routes| routes.share_port(label) != Some(port)) {
            lines.push(format!("{label}: no share of it goes to {name}"));
        }
    }
    lines
}

/// Lines under a title, behind those that scripts know.
fn section(title: &str, lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{title}:\n{lines}") }
}

/// The endpoints and deploys of a state.
pub(crate) fn body(state: &State, proxy: &ProxyModeConfig) -> String {
    let endpoints = proxy.end_points.iter().map(|(label, endpoint)| {
        let to = state.connected(label).map_or("(not connected)", |deploy| deploy.label.as_str());
        format!("  {label}: ({}) -> {to}\n", addresses(endpoint))
    });
    let deploys = state.deploys.values().map(|deploy| {
        let release = match deploy.release.as_str() == deploy.label.as_str() {
            true => String::new(),
            false => format!(" ({})", deploy.release),
        };
        format!("  {}{release}: (localhost:{})\n", deploy.label, deploy.port.0)
    });
    format!("Endpoints:\n{}\nDeploys:\n{}", endpoints.collect::<String>(), deploys.collect::<String>())
}

/// What scripts that read the lines above do not know: it stands behind them.
pub(crate) fn more(state: &State) -> String {
    let mut text = String::new();
    let splits = state.connections.iter().filter_map(|(label, main)| {
        let (second, percent) = state.split(label)?;
        Some(format!("  {label}: {} % -> {}, the others -> {main}\n", percent.get(), second.label))
    });
    let maintenance = state.maintenance.iter().map(|(label, page)| format!("  {label}: {}\n", page.message));
    for (title, lines) in [("Splits", splits.collect::<String>()), ("Maintenance", maintenance.collect())] {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}:\n{lines}"));
        }
    }
    text
}

fn addresses(endpoint: &EndPoint) -> String {
    let ports = match endpoint.etype {
        EndPointType::HttpOnly => "80",
        EndPointType::HttpsWithRedirect(_) => "80,443",
    };
    let all: Vec<String> = endpoint.server_names.iter().map(|name| format!("{name}:{ports}")).collect();
    all.join(", ")
}
