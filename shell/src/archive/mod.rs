//! Reads, checks and unpacks release archives. What an archive may hold is judged by [`c2_core::archive`].
//!
//! The directory and the headers are read here and handed to the core. The `zip` crate inflates and checks CRCs; it
//! never sees an archive's own headers, so it cannot read them differently.

mod content;
mod error;
mod reading;
mod unpacking;
mod unpacking_over;
mod window;

use std::path::Path;

use c2_core::archive::{Limits, Listing};

pub use error::ArchiveError;
pub use unpacking::{ExtraFile, unpack};
pub use unpacking_over::unpack_over;

use content::Contents;
use reading::Archive;

/// Judges the headers of an archive, then inflates every member once to see that it is what they say. Nothing is
/// written, and memory does not grow with the content.
///
/// # Errors
/// [`ArchiveError::Refused`] with everything that is wrong, [`ArchiveError::Io`] when it cannot be read.
pub fn judge_archive(path: &Path, limits: &Limits) -> Result<Listing, ArchiveError> {
    let archive = Archive::open(path, limits)?;
    archive.check_content()?;
    Ok(archive.listing)
}

/// The content of one file of an archive, given the archive's listing; `None` when there is no such file.
///
/// # Errors
/// [`ArchiveError::TooLong`] when it has more than `limit` bytes, otherwise as for [`judge_archive`].
pub fn read_member(path: &Path, listing: &Listing, member: &str, limit: u64) -> Result<Option<Vec<u8>>, ArchiveError> {
    let Some(member) = listing.find(member).filter(|member| !member.folder) else { return Ok(None) };
    if member.bytes > limit {
        let (archive, member_path) = (path.to_owned(), member.path.clone());
        return Err(ArchiveError::TooLong { archive, member: member_path, bytes: member.bytes, limit });
    }
    let file = reading::open(path)?;
    let mut bytes = Vec::new();
    Contents::new(path, &file).stream(member, &mut |part| {
        bytes.extend_from_slice(part);
        Ok(())
    })?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests;
