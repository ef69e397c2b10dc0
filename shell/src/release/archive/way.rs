//! The way to a folder below the one that is unpacked into: by links of root or of this user alone, and each folder on
//! it held open, so that no other one can be put in its place.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{CWD, FileType, Mode, OFlags, fstat, openat, readlinkat},
    io::Errno,
};

use crate::files::open::{MAX_LINKS, is_trusted};

/// Why there is no way to a folder.
#[derive(Debug)]
pub(super) enum NoWay {
    /// Nothing is there.
    Nothing,
    /// Something else than a folder is there, or on the way.
    NoFolder,
    /// A link of another user is there, or on the way.
    Foreign,
    /// It could not be found out.
    Failed(io::Error),
}

impl From<Errno> for NoWay {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT => NoWay::Nothing,
            Errno::NOTDIR => NoWay::NoFolder,
            errno => NoWay::Failed(errno.into()),
        }
    }
}

impl From<io::Error> for NoWay {
    fn from(error: io::Error) -> Self {
        Errno::from_io_error(&error).map_or(NoWay::Failed(error), NoWay::from)
    }
}

impl From<NoWay> for io::Error {
    fn from(why: NoWay) -> Self {
        match why {
            NoWay::Nothing => Errno::NOENT.into(),
            NoWay::NoFolder => Errno::NOTDIR.into(),
            NoWay::Foreign => io::Error::other("a link of another user is on the way"),
            NoWay::Failed(error) => error,
        }
    }
}

/// Opens a folder that is there, by a path that somebody named. What is above it is theirs to know; it itself may be a
/// link only of root or of this user.
pub(super) fn named(path: &Path) -> Result<File, NoWay> {
    let Some(name) = path.file_name() else { return Ok(openat(CWD, path, FOLDER, Mode::empty())?.into()) };
    below(&above(path)?, Path::new(name))
}

/// Opens the folder that a path is in, to make or find something there.
pub(super) fn above(path: &Path) -> io::Result<File> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(openat(CWD, above, PLACE | OFlags::DIRECTORY, Mode::empty())?.into())
}

/// Opens a folder below another one.
pub(super) fn below(folder: &File, path: &Path) -> Result<File, NoWay> {
    let mut at = openat(folder, ".", PLACE | OFlags::DIRECTORY, Mode::empty())?;
    let mut rest = parts(path);
    let mut links = 0;
    while let Some(part) = rest.pop() {
        let next = openat(&at, &part, PLACE | OFlags::NOFOLLOW, Mode::empty())?;
        let stat = fstat(&next)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => at = next,
            FileType::Symlink if !is_trusted(stat.st_uid) => return Err(NoWay::Foreign),
            FileType::Symlink if links == MAX_LINKS => return Err(Errno::LOOP.into()),
            FileType::Symlink => {
                links += 1;
                let target = readlinkat(&next, "", Vec::new())?;
                let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
                if target.is_absolute() {
                    at = openat(CWD, "/", PLACE | OFlags::DIRECTORY, Mode::empty())?;
                }
                rest.extend(parts(&target));
            }
            _ => return Err(NoWay::NoFolder),
        }
    }
    Ok(openat(&at, ".", FOLDER, Mode::empty())?.into())
}

/// A place on the way, which need not be readable.
const PLACE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let part = |component| match component {
        Component::Normal(name) => Some(name),
        Component::ParentDir => Some(OsStr::from_bytes(b"..")),
        _ => None,
    };
    let mut parts: Vec<OsString> = path.components().filter_map(part).map(OsStr::to_os_string).collect();
    parts.reverse();
    parts
}
