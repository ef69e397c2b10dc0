//! Files, folders and links: whole reads, atomic writes, exchanges.

pub(crate) mod beside;
pub(crate) mod changes;
pub(crate) mod looks;
pub(crate) mod open;

pub(crate) use changes::failure;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};

use beside::Beside;

/// The most that is read of a small file.
pub(crate) const SMALL_BYTES: u64 = 16 * 1024 * 1024;

/// A small file's bytes and permission bits; `None` when it is not there.
pub(crate) fn read_small(path: &Path) -> io::Result<Option<(Vec<u8>, u32)>> {
    let file = match open::to_read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    let mut bytes = Vec::new();
    file.take(SMALL_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SMALL_BYTES {
        return Err(io::Error::other(format!("it is larger than {SMALL_BYTES} bytes")));
    }
    Ok(Some((bytes, mode)))
}

/// Replaces a file atomically, whoever owned it: a file beside, synced, renamed, the folder synced. Unless it is to be
/// durable, nothing is synced: a power failure may leave it empty. A link is replaced, and not followed.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8], mode: u32, durable: bool) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let folder = File::open(parent(path))?;
    let (beside, mut file) = Beside::file(&folder)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    if durable {
        file.sync_all()?;
    }
    beside.put(name)?;
    if durable { folder.sync_all() } else { Ok(()) }
}

/// Makes a folder with these permission bits, and those above it that are missing for all to enter, whatever the umask.
pub(crate) fn make_folders(path: &Path, mode: u32) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    make_folders(&parent(path), 0o755)?;
    match DirBuilder::new().mode(0o700).create(path) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => {
            made?;
            made_folder(path)?.set_permissions(Permissions::from_mode(mode))
        }
    }
}

/// The folder that was just made here; an error where somebody has put something else in its place.
fn made_folder(path: &Path) -> io::Result<File> {
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits() as i32;
    let folder = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match folder.metadata()?.uid() == rustix::process::geteuid().as_raw() {
        true => Ok(folder),
        false => Err(io::Error::other("another user has put a folder there meanwhile")),
    }
}

/// Syncs the folder that a path is in.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(parent(path))?.sync_all()
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Removes what is at a path; none there is fine. The id of a folder goes first: what is left of it is not whole.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !kind.is_dir() {
        fs::remove_file(path)?;
        return sync_parent(path);
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let stamp = entry.path().join(ID_FILE);
        // A link leads to what is not removed with it.
        if entry.file_type()?.is_dir() && stamp.symlink_metadata().is_ok() {
            fs::remove_file(&stamp)?;
        }
    }
    if path.join(ID_FILE).symlink_metadata().is_ok() {
        fs::remove_file(path.join(ID_FILE))?;
    }
    fs::remove_dir_all(path)?;
    sync_parent(path)
}

/// The file that names the content of a deploy's folder.
pub(crate) const ID_FILE: &str = ".c2-id";

/// Exchanges two folders, or moves the one that is there.
pub(crate) fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    match (a.symlink_metadata().is_ok(), b.symlink_metadata().is_ok()) {
        (true, true) => renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).map_err(|error| match error {
            rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS => {
                io::Error::other("the file system cannot exchange two folders (RENAME_EXCHANGE)")
            }
            error => error.into(),
        })?,
        (true, false) => move_to_free(a, b)?,
        (false, true) => move_to_free(b, a)?,
        (false, false) => return Ok(()),
    }
    sync_parent(a)?;
    sync_parent(b)
}

/// Renames a folder to a name that must be free.
pub(crate) fn move_to_free(from: &Path, to: &Path) -> io::Result<()> {
    make_folders(&parent(to), 0o755)?;
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?;
    sync_parent(from)?;
    sync_parent(to)
}

/// Makes a symbolic link, or makes it point elsewhere, atomically.
pub(crate) fn link(at: &Path, target: &str) -> io::Result<()> {
    if fs::read_link(at).is_ok_and(|now| now.as_os_str() == target) {
        return Ok(());
    }
    let name = at.file_name().ok_or_else(|| io::Error::other("the path names no link"))?;
    let folder = File::open(parent(at))?;
    Beside::link(&folder, target)?.put(name)?;
    folder.sync_all()
}

/// The id that names a folder's content; `None` without one.
pub(crate) fn id_of(folder: &Path) -> io::Result<Option<String>> {
    let stamp = match read_small(&folder.join(ID_FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => None,
        read => read?,
    };
    Ok(stamp.and_then(|(bytes, _)| String::from_utf8(bytes).ok()?.lines().next().map(str::to_string)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_leads_to_is_not_removed_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (other, gone) = (folder.path().join("other"), folder.path().join("gone"));
        for path in [&other, &gone] {
            fs::create_dir(path).unwrap();
            fs::write(path.join(ID_FILE), "id").unwrap();
        }
        std::os::unix::fs::symlink(&other, gone.join("link")).unwrap();
        remove(&gone).unwrap();
        assert!(!gone.exists() && other.join(ID_FILE).exists());
    }
}
