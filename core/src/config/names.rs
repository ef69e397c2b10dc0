//! The names of deploys, endpoints, slaves, config sources and releases: each is a part of a file name, a key or a URL.

use crate::prelude::*;

use super::node::quoted;
use super::text::{at_most, no_control, not_empty, not_first, only, text_type};

text_type!(
    /// The name of an endpoint, a deploy or a slave.
    Label,
    "a label (letters, digits and . _ - + ~ @ =, not beginning with . or -, at most 128 bytes)",
    label
);

text_type!(
    /// The name of a deploy, wherever it is noted: the older tool took any that can be a folder's. It is none of the
    /// tool's own folders.
    DeployName,
    "a deploy name (no /, no control characters, not . or ..)",
    deploy_name
);

text_type!(
    /// The name of a deploy that is made: a label that is none of the tool's own folders.
    NewDeployName,
    "a deploy name (letters, digits and . _ - + ~ @ =, not beginning with . or -, at most 128 bytes)",
    new_deploy_name
);

impl From<NewDeployName> for DeployName {
    fn from(name: NewDeployName) -> Self {
        DeployName(name.0)
    }
}

text_type!(
    /// The name of a deploy's folder without a proxy. Wider than a label: old releases are called `my app`.
    FolderName,
    "a folder name (no /, no control characters, not beginning with ., at most 255 bytes)",
    folder_name
);

text_type!(
    /// The name of a config source, which is cached as `<name>.json`.
    SourceName,
    "a config source name (no /, no control characters, not beginning with ., at most 250 bytes)",
    source_name
);

text_type!(
    /// The name of a release: its key below the place of the releases, or its file name in the folder of releases.
    ReleaseName,
    "a release name (relative, no control characters, no empty, . or .. part between the /)",
    release_name
);

text_type!(
    /// The name of the certificate, which is also the name of the container that obtains it.
    CertificateName,
    "a certificate name (letters, digits and _ . -, beginning with a letter or digit, at most 128 bytes)",
    certificate_name
);

text_type!(
    /// The SHA-256 of a release's archive.
    Sha256,
    "a SHA-256 (64 digits of 0-9 and a-f)",
    sha256
);

text_type!(
    /// The name of a network interface.
    InterfaceName,
    "a network interface name (no blanks, no /, at most 15 bytes)",
    interface_name
);

/// The name that a release is deployed under when none is given: its file name without folder and last extension.
/// It is still to be read as a `NewDeployName` or, without a proxy, as a `FolderName`.
pub fn default_deploy_name(release: &ReleaseName) -> &str {
    let name = release.as_str();
    let file_name = name.rsplit('/').next().unwrap_or(name);
    without_extension(file_name)
}

/// A file name without its last extension. A name that only begins with a dot has none.
pub(super) fn without_extension(file_name: &str) -> &str {
    match file_name.rfind('.') {
        None | Some(0) => file_name,
        Some(dot) => &file_name[..dot],
    }
}

fn sha256(text: &str) -> Result<(), String> {
    if text.len() != 64 {
        return Err(format!("it has {} bytes", text.len()));
    }
    only(text, |c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

fn label(text: &str) -> Result<(), String> {
    not_empty(text)?;
    not_first(text, &['.', '-'])?;
    at_most(text, 128)?;
    only(text, |c| c.is_ascii_alphanumeric() || "._-+~@=".contains(c))
}

fn deploy_name(text: &str) -> Result<(), String> {
    not_empty(text)?;
    if matches!(text, "." | "..") {
        return Err("this is not a name".into());
    }
    only(text, |c| c != '/' && !c.is_control())?;
    not_reserved(text)
}

fn new_deploy_name(text: &str) -> Result<(), String> {
    label(text)?;
    not_reserved(text)
}

fn folder_name(text: &str) -> Result<(), String> {
    file_name(text)?;
    at_most(text, 255)?;
    not_reserved(text)
}

fn source_name(text: &str) -> Result<(), String> {
    file_name(text)?;
    at_most(text, 250)
}

fn file_name(text: &str) -> Result<(), String> {
    not_empty(text)?;
    not_first(text, &['.'])?;
    only(text, |c| c != '/' && !c.is_control())
}

/// Folders beside the deploys that are the tool's own.
fn not_reserved(text: &str) -> Result<(), String> {
    match text {
        "current" | "frontend-proxy" | ".c2" => Err("this name is reserved".into()),
        _ => Ok(()),
    }
}

fn release_name(text: &str) -> Result<(), String> {
    not_empty(text)?;
    if text.starts_with('/') {
        return Err("it begins with '/'".into());
    }
    match text.split('/').find(|part| matches!(*part, "" | "." | "..")) {
        Some("") => Err("it has an empty part between the /".into()),
        Some(part) => Err(format!("it has the part {}", quoted(part))),
        None => no_control(text),
    }
}

/// Docker's rule for container names, see `RestrictedNamePattern` in its source.
fn certificate_name(text: &str) -> Result<(), String> {
    not_empty(text)?;
    not_first(text, &['.', '-', '_'])?;
    at_most(text, 128)?;
    only(text, |c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// The kernel's rule, see `dev_valid_name` in its source; a `:` (an alias of old) stays possible.
fn interface_name(text: &str) -> Result<(), String> {
    not_empty(text)?;
    at_most(text, 15)?;
    if matches!(text, "." | "..") {
        return Err("this is not a name".into());
    }
    only(text, |c| c != '/' && !c.is_control() && !c.is_whitespace())
}
