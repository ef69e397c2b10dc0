//! Where releases come from: a folder or a bucket. An archive is fetched once a run and pinned.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
    rc::Rc,
    sync::Arc,
    time::UNIX_EPOCH,
};

use c2_core::{
    archive::{Limits, Listing},
    config::{FromText, Pin, Sha256},
    seam::{Content, Effect, Failure, Folder, Listed, Location, Modes, Rendered, Secret},
};
use ring::digest::{Context, SHA256};
use rustix::fs::{MemfdFlags, memfd_create};

use super::archive::{Archive, ArchiveError, ExtraFile};
use crate::{
    aws::{
        s3::{S3, S3Error},
        s3_failure,
    },
    files::{self, SMALL_BYTES, open},
};

/// The deepest folder below the releases' folder that is listed.
const DEPTH: usize = 32;
/// What to do where temporary files have no room.
const TEMPORARY: &str = "TMPDIR names a folder that has room for it";

/// The archives of this run, each fetched and judged once.
pub(crate) struct Archives {
    s3: Rc<S3>,
    /// The folder of spooled archives: `.c2` in the deploys folder.
    spool: String,
    /// Whether nothing of c2 on this machine may be touched but the log: archives are spooled elsewhere.
    touches_nothing: bool,
    judged: BTreeMap<(Location, Limits), Archive>,
    /// What tells their bytes, where that was found when they were fetched.
    pins: BTreeMap<Location, Pin>,
}

/// What is unpacked.
pub(crate) struct Unpacking<'a> {
    pub(crate) archive: &'a Location,
    /// The limits it was judged by.
    pub(crate) limits: Limits,
    /// What the folder will be; without an id none is written.
    pub(crate) holds: &'a Folder,
    /// The files rendered from its templates.
    pub(crate) rendered: &'a [Rendered],
    /// The permission bits of other files and folders than by the archive.
    pub(crate) modes: &'a Modes,
}

impl Archives {
    /// No archive was fetched yet.
    pub(crate) fn new(s3: &Rc<S3>) -> Self {
        let (judged, pins) = (BTreeMap::new(), BTreeMap::new());
        Archives { s3: Rc::clone(s3), spool: String::new(), touches_nothing: false, judged, pins }
    }

    /// Has archives spooled in this folder, unless nothing of c2 may be touched.
    pub(crate) fn spool_in(&mut self, folder: &str, touches_nothing: bool) {
        (self.spool, self.touches_nothing) = (folder.to_string(), touches_nothing);
    }

    /// The archives of a round are not those of the next.
    pub(crate) fn forget(&mut self) {
        self.judged.clear();
        self.pins.clear();
    }

    /// What an archive holds, fetched and judged once a run; `None` when there is none. `copied`: also one in a folder is
    /// judged as a copy of its own.
    pub(crate) fn listing(
        &mut self,
        at: &Location,
        limits: Limits,
        copied: bool,
    ) -> Result<Option<Arc<Listing>>, Failure> {
        let key = (at.clone(), limits);
        // What tells its bytes is known of a copy alone.
        if !self.judged.contains_key(&key) || copied && !self.pins.contains_key(at) {
            let Some(file) = self.open(at, copied)? else { return Ok(None) };
            let judged = Archive::judge(Path::new(&at.to_string()), file, &limits);
            let archive = judged.map_err(|error| {
                let text = error.to_string();
                let why = text.strip_prefix(&format!("cannot unpack {at}")).unwrap_or(&text);
                Failure::world(format!("judge the archive {at}"), why.trim_start_matches(": "))
            })?;
            self.judged.insert(key.clone(), archive);
        }
        Ok(self.judged.get(&key).map(|archive| archive.listing().clone()))
    }

    /// A small member of an archive that was fetched before.
    pub(crate) fn member(&self, at: &Location, path: &str) -> Result<Option<Content>, Failure> {
        let judged = self.judged.iter().find(|((location, _), _)| location == at).map(|(_, archive)| archive);
        let Some(archive) = judged else { return Ok(None) };
        let bytes = archive.read_member(path, SMALL_BYTES);
        let bytes = bytes.map_err(|error| Failure::world(format!("read {path} of {at}"), error.to_string()))?;
        let mode = archive.listing().find(path).map(|member| member.mode);
        Ok(bytes.map(|bytes| Content { bytes: Secret::new(bytes), mode }))
    }

    /// Unpacks an archive that was fetched before into a folder that does not exist yet.
    pub(crate) fn unpack(&self, effect: &Effect, to: &str, wanted: &Unpacking<'_>) -> Result<(), Failure> {
        let to = Path::new(to);
        if let Some(parent) = to.parent() {
            files::make_folders(parent, 0o755).map_err(|error| files::failure(effect, &error))?;
        }
        self.written(effect, wanted, |archive, extra| archive.unpack(to, extra))
    }

