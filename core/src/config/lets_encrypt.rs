//! What `le-get-certs` and certbot's hooks are told: `letsencrypt-aws.json`.

use crate::prelude::*;

use super::decode::{Decoder, Step};
use super::macros::{record, union};
use super::node::{Node, quoted};
use super::paths::FilePath;
use super::text::{at_most, not_empty, only, text_type};
use super::web::ContactEmail;

text_type!(
    /// The id of a zone of Route 53, with or without `/hostedzone/`.
    HostedZoneId,
    "the id of a Route 53 zone (capitals and digits, at most 32)",
    hosted_zone_id
);

text_type!(
    /// A domain that a certificate is for: a host name, or `*.` and one.
    Domain,
    "a domain (a host name, or *. and one)",
    domain
);

/// The certificates that certbot is to obtain through Route 53 (`letsencrypt.adl`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetsEncryptConfig {
    /// The program.
    pub certbot_path: FilePath,
    /// The zone that the challenges are written to; `None` for the one that each domain is found in.
    pub aws_hosted_zone_id: Option<HostedZoneId>,
    /// The folder above certbot's own.
    pub basedir: FilePath,
    /// The address that warnings go to.
    pub email: ContactEmail,
    /// The names of the one certificate.
    pub domains: Vec<Domain>,
    /// How much is said of what goes well.
    pub verbosity: Verbosity,
}

record!(LetsEncryptConfig {
    certbot_path: "certbotPath",
    aws_hosted_zone_id: "awsHostedZoneId" = r#""nothing""#,
    basedir: "basedir",
    email: "email",
    domains: "domains",
    verbosity: "verbosity" = r#""quiet""#,
}; check);

/// How much is said of what goes well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// Nothing.
    Quiet,
    /// All that certbot says, and what the hooks did.
    Noisy,
}

union!(Verbosity { Quiet = "quiet", Noisy = "noisy" });

impl HostedZoneId {
    /// The id without the `/hostedzone/` that AWS's tools put before it.
    pub fn bare(&self) -> &str {
        bare(&self.0)
    }
}

fn check(config: &mut LetsEncryptConfig, node: &Node, at: &mut Decoder) {
    let mut refuse = |field: &str, expected: &str| {
        let position = node.get(field).map_or(node.position, |field| field.position);
        at.within_all([Step::Key(field.into())], |at| at.error(position, format!("found none, expected {expected}")));
    };
    if config.domains.is_empty() {
        refuse("domains", "at least one domain");
    }
    if config.email.as_str().is_empty() {
        refuse("email", "the address that warnings go to");
    }
}

/// Source: `ResourceId` of the Route 53 API reference.
fn hosted_zone_id(text: &str) -> Result<(), String> {
    let id = bare(text);
    not_empty(id)?;
    at_most(id, 32)?;
    only(id, |c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

fn bare(id: &str) -> &str {
    id.strip_prefix("/hostedzone/").unwrap_or(id)
}

/// RFC 1035 section 2.3.1, with digits first (RFC 1123) and `_`; as certbot takes it, in ASCII.
fn domain(text: &str) -> Result<(), String> {
    at_most(text, 253)?;
    let name = text.strip_prefix("*.").unwrap_or(text);
    only(name, |c| c.is_ascii_alphanumeric() || ".-_".contains(c))?;
    let is_label =
        |label: &str| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
    match name.split('.').find(|label| !is_label(label)) {
        Some(label) => Err(format!("{} is not a part of a name", quoted(label))),
        None => Ok(()),
    }
}
