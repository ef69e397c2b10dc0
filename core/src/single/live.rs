//! The live release without a proxy: what `current` names.

use crate::prelude::*;

use crate::{
    deploy::{Deploys, is_whole},
    seam::{Facts, Folder, Refusal},
};

/// What `current` names.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    /// The link's target as written.
    pub(crate) target: String,
    /// The folder it points to.
    pub(crate) path: String,
    /// That folder, where it is there and whole.
    pub(crate) folder: Option<Folder>,
    /// When the link was made, seconds since 1970 UTC.
    pub(crate) since: u64,
}

/// What `current` names now; `None` without a link.
pub(crate) fn live(facts: &Facts, deploys: Deploys<'_>) -> Result<Option<Live>, Refusal> {
    let Some(link) = facts.link(&deploys.current())? else { return Ok(None) };
    let path = deploys.resolve(&link.target);
    // A folder that cannot be looked at is not one that is not there: its release may run.
    let folder = if link.leads { facts.folder(&path)?.filter(is_whole) } else { None };
    Ok(Some(Live { target: link.target, path, folder, since: link.since }))
}