    /// Replaces the files of an archive that was fetched before one by one in a folder.
    pub(crate) fn unpack_over(&self, effect: &Effect, to: &str, wanted: &Unpacking<'_>) -> Result<(), Failure> {
        self.written(effect, wanted, |archive, extra| archive.unpack_over(Path::new(to), extra))
    }

    /// Writes an archive with the modes that are wanted, without times that are still to come, and what is written beside
    /// its own files: those that were rendered, the id last.
    fn written(
        &self,
        effect: &Effect,
        wanted: &Unpacking<'_>,
        write: impl FnOnce(&Archive, &[ExtraFile<'_>]) -> Result<(), ArchiveError>,
    ) -> Result<(), Failure> {
        let Unpacking { archive: at, limits, holds, rendered, modes } = wanted;
        let archive = self
            .judged
            .get(&((*at).clone(), *limits))
            .ok_or_else(|| Failure::world(format!("unpack {at}"), "it was not fetched; this is a bug of c2"))?;
        let listing = archive.listing().fitted(modes, self.s3.aws().now_s());
        let archive = archive.with_listing(listing).map_err(|error| files::failure(effect, &error))?;
        let stamp = holds.stamp();
        let stamp = stamp.iter().map(|text| ExtraFile { path: files::ID_FILE, mode: 0o644, bytes: text.as_bytes() });
        let rendered = rendered.iter();
        let rendered = rendered.map(|file| ExtraFile { path: &file.path, mode: file.mode, bytes: file.bytes.reveal() });
        let extra: Vec<ExtraFile<'_>> = rendered.chain(stamp).collect();
        write(&archive, &extra).map_err(|error| Failure::world(effect.to_string(), error.to_string()))
    }

    /// A folder's archive is read where it lies: the open file stays the same whatever is renamed over it, and what
    /// is written into it by accident is found out by the checksums. Who may write it could as well have put another one
    /// there; where only certain bytes may run, what is judged and unpacked is a copy, hashed as it is made. An object
    /// goes into a file without a name, too, which is gone with this process.
    fn open(&mut self, at: &Location, copied: bool) -> Result<Option<File>, Failure> {
        let failed = |error: io::Error| Failure::world(format!("read the archive {at}"), error.to_string());
        match at {
            Location::File(path) => match open::to_read(Path::new(path)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Ok(file) if copied => self.copy(at, file).map(Some),
                opened => opened.map(Some).map_err(failed),
            },
            Location::Object { bucket, key } => self.download(at, bucket, key, None),
            Location::Version { bucket, key, version } => self.download(at, bucket, key, Some(version)),
            Location::Secret(_) => Ok(None),
        }
    }

    /// A private copy, and the hash of its bytes.
    fn copy(&mut self, at: &Location, mut from: File) -> Result<File, Failure> {
        let mut copy = self.room(at)?;
        let (mut hash, mut buffer, mut size) = (Context::new(&SHA256), vec![0; 64 << 10], 0);
        loop {
            let length = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::world(format!("read the archive {at}"), error.to_string())),
            };
            let bytes = buffer.get(..length).unwrap_or_default();
            hash.update(bytes);
            copy.write_all(bytes).map_err(|error| self.no_room(at, &error))?;
            size += length as u64;
        }
        let sha256 = c2_core::hex(hash.finish().as_ref());
        let sha256 = Sha256::from_text(&sha256).map_err(|why| Failure::world(format!("hash {at}"), why.to_string()))?;
        self.pins.insert(at.clone(), Pin { sha256, size: Some(size), version: None });
        Ok(copy)
    }

    /// There is no room for the copy of an archive.
    fn no_room(&self, at: &Location, error: &io::Error) -> Failure {
        let place = if self.touches_nothing { "a temporary file" } else { self.spool.as_str() };
        Failure::World {
            doing: format!("copy the archive {at} into {place}"),
            why: error.to_string(),
            hint: Some(match self.touches_nothing {
                true => TEMPORARY.into(),
                false => "make room on that file system, then run the command again".into(),
            }),
        }
    }

