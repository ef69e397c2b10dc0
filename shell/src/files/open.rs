//! Opens files that others may have had their hands in: nothing is waited for, and no link of another user is followed.

use std::{
    fs::{self, File, FileType, Metadata, OpenOptions},
    io::{self, Write},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::Errno,
};

/// The most links that are followed one after the other, as the kernel has it (path_resolution(7)).
pub(crate) const MAX_LINKS: usize = 40;
/// How often what somebody puts in the way is removed.
const TRIES: usize = 8;
/// A pipe is opened without its other end, a terminal does not become this process's.
const UNHURRIED: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

/// Whether a link of this user is followed: root's and one's own are.
pub(crate) fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

/// Opens a regular file for reading; anything else is an error.
pub(crate) fn to_read(path: &Path) -> io::Result<File> {
    // A device may do something already when it is opened.
    check(&fs::metadata(path)?, false)?;
    let file = OpenOptions::new().read(true).custom_flags(flags(UNHURRIED)).open(path)?;
    check(&file.metadata()?, false)?;
    Ok(file)
}

/// Opens a regular file, or a device such as `/dev/null` of root's, to write to it as it is: a log, a lock. A link of
/// another user in its place is removed.
pub(crate) fn to_keep(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let path = followed(path)?;
    let mut flags_here = UNHURRIED;
    flags_here.set(OFlags::NOFOLLOW, !is_open(&path));
    let options = options.clone().custom_flags(flags(flags_here)).clone();
    for _ in 0..TRIES {
        let file = match options.open(&path) {
            Err(error) if is(&error, Errno::LOOP) => {
                fs::remove_file(&path)?;
                continue;
            }
            // A pipe that no one reads, or a socket.
            Err(error) if is(&error, Errno::NXIO) => {
                check(&fs::symlink_metadata(&path)?, true)?;
                return Err(error);
            }
            opened => opened?,
        };
        if !is_open(&path) {
            check(&file.metadata()?, true)?;
        }
        return Ok(file);
    }
    Err(io::Error::other("somebody puts links there again and again"))
}

/// Writes on to what is open already, as `/dev/stdout` is, or to a device.
pub(crate) fn write_on(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).custom_flags(flags(UNHURRIED)).open(path)?;
    if !is_open(path) {
        check(&file.metadata()?, true)?;
    }
    // It is open now; that its reader is slow is waited for.
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    file.write_all(bytes)
}

/// Whether a path names what this or another process has open.
pub(crate) fn is_open(path: &Path) -> bool {
    path.starts_with("/proc") || path.starts_with("/dev/fd")
}

/// Where a path leads by links of root or of this user: to something else, or to nothing yet. A link of another user
/// counts as something else.
pub(crate) fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_path_buf();
    for _ in 0..=MAX_LINKS {
        match fs::symlink_metadata(&at) {
            _ if is_open(&at) => return Ok(at),
            Ok(metadata) if metadata.is_symlink() && is_trusted(metadata.uid()) => {
                at = at.parent().unwrap_or(Path::new("")).join(fs::read_link(&at)?);
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(at),
        }
    }
    Err(Errno::LOOP.into())
}

/// Refuses what is not a regular file; `sink`: a device of root's will do, too.
pub(crate) fn check(metadata: &Metadata, sink: bool) -> io::Result<()> {
    let kind = metadata.file_type();
    match kind.is_file() || sink && kind.is_char_device() && metadata.uid() == 0 {
        true => Ok(()),
        false => Err(unfit(kind)),
    }
}

fn unfit(kind: FileType) -> io::Error {
    let what = match kind {
        kind if kind.is_dir() => return io::Error::other("it is a folder"),
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_symlink() => "a link of another user",
        _ => "a device",
    };
    io::Error::other(format!("it is {what}, not a regular file"))
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

fn flags(flags: OFlags) -> i32 {
    flags.bits() as i32
}
