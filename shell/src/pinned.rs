//! An archive that is open and judged.

use crate::archive::{self, ArchiveError, ExtraFile};
use c2_core::archive::{Limits, Listing};
use std::{
    fs::File,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

/// An archive that is open and judged.
#[derive(Debug)]
pub(crate) struct Archive {
    file: File,
    limits: Limits,
    listing: Listing,
}

impl Archive {
    pub(crate) fn judge(_: &str, file: File, limits: &Limits) -> Result<Self, ArchiveError> {
        let listing = archive::judge_archive(&path_of(&file), limits)?;
        Ok(Archive { file, limits: *limits, listing })
    }
    pub(crate) fn listing(&self) -> &Listing {
        &self.listing
    }
    pub(crate) fn bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }
    pub(crate) fn read_member(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ArchiveError> {
        archive::read_member(&path_of(&self.file), &self.listing, path, limit)
    }
    pub(crate) fn unpack(&self, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
        archive::unpack(&path_of(&self.file), &self.limits, to, extra)
    }
    pub(crate) fn unpack_over(&self, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
        archive::unpack_over(&path_of(&self.file), &self.limits, to, extra)
    }
}
fn path_of(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}
