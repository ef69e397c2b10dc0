//! HTTP through ureq: agents for http and https, with and without a proxy, made when first needed, and errors as faults.

mod resolve;
mod roots;

pub use roots::RootsError;

use self::resolve::Lookup;
use c2_core::aws::{has_usable_port, proxy};
use c2_core::s3::{Fault, plain_etag};
use rustls::CertificateError;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fmt, io};
use ureq::http::{Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Proxy, Timeout};

/// The most fetches at one time, each on a connection of its own.
pub(crate) const SIDE_BY_SIDE: usize = 32;
/// The longest wait for the head of an answer, however slowly it trickles.
const HEAD_LIMIT: Duration = Duration::from_secs(120);
/// Bytes that a connection keeps for what it reads: the head of an answer must fit.
const INPUT_BUFFER: usize = 16 * 1024;
/// Bytes that a connection keeps for what it writes: the head of a request must fit, which for S3 has 8 KB at most.
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>)
const OUTPUT_BUFFER: usize = 16 * 1024;

/// Limits on a connection, and how to pause before a request is made again.
pub struct Tuning {
    /// The longest time to connect, TLS included.
    pub connect: Duration,
    /// The longest time in which no byte comes or goes.
    pub stall: Duration,
    /// The longest wait for the head of the answer about a small object that others change: a machine that boots goes by
    /// what it has on its disk after that.
    pub poll: Duration,
    /// Pauses before the next attempt.
    pub pause: Box<dyn Fn(Duration) + Send + Sync>,
    /// Tells the time in seconds since 1970 UTC.
    pub now_s: Box<dyn Fn() -> u64 + Send + Sync>,
    /// The time since some moment, by the monotonic clock.
    pub monotonic: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl Default for Tuning {
    fn default() -> Self {
        let since_1970 = || SystemTime::now().duration_since(UNIX_EPOCH);
        let began = Instant::now();
        Self {
            connect: Duration::from_secs(3),
            stall: Duration::from_secs(30),
            poll: Duration::from_secs(10),
            pause: Box::new(thread::sleep),
            now_s: Box::new(move || since_1970().map_or(0, |elapsed| elapsed.as_secs())),
            monotonic: Box::new(move || began.elapsed()),
        }
    }
}

/// Why no connection can be tried. It holds no URL of a proxy, which may hold a password.
#[derive(Debug)]
pub enum ConnectError {
    /// There are no root certificates for https.
    Roots(RootsError),
    /// The proxy is none.
    Proxy {
        /// The variable that names it.
        variable: &'static str,
    },
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Roots(error) => error.fmt(f),
            Self::Proxy { variable } => {
                write!(f, "{variable} names no proxy: it wants http://host:port or socks5://host:port")
            }
        }
    }
}

impl From<RootsError> for ConnectError {
    fn from(error: RootsError) -> Self {
        Self::Roots(error)
    }
}

/// The agents with their pools of connections.
pub(crate) struct Http {
    tuning: Tuning,
    /// For http and https, each straight and through the proxy.
    agents: [OnceLock<Agent>; 4],
}

impl Http {
    pub(crate) fn new(tuning: Tuning) -> Self {
        Self { tuning, agents: Default::default() }
    }

    pub(crate) fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// The agent for a URL; only those for https and for a proxy read the root certificates.
    ///
    /// # Errors
    /// When there are no root certificates, or the proxy is none.
    pub(crate) fn agent(
        &self,
        env: &BTreeMap<String, String>,
        url: &str,
        may_use_proxy: bool,
    ) -> Result<&Agent, ConnectError> {
        let is_tls = url.starts_with("https:");
        let proxy = if may_use_proxy { proxy_for(env, url) } else { None };
        let agent = &self.agents[usize::from(is_tls) * 2 + usize::from(proxy.is_some())];
        if let Some(agent) = agent.get() {
            return Ok(agent);
        }
        let made = self.make(env, is_tls, proxy)?;
        Ok(agent.get_or_init(|| made))
    }

    fn make(
        &self,
        env: &BTreeMap<String, String>,
        is_tls: bool,
        proxy: Option<(&'static str, &str)>,
    ) -> Result<Agent, ConnectError> {
        let unusable = |variable| ConnectError::Proxy { variable };
        let known = |(variable, url)| match Proxy::new(url) {
            // ureq takes a port that is none for none at all.
            Ok(proxy) if has_usable_port(url) => Ok(proxy),
            _ => Err(unusable(variable)),
        };
        let proxy = proxy.map(known).transpose()?;
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
            .max_idle_connections(SIDE_BY_SIDE)
            .max_idle_connections_per_host(SIDE_BY_SIDE)
            .input_buffer_size(INPUT_BUFFER)
            .max_response_header_size(INPUT_BUFFER - 1)
            .output_buffer_size(OUTPUT_BUFFER)
            .build();
        Ok(Agent::with_parts(config, DefaultConnector::default(), Lookup::new()))
    }
}

/// The proxy for a URL, and the variable that names it.
pub(crate) fn proxy_for<'a>(env: &'a BTreeMap<String, String>, url: &str) -> Option<(&'static str, &'a str)> {
    let is_tls = url.starts_with("https:");
    let uri = url.parse::<Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    proxy(env, is_tls, host, uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 }))
}

