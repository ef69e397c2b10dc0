//! Unpacks an archive into a folder that is there, replacing its files one by one.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use c2_core::archive::{Listing, Problem, Problems};

use super::content::Contents;
use super::error::ArchiveError;
use super::reading::Archive;
use super::unpacking::{ExtraFile, create_folder, own_files, sync_file_system, write_bytes, write_member};

/// How the names start under which new files are written beside those that they replace. A killed run leaves such
/// files; the next one that unpacks into the same folders removes them.
const NEW_FILE: &str = ".c2-new-";

impl Archive {
    /// Unpacks it and the extra files into the folder `to`, which must exist. Files of the release replace those that
    /// are there, each at once and whole; all others are kept. Folders that are there keep their modes, and a link to
    /// a folder is taken for the folder. All new files are written and on the disk before the first is replaced, so a
    /// full disk leaves the folder as it was.
    ///
    /// Two of these must not run on the same folder at once.
    ///
    /// # Errors
    /// As for [`Archive::judge`], and [`ArchiveError::InTheWay`] when a folder stands where the release has a file or
    /// the reverse: before anything is written. Should a replacement itself fail, those before it stay.
    pub fn unpack_over(&self, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
        check_room(&self.listing, to, extra)?;
        remove_leftovers(&self.listing, to)?;

        let mut written = Written::default();
        let replaced = written.write(self, to, extra).and_then(|()| written.replace());
        if replaced.is_err() {
            written.remove();
        }
        replaced
    }
}

/// What was written and is not in its place yet.
#[derive(Default)]
struct Written {
    /// What the new files are to replace.
    files: Vec<PathBuf>,
    /// The folders that were not there, each before what lies in it.
    folders: Vec<PathBuf>,
}

impl Written {
    fn write(&mut self, archive: &Archive, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
        let mut contents = Contents::new(&archive.path, &archive.file);
        for folder in archive.listing.members().iter().filter(|member| member.folder) {
            let path = to.join(&folder.path);
            if !path.is_dir() {
                // Under its own name it appears with its mode: a killed run leaves none that is half made.
                let new = new_file(0, &path);
                create_folder(&new, folder.mode)?;
                fs::rename(&new, &path).map_err(|error| {
                    // The error that is returned matters more.
                    let _ = fs::remove_dir(&new);
                    ArchiveError::io("create the folder", &path)(error)
                })?;
                self.folders.push(path);
            }
        }
        for file in own_files(&archive.listing, extra) {
            write_member(&mut contents, file, &self.add_file(to.join(&file.path)))?;
        }
        extra.iter().try_for_each(|file| write_bytes(file, &self.add_file(to.join(file.path))))
    }

    /// Adds a file that is to be replaced; gives the path to write the new one at.
    fn add_file(&mut self, path: PathBuf) -> PathBuf {
        let new = new_file(self.files.len(), &path);
        self.files.push(path);
        new
    }

    fn replace(&self) -> Result<(), ArchiveError> {
        self.sync()?;
        for (number, path) in self.files.iter().enumerate() {
            fs::rename(new_file(number, path), path).map_err(ArchiveError::io("replace", path))?;
        }
        self.sync()
    }

    /// Syncs each file system that was written to: folders can be mounted anywhere below.
    fn sync(&self) -> Result<(), ArchiveError> {
        let mut file_systems = BTreeMap::new();
        for folder in
            self.files.iter().filter_map(|path| path.parent()).chain(self.folders.iter().map(PathBuf::as_path))
        {
            let device = fs::metadata(folder).map_err(ArchiveError::io("look at", folder))?.dev();
            file_systems.insert(device, folder);
        }
        file_systems.values().try_for_each(|folder| sync_file_system(folder))
    }

    /// Removes what is not in its place. The error that led here matters more than another one here, and the next
    /// run removes what is left.
    fn remove(&self) {
        for (number, path) in self.files.iter().enumerate() {
            let _ = fs::remove_file(new_file(number, path));
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn remove_leftovers(listing: &Listing, to: &Path) -> Result<(), ArchiveError> {
    let folders = listing.members().iter().filter(|member| member.folder).map(|member| member.path.as_str());
    for folder in ["."].into_iter().chain(folders).map(|path| to.join(path)).filter(|path| path.is_dir()) {
        let cannot = |error| ArchiveError::io("look into", &folder)(error);
        for entry in fs::read_dir(&folder).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            if is_new_file(&entry.file_name()) {
                let path = entry.path();
                let is_folder = entry.file_type().map_err(cannot)?.is_dir();
                let removed = if is_folder { fs::remove_dir(&path) } else { fs::remove_file(&path) };
                removed.map_err(ArchiveError::io("remove what an earlier run left at", &path))?;
            }
        }
    }
    Ok(())
}

fn new_file(number: usize, path: &Path) -> PathBuf {
    path.with_file_name(format!("{NEW_FILE}{number}"))
}

fn is_new_file(name: &OsStr) -> bool {
    name.as_bytes().strip_prefix(NEW_FILE.as_bytes()).is_some_and(|number| number.iter().all(u8::is_ascii_digit))
}

/// Looks for everything that is in the way, before anything is written.
fn check_room(listing: &Listing, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
    let unfit = |problems| ArchiveError::InTheWay { folder: to.to_owned(), problems };
    match fs::metadata(to) {
        Ok(about) if about.is_dir() => {}
        Ok(_) => return Err(unfit(vec![Problem::of_archive("it is no folder")])),
        Err(error) => return Err(ArchiveError::io("look at the folder", to)(error)),
    }
    let mut problems = Problems::default();
    extra.iter().for_each(|file| listing.problems_of_extra_file(file.path, &mut problems));
    let members = listing.members().iter().map(|member| (member.path.as_str(), member.folder));
    let extra_files = extra.iter().map(|file| (file.path, false)).filter(|(path, _)| listing.find(path).is_none());
    for (path, folder) in members.chain(extra_files) {
        let place = to.join(path);
        let what = match in_the_way(&place, folder) {
            _ if place.file_name().is_some_and(is_new_file) => Some("the name is needed while unpacking"),
            what => what.map_err(ArchiveError::io("look at", &place))?,
        };
        what.into_iter().for_each(|what| problems.add(Problem::of_entry(path.as_bytes(), what)));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(unfit(problems.into_list())),
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
