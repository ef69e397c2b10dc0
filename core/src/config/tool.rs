//! The tool's own configuration.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::decode::{Bounded, Decode, Decoder, Positive};
use super::folder_mode::FolderMode;
use super::macros::{record, union};
use super::names::{CertificateName, InterfaceName, Label, SourceName};
use super::node::Node;
use super::paths::{FilePath, IncomingPath, NginxPath, OutgoingPath, PrefixPath};
use super::ports::PortRange;
use super::readiness::Readiness;
use super::s3_path::S3Path;
use super::server_name::{ServerName, ServerNames};
use super::warnings::check;
use super::web::{ContactEmail, ImageName, ImageVersion, SecretId};

/// The configuration of the tool (`config.adl`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolConfig {
    /// The folder of the deploys' folders.
    pub deploys_dir: FilePath,
    /// The permission bits of that folder where it has to be made; one that is there keeps its own.
    pub deploys_dir_mode: FolderMode,
    /// The folder that fetched config sources are kept in.
    pub context_cache: FilePath,
    /// The log.
    pub log_file: FilePath,
    /// The folder above `etc/letsencrypt` and `var/log/letsencrypt`.
    pub letsencrypt_prefix_dir: PrefixPath,
    /// The folder that ACME challenges are answered from.
    pub letsencrypt_www_dir: NginxPath,
    /// The name of the generated certificate.
    pub auto_cert_name: CertificateName,
    /// The address that the certificate is registered with; empty when there is none.
    pub auto_cert_contact_email: ContactEmail,
    /// Where releases come from.
    pub releases: Releases,
    /// What the templates of a release can use, by name.
    pub config_sources: BTreeMap<SourceName, ConfigSource>,
    /// With or without a proxy.
    pub deploy_mode: DeployMode,
    /// What load balancers ask the proxy for.
    pub health_check: Option<HealthCheckConfig>,
    /// The image of the proxy.
    pub nginx_docker_image: ImageName,
    /// Its version.
    pub nginx_docker_version: ImageVersion,
    /// Whether a template that names what is not there is an error.
    pub strict_templates: bool,
    /// How big an unpacked release may be.
    pub release_limits: ReleaseLimits,
    /// The longest run of each command of a release, in seconds; `None` for no limit.
    pub command_timeout_s: Option<Positive>,
    /// The longest run of a start command behind the proxy, in seconds; `None`: that of each command, else 600.
    pub start_timeout_s: Option<Positive>,
    /// When a deploy behind the proxy counts as ready, unless its release says so itself.
    pub readiness: Readiness,
    /// The longest wait for a proxy's old workers, in seconds.
    pub drain_s: Bounded<0, 3600>,
    /// The longest time between two reports of a slave, in seconds; a record older than 300 s counts as dead.
    pub slave_heartbeat_s: Bounded<1, 299>,
    /// Whether deploys are refused whose state entry pins no hash.
    pub require_pins: bool,
    /// Whether certbot opens the private keys to other users, as the older tool had it do.
    pub certbot_opens_keys: bool,
}

record!(ToolConfig {
    deploys_dir: "deploysDir" = r#""/opt/deploys""#,
    deploys_dir_mode: "deploysDirMode" = r#""0755""#,
    context_cache: "contextCache" = r#""/opt/config""#,
    log_file: "logFile" = r#""/opt/var/log/camus2.log""#,
    letsencrypt_prefix_dir: "letsencryptPrefixDir" = r#""/opt""#,
    letsencrypt_www_dir: "letsencryptWwwDir" = r#""/opt/var/www""#,
    auto_cert_name: "autoCertName" = r#""camus2cert""#,
    auto_cert_contact_email: "autoCertContactEmail" = r#""""#,
    releases: "releases",
    config_sources: "configSources" = "{}",
    deploy_mode: "deployMode" = r#""noproxy""#,
    health_check: "healthCheck" = r#"{"just": {"incomingPath": "/health-check", "outgoingPath": "/"}}"#,
    nginx_docker_image: "nginxDockerImage" = r#""nginx""#,
    nginx_docker_version: "nginxDockerVersion" = r#""1.21.3""#,
    strict_templates: "strictTemplates" = "true",
    release_limits: "releaseLimits" = "{}",
    command_timeout_s: "commandTimeoutSecs" = r#""nothing""#,
    start_timeout_s: "startTimeoutSecs" = r#""nothing""#,
    readiness: "readiness" = r#"{"tcp": {"timeoutSecs": 60}}"#,
    drain_s: "drainSecs" = "30",
    slave_heartbeat_s: "slaveHeartbeatSecs" = "120",
    require_pins: "requirePins" = "false",
    certbot_opens_keys: "certbotOpensKeys" = "false",
}; check);

impl ToolConfig {
    /// Where the state is kept that a fleet shares; `None`: this machine has one of its own, or no proxy.
    #[must_use]
    pub fn shared_state(&self) -> Option<&S3Path> {
        match &self.deploy_mode {
            DeployMode::Proxy(proxy) => proxy.remote_state_s3.as_ref(),
            DeployMode::NoProxy => None,
        }
    }
}