/// What an error of ureq means. Never its own text where that may hold the URL.
pub(crate) fn fault(error: ureq::Error, tuning: &Tuning) -> Fault {
    use ureq::Error;
    let unreached = |why: String, late| Fault::Unreached { why, late };
    let broken = |why: String| Fault::Broken { why, late: false };
    let late = |why: String| Fault::Broken { why, late: true };
    match error {
        Error::Io(error) => match tls_hint(&error) {
            // A machine that boots sets its clock at any moment.
            Some(CLOCK) => unreached(format!("{error}; {CLOCK}"), false),
            Some(hint) => Fault::Hopeless { why: format!("{error}; {hint}") },
            // Nothing but an attempt to connect is refused so.
            None if error.kind() == io::ErrorKind::ConnectionRefused => {
                unreached(format!("the connection failed: {error}"), false)
            }
            None => Fault::Broken {
                why: format!("the connection failed: {error}"),
                late: error.kind() == io::ErrorKind::TimedOut,
            },
        },
        Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => {
            late(format!("nothing came for {} s", tuning.stall.as_secs_f32()))
        }
        Error::Timeout(Timeout::Connect) => {
            unreached(format!("no connection within {} s", tuning.connect.as_secs_f32()), true)
        }
        Error::Timeout(timeout) => late(format!("it took too long ({timeout})")),
        Error::HostNotFound => unreached("the host's name is not known".to_owned(), false),
        Error::ConnectionFailed | Error::BodyStalled => broken("the connection failed".to_owned()),
        Error::ConnectProxyFailed(why) => broken(format!("the proxy refused: {why}")),
        Error::Protocol(error) => broken(format!("the answer is not HTTP: {error}")),
        Error::InvalidProxyUrl => Fault::Hopeless { why: "the proxy variable holds no URL of a proxy".to_owned() },
        Error::Rustls(error) => Fault::Hopeless { why: format!("TLS failed: {error}") },
        Error::Tls(why) => Fault::Hopeless { why: format!("TLS failed: {why}") },
        Error::LargeResponseHeader(..) => Fault::Implausible { why: "the head of the answer is too long".to_owned() },
        _ => Fault::Hopeless { why: "the HTTP client cannot make the request".to_owned() },
    }
}

/// What to do about a handshake that failed for the time.
const CLOCK: &str = "is the machine's clock right? (date)";

/// What to do about a failed handshake.
fn tls_hint(error: &io::Error) -> Option<&'static str> {
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => Some(CLOCK),
        rustls::Error::InvalidCertificate(_) => {
            Some("the root that signed it must be in the machine's bundle, or in the one AWS_CA_BUNDLE names")
        }
        rustls::Error::InvalidMessage(_) => Some("the endpoint seems to speak http, not https"),
        _ => None,
    }
}

/// How long an answer asks to wait before another try, in milliseconds.
pub(crate) fn retry_after_ms(response: &Response<Body>) -> Option<u64> {
    header(response, "x-amz-retry-after")?.trim().parse().ok()
}

/// A header of an answer, when it is there and readable.
pub(crate) fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The ETag without quotes, or nothing.
pub(crate) fn etag(response: &Response<Body>) -> String {
    plain_etag(header(response, "etag").unwrap_or_default()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_was_sent_where_there_was_no_connection() {
        let refused = || ureq::Error::Io(io::ErrorKind::ConnectionRefused.into());
        for error in [refused(), ureq::Error::HostNotFound, ureq::Error::Timeout(Timeout::Connect)] {
            let fault = fault(error, &Tuning::default());
            assert!(matches!(fault, Fault::Unreached { .. }), "{fault:?}");
        }
        let reset = || ureq::Error::Io(io::ErrorKind::ConnectionReset.into());
        for error in [reset(), ureq::Error::ConnectionFailed, ureq::Error::Timeout(Timeout::RecvResponse)] {
            let fault = fault(error, &Tuning::default());
            assert!(matches!(fault, Fault::Broken { .. }), "{fault:?}");
        }
    }
}
