//! What is made beside a file and then takes its place: exclusively, and under an unguessable name. What a run
//! that was cut short leaves of it is removed by the next one that makes something in the same folder.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, flock, openat, renameat, statat, symlinkat, unlinkat},
    io::Errno,
};

use super::open::is_trusted;

/// How such names begin; sixteen hexadecimal digits follow.
const PREFIX: &str = ".c2-tmp-";
const DIGITS: usize = 16;
/// How often another name is tried.
const TRIES: usize = 8;

/// A file or link that is not in its place yet; it is removed unless it is put there.
pub(crate) struct Beside<'a> {
    folder: &'a File,
    name: String,
    is_placed: bool,
}

impl<'a> Beside<'a> {
    /// A new, empty file in a folder, for this user alone to read.
    pub(crate) fn file(folder: &'a File) -> io::Result<(Self, File)> {
        Self::make(folder, |name| {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = File::from(openat(folder, name, flags, Mode::RUSR | Mode::WUSR)?);
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                // Somebody who tidies up has taken it for a leftover, just as it was made.
                Err(Errno::WOULDBLOCK) => Err(Errno::EXIST),
                _ if file.metadata().is_ok_and(|metadata| metadata.nlink() == 0) => Err(Errno::EXIST),
                _ => Ok(file),
            }
        })
    }

    /// A new symbolic link in a folder.
    pub(crate) fn link(folder: &'a File, target: &str) -> io::Result<Self> {
        Self::make(folder, |name| symlinkat(target, folder, name)).map(|(beside, ())| beside)
    }

    fn make<T>(folder: &'a File, mut make: impl FnMut(&str) -> rustix::io::Result<T>) -> io::Result<(Self, T)> {
        remove_leftovers(folder);
        for _ in 0..TRIES {
            let name = format!("{PREFIX}{:0DIGITS$x}", random()?);
            match make(&name) {
                Err(Errno::EXIST) => continue,
                made => return Ok((Beside { folder, name, is_placed: false }, made?)),
            }
        }
        Err(Errno::EXIST.into())
    }

    /// Puts it in the place of what has this name; a link there is replaced, wherever it leads.
    pub(crate) fn put(mut self, name: &OsStr) -> io::Result<()> {
        renameat(self.folder, self.name.as_str(), self.folder, name)?;
        self.is_placed = true;
        Ok(())
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        if !self.is_placed {
            // The failure that led here matters more.
            let _ = unlinkat(self.folder, self.name.as_str(), AtFlags::empty());
        }
    }
}

/// Removes what no run holds any more. A failed removal does no harm.
fn remove_leftovers(folder: &File) {
    let Ok(entries) = Dir::read_from(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if is_of_a_run(name.to_bytes()) && is_left(folder, OsStr::from_bytes(name.to_bytes())) {
            let _ = unlinkat(folder, name, AtFlags::empty());
        }
    }
}

fn is_of_a_run(name: &[u8]) -> bool {
    let digits = name.strip_prefix(PREFIX.as_bytes());
    digits.is_some_and(|digits| digits.len() == DIGITS && digits.iter().all(u8::is_ascii_hexdigit))
}

fn is_left(folder: &File, name: &OsStr) -> bool {
    let Ok(stat) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { return false };
    match FileType::from_raw_mode(stat.st_mode) {
        // Links are made under the lock only.
        FileType::Symlink => is_trusted(stat.st_uid),
        FileType::RegularFile => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let opened = openat(folder, name, flags, Mode::empty());
            opened.is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
        }
        _ => false,
    }
}

/// A random number.
pub(crate) fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(u64::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn what_a_run_that_was_cut_short_has_left_is_removed_and_what_one_holds_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let left = [".c2-tmp-0123456789abcdef", ".c2-tmp-fedcba9876543210"].map(|name| folder.path().join(name));
        fs::write(&left[0], "half").unwrap();
        symlink("nowhere", &left[1]).unwrap();
        for kept in [".c2-tmp-mine", ".c2-tmp-0123456789abcde"] {
            fs::write(folder.path().join(kept), "").unwrap();
        }
        let open = File::open(folder.path()).unwrap();
        let (held, _file) = Beside::file(&open).unwrap();
        let (other, _other) = Beside::file(&open).unwrap();
        assert!(left.iter().all(|path| path.symlink_metadata().is_err()));
        let name = held.name.clone();
        assert_ne!(name, other.name);
        other.put(OsStr::new("file")).unwrap();
        let mut expected = [".c2-tmp-0123456789abcde", &name, ".c2-tmp-mine", "file"];
        expected.sort_unstable();
        assert_eq!(names(folder.path()), expected);
        drop(held);
        assert_eq!(names(folder.path()), [".c2-tmp-0123456789abcde", ".c2-tmp-mine", "file"]);
    }

    fn names(folder: &std::path::Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}
