//! How a command of proxy mode ended, in words.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{Goal, Look, Refused, served::Target};
use crate::{
    config::{DeployName, Label},
    seam::{Failure, Outcome, Report, retry_hint},
};

impl Look<'_> {
    /// The report of everything that this run has done, and of what is still refused.
    pub(super) fn report(&self, refused: &[Refused]) -> Report {
        let failed = self.past.iter().filter_map(Outcome::failure_text);
        let mut troubles: Vec<String> = Vec::new();
        for text in failed.chain(refused.iter().map(|refused| refused.refusal.to_string())) {
            if !troubles.contains(&text) {
                troubles.push(text);
            }
        }
        if troubles.is_empty() {
            let mut notes = Vec::from([self.done()]);
            notes.extend(self.now.have.oddities(&self.mode.proxy));
            notes.extend(self.maintained());
            notes.extend(self.waiting());
            return match self.unserved() {
                None => Report { notes, ..Report::text("") },
                Some((text, hint)) => {
                    let now = Some(self.standing());
                    Report { notes: self.waiting(), now, ..Report::failed(text, Some(&hint)) }
                }
            };
        }
        let again = retry_hint(&self.again());
        let failure = self.past.iter().filter_map(Outcome::failure).find_map(Failure::hint);
        let hint = refused.iter().find_map(|refused| refused.refusal.hint()).or(failure).unwrap_or(&again);
        let report = Report::failed(troubles.join("\n"), Some(hint)).after(self.past);
        Report { notes: self.waiting(), now: Some(self.standing()), ..report }
    }

    /// The command, to be given again.
    fn again(&self) -> String {
        match &self.mode.goal {
            Goal::Start { deploy, release, .. } => format!("c2 start {release} {deploy}"),
            Goal::Stop(deploy) => format!("c2 stop {deploy}"),
            Goal::Connect { endpoint, deploy } => format!("c2 connect {endpoint} {deploy}"),
            Goal::Disconnect(endpoint) => format!("c2 disconnect {endpoint}"),
            Goal::Split { endpoint, deploy, percent } => {
                format!("c2 split {endpoint} {deploy} --percent {}", percent.get())
            }
            Goal::Maintain { endpoint, .. } => format!("c2 maintenance {endpoint}"),
            Goal::EndMaintenance(endpoint) => format!("c2 maintenance {endpoint} --off"),
            Goal::Follow(_) => "c2 slave-update".into(),
            Goal::Refresh | Goal::Restart => "c2 restart-frontend-proxy".into(),
            Goal::Shutdown => "c2 shutdown-frontend-proxy".into(),
        }
    }

    /// What the command was to bring about, as it is now.
    fn done(&self) -> String {
        let untouched = self.past.is_empty();
        match &self.mode.goal {
            Goal::Start { deploy, release, .. } => {
                let port = self.now.have.deploys.get(deploy).map_or(0, |known| known.port.0);
                let how = if untouched { "runs already" } else { "is started" };
                format!("{deploy} ({release}) {how} on port {port}")
            }
            Goal::Stop(deploy) => format!("{deploy} is stopped"),
            Goal::Connect { endpoint, deploy } if untouched => format!("{endpoint} is connected to {deploy} already"),
            Goal::Connect { endpoint, deploy } => format!("{endpoint} is connected to {deploy}"),
            Goal::Disconnect(endpoint) if untouched => format!("{endpoint} is not connected: there is nothing to do"),
            Goal::Disconnect(endpoint) => format!("{endpoint} is disconnected"),
            Goal::Split { endpoint, deploy, percent } => {
                let now = if untouched { " already" } else { "" };
                format!("{} % of the clients of {endpoint} go to {deploy}{now}", percent.get())
            }
            Goal::Maintain { endpoint, .. } if untouched => format!("{endpoint} is in maintenance already"),
            Goal::Maintain { endpoint, .. } => format!("{endpoint} is in maintenance"),
            Goal::EndMaintenance(endpoint) if untouched => {
                format!("{endpoint} is not in maintenance: there is nothing to do")
            }
            Goal::EndMaintenance(endpoint) => format!("{endpoint} is no longer in maintenance"),
            Goal::Follow(_) if untouched => "this machine is as the master state wants it".to_string(),
            Goal::Follow(_) => "this machine is brought to the master state".to_string(),
            Goal::Refresh | Goal::Restart => "the proxy runs and serves its configuration".to_string(),
            Goal::Shutdown => "the proxy is shut down".to_string(),
        }
    }

    /// That an endpoint which was routed elsewhere shows its page on.
    fn maintained(&self) -> Option<String> {
        let (Goal::Connect { endpoint, .. } | Goal::Split { endpoint, .. } | Goal::Disconnect(endpoint)) =
            &self.mode.goal
        else {
            return None;
        };
        self.now.have.maintenance.contains_key(endpoint).then(|| {
            format!("{endpoint} is still in maintenance and answers with its page: c2 maintenance {endpoint} --off ends that")
        })
    }

    /// The endpoints and shares that have no target although one is noted for them.
    fn waiting(&self) -> Vec<String> {
        if !self.now.has_proxy() || self.mode.goal == Goal::Shutdown {
            return Vec::new();
        }
        if let Goal::Follow(master) = &self.mode.goal {
            // What is not known yet is asked, and this report made anew.
            return self.unready(master).unwrap_or_default().into_iter().map(|it| it.full).collect();
        }
        let told = self.asked();
        let others = self.mode.proxy.end_points.keys().filter(|endpoint| Some(*endpoint) != told);
        others.filter_map(|endpoint| Some(format!("warning: {}", self.waits(endpoint)?.0))).collect()
    }

    /// The endpoint that is to be routed.
    pub(super) fn asked(&self) -> Option<&Label> {
        match &self.mode.goal {
            Goal::Connect { endpoint, .. } | Goal::Split { endpoint, .. } => Some(endpoint),
            _ => None,
        }
    }

    /// That an endpoint or a share of it has no target although one is noted; and the deploy that does not run.
    fn waits(&self, endpoint: &Label) -> Option<(String, &DeployName)> {
        let have = &self.now.have;
        match self.now.routes().targets.get(endpoint) {
            None => {
                let deploy = have.connections.get(endpoint)?;
                Some((format!("{endpoint} answers 503: {deploy} {}", self.how(deploy)), deploy))
            }
            Some(target) => {
                let (second, _) = have.split(endpoint).filter(|_| target.share.is_none())?;
                let deploy = &second.label;
                Some((format!("no share of {endpoint} goes to {deploy}: it {}", self.how(deploy)), deploy))
            }
        }
    }

    /// How a deploy is that an endpoint waits for.
    fn how(&self, deploy: &DeployName) -> String {
        let known = self.now.have.deploys.get(deploy);
        let looked = known.and_then(|known| {
            self.looked(deploy, known).ok().flatten().filter(|_| self.lives(deploy, known).unwrap_or(false))
        });
        match known.zip(looked).and_then(|(known, looked)| looked.why(known.port.0)) {
            Some(why) => format!("is not ready: {}", why.full),
            None => "does not run".into(),
        }
    }

    /// That the very endpoint which was to be routed is not; and what to do.
    fn unserved(&self) -> Option<(String, String)> {
        let (text, deploy) = self.waits(self.asked().filter(|_| self.now.has_proxy())?)?;
        let release = &self.now.have.deploys.get(deploy)?.release;
        let hint = format!("start it again: c2 start {release} {deploy}");
        Some((format!("{}: {text}", self.mode.goal), hint))
    }

    /// How the endpoints stand after a failure.
    pub(super) fn standing(&self) -> String {
        if !self.now.has_proxy() {
            return "no endpoint is routed".to_string();
        }
        if !self.now.proxy.running {
            return "the proxy does not run: no endpoint answers".to_string();
        }
        let routes = self.now.routes();
        let name = |port: u16| {
            let deploy = self.now.have.deploys.iter().find(|(_, known)| known.port.0 == port);
            deploy.map_or("an unknown deploy", |(label, _)| label.as_str())
        };
        let of = |endpoint| match routes.targets.get(endpoint) {
            _ if routes.maintenance.contains(endpoint) => format!("{endpoint} is in maintenance"),
            Some(Target { port, share: Some(share) }) => {
                format!("{endpoint} goes to {}, {} % to {}", name(*port), share.percent.get(), name(share.port))
            }
            Some(target) => format!("{endpoint} goes to {}", name(target.port)),
            None => format!("{endpoint} answers 503"),
        };
        let all: Vec<String> = self.mode.proxy.end_points.keys().map(of).collect();
        if all.is_empty() { "there are no endpoints".to_string() } else { all.join(", ") }
    }
}
