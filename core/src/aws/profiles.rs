//! The config and the credentials file of the AWS tools, read by the rules that all of these share.
//!
//! Source: the page "Shared config and credentials files" of the AWS SDKs reference. No error quotes a line: it may
//! hold a secret.

use crate::prelude::*;
use alloc::collections::BTreeMap;

const BLANKS: [char; 2] = [' ', '\t'];
const COMMENT: [char; 2] = ['#', ';'];

/// The properties of a section by their names in lower case.
pub type Section = BTreeMap<String, String>;

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Profiles are `[profile name]` or `[default]`; there are other sections.
    Config,
    /// Profiles are `[name]`; there are no other sections.
    Credentials,
}

impl Kind {
    /// The variable that says where the file is.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::Config => "AWS_CONFIG_FILE",
            Self::Credentials => "AWS_SHARED_CREDENTIALS_FILE",
        }
    }
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

/// What both files hold together.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Profiles {
    /// The profiles by name.
    pub profiles: BTreeMap<String, Section>,
    /// The sections `[sso-session name]`.
    pub sso_sessions: BTreeMap<String, Section>,
    /// The sections `[services name]`.
    pub services: BTreeMap<String, Section>,
}

impl Profiles {
    /// Adds what a file holds; what was there gives way to it.
    ///
    /// # Errors
    /// When the file breaks the rules. Sections and properties with odd names are left out, which is not an error.
    pub fn add(&mut self, kind: Kind, text: &str) -> Result<(), Wrong> {
        let raw = parse(text)?;
        let has_prefixed_default = kind == Kind::Config && raw.contains_key(&("profile", "default"));
        for ((prefix, name), properties) in raw {
            let into = match (kind, prefix) {
                (Kind::Config, "") if name == "default" && !has_prefixed_default => &mut self.profiles,
                (Kind::Config, "profile") | (Kind::Credentials, "") => &mut self.profiles,
                (Kind::Config, "sso-session") => &mut self.sso_sessions,
                (Kind::Config, "services") => &mut self.services,
                _ => continue,
            };
            if is_identifier(name) {
                let kept = properties.into_iter().filter(|(name, _)| is_identifier(name));
                into.entry(name.to_owned()).or_default().extend(kept);
            }
        }
        Ok(())
    }
}

/// The value of a property nested in another, `endpoint_url` in that of `s3`.
pub(super) fn nested<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split('\n').find_map(|line| {
        let (found, value) = line.split_once('=')?;
        (found.trim_matches(BLANKS) == name).then(|| value.trim_matches(BLANKS))
    })
}

/// The sections of one file by the word before the name, which may be empty, and the name.
fn parse(text: &str) -> Result<BTreeMap<(&str, &str), Section>, Wrong> {
    let mut sections = BTreeMap::<_, Section>::new();
    let mut section = None;
    let mut property: Option<(String, bool)> = None;
    for (n, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let wrong = |why| Wrong { line: n + 1, why };
        if line.trim_matches(BLANKS).is_empty() || line.starts_with(COMMENT) {
            continue;
        }
        if line.starts_with('[') {
            let name = header(line).ok_or(wrong("a profile definition must end with ']'"))?;
            sections.entry(name).or_default();
            (section, property) = (Some(name), None);
            continue;
        }
        let properties = section.and_then(|name| sections.get_mut(&name));
        let properties = properties.ok_or(wrong("expected a profile definition, [profile name]"))?;
        if line.starts_with(BLANKS) {
            let continued = property.as_ref().and_then(|(name, nests)| Some((properties.get_mut(name)?, nests)));
            let (value, nests) = continued.ok_or(wrong("expected a property definition, found continuation"))?;
            if *nests {
                match split(line) {
                    None => return Err(wrong("expected an '=' sign defining a sub-property")),
                    Some(("", _)) => return Err(wrong("the sub-property did not have a name")),
                    Some(_) => (),
                }
            }
            value.push('\n');
            value.push_str(line.trim_matches(BLANKS));
        } else {
            let (name, value) = split(line).ok_or(wrong("expected an '=' sign defining a property"))?;
            if name.is_empty() {
                return Err(wrong("the property did not have a name"));
            }
            let name = name.to_ascii_lowercase();
            properties.insert(name.clone(), value.to_owned());
            property = Some((name, value.is_empty()));
        }
    }
    Ok(sections)
}

/// The word before the name and the name in `[word name] # comment`.
fn header(line: &str) -> Option<(&str, &str)> {
    let line = line.split(COMMENT).next()?.trim_matches(BLANKS);
    let name = line.strip_prefix('[')?.strip_suffix(']')?.trim_matches(BLANKS);
    Some(name.split_once(BLANKS).map_or(("", name), |(word, name)| (word, name.trim_matches(BLANKS))))
}

/// Name and value of a line, without a comment that stands behind a blank.
fn split(line: &str) -> Option<(&str, &str)> {
    let comment = line.match_indices(COMMENT).find(|(at, _)| line[..*at].ends_with(char::is_whitespace));
    let line = comment.map_or(line, |(at, _)| &line[..at]);
    line.split_once('=').map(|(name, value)| (name.trim_matches(BLANKS), value.trim_matches(BLANKS)))
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&b))
}
