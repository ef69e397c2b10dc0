//! What the tool is told: its configuration, that of a release, and states, read from JSON or YAML into types that
//! hold only what is valid. Every error of a file is reported at once. It never reads a file: it is given the text.

mod advice;
mod compose;
mod decode;
mod folder_mode;
mod folders;
mod json;
mod lets_encrypt;
mod macros;
mod master;
mod names;
mod node;
mod paths;
mod ports;
mod problem;
mod readiness;
mod release;
mod s3_path;
mod server_name;
mod state;
mod syntax;
mod text;
mod tool;
mod warnings;
mod web;
mod yaml;
mod yaml_scalar;

pub use compose::volumes_of_the_project;
pub use decode::{Bounded, Percent, Positive};
pub use folder_mode::FolderMode;
pub use lets_encrypt::{Domain, HostedZoneId, LetsEncryptConfig, Verbosity};
pub use master::{Hundredths, Rollout, SlaveState, SlaveStatus, Write};
pub use names::{
    CertificateName, DeployName, FolderName, InterfaceName, Label, NewDeployName, ReleaseName, Sha256, SourceName,
    default_deploy_name,
};
pub use paths::{FilePath, HttpPath, IncomingPath, NginxPath, OutgoingPath, PrefixPath, ReleasePath};
pub use ports::PortRange;
pub use problem::{Parsed, Position, Problem, Rejected};
pub use readiness::{HttpReadiness, Readiness, Settle, StatusRange, TcpReadiness};
pub use release::{FileMode, ReleaseConfig};
pub use s3_path::S3Path;
pub use server_name::ServerName;
pub use state::{Deploy, Maintenance, Pin, Port, Split, State};
pub use syntax::{Syntax, UnknownExtension};
pub use text::{BadText, FromText};
pub use tool::{
    ConfigSource, DeployMode, EndPoint, EndPointType, HealthCheckConfig, ProxyModeConfig, ReleaseLimits, Releases,
    SlaveLabel, SslCertMode, SslCertPaths, ToolConfig,
};
pub use web::{ContactEmail, ImageName, ImageVersion, PageText, SecretId, ShellCommand};

use crate::prelude::*;

use crate::printable::RECORD_TEXT_BYTES;

/// Reads the tool's configuration. `file` is what messages call it. A byte order mark is accepted, here and below.
///
/// # Errors
/// Everything that is wrong with the text, each with its place.
pub fn tool_config(file: &str, text: &str, syntax: Syntax) -> Result<Parsed<ToolConfig>, Rejected> {
    let tree = match syntax {
        Syntax::Json => json::tree(text),
        Syntax::Yaml => yaml::tree(text),
    };
    decode::read(file, tree)
}

/// Reads a release's `release.json`.
///
/// # Errors
/// Everything that is wrong with the text, each with its place.
pub fn release_config(file: &str, text: &str) -> Result<Parsed<ReleaseConfig>, Rejected> {
    decode::read(file, json::tree(text))
}

/// Reads what certificates through DNS are to be obtained, `letsencrypt-aws.json`.
///
/// # Errors
/// Everything that is wrong with the text, each with its place.
pub fn lets_encrypt_config(file: &str, text: &str) -> Result<Parsed<LetsEncryptConfig>, Rejected> {
    decode::read(file, json::tree(text))
}

/// Reads the state of a machine or of the master. A text without `deploys` or `connections` is refused: it may be
/// anything, and taking it for the empty state would stop everything.
///
/// # Errors
/// Everything that is wrong with the text, each with its place.
pub fn state(file: &str, text: &str) -> Result<Parsed<State>, Rejected> {
    decode::read_state(file, json::tree(text))
}

/// The most values in what a slave reports: each takes many times as much memory as its bytes.
const RECORD_VALUES: usize = 50_000;

/// Reads what a slave reported: whoever wrote it, no text in it is longer than [`RECORD_TEXT_BYTES`].
///
/// # Errors
/// Everything that is wrong with the text, each with its place.
pub fn slave_state(file: &str, text: &str) -> Result<Parsed<SlaveState>, Rejected> {
    decode::read_state(file, record_tree(text))
}

/// A record may be written by anybody who has a slave's rights: it is given up before it takes much memory.
fn record_tree(text: &str) -> Result<node::Node, node::SyntaxFault> {
    // Commas in its texts count, too: there are never so many in what a slave writes.
    if text.bytes().filter(|byte| *byte == b',').count() >= RECORD_VALUES {
        let text = format!("found more than {RECORD_VALUES} values, expected the report of a slave");
        return Err(node::SyntaxFault { position: Position { line: 1, column: 1 }, text });
    }
    let node = json::tree(text)?;
    match node.longer_text(RECORD_TEXT_BYTES) {
        None => Ok(node),
        Some((position, bytes)) => {
            let text = format!("found a text of {bytes} bytes, expected {RECORD_TEXT_BYTES} at most");
            Err(node::SyntaxFault { position, text })
        }
    }
}

/// Reads the JSON of a config source, numbers exact however big (only an exponent is spelled differently, `1E5` as `1e+5`); of a key given twice the last one counts.
///
/// # Errors
/// Where and why the text is not JSON, without any of its content: it may be a secret.
pub fn config_source(file: &str, text: &str) -> Result<serde_json::Value, Problem> {
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(bare).map_err(|error| {
        let node::SyntaxFault { position, text } = json::fault(bare, &error);
        Problem { file: file.into(), position: Some(position), path: String::new(), text, of_syntax: true }
    })
}
#[cfg(test)]
#[cfg(test)]
mod tests;
