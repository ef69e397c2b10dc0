//! Paths: of files on the machine, of those that nginx reads too, inside a release, and of HTTP requests.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::text::{FromText, no_control, not_empty, only, text_type};

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
