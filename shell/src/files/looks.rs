//! What is at a path of this machine, as the core asks for it.

use std::{collections::BTreeMap, fs, io, os::unix::fs::MetadataExt, path::Path};

use c2_core::seam::{COMPOSE_FILES, Content, Failure, Folder, Link, Secret, Stat};

use crate::files;

/// The content of a small file.
pub(crate) fn content(path: &str) -> Result<Option<Content>, Failure> {
    let read = files::read_small(Path::new(path)).map_err(|error| failed("read", path, &error))?;
    Ok(read.map(|(bytes, mode)| Content { bytes: Secret::new(bytes), mode: Some(mode) }))
}

/// A deploy's folder; `None` when there is nothing.
pub(crate) fn folder(path: &str) -> Result<Option<Folder>, Failure> {
    let at = Path::new(path);
    match fs::metadata(at) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("look at", path, &error)),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(Failure::world(format!("look at {path}"), "it is not a folder"));
        }
        Ok(_) => (),
    }
    let text = |name: &str| {
        let read = files::read_small(&at.join(name))?;
        Ok::<_, io::Error>(read.and_then(|(bytes, _)| String::from_utf8(bytes).ok()))
    };
    let unread = |name: &str, error: io::Error| failed("read", &format!("{path}/{name}"), &error);
    let stamp = text(files::ID_FILE).map_err(|error| unread(files::ID_FILE, error))?;
    let release_json = match text("release.json") {
        // One that was filled is its owner's to read; whoever asks for the status sees by the stamp what is there.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && stamp.is_some() => None,
        read => read.map_err(|error| unread("release.json", error))?,
    };
    let compose = COMPOSE_FILES.iter().any(|name| at.join(name).exists());
    let filled = at.join("release.json.tpl").exists();
    Ok(Some(Folder { compose, filled, release_json, ..Folder::of_stamp(stamp.as_deref()) }))
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(crate) fn fingerprint(path: &str) -> Result<Option<String>, Failure> {
    let read = files::read_small(Path::new(path)).map_err(|error| failed("read", path, &error))?;
    Ok(read.map(|(bytes, _)| {
        let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
        c2_core::hex(digest.as_ref())
    }))
}

/// A path with all its links resolved; `None` when it is not there.
pub(crate) fn physical(path: &str) -> Result<Option<String>, Failure> {
    match fs::canonicalize(path) {
        Ok(path) => Ok(Some(path.to_string_lossy().into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("resolve the links of", path, &error)),
    }
}

/// When a folder's entries were last changed, in nanoseconds since 1970; 0 when it is not there.
pub(crate) fn changed_at(path: &str) -> Result<u64, Failure> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        found => {
            let found = found.map_err(|error| failed("look at", path, &error))?;
            let nanoseconds = found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec());
            Ok(u64::try_from(nanoseconds).unwrap_or(0))
        }
    }
}

/// Whether there is nothing at a path, or a loop of links: not that the path could not be followed.
fn leads_nowhere(error: &io::Error) -> bool {
    let nowhere = [rustix::io::Errno::NOENT, rustix::io::Errno::NOTDIR, rustix::io::Errno::LOOP];
    nowhere.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// What is at a path, links followed; `None` when there is nothing.
pub(crate) fn stat(path: &str) -> Result<Option<Stat>, Failure> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(Stat { is_folder: found.is_dir(), mode: found.mode() & 0o7777 })),
        Err(error) if leads_nowhere(&error) => Ok(None),
        Err(error) => Err(failed("look at", path, &error)),
    }
}

/// A symbolic link; `None` when there is nothing.
pub(crate) fn link(path: &str) -> Result<Option<Link>, Failure> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| failed("read the link", path, &error))?,
    };
    if !metadata.is_symlink() {
        return Err(Failure::World {
            doing: format!("read the link {path}"),
            why: "it is not a symbolic link".into(),
            hint: Some("move what is there out of the way".into()),
        });
    }
    let target = fs::read_link(path).map_err(|error| failed("read the link", path, &error))?;
    let Some(target) = target.to_str() else {
        return Err(Failure::world(format!("read the link {path}"), "its target is not UTF-8"));
    };
    let leads = match fs::metadata(path) {
        Ok(metadata) => metadata.is_dir(),
        Err(error) if leads_nowhere(&error) => false,
        Err(error) => return Err(failed("follow the link", path, &error)),
    };
    Ok(Some(Link { target: target.into(), leads, since: u64::try_from(metadata.mtime()).unwrap_or(0) }))
}

/// The intents that are noted in a folder, by name.
pub(crate) fn intents(folder: &str) -> Result<BTreeMap<String, String>, Failure> {
    texts(folder).map_err(|error| failed("read the intents in", folder, &error))
}

/// The small files in a folder, by name; no folder is none. What begins with a dot was never finished.
fn texts(folder: &str) -> io::Result<BTreeMap<String, String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other?,
    };
    let mut texts = BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", entry.path().display()));
        if !name.starts_with('.')
            && let Some((bytes, _)) = files::read_small(&entry.path()).map_err(named)?
        {
            texts.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    Ok(texts)
}

fn failed(doing: &str, path: &str, error: &io::Error) -> Failure {
    Failure::world(format!("{doing} {path}"), error.to_string())
}
