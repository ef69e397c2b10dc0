//! A part of a file in memory, so that many small reads near each other are one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The part of a file that was read last.
pub(super) struct Window<'a> {
    file: &'a File,
    size: usize,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    /// A window that reads `size` bytes at once.
    pub(super) fn new(file: &'a File, size: usize) -> Self {
        Window { file, size, start: 0, bytes: Vec::new() }
    }

    /// `count` bytes from an offset, or as many as there are up to the end of the file.
    pub(super) fn at(&mut self, offset: u64, count: usize) -> io::Result<&[u8]> {
        if self.seen(offset, count).is_none() {
            self.read(offset, count)?;
        }
        Ok(self.seen(offset, count).unwrap_or(&self.bytes))
    }

    fn seen(&self, offset: u64, count: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..from.checked_add(count)?)
    }

    fn read(&mut self, offset: u64, count: usize) -> io::Result<()> {
        self.start = offset;
        self.bytes.clear();
        self.bytes.resize(count.max(self.size), 0);
        let mut filled = 0;
        while filled < self.bytes.len() {
            // Offsets are what an archive claims: no file reaches beyond what the system can count.
            let Some(at) = offset.checked_add(filled as u64).filter(|&at| i64::try_from(at).is_ok()) else { break };
            match self.file.read_at(&mut self.bytes[filled..], at) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.bytes.clear();
                    return Err(error);
                }
            }
        }
        self.bytes.truncate(filled);
        Ok(())
    }
}
