//! Unpacks an archive into a folder that is there, replacing its files one by one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use c2_core::archive::{Limits, Listing, Problem, Problems};

use super::content;
use super::error::ArchiveError;
use super::reading::Archive;
use super::unpacking::{ExtraFile, create_folder, own_members, write_bytes, write_member};

/// The name under which a new file is written beside the one that it replaces. It is the same for all, so that what
/// a killed run leaves is taken away by the next.
const NEW_FILE: &str = ".c2-new";

/// Unpacks an archive and the extra files into the folder `to`, which must exist. Files of the release replace those
/// that are there, each at once and whole; all others are kept. Folders that are there keep their modes, and a link
/// to a folder is taken for the folder.
///
/// Two of these must not run on the same folder at once.
///
/// # Errors
/// As for [`judge_archive`](super::judge_archive), and [`ArchiveError::InTheWay`] when a folder stands where the
/// release has a file or the reverse: before anything is written. After [`ArchiveError::Io`] some files may be
/// replaced and others not.
pub fn unpack_over(archive: &Path, limits: &Limits, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
    let archive = Archive::open(archive, limits)?;
    archive.check_content()?;
    check_room(&archive.listing, to, extra)?;

    let mut touched = BTreeSet::new();
    let mut buffer = content::buffer();
    for member in own_members(&archive.listing, extra) {
        let path = to.join(&member.path);
        match member.folder {
            true if path.is_dir() => {}
            true => {
                create_folder(&path, member.mode)?;
                touched.extend(path.parent().map(Path::to_owned));
            }
            false => replace(&path, &mut touched, |new| write_member(&archive, member, new, &mut buffer))?,
        }
    }
    for file in extra {
        replace(&to.join(file.path), &mut touched, |new| write_bytes(file, new))?;
    }
    touched.iter().try_for_each(|folder| {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(ArchiveError::io("sync the folder", folder))
    })
}

/// Replaces one file, or makes it.
fn replace(
    path: &Path,
    touched: &mut BTreeSet<PathBuf>,
    write: impl FnOnce(&Path) -> Result<File, ArchiveError>,
) -> Result<(), ArchiveError> {
    let new = path.with_file_name(NEW_FILE);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(ArchiveError::io("remove what an earlier run left at", &new)(error));
        }
        _ => {}
    }
    let written = write(&new).and_then(|file| {
        file.sync_all().map_err(ArchiveError::io("sync", &new))?;
        fs::rename(&new, path).map_err(ArchiveError::io("replace", path))
    });
    if written.is_err() {
        // The error that is returned matters more, and the next run removes it.
        let _ = fs::remove_file(&new);
    }
    touched.extend(path.parent().map(Path::to_owned));
    written
}

/// Looks for everything that is in the way, before anything is written.
fn check_room(listing: &Listing, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
    let mut problems = Problems::default();
    extra.iter().for_each(|file| listing.problems_of_extra_file(file.path, &mut problems));
    let members = listing.members().iter().map(|member| (member.path.as_str(), member.folder));
    let extra_files = extra.iter().map(|file| (file.path, false)).filter(|(path, _)| listing.find(path).is_none());
    for (path, folder) in [("", true)].into_iter().chain(members).chain(extra_files) {
        let place = to.join(path);
        let what = match in_the_way(&place, folder) {
            _ if place.file_name().is_some_and(|name| name == NEW_FILE) => Some("the name is needed while unpacking"),
            Ok(what) => what,
            Err(error) => return Err(ArchiveError::io("look at", &place)(error)),
        };
        match what {
            None => {}
            Some(what) if path.is_empty() => problems.add(Problem::of_archive(what)),
            Some(what) => problems.add(Problem::of_entry(path.as_bytes(), what)),
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(ArchiveError::InTheWay { folder: to.to_owned(), problems: problems.into_list() }),
    }
}

/// What stands where a folder or file is to be, and cannot be used or replaced.
fn in_the_way(place: &Path, folder: bool) -> io::Result<Option<&'static str>> {
    let looked = if folder { fs::metadata(place) } else { fs::symlink_metadata(place) };
    let there = match looked {
        Ok(there) => there,
        // A link that leads nowhere is there all the same.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let dangling = folder && fs::symlink_metadata(place).is_ok();
            return Ok(dangling.then_some("a link that leads nowhere is where the release has a folder"));
        }
        // Something on the way is no folder: that is told of the path that it is at.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(match (folder, there.is_dir()) {
        (true, false) => Some("no folder, but something else is where the release has one"),
        (false, true) => Some("a folder is where the release has a file"),
        (false, false) if !there.is_file() && !there.is_symlink() => {
            Some("neither a file nor a link is where the release has a file")
        }
        _ => None,
    })
}