    fn download(
        &mut self,
        at: &Location,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Option<File>, Failure> {
        let mut file = self.room(at)?;
        let fetched = self.s3.get_to_file(bucket, key, version, &mut file);
        let fetched = fetched.map_err(|error| match (s3_failure(&format!("fetch {at}"), &error), error) {
            (Failure::World { doing, why, .. }, S3Error::Write { .. }) if self.touches_nothing => {
                Failure::World { doing, why, hint: Some(TEMPORARY.into()) }
            }
            (failure, _) => failure,
        })?;
        Ok(fetched.map(|download| {
            if let Ok(sha256) = Sha256::from_text(&download.sha256) {
                let pin = Pin { sha256, size: Some(download.bytes), version: download.version };
                self.pins.insert(at.clone(), pin);
            }
            file
        }))
    }

    /// An empty file without a name for an archive. Where nothing of c2 may be touched, it is among the temporary files,
    /// which may have room for what memory has not, and in memory only where there can be none.
    fn room(&self, at: &Location) -> Result<File, Failure> {
        let spool = Path::new(&self.spool);
        let in_memory = || Ok(File::from(memfd_create("release", MemfdFlags::CLOEXEC)?));
        let (place, opened) = match self.touches_nothing {
            true => ("memory", tempfile::tempfile().or_else(|_| in_memory())),
            false => {
                let opened = files::make_folders(spool, 0o700).and_then(|()| tempfile::tempfile_in(spool));
                (self.spool.as_str(), opened)
            }
        };
        opened.map_err(|error| Failure::world(format!("make room for {at} in {place}"), error.to_string()))
    }

    /// The bytes of an archive that was fetched before, as a copy.
    pub(crate) fn pin(&self, at: &Location) -> Result<Pin, Failure> {
        let pin = self.pins.get(at).cloned();
        pin.ok_or_else(|| Failure::world(format!("hash the archive {at}"), "it was not copied; this is a bug of c2"))
    }

    /// What a store holds.
    pub(crate) fn listed(&self, at: &Location) -> Result<Vec<Listed>, Failure> {
        match at {
            Location::File(folder) => {
                let mut found = Vec::new();
                list_folder(Path::new(folder), "", DEPTH, &mut found).map_err(|error| Failure::World {
                    doing: format!("list the releases in {folder}"),
                    why: error.to_string(),
                    hint: Some("releases.localdir in the configuration names that folder".into()),
                })?;
                Ok(found)
            }
            Location::Object { bucket, key } => {
                let objects = self.s3.list(bucket, key);
                let objects = objects.map_err(|error| s3_failure(&format!("list {at}"), &error))?;
                let below = |key_of: &str| key_of.strip_prefix(key.as_str()).unwrap_or(key_of).to_string();
                Ok(objects
                    .into_iter()
                    .map(|object| Listed { name: below(&object.key), modified: object.last_modified })
                    .collect())
            }
            Location::Version { .. } | Location::Secret(_) => Ok(vec![]),
        }
    }
}

/// The files below a folder, by their paths relative to it; what begins with a dot is not a release.
fn list_folder(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<Listed>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        // A dangling link is not a release either.
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        if metadata.is_file() {
            let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            found.push(Listed { name: format!("{prefix}{name}"), modified: format!("{:030}", modified.as_nanos()) });
        } else if metadata.is_dir() && depth > 0 {
            list_folder(&entry.path(), &format!("{prefix}{name}/"), depth - 1, found)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn archive(version: &str) -> Vec<u8> {
        let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
        zip.start_file("version", SimpleFileOptions::default()).unwrap();
        zip.write_all(version.as_bytes()).unwrap();
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_copy_is_hashed_judged_and_unpacked_whatever_becomes_of_its_archive() {
        let folder = tempfile::tempdir().unwrap();
        let (path, to) = (folder.path().join("a.zip"), folder.path().join("to"));
        let (good, bad) = (archive("good"), archive("evil"));
        assert_eq!(good.len(), bad.len());
        let at = Location::File(path.to_str().unwrap().into());
        let mut archives = Archives::new(&Rc::new(S3::new(&BTreeMap::new())));
        archives.spool_in(folder.path().join(".c2").to_str().unwrap(), false);
        // Also one that lay there to be read in place.
        for copied in [false, true] {
            fs::write(&path, if copied { &good } else { &bad }).unwrap();
            assert!(archives.listing(&at, Limits::default(), copied).unwrap().is_some());
        }
        fs::write(&path, &bad).unwrap();
        assert!(archives.listing(&at, Limits::default(), false).unwrap().is_some());
        let digest = ring::digest::digest(&SHA256, &good);
        let sha256 = c2_core::hex(digest.as_ref());
        let pin = archives.pin(&at).unwrap();
        assert_eq!((pin.sha256.to_string(), pin.size), (sha256, Some(good.len() as u64)));
        archives.judged[&(at, Limits::default())].unpack(&to, &[]).unwrap();
        assert_eq!(fs::read(to.join("version")).unwrap(), b"good");
        assert_eq!(fs::read_dir(folder.path().join(".c2")).unwrap().count(), 0);
    }
}
