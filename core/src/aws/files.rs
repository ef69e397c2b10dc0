//! Where the config and the credentials file are, and which profile counts.

use super::profiles::{Kind, Profiles, Section};
use super::{Answer, Ask, Failure, Look, Stop};
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// Where the two files are, and the name of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The config file; `None` when nothing says where it is.
    pub config: Option<String>,
    /// The credentials file.
    pub credentials: Option<String>,
    /// The profile: `AWS_PROFILE`, else `default`.
    pub profile: String,
}

impl Location {
    /// Finds them from the environment: `AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE`, else `.aws` in the home.
    /// Source: the page "Location of the shared config and credentials files" of the AWS SDKs reference.
    pub fn new(env: &BTreeMap<String, String>) -> Self {
        let variable = |name| env.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let home = variable("HOME").map(|home| home.trim_end_matches('/'));
        let place = |name, file| match variable(name) {
            Some(path) => match (path.strip_prefix("~/"), home) {
                (Some(rest), Some(home)) => Some(format!("{home}/{rest}")),
                _ => Some(path.to_owned()),
            },
            None => home.map(|home| format!("{home}/.aws/{file}")),
        };
        Self {
            config: place(Kind::Config.variable(), "config"),
            credentials: place(Kind::Credentials.variable(), "credentials"),
            profile: variable("AWS_PROFILE").unwrap_or("default").to_owned(),
        }
    }

    /// The two paths as a text.
    pub(super) fn paths(&self) -> String {
        match (&self.config, &self.credentials) {
            (Some(config), Some(credentials)) => format!("{config} and {credentials}"),
            (Some(path), None) | (None, Some(path)) => path.clone(),
            (None, None) => "the home folder, which HOME does not name".to_owned(),
        }
    }
}

impl Look<'_> {
    /// Reads both files; one that is not there is empty.
    pub(super) fn profiles(&self) -> Result<(Location, Profiles), Stop> {
        let location = Location::new(self.env);
        let mut profiles = Profiles::default();
        for (kind, path) in [(Kind::Config, &location.config), (Kind::Credentials, &location.credentials)] {
            let Some(path) = path else { continue };
            let failed = |why: String| Stop::Failed(Failure::new(path, why, None));
            match self.answer(Ask::File(path.clone()))? {
                Answer::Bytes(bytes) => {
                    let text = core::str::from_utf8(bytes).map_err(|_| failed("it is not UTF-8".to_owned()))?;
                    profiles.add(kind, text).map_err(|wrong| failed(format!("line {}: {}", wrong.line, wrong.why)))?;
                }
                // The home may be someone else's, as under sudo; a file that is named is meant.
                Answer::Failed { why, .. } if self.variable(kind.variable()).is_some() => {
                    return Err(failed(format!("it cannot be read: {why} ({} names it)", kind.variable())));
                }
                Answer::Missing | Answer::Failed { .. } | Answer::Http { .. } => (),
            }
        }
        Ok((location, profiles))
    }

    /// The profile that counts, when it is there.
    pub(super) fn profile(&self) -> Result<(Option<Section>, Profiles), Stop> {
        let (location, mut profiles) = self.profiles()?;
        Ok((profiles.profiles.remove(&location.profile), profiles))
    }
}
