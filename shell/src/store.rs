//! Where releases come from: a folder or a bucket. An archive is fetched once a run and pinned.

use std::{
    fs::{self, File},
    io,
    path::Path,
    time::UNIX_EPOCH,
};

use c2_core::{
    archive::Limits,
    config::{FromText, Pin, Sha256},
    seam::{Failure, Listed, Location},
};

use rustix::fs::{MemfdFlags, memfd_create};

use crate::{answer::s3_failure, archive::Archive, files, host::Machine, s3::S3Error};

/// The deepest folder below the releases' folder that is listed.
const DEPTH: usize = 32;

impl Machine {
    /// Fetches and judges an archive, once a run; `None` when there is none.
    pub(crate) fn fetch(&mut self, at: &Location, limits: Limits) -> Result<Option<&Archive>, Failure> {
        let key = (at.clone(), limits);
        if !self.archives.contains_key(&key) {
            let Some(file) = self.open(at)? else { return Ok(None) };
            let judged = Archive::judge(Path::new(&at.to_string()), file, &limits);
            let archive = judged.map_err(|error| {
                let text = error.to_string();
                let why = text.strip_prefix(&format!("cannot unpack {at}")).unwrap_or(&text);
                Failure::world(format!("judge the archive {at}"), why.trim_start_matches(": "))
            })?;
            self.archives.insert(key.clone(), archive);
        }
        Ok(self.archives.get(&key))
    }

    /// An archive that was fetched before.
    pub(crate) fn spooled(&self, at: &Location, limits: Limits) -> Result<&Archive, Failure> {
        let found = self.archives.get(&(at.clone(), limits));
        found.ok_or_else(|| Failure::world(format!("unpack {at}"), "it was not fetched; this is a bug of c2"))
    }

    /// A folder's archive is read where it lies: the open file stays the same whatever is renamed over it, and what
    /// is written into it is found out by the checksums. An object goes into a file without a name, which is gone
    /// with this process.
    fn open(&mut self, at: &Location) -> Result<Option<File>, Failure> {
        let failed = |error: io::Error| Failure::world(format!("read the archive {at}"), error.to_string());
        match at {
            Location::File(path) => match fs::metadata(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                // Opening anything else could block.
                Ok(metadata) if !metadata.is_file() => Err(failed(io::Error::other("it is no regular file"))),
                _ => File::open(path).map(Some).map_err(failed),
            },
            Location::Object { bucket, key } => self.download(at, bucket, key, None),
            Location::Version { bucket, key, version } => self.download(at, bucket, key, Some(version)),
            Location::Secret(_) => Ok(None),
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
        crate::resolve::prepare();
        let fetched = self.s3.get_to_file(bucket, key, version, &mut file);
        let fetched = fetched.map_err(|error| match (s3_failure(&format!("fetch {at}"), &error), error) {
            (Failure::World { doing, why, .. }, S3Error::Write { .. }) if self.touches_nothing => {
                Failure::World { doing, why, hint: Some("TMPDIR names a folder that has room for it".into()) }
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

    /// The bytes of an archive that was fetched before.
    pub(crate) fn pin(&mut self, at: &Location, limits: Limits) -> Result<Pin, Failure> {
        if let Some(pin) = self.pins.get(at) {
            return Ok(pin.clone());
        }
        let (size, sha256) = self
            .spooled(at, limits)?
            .sha256()
            .map_err(|error| Failure::world(format!("hash the archive {at}"), error.to_string()))?;
        let sha256 = Sha256::from_text(&sha256).map_err(|why| Failure::world(format!("hash {at}"), why.to_string()))?;
        let pin = Pin { sha256, size: Some(size), version: None };
        self.pins.insert(at.clone(), pin.clone());
        Ok(pin)
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
                crate::resolve::prepare();
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

/// The files below a folder, by their paths relative to it; what begins with a dot is nobody's release.
fn list_folder(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<Listed>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        // A link that leads nowhere is nobody's release either.
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
