//! Unpacks an archive into a folder that is there, replacing its files one by one.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use c2_core::archive::{Listing, Problem, Problems};
use rustix::fs::{AtFlags, Dir, FileType, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::content::Contents;
use super::error::ArchiveError;
use super::reading::Archive;
use super::unpacking::{ExtraFile, Place, create_folder, own_files, sync_file_system, write_bytes, write_member};
use super::way::{self, NoWay};
use crate::files::beside::random;

/// How the names start under which new files are written beside those that they replace. A killed run leaves such
/// files; the next one that unpacks into the same folders removes them.
const NEW_FILE: &str = ".c2-new-";

impl Archive {
    /// Unpacks it and the extra files into the folder `to`, which must exist. Files of the release replace those that
    /// are there, each at once and whole; all others are kept. Folders that are there keep their modes, and a link to
    /// a folder is taken for the folder where it is root's or this user's. All new files are written and on the disk before the first is replaced, so a
    /// full disk leaves the folder as it was.
    ///
    /// Two of these must not run on the same folder at once.
    ///
    /// # Errors
    /// As for [`Archive::judge`], and [`ArchiveError::InTheWay`] when a folder stands where the release has a file or
    /// the reverse: before anything is written. Should a replacement itself fail, those before it stay.
    pub fn unpack_over(&self, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
        let folder = check_room(&self.listing, to, extra)?;
        remove_leftovers(&self.listing, &folder, to)?;

        let run = random().map_err(ArchiveError::io("find names for the new files in", to))?;
        let mut written = Written { to, folder, run, files: Vec::new(), folders: Vec::new() };
        let replaced = written.write(self, extra).and_then(|()| written.replace());
        if replaced.is_err() {
            written.remove();
        }
        replaced
    }
}

/// What was written and is not in its place yet.
struct Written<'a> {
    to: &'a Path,
    /// The folder itself.
    folder: File,
    /// What the new files of this run are told by.
    run: u64,
    /// What the new files are to replace, relative to the folder.
    files: Vec<PathBuf>,
    /// The folders that were not there, each before what lies in it.
    folders: Vec<PathBuf>,
}

impl Written<'_> {
    fn write(&mut self, archive: &Archive, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
        let mut contents = Contents::new(&archive.path, &archive.file);
        for member in archive.listing.members().iter().filter(|member| member.folder) {
            let path = Path::new(&member.path);
            let cannot = |error| ArchiveError::io("create the folder", &self.to.join(path))(error);
            match way::below(&self.folder, path) {
                Ok(_) => continue,
                Err(NoWay::Nothing) => {}
                Err(why) => return Err(cannot(why.into())),
            }
            // Under its own name it appears with its mode: a killed run leaves none that is half made.
            let (above, new) = (self.above(path)?, self.new_name(0));
            create_folder(&Place::new(&above, &new, self.to.join(path)), member.mode)?;
            renameat(&above, &new, &above, name(path)).map_err(|errno| {
                // The error that is returned matters more.
                let _ = unlinkat(&above, &new, AtFlags::REMOVEDIR);
                cannot(errno.into())
            })?;
            self.folders.push(path.to_owned());
        }
        let mut near = Near::default();
        for file in own_files(&archive.listing, extra) {
            self.add(&file.path, &mut near, |place| write_member(&mut contents, file, place))?;
        }
        extra.iter().try_for_each(|file| self.add(file.path, &mut near, |place| write_bytes(file, place)))
    }

    /// Writes a file beside the one that it is to replace.
    fn add(
        &mut self,
        path: &str,
        near: &mut Near,
        write: impl FnOnce(&Place<'_>) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let new = self.new_name(self.files.len());
        self.files.push(path.into());
        write(&Place::new(near.above(self, Path::new(path))?, new, self.to.join(path)))
    }

    fn replace(&self) -> Result<(), ArchiveError> {
        self.sync()?;
        let mut near = Near::default();
        for (number, path) in self.files.iter().enumerate() {
            let above = near.above(self, path)?;
            renameat(above, self.new_name(number), above, name(path))
                .map_err(|errno| ArchiveError::io("replace", &self.to.join(path))(errno.into()))?;
        }
        self.sync()
    }

    /// Syncs each file system that was written to: folders can be mounted anywhere below.
    fn sync(&self) -> Result<(), ArchiveError> {
        let (mut file_systems, mut near) = (BTreeMap::new(), Near::default());
        for path in self.files.iter().chain(&self.folders) {
            let above = near.above(self, path)?;
            let shown = self.to.join(path);
            let device = above.metadata().map_err(ArchiveError::io("look at the folder of", &shown))?.dev();
            if let std::collections::btree_map::Entry::Vacant(vacant) = file_systems.entry(device) {
                vacant.insert((above.try_clone().map_err(ArchiveError::io("open the folder of", &shown))?, shown));
            }
        }
        file_systems.values().try_for_each(|(folder, shown)| sync_file_system(folder, shown))
    }

    /// Removes what is not in its place. The error that led here matters more than another one here, and the next
    /// run removes what is left.
    fn remove(&self) {
        for (number, path) in self.files.iter().enumerate() {
            let _ = self.above(path).map(|above| unlinkat(above, self.new_name(number), AtFlags::empty()));
        }
        for path in self.folders.iter().rev() {
            let _ = self.above(path).map(|above| unlinkat(above, name(path), AtFlags::REMOVEDIR));
        }
    }

    /// The folder that something of the release is in.
    fn above(&self, path: &Path) -> Result<File, ArchiveError> {
        let above = path.parent().unwrap_or(Path::new(""));
        way::below(&self.folder, above)
            .map_err(|why| ArchiveError::io("look at the folder", &self.to.join(above))(why.into()))
    }

    fn new_name(&self, number: usize) -> String {
        format!("{NEW_FILE}{:016x}{number}", self.run)
    }
}

