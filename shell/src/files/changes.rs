//! Changes of files as the core describes them.

use std::{fs, io, path::Path};

use c2_core::seam::{Effect, Failure};

use crate::files::{self, open};

/// Exchanges two folders unless `home` already holds what `id` names; `None`: home shall not exist.
pub(crate) fn exchange(staged: &str, home: &str, id: Option<&str>) -> io::Result<()> {
    let (staged, home) = (Path::new(staged), Path::new(home));
    let there = home.symlink_metadata().is_ok();
    let holds = match id {
        None => !there,
        Some(id) => files::id_of(home)?.as_deref() == Some(id),
    };
    if holds { Ok(()) } else { files::exchange(staged, home) }
}

/// Gives an id to a whole folder that has none.
pub(crate) fn identify(folder: &str, id: &str) -> io::Result<()> {
    files::write_atomically(&Path::new(folder).join(files::ID_FILE), format!("{id}\n").as_bytes(), 0o644, true)
}

/// Permission bits.
#[derive(Clone, Copy)]
pub(crate) struct Bits {
    pub(crate) mode: u32,
    /// Those of a folder that has to be made.
    pub(crate) folder: u32,
}

/// Replaces a file; its folder is made when it is missing.
pub(crate) fn write(path: &str, bytes: &[u8], bits: Bits, durable: bool) -> io::Result<()> {
    let path = Path::new(path);
    // A link that a user named stands for what it leads to; one that another user has put there does not.
    let followed = open::followed(path)?;
    if open::is_open(&followed) {
        return open::write_on(&followed, bytes);
    }
    if let Some(folder) = path.parent() {
        files::make_folders(folder, bits.folder)?;
    }
    let path = match fs::symlink_metadata(&followed) {
        // A folder cannot be replaced, which the renaming says; a device is written to.
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() && !metadata.is_symlink() => {
            open::check(&metadata, true)?;
            return open::write_on(&followed, bytes);
        }
        Ok(_) => &followed,
        // A link that leads nowhere.
        Err(_) => path,
    };
    files::write_atomically(path, bytes, bits.mode, durable)
}

/// An input or output error, with what to do about the usual ones.
pub(crate) fn failure(effect: &Effect, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("make room on that file system, then run the command again")
        }
        io::ErrorKind::PermissionDenied => Some("run it as the user who owns that folder, or mend its permissions"),
        io::ErrorKind::ReadOnlyFilesystem => Some("that file system is mounted read-only"),
        _ => None,
    };
    Failure::World { doing: effect.to_string(), why: error.to_string(), hint: hint.map(Into::into) }
}
