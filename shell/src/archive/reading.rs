//! Reads an archive's headers for the core to judge, and checks its content against them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use c2_core::archive::{
    AFTER_BYTES, Header, Limits, Listing, Local, Problems, TAIL_BYTES, central_headers, directory, judge, local_header,
    local_header_bytes,
};

use super::content;
use super::error::ArchiveError;

/// What is read of a local header at first: enough for most, names and extra fields included.
const LOCAL_HEADER_BYTES: usize = 256;

/// An archive whose headers are judged.
pub(super) struct Archive {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) listing: Listing,
}

impl Archive {
    /// Opens an archive and judges its headers.
    pub(super) fn open(path: &Path, limits: &Limits) -> Result<Archive, ArchiveError> {
        let file = open(path)?;
        let listing = judge_headers(path, &file, limits)?;
        Ok(Archive { path: path.to_owned(), file, listing })
    }

    /// Inflates every member once, writing nothing.
    pub(super) fn check_content(&self) -> Result<(), ArchiveError> {
        let mut buffer = content::buffer();
        let mut problems = Problems::default();
        for member in self.listing.members() {
            match content::stream(&self.path, &self.file, member, &mut buffer, &mut |_| Ok(())) {
                Err(ArchiveError::Refused { problems: found, .. }) => {
                    found.into_iter().for_each(|problem| problems.add(problem));
                }
                done => done?,
            }
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(ArchiveError::Refused { archive: self.path.clone(), problems: problems.into_list() }),
        }
    }
}

/// Opens a regular file; anything else could block, or have no end.
pub(super) fn open(path: &Path) -> Result<File, ArchiveError> {
    let cannot = |source| ArchiveError::io("read the archive", path)(source);
    if !fs::metadata(path).map_err(cannot)?.is_file() {
        return Err(cannot(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")));
    }
    File::open(path).map_err(cannot)
}

fn judge_headers(path: &Path, file: &File, limits: &Limits) -> Result<Listing, ArchiveError> {
    let cannot = |source| ArchiveError::io("read the archive", path)(source);
    let refused = |problem| ArchiveError::refused(path, problem);

    let file_bytes = file.metadata().map_err(cannot)?.len();
    let tail_start = file_bytes.saturating_sub(TAIL_BYTES);
    let tail = read_up_to(file, tail_start, file_bytes - tail_start).map_err(cannot)?;
    let directory = directory(&tail, file_bytes, limits).map_err(refused)?;
    let bytes = read_up_to(file, directory.start, directory.bytes).map_err(cannot)?;
    let mut headers = central_headers(&directory, &bytes).map_err(refused)?;
    drop((tail, bytes));
    for header in &mut headers {
        header.local = read_local_header(file, header).map_err(cannot)?;
    }
    judge(&headers, directory.start, limits)
        .map_err(|problems| ArchiveError::Refused { archive: path.to_owned(), problems })
}

fn read_local_header(file: &File, header: &Header) -> io::Result<Result<Local, String>> {
    let mut bytes = read_up_to(file, header.start, LOCAL_HEADER_BYTES as u64)?;
    let needed = local_header_bytes(&bytes);
    if needed > bytes.len() {
        bytes = read_up_to(file, header.start, needed as u64)?;
    }
    let mut local = local_header(&bytes, header);
    if let Ok(local) = &mut local
        && header.is_streamed()
    {
        local.after = read_up_to(file, header.data_end(local.data_start), AFTER_BYTES as u64)?;
    }
    Ok(local)
}

/// Reads `count` bytes from an offset, or as many as there are.
fn read_up_to(file: &File, at: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(count).map_err(|_| io::ErrorKind::OutOfMemory)?];
    let mut filled = 0;
    while filled < bytes.len() {
        // Offsets are what an archive claims: no file reaches beyond what the system's offsets can count.
        let Some(at) = at.checked_add(filled as u64).filter(|&at| i64::try_from(at).is_ok()) else { break };
        match file.read_at(&mut bytes[filled..], at) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
