//! Paths: of files on the machine, of those that nginx reads too, inside a release, and of HTTP requests.

use crate::prelude::*;
use core::fmt;

use super::text::{FromText, no_control, not_empty, not_escaping, only, text_type, unquoted};

text_type!(
    /// A path on the machine, kept as it is given: a relative one is relative to the folder that the tool runs in.
    FilePath,
    "a path (not empty, no control characters)",
    file_path
);

text_type!(
    /// A path that also ends up in nginx files and container mounts, where not every character can be quoted.
    NginxPath,
    "a path (not empty, no blanks, no control characters and none of \" ' ; { } $ \\ :)",
    nginx_path
);

text_type!(
    /// The path of an HTTP request, fit for an nginx file.
    HttpPath,
    "a URL path (beginning with /, no blanks, no control characters and none of \" ' ; { } $ \\)",
    http_path
);

text_type!(
    /// The folder above those that are mounted into containers; the empty text is the root of the machine.
    PrefixPath,
    "a path (no blanks, no control characters and none of \" ' ; { } $ \\ :) or the empty text",
    prefix_path
);

text_type!(
    /// What a health check asks of the proxy: a path, perhaps behind one of nginx's modifiers, as it stands behind
    /// `location` (<https://nginx.org/en/docs/http/ngx_http_core_module.html#location>).
    IncomingPath,
    "a URL path (beginning with /, no blanks, no control characters and none of \" ' ; { } $ \\), \
     perhaps behind = or ^~, or a regular expression behind ~ or ~*",
    incoming_path
);

text_type!(
    /// What a health check asks of the deploy; with the empty text the path that the proxy was asked for.
    OutgoingPath,
    "a URL path (beginning with /, no blanks, no control characters and none of \" ' ; { } $ \\) or the empty text",
    outgoing_path
);

impl IncomingPath {
    /// What stands behind `location` in an nginx file, so that no regular expression beside it comes first.
    #[must_use]
    pub fn location(&self) -> String {
        match self.0.starts_with('/') {
            true => format!("^~ {}", self.0),
            false => self.0.clone(),
        }
    }

    /// Whether it is a regular expression.
    #[must_use]
    pub fn is_regex(&self) -> bool {
        self.0.starts_with('~')
    }
}

impl FilePath {
    /// The same path without empty and `.` segments and without a `/` at its end.
    #[must_use]
    pub fn tidied(&self) -> FilePath {
        let segments = self.as_str().split('/').filter(|segment| !segment.is_empty() && *segment != ".");
        let path = segments.collect::<Vec<_>>().join("/");
        match (self.as_str().starts_with('/'), path.is_empty()) {
            (true, _) => FilePath(format!("/{path}")),
            (false, true) => FilePath(".".into()),
            (false, false) => FilePath(path),
        }
    }
}

fn file_path(text: &str) -> Result<(), String> {
    not_empty(text)?;
    no_control(text)
}

/// In nginx a `$` in a path is always a variable; a `:` divides the parts of a mount.
fn nginx_path(text: &str) -> Result<(), String> {
    not_empty(text)?;
    only(text, |c| is_unquoted_nginx(c) && c != ':')
}

fn prefix_path(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { nginx_path(text) }
}

fn outgoing_path(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { http_path(text) }
}

fn incoming_path(text: &str) -> Result<(), String> {
    for modifier in ["^~", "="] {
        if let Some(path) = text.strip_prefix(modifier) {
            return http_path(path.trim_start_matches(' '));
        }
    }
    let Some(regex) = text.strip_prefix("~*").or_else(|| text.strip_prefix('~')) else { return http_path(text) };
    let regex = regex.trim_start_matches(' ');
    not_empty(regex)?;
    no_control(regex)?;
    match unquoted(regex)? {
        Some(inner) => not_empty(inner),
        None => {
            only(regex, |c| !c.is_whitespace() && !"\"';{}".contains(c))?;
            not_escaping(regex)
        }
    }
}

fn http_path(text: &str) -> Result<(), String> {
    if !text.starts_with('/') {
        return Err("it does not begin with '/'".into());
    }
    only(text, is_unquoted_nginx)
}

fn is_unquoted_nginx(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !"\"';{}$\\".contains(c)
}

/// A path inside a release, relative to its root, with `.` and `..` worked out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleasePath(String);

impl ReleasePath {
    /// The path, its parts divided by one `/` each.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where a template of this path is written to: the last extension dropped, in place if there is none.
    pub fn output(&self) -> ReleasePath {
        ReleasePath(crate::template::output_path(&self.0).into())
    }
}

impl fmt::Display for ReleasePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl FromText for ReleasePath {
    const EXPECTED: &'static str = "a path inside the release (relative, not leaving its root, no control characters)";

    fn check(text: &str) -> Result<Self, String> {
        not_empty(text)?;
        no_control(text)?;
        if text.starts_with('/') {
            return Err("it begins with '/'".into());
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or("it leaves the release")?;
                }
                name => parts.push(name),
            }
        }
        if parts.is_empty() { Err("it is the root itself".into()) } else { Ok(Self(parts.join("/"))) }
    }
}
