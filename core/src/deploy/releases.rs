//! Where releases are kept, and how big they may be.

use crate::{
    archive::Limits,
    config::{Releases, ToolConfig},
    seam::Location,
};

/// Where a release is kept.
pub(crate) fn archive_location(config: &ToolConfig, release: &str) -> Location {
    match &config.releases {
        Releases::LocalDir(folder) => Location::File(format!("{folder}/{release}")),
        Releases::S3(path) => {
            let base = path.key().strip_suffix('/').unwrap_or(path.key());
            Location::Object { bucket: path.bucket().into(), key: format!("{base}/{release}") }
        }
    }
}

/// `releaseLimits`.
pub(crate) fn limits(config: &ToolConfig) -> Limits {
    let limits = &config.release_limits;
    Limits {
        max_entries: limits.max_entries.get().into(),
        max_bytes: limits.max_bytes,
        max_ratio: limits.max_ratio.get().into(),
    }
}