/// The folder that was needed last: what comes next is mostly in the same one.
#[derive(Default)]
struct Near(Option<(PathBuf, File)>);

impl Near {
    fn above(&mut self, written: &Written<'_>, path: &Path) -> Result<&File, ArchiveError> {
        let above = path.parent().unwrap_or(Path::new(""));
        let near = match self.0.take() {
            Some(near) if near.0 == above => near,
            _ => (above.to_owned(), written.above(path)?),
        };
        Ok(&self.0.insert(near).1)
    }
}

fn remove_leftovers(listing: &Listing, to: &File, shown: &Path) -> Result<(), ArchiveError> {
    let folders = listing.members().iter().filter(|member| member.folder).map(|member| member.path.as_str());
    for path in [""].into_iter().chain(folders) {
        let shown = shown.join(path);
        let folder = match way::below(to, Path::new(path)) {
            Err(NoWay::Nothing) => continue,
            found => found.map_err(|why| ArchiveError::io("look into", &shown)(why.into()))?,
        };
        let cannot = |errno: Errno| ArchiveError::io("look into", &shown)(errno.into());
        for entry in Dir::read_from(&folder).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if is_new_file(name) {
                let is_folder = kind(&folder, Path::new(name)).map_err(cannot)? == Some(FileType::Directory);
                let flags = if is_folder { AtFlags::REMOVEDIR } else { AtFlags::empty() };
                unlinkat(&folder, name, flags).map_err(|errno| {
                    ArchiveError::io("remove what an earlier run left at", &shown.join(name))(errno.into())
                })?;
            }
        }
    }
    Ok(())
}

fn name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

fn is_new_file(name: &OsStr) -> bool {
    name.as_bytes().strip_prefix(NEW_FILE.as_bytes()).is_some_and(|number| number.iter().all(u8::is_ascii_hexdigit))
}

/// What is at a path, itself; `None`: nothing.
fn kind(folder: &File, path: &Path) -> Result<Option<FileType>, Errno> {
    match statat(folder, path, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(None),
        stat => Ok(Some(FileType::from_raw_mode(stat?.st_mode))),
    }
}

/// Looks for everything that is in the way, before anything is written; gives the folder.
fn check_room(listing: &Listing, to: &Path, extra: &[ExtraFile<'_>]) -> Result<File, ArchiveError> {
    let unfit = |problems| ArchiveError::InTheWay { folder: to.to_owned(), problems };
    let root = match way::named(to) {
        Ok(root) => root,
        Err(NoWay::NoFolder) => return Err(unfit(vec![Problem::of_archive("it is not a folder")])),
        Err(NoWay::Foreign) => {
            let what = "it is a link of another user, which is not followed: name the folder that it leads to";
            return Err(unfit(vec![Problem::of_archive(what)]));
        }
        Err(why) => return Err(ArchiveError::io("look at the folder", to)(why.into())),
    };
    let mut problems = Problems::default();
    extra.iter().for_each(|file| listing.problems_of_extra_file(file.path, &mut problems));
    let members = listing.members().iter().map(|member| (member.path.as_str(), member.folder));
    let extra_files = extra.iter().map(|file| (file.path, false)).filter(|(path, _)| listing.find(path).is_none());
    for (path, folder) in members.chain(extra_files) {
        let what = match in_the_way(&root, Path::new(path), folder) {
            _ if is_new_file(name(Path::new(path))) => Some("the name is needed while unpacking"),
            what => what.map_err(ArchiveError::io("look at", &to.join(path)))?,
        };
        what.into_iter().for_each(|what| problems.add(Problem::of_entry(path.as_bytes(), what)));
    }
    match problems.is_empty() {
        true => Ok(root),
        false => Err(unfit(problems.into_list())),
    }
}

/// What stands where a folder or file is to be, and cannot be used or replaced.
fn in_the_way(root: &File, path: &Path, folder: bool) -> io::Result<Option<&'static str>> {
    let above = match way::below(root, path.parent().unwrap_or(Path::new(""))) {
        Ok(above) => above,
        // What is wrong with a folder on the way is told of the path that it is at.
        Err(NoWay::Failed(error)) => return Err(error),
        Err(_) => return Ok(None),
    };
    let there = kind(&above, Path::new(name(path)))?;
    if !folder {
        return Ok(match there {
            None | Some(FileType::RegularFile | FileType::Symlink) => None,
            Some(FileType::Directory) => Some("a folder is where the release has a file"),
            Some(_) => Some("neither a file nor a link is where the release has a file"),
        });
    }
    match way::below(&above, Path::new(name(path))) {
        Ok(_) => Ok(None),
        // A link that leads nowhere is there all the same.
        Err(NoWay::Nothing) => {
            Ok(there.is_some().then_some("a link that leads nowhere is where the release has a folder"))
        }
        Err(NoWay::NoFolder) => Ok(Some("no folder, but something else is where the release has one")),
        Err(NoWay::Foreign) => {
            Ok(Some("a link of another user, which is not followed, is where the release has a folder"))
        }
        Err(NoWay::Failed(error)) => Err(error),
    }
}
