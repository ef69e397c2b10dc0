//! Unpacks an archive into a new folder.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use c2_core::{
    Ordered,
    archive::{Listing, Member, Problems},
};

use super::content::Contents;
use super::error::ArchiveError;
use super::reading::{Archive, by_place};

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

impl Archive {
    /// Unpacks it into the folder `to`, which must not exist and whose parent must; then writes the extra files in
    /// their order, then syncs the file system once. When it returns, all of it is on the disk under `to`.
    ///
    /// # Errors
    /// As for [`Archive::judge`], and [`ArchiveError::InTheWay`] when an extra file does not fit into the release.
    /// Nothing is left of `to` then, as far as it can be removed.
    pub fn unpack(&self, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
        let mut problems = Problems::default();
        extra.iter().for_each(|file| self.listing.problems_of_extra_file(file.path, &mut problems));
        if !problems.is_empty() {
            return Err(ArchiveError::InTheWay { folder: to.to_owned(), problems: problems.into_list() });
        }
        create_folder(to, ROOT_MODE)?;
        let filled = fill(self, to, extra).and_then(|()| sync_file_system(to));
        if filled.is_err() {
            // The error that is returned matters more; the folder is a candidate that the next run removes.
            let _ = fs::remove_dir_all(to);
        }
        filled
    }
}

/// Writes everything into a new, empty folder.
pub(super) fn fill(archive: &Archive, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
    let mut contents = Contents::new(&archive.path, &archive.file);
    for folder in archive.listing.members().iter().filter(|member| member.folder) {
        // An entry of a folder can have data, of which nothing may come out.
        contents.stream(folder, &mut |_| Ok(()))?;
        create_folder(&to.join(&folder.path), folder.mode)?;
    }
    for file in own_files(&archive.listing, extra) {
        write_member(&mut contents, file, &to.join(&file.path))?;
    }
    extra.iter().try_for_each(|file| write_bytes(file, &to.join(file.path)))?;
    // Folders last, as what is made in one changes its time; those that only follow from paths have none.
    let folders = archive.listing.members().iter().filter(|member| member.folder && member.content.is_some());
    folders.into_iter().try_for_each(|folder| {
        let path = to.join(&folder.path);
        let opened = File::open(&path).map_err(ArchiveError::io("open the folder", &path))?;
        set_modified(&opened, folder, &path)
    })
}

/// Waits until everything written to the file system that a folder is on is on its disk.
pub(super) fn sync_file_system(folder: &Path) -> Result<(), ArchiveError> {
    File::open(folder)
        .and_then(|open| Ok(rustix::fs::syncfs(open)?))
        .map_err(ArchiveError::io("sync the file system of", folder))
}

/// The files that are written from the archive: those that no extra file takes the place of.
pub(super) fn own_files<'a>(listing: &'a Listing, extra: &[ExtraFile<'a>]) -> Vec<&'a Member> {
    let replaced: BTreeSet<&str> = extra.iter().map(|file| file.path).into_set();
    let own = |member: &&Member| !member.folder && !replaced.contains(member.path.as_str());
    by_place(listing.members().iter().filter(own).collect())
}

/// Creates a folder that is not there, or nothing.
pub(super) fn create_folder(path: &Path, mode: u32) -> Result<(), ArchiveError> {
    DirBuilder::new().mode(0o700).create(path).map_err(ArchiveError::io("create the folder", path))?;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|error| {
        // The error that is returned matters more.
        let _ = fs::remove_dir(path);
        ArchiveError::io("set the mode of", path)(error)
    })
}

/// Writes a member to a file that is not there.
pub(super) fn write_member(contents: &mut Contents<'_>, member: &Member, path: &Path) -> Result<(), ArchiveError> {
    let mut file = create_file(path)?;
    contents.stream(member, &mut |part| file.write_all(part).map_err(ArchiveError::io("write", path)))?;
    set_modified(&file, member, path)?;
    set_mode(&file, member.mode, path)
}

/// Gives a file or folder the modification time of its archive, so that all machines serve the same one.
fn set_modified(file: &File, member: &Member, path: &Path) -> Result<(), ArchiveError> {
    let modified = UNIX_EPOCH + Duration::from_secs(member.modified_s);
    file.set_modified(modified).map_err(ArchiveError::io("set the modification time of", path))
}

/// Writes an extra file to a file that is not there.
pub(super) fn write_bytes(extra: &ExtraFile<'_>, path: &Path) -> Result<(), ArchiveError> {
    let mut file = create_file(path)?;
    file.write_all(extra.bytes).map_err(ArchiveError::io("write", path))?;
    set_mode(&file, extra.mode, path)
}

fn create_file(path: &Path) -> Result<File, ArchiveError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).map_err(ArchiveError::io("create", path))
}

fn set_mode(file: &File, mode: u32, path: &Path) -> Result<(), ArchiveError> {
    file.set_permissions(Permissions::from_mode(mode)).map_err(ArchiveError::io("set the mode of", path))
}
