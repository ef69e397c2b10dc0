//! Streams the content of one member, checked against its length, its CRC and the extent of its data.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use c2_core::archive::{Content, Member, Problem};
use zip::ZipReadOptions;
use zip::read::read_zipfile_from_stream_with_options;
use zip::result::ZipError;

use super::error::ArchiveError;
use super::window::Window;

/// What is inflated at once, and what is read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// The contents of an archive's members, with the memory that streaming them takes.
pub(super) struct Contents<'a> {
    archive: &'a Path,
    window: Window<'a>,
    buffer: Vec<u8>,
}

impl<'a> Contents<'a> {
    /// The contents of the archive at this path, opened as `file`.
    pub(super) fn new(archive: &'a Path, file: &'a File) -> Self {
        Contents { archive, window: Window::new(file, BUFFER_BYTES), buffer: vec![0; BUFFER_BYTES] }
    }

    /// Gives the content of a member to `sink`, part by part. What it was given is only good when this returns `Ok`.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] when the content is not what the headers say; whatever `sink` returns.
    pub(super) fn stream(
        &mut self,
        member: &Member,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let Some(content) = member.content.as_ref() else { return Ok(()) };
        let source = Source::new(content, member.bytes);
        let streamed = source.stream(&mut self.window, &mut self.buffer, sink);
        streamed.map_err(|stop| match (source.failure.take(), stop) {
            (_, Stop::Sink(error)) => error,
            (Some(failure), _) => ArchiveError::io("read the archive", self.archive)(failure),
            (None, Stop::Damaged(why)) => {
                let what = format!("its content is damaged: {}", why.to_lowercase());
                ArchiveError::refused(self.archive, Problem::of_entry(member.path.as_bytes(), what))
            }
        })
    }
}

/// Why streaming ended early.
enum Stop {
    Damaged(String),
    Sink(ArchiveError),
}

impl From<ZipError> for Stop {
    fn from(error: ZipError) -> Self {
        Stop::Damaged(error.to_string())
    }
}

/// A member's data in the archive.
struct Source<'a> {
    content: &'a Content,
    bytes: u64,
    /// Up to where the data is given out. Deflated data says itself where it ends, so its last byte is held back:
    /// when an end is found without it, the data is shorter than its room, where anything could hide.
    end: Cell<u64>,
    deflated: bool,
    /// Why reading failed: the crate passes errors on, but not always as they were.
    failure: RefCell<Option<io::Error>>,
}

impl<'a> Source<'a> {
    fn new(content: &'a Content, bytes: u64) -> Self {
        // Some tools mark an empty file as deflated and keep nothing of it.
        let deflated = content.deflated && content.compressed_bytes > 0;
        let end = content.start + content.compressed_bytes - u64::from(deflated);
        Source { content, bytes, end: Cell::new(end), deflated, failure: RefCell::new(None) }
    }

    fn stream(
        &self,
        window: &mut Window<'_>,
        buffer: &mut [u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), ArchiveError>,
    ) -> Result<(), Stop> {
        let options = ZipReadOptions::new()
            .override_compressed_size(self.content.compressed_bytes)
            .override_uncompressed_size(self.bytes)
            .override_crc(self.content.crc32);
        let mut input = Input { header: self.header(), at: self.content.start, window, source: self };
        let opened = read_zipfile_from_stream_with_options(&mut input, options)?;
        let mut inflated = opened.ok_or(ZipError::FileNotFound)?;
        let inflating = self.inflate(&mut inflated, buffer, sink);
        // The crate reads on to the end when its reader is dropped: let there be none.
        self.end.set(0);
        inflating
    }

    fn inflate(
        &self,
        inflated: &mut dyn Read,
        buffer: &mut [u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), ArchiveError>,
    ) -> Result<(), Stop> {
        let data_end = self.content.start + self.content.compressed_bytes;
        let mut so_far = 0;
        loop {
            match inflated.read(buffer) {
                Ok(0) => break,
                Ok(count) => {
                    so_far += count as u64;
                    if so_far > self.bytes {
                        return Err(Stop::Damaged(format!("it is longer than the {} bytes that it says", self.bytes)));
                    }
                    sink(&buffer[..count]).map_err(Stop::Sink)?;
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && self.end.get() < data_end => {
                    self.end.set(data_end);
                }
                Err(error) => return Err(Stop::Damaged(error.to_string())),
            }
        }
        if so_far != self.bytes {
            return Err(Stop::Damaged(format!("it ends after {so_far} of {} bytes", self.bytes)));
        }
        if self.end.get() != data_end {
            return Err(Stop::Damaged("its compressed data ends before the room that it takes".into()));
        }
        Ok(())
    }

    /// The local header that the crate gets to see, made from what was judged.
    fn header(&self) -> Vec<u8> {
        // Signature, version, flags (bit 3: CRC and lengths are not in here), method; all else is 0, the name empty.
        let mut header = b"PK\x03\x04\x14\x00\x08\x00".to_vec();
        header.push(if self.deflated { 8 } else { 0 });
        header.resize(30, 0);
        header
    }
}

/// A member as the `zip` crate's stream reader takes it: a local header, then the data.
struct Input<'a, 'w> {
    header: Vec<u8>,
    at: u64,
    window: &'a mut Window<'w>,
    source: &'a Source<'a>,
}

impl Read for Input<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.header.is_empty() {
            let count = self.header.as_slice().read(buffer)?;
            self.header.drain(..count);
            return Ok(count);
        }
        let room = self.source.end.get().saturating_sub(self.at);
        let wanted = usize::try_from(room).map_or(buffer.len(), |room| room.min(buffer.len()));
        let failure = match self.window.at(self.at, wanted) {
            Ok([]) if wanted > 0 => io::Error::other("it became shorter while it was read"),
            Ok(mut bytes) => {
                let count = bytes.read(buffer)?;
                self.at += count as u64;
                return Ok(count);
            }
            Err(error) => error,
        };
        *self.source.failure.borrow_mut() = Some(failure);
        Err(io::Error::other("the archive cannot be read"))
    }
}
