//! The compose file that a release will have, and what a person should know of it.

use crate::prelude::*;

use super::members::Members;
use crate::{
    config,
    seam::{COMPOSE_FILES, Refusal, Rendered, Settled as _},
};

/// The name and the text of the compose file that the release will have; the first that Compose finds.
pub(super) fn compose_file(
    members: &Members<'_>,
    rendered: &[Rendered],
) -> Result<Option<(&'static str, String)>, Refusal> {
    for name in COMPOSE_FILES {
        let filled = rendered.iter().find(|file| file.path == name).map(|file| file.bytes.reveal().to_vec());
        let bytes = match filled {
            Some(bytes) => Some(bytes),
            None => match members.find(name).known()? {
                Ok(content) => content.map(|content| content.bytes.reveal().to_vec()),
                // One that is too long to be looked at holds nothing up.
                Err(_) => Some(Vec::new()),
            },
        };
        if let Some(bytes) = bytes {
            return Ok(Some((name, String::from_utf8_lossy(&bytes).into_owned())));
        }
    }
    Ok(None)
}

/// A warning of volumes that another deploy does not share.
pub(super) fn new_volumes((name, text): &(&str, String)) -> Option<String> {
    let volumes = config::volumes_of_the_project(text);
    (!volumes.is_empty()).then(|| {
        format!(
            "warning: Compose makes these volumes of {name} new, and empty, for a deploy of another name: {}; give them a \
             name, or make them external, to keep what is in them",
            volumes.join(", ")
        )
    })
}
