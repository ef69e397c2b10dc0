//! Unpacks an archive into a new folder.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use c2_core::{
    Ordered,
    archive::{Listing, Member, Problems},
};

use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, unlinkat};
use rustix::io::Errno;

use super::content::Contents;
use super::error::ArchiveError;
use super::reading::{Archive, by_place};
use super::way;

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
        let cannot = |error| ArchiveError::io("create the folder", to)(error);
        let name = to.file_name().ok_or_else(|| cannot(io::Error::other("the path names no folder")))?;
        let above = way::above(to).map_err(cannot)?;
        // It is held open: what others may do to its name changes nothing of where the files go.
        let folder = create_folder(&Place::new(&above, name, to), ROOT_MODE)?;
        let filled = fill(self, &folder, to, extra).and_then(|()| sync_file_system(&folder, to));
        if filled.is_err() {
            // The error that is returned matters more; the folder is a candidate that the next run removes.
            let _ = fs::remove_dir_all(to);
        }
        filled
    }
}

/// Where something is made.
pub(super) struct Place<'a> {
    /// A folder that is held open.
    pub(super) folder: &'a File,
    /// Relative to the folder; in one that is new it may have several parts.
    pub(super) name: PathBuf,
    /// What messages call it.
    shown: PathBuf,
}

impl<'a> Place<'a> {
    pub(super) fn new(folder: &'a File, name: impl Into<PathBuf>, shown: impl Into<PathBuf>) -> Self {
        Place { folder, name: name.into(), shown: shown.into() }
    }
}

/// Writes everything into a new, empty folder.
pub(super) fn fill(archive: &Archive, folder: &File, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
    let mut contents = Contents::new(&archive.path, &archive.file);
    let place = |path: &str| Place::new(folder, path, to.join(path));
    for member in archive.listing.members().iter().filter(|member| member.folder) {
        // An entry of a folder can have data: it must unpack to nothing.
        contents.stream(member, &mut |_| Ok(()))?;
        create_folder(&place(&member.path), member.mode)?;
    }
    for file in own_files(&archive.listing, extra) {
        write_member(&mut contents, file, &place(&file.path))?;
    }
    extra.iter().try_for_each(|file| write_bytes(file, &place(file.path)))?;
    // Folders last, as what is made in one changes its time; those that only follow from paths have none.
    let folders = archive.listing.members().iter().filter(|member| member.folder && member.content.is_some());
    folders.into_iter().try_for_each(|member| {
        let Place { name, shown, .. } = place(&member.path);
        let opened = openat(folder, &name, FOLDER, Mode::empty()).map(File::from);
        let opened = opened.map_err(|errno| ArchiveError::io("open the folder", &shown)(errno.into()))?;
        set_modified(&opened, member, &shown)
    })
}

/// Waits until everything written to the file system that a folder is on is on its disk.
pub(super) fn sync_file_system(folder: &File, shown: &Path) -> Result<(), ArchiveError> {
    rustix::fs::syncfs(folder).map_err(|errno| ArchiveError::io("sync the file system of", shown)(errno.into()))
}

/// The files that are written from the archive: those that no extra file takes the place of.
pub(super) fn own_files<'a>(listing: &'a Listing, extra: &[ExtraFile<'a>]) -> Vec<&'a Member> {
    let replaced: BTreeSet<&str> = extra.iter().map(|file| file.path).into_set();
    let own = |member: &&Member| !member.folder && !replaced.contains(member.path.as_str());
    by_place(listing.members().iter().filter(own).collect())
}

/// Creates a folder that is not there, or nothing.
pub(super) fn create_folder(place: &Place<'_>, mode: u32) -> Result<File, ArchiveError> {
    let Place { folder, name, shown } = place;
    let cannot = |errno: Errno| ArchiveError::io("create the folder", shown)(errno.into());
    mkdirat(folder, name, Mode::RWXU).map_err(cannot)?;
    let made = openat(folder, name, FOLDER, Mode::empty()).map(File::from).map_err(cannot);
    made.and_then(|made| set_mode(&made, mode, shown).map(|()| made)).inspect_err(|_| {
        // The error that is returned matters more.
        let _ = unlinkat(folder, name, AtFlags::REMOVEDIR);
    })
}

/// Writes a member to a file that is not there.
pub(super) fn write_member(
    contents: &mut Contents<'_>,
    member: &Member,
    place: &Place<'_>,
) -> Result<(), ArchiveError> {
    let mut file = create_file(place)?;
    contents.stream(member, &mut |part| file.write_all(part).map_err(ArchiveError::io("write", &place.shown)))?;
    set_modified(&file, member, &place.shown)?;
    set_mode(&file, member.mode, &place.shown)
}

/// Gives a file or folder the modification time of its archive, so that all machines serve the same one.
fn set_modified(file: &File, member: &Member, path: &Path) -> Result<(), ArchiveError> {
    let modified = UNIX_EPOCH + Duration::from_secs(member.modified_s);
    file.set_modified(modified).map_err(ArchiveError::io("set the modification time of", path))
}

/// Writes an extra file to a file that is not there.
pub(super) fn write_bytes(extra: &ExtraFile<'_>, place: &Place<'_>) -> Result<(), ArchiveError> {
    let mut file = create_file(place)?;
    file.write_all(extra.bytes).map_err(ArchiveError::io("write", &place.shown))?;
    set_mode(&file, extra.mode, &place.shown)
}

/// A folder that is not a link.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

fn create_file(place: &Place<'_>) -> Result<File, ArchiveError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(place.folder, &place.name, flags, Mode::RUSR | Mode::WUSR);
    file.map(File::from).map_err(|errno| ArchiveError::io("create", &place.shown)(errno.into()))
}

fn set_mode(file: &File, mode: u32, path: &Path) -> Result<(), ArchiveError> {
    file.set_permissions(Permissions::from_mode(mode)).map_err(ArchiveError::io("set the mode of", path))
}