/// Where releases come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Releases {
    /// Objects below a prefix.
    S3(S3Path),
    /// Files in a folder.
    LocalDir(FilePath),
}

union!(Releases { S3(S3Path) = "s3", LocalDir(FilePath) = "localdir" });

/// Where the JSON of a config source comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// A file on the machine.
    File(FilePath),
    /// An object in S3.
    S3(S3Path),
    /// A secret of AWS Secrets Manager.
    AwsSecretArn(SecretId),
}

union!(ConfigSource { File(FilePath) = "file", S3(S3Path) = "s3", AwsSecretArn(SecretId) = "awsSecretArn" });

/// With or without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeployMode {
    /// One release at a time, started and stopped in place.
    NoProxy,
    /// Several deploys side by side behind an nginx.
    Proxy(ProxyModeConfig),
}

union!(DeployMode { NoProxy = "noproxy", Proxy(ProxyModeConfig) = "proxy" });

/// What the proxy serves, and who decides what it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyModeConfig {
    /// What the proxy can route, by label.
    pub end_points: BTreeMap<Label, EndPoint>,
    /// The base of the shared state; `None` for a machine that decides by itself.
    pub remote_state_s3: Option<S3Path>,
    /// The ports that deploys are given.
    pub dynamic_port_range: PortRange,
    /// What this machine is called as a slave.
    pub slave_label: SlaveLabel,
    /// The interface whose address a slave reports.
    pub slave_interface_name: InterfaceName,
    /// The user's own template for the nginx configuration; `None` for the built-in one.
    pub nginx_conf_template_path: Option<FilePath>,
}

record!(ProxyModeConfig {
    end_points: "endPoints",
    remote_state_s3: "remoteStateS3" = r#""nothing""#,
    dynamic_port_range: "dynamicPortRange" = r#"{"v1": 8000, "v2": 8100}"#,
    slave_label: "slaveLabel" = r#""ec2InstanceId""#,
    slave_interface_name: "slaveInterfaceName" = r#""eth0""#,
    nginx_conf_template_path: "nginxConfTemplatePath" = r#""nothing""#,
});

/// What a machine is called as a slave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlaveLabel {
    /// This.
    Label(Label),
    /// The id of the EC2 instance.
    Ec2InstanceId,
}

union!(SlaveLabel { Label(Label) = "label", Ec2InstanceId = "ec2InstanceId" });

/// Something the proxy can route to a deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndPoint {
    /// The names that it answers to.
    pub server_names: Vec<ServerName>,
    /// How it is served.
    pub etype: EndPointType,
}

/// An endpoint as its object has it.
struct EndPointFields {
    server_names: ServerNames,
    etype: EndPointType,
}

record!(EndPointFields { server_names: "serverNames", etype: "etype" });

impl EndPoint {
    #[cfg(test)]
    pub(super) const FIELDS: &'static [super::decode::Field] = EndPointFields::FIELDS;
}

impl Decode for EndPoint {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        let EndPointFields { server_names: ServerNames(server_names), etype } = EndPointFields::decode(node, at)?;
        Some(EndPoint { server_names, etype })
    }
}

/// How an endpoint is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndPointType {
    /// On port 80.
    HttpOnly,
    /// On port 443, port 80 redirects there.
    HttpsWithRedirect(SslCertMode),
}

union!(EndPointType { HttpOnly = "httpOnly", HttpsWithRedirect(SslCertMode) = "httpsWithRedirect" });

/// Where the certificate of an endpoint comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SslCertMode {
    /// `generate-ssl-certificate` obtains it.
    Generated,
    /// Files on the machine.
    Explicit(SslCertPaths),
}

union!(SslCertMode { Generated = "generated", Explicit(SslCertPaths) = "explicit" });

/// A certificate on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SslCertPaths {
    /// The certificate with its chain.
    pub ssl_certificate: NginxPath,
    /// Its key.
    pub ssl_certificate_key: NginxPath,
}

record!(SslCertPaths { ssl_certificate: "sslCertificate", ssl_certificate_key: "sslCertificateKey" });

/// How the proxy answers load balancers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheckConfig {
    /// What is asked of the proxy.
    pub incoming_path: IncomingPath,
    /// What the proxy asks of the deploy.
    pub outgoing_path: OutgoingPath,
    /// The endpoint whose deploy is asked; `None` for the first in label order that is connected.
    pub endpoint: Option<Label>,
}

record!(HealthCheckConfig {
    incoming_path: "incomingPath",
    outgoing_path: "outgoingPath",
    endpoint: "endpoint" = r#""nothing""#,
});

/// How big an unpacked release may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseLimits {
    /// The most files and folders.
    pub max_entries: Positive,
    /// The most bytes of all files together.
    pub max_bytes: u64,
    /// The most unpacked bytes for one packed, counted above 64 MiB only.
    pub max_ratio: Positive,
}

record!(ReleaseLimits {
    max_entries: "maxEntries" = "50000",
    max_bytes: "maxBytes" = "2147483648",
    max_ratio: "maxRatio" = "100",
});
