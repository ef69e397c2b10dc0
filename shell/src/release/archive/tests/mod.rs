//! Tests of reading and unpacking, on archives that are made byte by byte or by the `zip` crate.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use c2_core::archive::Limits;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Archive, ArchiveError, ExtraFile};
use zip_bytes::{Entry, crc32, deflated, folder, stored, streamed, zip, zip_with_end};

mod acceptances;
mod mutations;
mod refusals;
mod unpacking;
mod unpacking_over;
mod zip_bytes;

/// A folder with an archive in it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(archive: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.zip"), archive).unwrap();
        Place { folder }
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("a.zip")
    }

    /// The folder to unpack into.
    fn to(&self) -> PathBuf {
        self.folder.path().join("to")
    }

    /// An error as text, without the folder's path.
    fn text(&self, error: &impl ToString) -> String {
        error.to_string().replace(&format!("{}/", self.folder.path().display()), "")
    }
}

/// The archive at a path, judged.
fn judge_archive(path: &Path, limits: &Limits) -> Result<Archive, ArchiveError> {
    let file = fs::File::open(path).map_err(ArchiveError::io("read the archive", path))?;
    Archive::judge(path, file, limits)
}

/// Judges the archive at a path and unpacks it.
fn unpack(path: &Path, limits: &Limits, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
    judge_archive(path, limits)?.unpack(to, extra)
}

/// Judges the archive at a path and unpacks it over a folder.
fn unpack_over(path: &Path, limits: &Limits, to: &Path, extra: &[ExtraFile<'_>]) -> Result<(), ArchiveError> {
    judge_archive(path, limits)?.unpack_over(to, extra)
}

/// What lies below a folder: paths with modes and, for files, content.
fn tree(folder: &Path) -> BTreeMap<String, (u32, Option<Vec<u8>>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            let content = about.is_file().then(|| fs::read(&path).unwrap());
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            found.insert(name, (about.permissions().mode() & 0o7777, content));
            if about.is_dir() {
                open.push(path);
            }
        }
    }
    found
}

/// The tree that a list of paths, modes and contents (`None` for a folder) describes.
fn expected_tree(members: &[(&str, u32, Option<&[u8]>)]) -> BTreeMap<String, (u32, Option<Vec<u8>>)> {
    let member =
        |&(path, mode, content): &(&str, u32, Option<&[u8]>)| (path.to_owned(), (mode, content.map(<[u8]>::to_vec)));
    members.iter().map(member).collect()
}

/// An archive by the `zip` crate's own writer.
fn written(method: CompressionMethod, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
