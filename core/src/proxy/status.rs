//! `status` behind a proxy: endpoints and deploys, byte for byte as scripts read them.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::json;

use super::{configured::paths, expiry::standing, observed::state};
use crate::{
    commands::Deploys,
    config::{EndPoint, EndPointType, ProxyModeConfig, State, ToolConfig},
    seam::{Command, Facts, Location, Outcome, Refusal, Report, Step},
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
        let state = state(facts, Deploys(self.config.deploys_dir.as_str()))?.unwrap_or_default();
        let text = if self.json {
            let mut value = json!({ "master": state.to_value() });
            if let (true, Some(fields)) = (self.show_slaves, value.as_object_mut()) {
                fields.insert("slaves".to_string(), json!([]));
            }
            format!("{value:#}\n")
        } else {
            let slaves = if self.show_slaves { format!("\n{SLAVES}\n") } else { String::new() };
            let certificates = self.certificates(facts)?;
            format!("{MASTER}\n{}{slaves}{}{certificates}", body(&state, &self.proxy), more(&state))
        };
        Ok(Step::Done(Report { notes: state.oddities(&self.proxy), ..Report::text(text) }))
    }
}

impl ProxyStatus {
    /// The certificates of the endpoints, and when they expire.
    fn certificates(&self, facts: &Facts) -> Result<String, Refusal> {
        let endpoints = self.proxy.end_points.iter();
        let asked = endpoints.filter_map(|(label, endpoint)| Some((label, paths(&self.config, &endpoint.etype)?)));
        let asked: Vec<_> =
            asked.map(|(label, [path, _])| (label, facts.content(&Location::File(path.clone())), path)).collect();
        let mut lines = String::new();
        for (label, content, path) in asked {
            let expiry = match content {
                Err(Refusal::Unknown) => return Err(Refusal::Unknown),
                Err(refusal) => format!("cannot be read: {refusal}"),
                Ok(None) => "is not there".into(),
                Ok(Some(content)) => standing(content.bytes.reveal(), facts.now())?,
            };
            lines.push_str(&format!("  {label}: {path} {expiry}\n"));
        }
        Ok(if lines.is_empty() { lines } else { format!("\nCertificates:\n{lines}") })
    }
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
