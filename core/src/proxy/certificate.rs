//! `generate-ssl-certificate`: certbot obtains one certificate for all endpoints that have a generated one, or renews
//! it, by the challenges that the proxy answers; then the proxy serves it.

use crate::prelude::*;

use super::{Goal, ProxyMode, Refresh, expiry::standing, rendered::certificates};
use crate::{
    config::{EndPointType, Label, ProxyModeConfig, ServerName, SslCertMode, ToolConfig},
    seam::{Command, Effect, Facts, Location, Outcome, Plan, Purpose, Refusal, Report, Secret, Stage, Step},
};

/// What the plan is called that has certbot called.
const OBTAIN: &str = "obtain the certificate";
/// The image that certbot's makers publish.
const IMAGE: &str = "certbot/certbot";
/// The longest that certbot may take, with the fetching of its image.
const LIMIT_S: u32 = 900;

/// `generate-ssl-certificate`
#[derive(Clone, Debug)]
pub struct GenerateCertificate {
    /// The configuration.
    pub config: ToolConfig,
    /// Its part about the proxy.
    pub proxy: ProxyModeConfig,
}

impl Command for GenerateCertificate {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let names = self.names();
        if names.is_empty() {
            let note = "no endpoint has a generated certificate: there is nothing to obtain";
            return Ok(Step::Done(Report::note(note)));
        }
        if let Some((label, name)) = self.no_host_name() {
            let why = format!(
                "{name}, a name of the endpoint {label}, is not a host name: no certificate can be obtained for it"
            );
            return Err(Refusal::no(OBTAIN, why)
                .with_hint("give it an endpoint of its own, with an explicit certificate or httpOnly"));
        }
        if self.config.auto_cert_contact_email.as_str().is_empty() {
            return Err(Refusal::no(OBTAIN, "autoCertContactEmail is empty")
                .with_hint("set it in the configuration: the certificate authority registers it"));
        }
        let is_it = |outcome: &Outcome| outcome.plan_for(&Purpose::ObtainCertificate).is_some();
        match past.iter().position(is_it).and_then(|at| past.split_at_checked(at + 1)) {
            // The proxy answers the challenges.
            None => match self.refresh().next(facts, past)? {
                Step::Done(Report { failed: None, .. }) => Ok(Step::Do(self.obtain(&names))),
                step => Ok(step),
            },
            Some(([.., outcome @ Outcome::Planned { failed: Some(_), .. }], _)) => {
                let log = format!("certbot's log is in {}", self.logs());
                Ok(Step::Done(Report::failed(outcome.failure_text().unwrap_or_default(), Some(&log))))
            }
            Some((_, since)) => match self.refresh().next(facts, since)? {
                Step::Done(report @ Report { failed: None, .. }) => self.obtained(facts, &names, report),
                step => Ok(step),
            },
        }
    }

    fn lock(&self) -> Option<String> {
        self.refresh().lock()
    }

    fn may_nest(&self) -> bool {
        self.refresh().may_nest()
    }
}

impl GenerateCertificate {
    /// The host names of the endpoints that have a generated certificate, each once.
    fn names(&self) -> Vec<&str> {
        let generated = EndPointType::HttpsWithRedirect(SslCertMode::Generated);
        let endpoints = self.proxy.end_points.values().filter(|endpoint| endpoint.etype == generated);
        let mut names: Vec<&str> = Vec::new();
        for name in endpoints.flat_map(|endpoint| &endpoint.server_names) {
            if !names.contains(&name.as_str()) {
                names.push(name.as_str());
            }
        }
        names
    }

    /// A name that no challenge over HTTP can be for (RFC 8555, section 7.1.3; nginx's own patterns), and its endpoint:
    /// with it nothing at all would be obtained or renewed.
    fn no_host_name(&self) -> Option<(&Label, &ServerName)> {
        let generated = EndPointType::HttpsWithRedirect(SslCertMode::Generated);
        let endpoints = self.proxy.end_points.iter().filter(|(_, endpoint)| endpoint.etype == generated);
        endpoints
            .flat_map(|(label, endpoint)| endpoint.server_names.iter().map(move |name| (label, name)))
            .find(|(_, name)| !name.is_host_name())
    }

    /// What makes the proxy serve its configuration, with the certificate as it is.
    fn refresh(&self) -> ProxyMode {
        let (config, proxy) = (self.config.clone(), self.proxy.clone());
        ProxyMode { config, proxy, goal: Goal::Refresh(Refresh), force: false }
    }

    fn logs(&self) -> String {
        format!("{}/var/log/letsencrypt", self.config.letsencrypt_prefix_dir)
    }

    fn obtain(&self, names: &[&str]) -> Plan {
        let (config, name) = (&self.config, self.config.auto_cert_name.as_str());
        let challenges = format!("{}/.well-known/acme-challenge", config.letsencrypt_www_dir);
        let mounts = [
            format!("{}/etc/letsencrypt:/etc/letsencrypt", config.letsencrypt_prefix_dir),
            format!("{}:/var/log/letsencrypt", self.logs()),
            format!("{challenges}:{challenges}"),
        ];
        let mut arguments: Vec<String> = ["run", "--rm", "--name", name].map(ToString::to_string).into();
        arguments.extend(mounts.into_iter().flat_map(|mount| ["-v".to_string(), mount]));
        let certbot = [
            IMAGE,
            "certonly",
            "--cert-name",
            name,
            "--webroot",
            "--webroot-path",
            config.letsencrypt_www_dir.as_str(),
            "-m",
            config.auto_cert_contact_email.as_str(),
            "--non-interactive",
            "--agree-tos",
        ];
        arguments.extend(certbot.map(ToString::to_string));
        // nginx's master reads keys as root; only an image that runs as another user needs them open.
        if config.certbot_opens_keys {
            arguments.extend(["--deploy-hook", "chmod -R ag+rX /etc/letsencrypt"].map(ToString::to_string));
        }
        arguments.extend(names.iter().flat_map(|name| ["-d".to_string(), (*name).to_string()]));
        let folders = vec![Effect::MakeFolder(self.logs()), Effect::MakeFolder(challenges)];
        let (program, input) = ("docker".to_string(), Secret::default());
        let call = Effect::Call { program, arguments, input, limit_s: LIMIT_S, shown: true };
        Plan::new(
            Purpose::ObtainCertificate,
            vec![Stage::new("make its folders", folders), Stage::new("call certbot", vec![call])],
        )
    }

    /// What came of it, once the proxy serves what is there.
    fn obtained(&self, facts: &Facts, names: &[&str], mut report: Report) -> Result<Step, Refusal> {
        let (name, names) = (&self.config.auto_cert_name, names.join(", "));
        let generated = EndPointType::HttpsWithRedirect(SslCertMode::Generated);
        let found = certificates(facts, &self.config, &self.proxy)?.usable(&self.config, &generated);
        let Some([path, _]) = found else {
            let why = format!("{OBTAIN}: certbot succeeded, and left no certificate {name} behind");
            return Ok(Step::Done(Report::failed(why, Some(&format!("certbot's log is in {}", self.logs())))));
        };
        let content = facts.content(&Location::File(path))?;
        let expiry = content.map(|content| standing(content.bytes.reveal(), facts.now()));
        let expiry = expiry.transpose()?.unwrap_or_default();
        report.notes.insert(0, format!("the certificate {name} of {names} is served; it {expiry}"));
        Ok(Step::Done(report))
    }
}
