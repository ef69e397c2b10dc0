//! HTTP through ureq: one agent for http and one for https, made when first needed, and its errors as faults.

use super::{S3Error, roots};
use c2_core::s3::{Fault, plain_etag};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;
use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::{resolver::DefaultResolver, transport::DefaultConnector};
use ureq::{Agent, Body, Proxy, Timeout};

/// The variables that make ureq use a proxy.
const PROXY_VARIABLES: [&str; 6] = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
/// The longest wait for the head of an answer, however slowly it trickles.
const HEAD_LIMIT: Duration = Duration::from_secs(120);

/// Limits on a connection, and how to pause before a request is made again.
pub struct Tuning {
    /// The longest time to connect, TLS included.
    pub connect: Duration,
    /// The longest time in which no byte comes or goes.
    pub stall: Duration,
    /// Pauses before the next attempt.
    pub pause: Box<dyn Fn(Duration) + Send + Sync>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), stall: Duration::from_secs(30), pause: Box::new(thread::sleep) }
    }
}

/// The agents with their pools of connections.
pub(super) struct Http {
    pub(super) tuning: Tuning,
    plain: OnceLock<Agent>,
    secure: OnceLock<Agent>,
}

impl Http {
    pub(super) fn new(tuning: Tuning) -> Self {
        Self { tuning, plain: OnceLock::new(), secure: OnceLock::new() }
    }

    /// The agent for http or https; only the latter reads the root certificates.
    ///
    /// # Errors
    /// [`S3Error::Roots`] when there are no root certificates.
    pub(super) fn agent(&self, env: &BTreeMap<String, String>, is_tls: bool) -> Result<&Agent, S3Error> {
        let agent = if is_tls { &self.secure } else { &self.plain };
        if let Some(agent) = agent.get() {
            return Ok(agent);
        }
        let made = self.make(env, is_tls)?;
        Ok(agent.get_or_init(|| made))
    }

    fn make(&self, env: &BTreeMap<String, String>, is_tls: bool) -> Result<Agent, S3Error> {
        let has_proxy = PROXY_VARIABLES.iter().any(|name| env.contains_key(*name));
        let proxy = if has_proxy { Proxy::try_from_env() } else { None };
        // A proxy may itself be spoken to in TLS.
        let roots = if is_tls || proxy.is_some() { roots::roots(env)?.1 } else { Vec::new() };
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(roots)));
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .proxy(proxy)
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("c2/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(self.tuning.connect))
            .timeout_per_read(Some(self.tuning.stall))
            .timeout_per_write(Some(self.tuning.stall))
            .timeout_recv_response(Some(HEAD_LIMIT))
            .build();
        // The place to put another name lookup.
        Ok(Agent::with_parts(config, DefaultConnector::default(), DefaultResolver::default()))
    }
}

/// What an error of ureq means. Never its own text where that may hold the URL.
pub(super) fn fault(error: ureq::Error, tuning: &Tuning) -> Fault {
    use ureq::Error;
    let broken = |why: String| Fault::Broken { why };
    match error {
        Error::Io(error) => match tls_hint(&error) {
            Some(hint) => Fault::Hopeless { why: format!("{error}; {hint}") },
            None => broken(format!("the connection failed: {error}")),
        },
        Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => {
            broken(format!("nothing came for {} s", tuning.stall.as_secs_f32()))
        }
        Error::Timeout(Timeout::Connect) => broken(format!("no connection within {} s", tuning.connect.as_secs_f32())),
        Error::Timeout(timeout) => broken(format!("it took too long ({timeout})")),
        Error::HostNotFound => broken("the host's name is not known".to_owned()),
        Error::ConnectionFailed | Error::BodyStalled => broken("the connection failed".to_owned()),
        Error::ConnectProxyFailed(why) => broken(format!("the proxy refused: {why}")),
        Error::Protocol(error) => broken(format!("the answer is no HTTP: {error}")),
        Error::InvalidProxyUrl => Fault::Hopeless { why: "the proxy variable holds no URL of a proxy".to_owned() },
        Error::Rustls(error) => Fault::Hopeless { why: format!("TLS failed: {error}") },
        Error::Tls(why) => Fault::Hopeless { why: format!("TLS failed: {why}") },
        Error::LargeResponseHeader(..) => Fault::Implausible { why: "the head of the answer is too long".to_owned() },
        _ => Fault::Hopeless { why: "the HTTP client cannot make the request".to_owned() },
    }
}

/// What to do about a failed handshake that no other try would change.
fn tls_hint(error: &io::Error) -> Option<&'static str> {
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(_) => {
            Some("the root that signed it must be in the machine's bundle, or in the one AWS_CA_BUNDLE names")
        }
        rustls::Error::InvalidMessage(_) => Some("the endpoint seems to speak http, not https"),
        _ => None,
    }
}

/// A header of an answer, when it is there and readable.
pub(super) fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The ETag without quotes, or nothing.
pub(super) fn etag(response: &Response<Body>) -> String {
    plain_etag(header(response, "etag").unwrap_or_default()).to_owned()
}
