//! What goes to nginx, docker, certbot and AWS as an argument or into a file: each by the grammar of its taker.

use crate::prelude::*;

use super::node::quoted;
use super::text::{at_most, no_control, not_empty, not_first, only, text_type};

text_type!(
    /// A docker image without its tag.
    ImageName,
    "a docker image name without tag ([host[:port]/]name[/name...], in lower case)",
    image_name
);

text_type!(
    /// The tag of a docker image; a digest may follow it.
    ImageVersion,
    "a docker image version (letters, digits and _ . -, at most 128; @sha256:... may follow)",
    image_version
);

text_type!(
    /// The address that certificate warnings go to; empty when there is none.
    ContactEmail,
    "an email address (no blanks, no control characters, not beginning with -)",
    contact_email
);

text_type!(
    /// A secret of AWS Secrets Manager, by its ARN or by its name.
    SecretId,
    "a secret's ARN (arn:aws:secretsmanager:region:account:secret:name) or name",
    secret_id
);

text_type!(
    /// A command line of a release for `sh -c`; the empty one runs nothing.
    ShellCommand,
    "a shell command without NUL",
    shell_command
);

text_type!(
    /// What the page of an endpoint in maintenance says. With every character written as an HTML entity it still fits
    /// into one parameter of nginx (`NGX_CONF_BUFFER`, 4096 bytes).
    PageText,
    "the text of a page (one line without control characters, at most 500 bytes)",
    page_text
);

impl Default for PageText {
    fn default() -> Self {
        PageText("We are down for maintenance and will be back soon.".into())
    }
}

impl SecretId {
    /// The region that the ARN names.
    pub fn region(&self) -> Option<&str> {
        self.0.strip_prefix("arn:")?.split(':').nth(2)
    }
}

/// The reference grammar of docker's `distribution` package, without tag and digest.
fn image_name(text: &str) -> Result<(), String> {
    not_empty(text)?;
    at_most(text, 255)?;
    let path = match text.split_once('/') {
        Some((host, path)) if host == "localhost" || host.contains(['.', ':']) => {
            let (host, port) = host.split_once(':').unwrap_or((host, "0"));
            if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("{} is not a port", quoted(port)));
            }
            let is_label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
            only(host, |c| c.is_ascii_alphanumeric() || ".-".contains(c))?;
            if !host.split('.').all(is_label) {
                return Err(format!("{} is not a host name", quoted(host)));
            }
            path
        }
        _ => text,
    };
    only(path, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c))?;
    match path.split('/').find(|part| !is_image_part(part)) {
        Some(part) => Err(format!("{} is not a part of an image name", quoted(part))),
        None => Ok(()),
    }
}

/// Lower-case letters and digits, between them `.`, `_`, `__` or any number of `-`.
fn is_image_part(part: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut separators = part.split(is_word);
    part.starts_with(is_word)
        && part.ends_with(is_word)
        && separators
            .all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-'))
}

fn image_version(text: &str) -> Result<(), String> {
    let (tag, digest) = match text.split_once('@') {
        Some((tag, digest)) => (tag, Some(digest)),
        None => (text, None),
    };
    not_empty(tag)?;
    not_first(tag, &['.', '-'])?;
    at_most(tag, 128)?;
    only(tag, |c| c.is_ascii_alphanumeric() || "_.-".contains(c))?;
    let is_hex = |hex: &str| hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match digest {
        Some(digest) if !digest.strip_prefix("sha256:").is_some_and(is_hex) => {
            Err(format!("{} is not a digest", quoted(digest)))
        }
        _ => Ok(()),
    }
}

fn contact_email(text: &str) -> Result<(), String> {
    not_first(text, &['-'])?;
    only(text, |c| !c.is_control() && !c.is_whitespace())
}

/// The ARN format and the characters of a name are those of the Secrets Manager API reference (CreateSecret).
fn secret_id(text: &str) -> Result<(), String> {
    let name = match text.strip_prefix("arn:") {
        None => text,
        Some(rest) => {
            let mut parts = rest.splitn(6, ':');
            let mut part = || parts.next().unwrap_or_default();
            let (partition, service, region, account) = (part(), part(), part(), part());
            let is_word = |text: &str| {
                let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                !text.is_empty() && text.bytes().all(is_plain)
            };
            if !is_word(partition) {
                return Err(format!("{} is not a partition such as aws", quoted(partition)));
            }
            if service != "secretsmanager" {
                return Err(format!("it is an ARN of {}, not of secretsmanager", quoted(service)));
            }
            if !is_word(region) {
                return Err(format!("{} is not a region", quoted(region)));
            }
            if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("{} is not an account of 12 digits", quoted(account)));
            }
            let kind = part();
            if kind != "secret" {
                return Err(format!("it is an ARN of a {}, not of a secret", quoted(kind)));
            }
            part()
        }
    };
    not_empty(name).map_err(|_| "it has no secret name")?;
    at_most(name, 519)?;
    not_first(name, &['-'])?;
    only(name, |c| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c))
}

fn page_text(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("it is empty".into());
    }
    at_most(text, 500)?;
    no_control(text)
}

fn shell_command(text: &str) -> Result<(), String> {
    only(text, |c| c != '\0')
}
