//! How a command of proxy mode ended, in words.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{Goal, Look, served::Target};
use crate::seam::{Outcome, Refusal, Report};

impl Look<'_> {
    /// The report of everything that this run has done, and of what is still refused.
    pub(super) fn report(&self, refused: &[Refusal]) -> Report {
        let mut troubles: Vec<String> = self.past.iter().filter_map(Outcome::failure_text).collect();
        troubles.extend(refused.iter().map(ToString::to_string));
        if troubles.is_empty() {
            let mut notes = Vec::from([self.done()]);
            notes.extend(self.maintained());
            notes.extend(self.waiting());
            return match self.unserved() {
                None => Report { notes, ..Report::text("") },
                Some((text, hint)) => Report { notes: self.waiting(), ..Report::failed(text, Some(&hint)) },
            };
        }
        let failure = self.past.iter().find_map(|outcome| match outcome {
            Outcome::Planned { failed: Some((_, failure)), .. } => failure.hint(),
            _ => None,
        });
        let standing = self.standing();
        let hint = match refused.iter().find_map(Refusal::hint).or(failure) {
            Some(hint) => format!("{hint}; {standing}"),
            None => standing,
        };
        Report { notes: self.waiting(), ..Report::failed(troubles.join("\n"), Some(&hint)) }
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
            return self.unready(master);
        }
        let routes = self.now.routes();
        let waits = |endpoint| match routes.targets.get(endpoint) {
            None => {
                let deploy = self.now.have.connections.get(endpoint)?;
                Some(format!("warning: {endpoint} answers 503: {deploy} does not run"))
            }
            Some(target) => {
                let (second, _) = self.now.have.split(endpoint).filter(|_| target.share.is_none())?;
                Some(format!("warning: no share of {endpoint} goes to {}: it does not run", second.label))
            }
        };
        self.mode.proxy.end_points.keys().filter_map(waits).collect()
    }

    /// That the very endpoint which was to be routed is not, as its deploy does not run; and what to do.
    fn unserved(&self) -> Option<(String, String)> {
        let (Goal::Connect { endpoint, deploy } | Goal::Split { endpoint, deploy, .. }) = &self.mode.goal else {
            return None;
        };
        let target = self.now.routes().targets.get(endpoint).copied();
        let is_split = matches!(self.mode.goal, Goal::Split { .. });
        let serves = target.is_some_and(|target| !is_split || target.share.is_some());
        let paged = self.now.routes().maintenance.contains(endpoint);
        let release = &self.now.have.deploys.get(deploy)?.release;
        let hint = format!("start it again: c2 start {release} {deploy}");
        let fails = self.now.has_proxy() && !serves && !paged;
        fails.then(|| (format!("{}: {deploy} does not run", self.mode.goal), hint))
    }

    /// How the endpoints stand after a failure.
    fn standing(&self) -> String {
        if !self.now.has_proxy() {
            return "no endpoint is routed".to_string();
        }
        if self.now.proxy.exists && !self.now.proxy.running {
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
        if all.is_empty() { "there are no endpoints".to_string() } else { format!("now {}", all.join(", ")) }
    }
}
