//! Unpacks an archive into a new folder.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use c2_core::archive::{Limits, Listing, Member, Problems};

use super::content;
use super::error::ArchiveError;
use super::reading::Archive;

/// The mode of the folder itself that is unpacked into.
const ROOT_MODE: u32 = 0o755;

/// A file to write beside an archive's own, or in the place of one of them.
#[derive(Debug)]
pub struct ExtraFile<'a> {
    /// Relative to the release's root, as [`Member::path`]; its folder is the root or a folder of the release.
    pub path: &'a str,
    /// Its permission bits, whatever the umask.
    pub mode: u32,
    /// Its content.
    pub bytes: &'a [u8],
}

/// Unpacks an archive into the folder `to`, which must not exist and whose parent must; then writes the extra files
/// in their order, then syncs the file system once. When it returns, all of it is on the disk under `to`.
///
/// # Errors
/// As for [`judge_archive`](super::judge_archive), and [`ArchiveError::InTheWay`] when an extra file does not fit
/// into the release. Nothing is left of `to` then, as far as it can be removed.
pub fn unpack(archive: &Path, limits: &Limits, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
    let archive = Archive::open(archive, limits)?;
    let mut problems = Problems::default();
    extra.iter().for_each(|file| archive.listing.problems_of_extra_file(file.path, &mut problems));
    if !problems.is_empty() {
        return Err(ArchiveError::InTheWay { folder: to.to_owned(), problems: problems.into_list() });
    }
    create_folder(to, ROOT_MODE)?;
    let filled = fill(&archive, to, extra);
    if filled.is_err() {
        // The error that is returned matters more; the folder is a candidate that the next run removes.
        let _ = fs::remove_dir_all(to);
    }
    filled
}

fn fill(archive: &Archive, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
    let mut buffer = content::buffer();
    for member in own_members(&archive.listing, extra) {
        let path = to.join(&member.path);
        match member.folder {
            true => create_folder(&path, member.mode)?,
            false => drop(write_member(archive, member, &path, &mut buffer)?),
        }
    }
    for file in extra {
        write_bytes(file, &to.join(file.path))?;
    }
    let folder = File::open(to).map_err(ArchiveError::io("open", to))?;
    rustix::fs::syncfs(folder).map_err(|error| ArchiveError::io("sync the file system of", to)(error.into()))
}

/// The members that are written from the archive: those that no extra file takes the place of.
pub(super) fn own_members<'a>(listing: &'a Listing, extra: &'a [ExtraFile<'a>]) -> impl Iterator<Item = &'a Member> {
    let replaced: BTreeSet<&str> = extra.iter().map(|file| file.path).collect();
    listing.members().iter().filter(move |member| !replaced.contains(member.path.as_str()))
}

/// Creates a folder that is not there.
pub(super) fn create_folder(path: &Path, mode: u32) -> Result<(), ArchiveError> {
    DirBuilder::new().mode(0o700).create(path).map_err(ArchiveError::io("create the folder", path))?;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(ArchiveError::io("set the mode of", path))
}

/// Writes a member to a file that is not there.
pub(super) fn write_member(
    archive: &Archive,
    member: &Member,
    path: &Path,
    buffer: &mut [u8],
) -> Result<File, ArchiveError> {
    let mut file = create_file(path)?;
    content::stream(&archive.path, &archive.file, member, buffer, &mut |part| {
        file.write_all(part).map_err(ArchiveError::io("write", path))
    })?;
    set_mode(&file, member.mode, path)?;
    Ok(file)
}

/// Writes an extra file to a file that is not there.
pub(super) fn write_bytes(extra: &ExtraFile<'_>, path: &Path) -> Result<File, ArchiveError> {
    let mut file = create_file(path)?;
    file.write_all(extra.bytes).map_err(ArchiveError::io("write", path))?;
    set_mode(&file, extra.mode, path)?;
    Ok(file)
}

fn create_file(path: &Path) -> Result<File, ArchiveError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).map_err(ArchiveError::io("create", path))
}

fn set_mode(file: &File, mode: u32, path: &Path) -> Result<(), ArchiveError> {
    file.set_permissions(Permissions::from_mode(mode)).map_err(ArchiveError::io("set the mode of", path))
}
