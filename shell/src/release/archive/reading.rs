//! Reads an archive's headers for the core to judge, and checks its content against them.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use c2_core::archive::{
    AFTER_BYTES, Header, Limits, Listing, Local, Member, Problems, TAIL_BYTES, central_headers, directory, judge,
    local_header, local_header_bytes,
};

use super::content::Contents;
use super::error::ArchiveError;
use super::window::Window;

/// What is read at once while headers are looked for: small files lie close together, large ones do not.
const HEADERS_BYTES: usize = 4096;

/// What is looked at of a local header at first.
const LOCAL_HEADER_BYTES: usize = 30;

/// An archive that was judged. It is this open file whatever is renamed over its path; should its bytes be changed,
/// the checksums tell.
#[derive(Debug)]
pub struct Archive {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) listing: Arc<Listing>,
}

impl Archive {
    /// Judges the headers of an archive, then inflates every member once to see that it is what they say. Nothing is
    /// written, and memory does not grow with the content. `path` is what messages call it.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] with everything that is wrong, [`ArchiveError::Io`] when it cannot be read.
    pub fn judge(path: &Path, file: File, limits: &Limits) -> Result<Archive, ArchiveError> {
        let listing = judge_headers(path, &file, limits)?;
        let archive = Archive { path: path.to_owned(), file, listing: Arc::new(listing) };
        archive.check_content()?;
        Ok(archive)
    }

    /// What it holds.
    pub fn listing(&self) -> &Arc<Listing> {
        &self.listing
    }

    /// The same archive with another listing of the same members, by which it is unpacked.
    ///
    /// # Errors
    /// When its file cannot be held open once more.
    pub fn with_listing(&self, listing: Listing) -> io::Result<Archive> {
        Ok(Archive { path: self.path.clone(), file: self.file.try_clone()?, listing: Arc::new(listing) })
    }

    /// The content of one of its files; `None` when there is no such file.
    ///
    /// # Errors
    /// [`ArchiveError::TooLong`] when it has more than `limit` bytes, otherwise as for [`Archive::judge`].
    pub fn read_member(&self, member: &str, limit: u64) -> Result<Option<Vec<u8>>, ArchiveError> {
        let Some(member) = self.listing.find(member).filter(|member| !member.folder) else { return Ok(None) };
        if member.bytes > limit {
            let (archive, member_path) = (self.path.clone(), member.path.clone());
            return Err(ArchiveError::TooLong { archive, member: member_path, bytes: member.bytes, limit });
        }
        let mut bytes = Vec::new();
        Contents::new(&self.path, &self.file).stream(member, &mut |part| {
            bytes.extend_from_slice(part);
            Ok(())
        })?;
        Ok(Some(bytes))
    }

    /// Inflates every member once, writing nothing.
    fn check_content(&self) -> Result<(), ArchiveError> {
        let mut contents = Contents::new(&self.path, &self.file);
        let mut problems = Problems::default();
        for member in by_place(self.listing.members().iter().collect()) {
            match contents.stream(member, &mut |_| Ok(())) {
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

/// Members in the order in which their content lies in the archive, which is the quickest to read.
pub(super) fn by_place(mut members: Vec<&Member>) -> Vec<&Member> {
    members.sort_by_key(|member| member.content.as_ref().map(|content| content.start));
    members
}

fn judge_headers(path: &Path, file: &File, limits: &Limits) -> Result<Listing, ArchiveError> {
    let cannot = |source| ArchiveError::io("read the archive", path)(source);
    let refused = |problem| ArchiveError::refused(path, problem);

    let metadata = file.metadata().map_err(cannot)?;
    if !metadata.is_file() {
        return Err(cannot(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
    }
    let file_bytes = metadata.len();
    let tail_bytes = file_bytes.min(TAIL_BYTES);
    let mut window = Window::new(file, HEADERS_BYTES);
    let tail = window.at(file_bytes - tail_bytes, tail_bytes as usize).map_err(cannot)?;
    let directory = directory(tail, file_bytes, limits).map_err(refused)?;
    let bytes = window.at(directory.start, directory.bytes as usize).map_err(cannot)?;
    let mut headers = central_headers(&directory, bytes).map_err(refused)?;
    // This window has the whole directory in it, which is parsed now.
    drop(window);
    let mut window = Window::new(file, HEADERS_BYTES);
    for header in &mut headers {
        header.local = read_local_header(&mut window, header).map_err(cannot)?;
    }
    judge(&headers, directory.start, limits)
        .map_err(|problems| ArchiveError::Refused { archive: path.to_owned(), problems })
}

fn read_local_header(window: &mut Window<'_>, header: &Header) -> io::Result<Result<Local, String>> {
    let needed = local_header_bytes(window.at(header.start, LOCAL_HEADER_BYTES)?);
    let mut local = local_header(window.at(header.start, needed)?, header);
    if let Ok(local) = &mut local
        && header.is_streamed()
    {
        local.after = window.at(header.data_end(local.data_start), AFTER_BYTES)?.to_owned();
    }
    Ok(local)
}
