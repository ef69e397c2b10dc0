//! How a command of proxy mode ended, in words.

use crate::prelude::*;

use super::{
    reconcile::{Reconcile, Refused},
    target::Upkeep,
    verbs::Verb,
};
use crate::{
    config::{DeployName, Label},
    nginx::Route,
    seam::{Failure, Outcome, Purpose, Report, retry_hint},
};

/// The report of everything that this run has done, and of what is still refused.
pub(super) fn report(r: &Reconcile<'_>, verb: &dyn Verb, refused: &[Refused]) -> Report {
    let failed = r.past.iter().filter_map(Outcome::failure_text);
    let mut troubles: Vec<String> = Vec::new();
    for text in failed.chain(refused.iter().map(|refused| refused.refusal.to_string())) {
        if !troubles.contains(&text) {
            troubles.push(text);
        }
    }
    if troubles.is_empty() {
        let mut notes = Vec::from([verb.done(&r.seen.state, r.past.is_empty())]);
        notes.extend(r.seen.state.warnings(r.seen.proxy_config));
        notes.extend(maintained(r));
        notes.extend(waiting(r));
        return match unserved(r) {
            None => Report { notes, ..Report::text("") },
            Some((text, hint)) => {
                let now = Some(standing(r));
                Report { notes: waiting(r), now, ..Report::failed(text, Some(&hint)) }
            }
        };
    }
    let again = retry_hint(&verb.command());
    let failure = r.past.iter().filter_map(Outcome::failure).find_map(Failure::hint);
    let hint = refused.iter().find_map(|refused| refused.refusal.hint()).or(failure).unwrap_or(&again);
    let report = Report::failed(troubles.join("\n"), Some(hint)).after(r.past);
    Report { notes: waiting(r), now: Some(standing(r)), ..report }
}

/// That an endpoint which was routed elsewhere shows its page on.
fn maintained(r: &Reconcile<'_>) -> Option<String> {
    let endpoint = match &r.target.purpose {
        Purpose::Connect(endpoint, _) | Purpose::Split(endpoint, _) | Purpose::Disconnect(endpoint) => endpoint,
        _ => return None,
    };
    r.seen.state.maintenance.contains_key(endpoint).then(|| {
        format!(
            "{endpoint} is still in maintenance and answers with its page: c2 maintenance {endpoint} --off ends that"
        )
    })
}

/// The endpoints and shares that have no target although one is noted for them.
fn waiting(r: &Reconcile<'_>) -> Vec<String> {
    if !r.seen.has_proxy() || r.target.proxy == Upkeep::Stop {
        return Vec::new();
    }
    let told = r.target.endpoint();
    let others = r.seen.proxy_config.end_points.keys().filter(|endpoint| Some(*endpoint) != told);
    others.filter_map(|endpoint| Some(format!("warning: {}", waits(r, endpoint)?.0))).collect()
}

/// That an endpoint or a share of it has no target although one is noted; and the deploy that does not run.
fn waits<'r>(r: &'r Reconcile<'_>, endpoint: &Label) -> Option<(String, &'r DeployName)> {
    let have = &r.seen.state;
    match r.seen.routes().targets.get(endpoint) {
        None => {
            let deploy = have.connections.get(endpoint)?;
            Some((format!("{endpoint} answers 503: {deploy} {}", how(r, deploy)), deploy))
        }
        Some(target) => {
            let (second, _) = have.split(endpoint).filter(|_| target.share.is_none())?;
            let deploy = &second.label;
            Some((format!("no share of {endpoint} goes to {deploy}: it {}", how(r, deploy)), deploy))
        }
    }
}

/// How a deploy is that an endpoint waits for.
fn how(r: &Reconcile<'_>, deploy: &DeployName) -> String {
    let known = r.seen.state.deploys.get(deploy);
    let looked = known.and_then(|known| {
        r.seen.looked(deploy, known).ok().flatten().filter(|_| r.seen.runs(deploy, known).unwrap_or(false))
    });
    match known.zip(looked).and_then(|(known, looked)| looked.why(known.port.0)) {
        Some(why) => format!("is not ready: {}", why.full),
        None => "does not run".into(),
    }
}

/// That the very endpoint which was to be routed is not; and what to do.
fn unserved(r: &Reconcile<'_>) -> Option<(String, String)> {
    let (text, deploy) = waits(r, r.target.endpoint().filter(|_| r.seen.has_proxy())?)?;
    let release = &r.seen.state.deploys.get(deploy)?.release;
    let hint = format!("start it again: c2 start {release} {deploy}");
    Some((format!("{}: {text}", r.target.doing()), hint))
}

/// How the endpoints stand after a failure.
pub(super) fn standing(r: &Reconcile<'_>) -> String {
    if !r.seen.has_proxy() {
        return "no endpoint is routed".to_string();
    }
    if !r.seen.proxy.running {
        return "the proxy does not run: no endpoint answers".to_string();
    }
    let routes = r.seen.routes();
    let name = |port: u16| {
        let deploy = r.seen.state.deploys.iter().find(|(_, known)| known.port.0 == port);
        deploy.map_or("an unknown deploy", |(label, _)| label.as_str())
    };
    let of = |endpoint| match routes.targets.get(endpoint) {
        _ if routes.maintenance.contains(endpoint) => format!("{endpoint} is in maintenance"),
        Some(Route { port, share: Some(share) }) => {
            format!("{endpoint} goes to {}, {} % to {}", name(*port), share.percent.get(), name(share.port))
        }
        Some(target) => format!("{endpoint} goes to {}", name(target.port)),
        None => format!("{endpoint} answers 503"),
    };
    let all: Vec<String> = r.seen.proxy_config.end_points.keys().map(of).collect();
    if all.is_empty() { "there are no endpoints".to_string() } else { all.join(", ") }
}
