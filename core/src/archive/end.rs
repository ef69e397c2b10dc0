//! The records at the end of an archive, which say where its directory is (APPNOTE 4.3.14 to 4.3.16).

use super::bytes::Bytes;
use super::limits::Limits;
use super::problem::Problem;

const END: u32 = 0x0605_4b50;
const END_BYTES: usize = 22;
const LOCATOR: u32 = 0x0706_4b50;
const LOCATOR_BYTES: usize = 20;
const ZIP64_END: u32 = 0x0606_4b50;
const ZIP64_END_BYTES: usize = 56;
const DIRECTORY_ENTRY_BYTES: u64 = 46;
const COMMENT_BYTES: usize = 65_535;

/// How much of an archive's end [`directory`] needs to see: all three records and the longest comment.
pub const TAIL_BYTES: u64 = (ZIP64_END_BYTES + LOCATOR_BYTES + END_BYTES + COMMENT_BYTES) as u64;

/// Where an archive's directory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// How many entries it has.
    pub entries: u64,
    /// The offset of its first byte, right behind the last entry's data.
    pub start: u64,
    /// Its length, within what the limits allow to read at once.
    pub bytes: u64,
}

/// Finds the directory of an archive of `file_bytes` bytes, given its last bytes: [`TAIL_BYTES`], or all there are.
///
/// # Errors
/// The one problem that leaves no way to read on: no archive, cut off, something before or behind it, several disks,
/// records that disagree, more entries than the limits allow.
pub fn directory(tail: &[u8], file_bytes: u64, limits: &Limits) -> Result<Directory, Problem> {
    let at = end_position(tail)?;
    let tail_start = file_bytes.saturating_sub(tail.len() as u64);
    let (end, records_at) = match zip64_end(tail, at, tail_start)? {
        None => (end_record(tail, at)?, at),
        Some(zip64) => {
            let short = end_record(tail, at)?;
            if !zip64.agrees_with(&short) {
                return Err(Problem::of_archive("its two end records disagree: pack it again"));
            }
            (zip64, at - LOCATOR_BYTES - ZIP64_END_BYTES)
        }
    };
    end.directory(tail_start + records_at as u64, limits)
}

/// The values of an end record, of either kind.
struct End {
    disk: u32,
    directory_disk: u32,
    disk_entries: u64,
    entries: u64,
    directory_bytes: u64,
    directory_start: u64,
}

impl End {
    /// Whether the short record says the same, or says that its field is too small to say it.
    fn agrees_with(&self, short: &End) -> bool {
        let same = |long: u64, short: u64, full: u64| long == short || short == full;
        same(self.entries, short.entries, 0xffff)
            && same(self.disk_entries, short.disk_entries, 0xffff)
            && same(self.directory_bytes, short.directory_bytes, 0xffff_ffff)
            && same(self.directory_start, short.directory_start, 0xffff_ffff)
            && same(self.disk.into(), short.disk.into(), 0xffff)
            && same(self.directory_disk.into(), short.directory_disk.into(), 0xffff)
    }

    fn directory(&self, directory_end: u64, limits: &Limits) -> Result<Directory, Problem> {
        let &End { entries, directory_start: start, directory_bytes: bytes, .. } = self;
        if self.disk != 0 || self.directory_disk != 0 || self.disk_entries != entries {
            return Err(Problem::of_archive(
                "it is one part of an archive that is split into several: join them first",
            ));
        }
        if entries > limits.max_entries {
            return Err(limits.too_many_entries(entries));
        }
        match start.checked_add(bytes) {
            Some(end) if end == directory_end => {}
            Some(end) if end < directory_end => {
                let more = directory_end - end;
                return Err(Problem::of_archive(format!(
                    "{more} bytes lie before or between its parts that belong to none of them: pack it again, as a plain zip"
                )));
            }
            _ => return Err(Problem::of_archive("its directory would reach behind its end: it is cut off or damaged")),
        }
        if entries > bytes / DIRECTORY_ENTRY_BYTES {
            return Err(Problem::of_archive(format!(
                "its end record claims {entries} entries, but its directory of {bytes} bytes cannot hold that many"
            )));
        }
        if bytes > limits.max_directory_bytes() {
            return Err(Problem::of_archive(format!(
                "its directory is {bytes} bytes long, more than {} entries need",
                limits.max_entries
            )));
        }
        Ok(Directory { entries, start, bytes })
    }
}

/// Finds the end record: the one whose comment reaches exactly to the end of the file. Most readers take the last thing
/// that begins like one, whatever its comment's length: nothing behind the record may.
fn end_position(tail: &[u8]) -> Result<usize, Problem> {
    let mut found = None;
    let (mut behind, mut last) = (None, None);
    for at in (0..tail.len()).rev().filter(|&at| tail[at..].starts_with(&END.to_le_bytes())) {
        last = last.or(Some(at));
        let Some(comment_bytes) = comment_bytes_at(tail, at) else { continue };
        match (tail.len() - at - END_BYTES).checked_sub(comment_bytes) {
            Some(0) if found.is_some() => {
                return Err(Problem::of_archive(
                    "it has two end records, so that it can be read in two ways: pack it again",
                ));
            }
            Some(0) => found = Some(at),
            Some(more) if behind.is_none() => behind = Some(more),
            _ => {}
        }
    }
    if found.is_some() && found != last {
        return Err(Problem::of_archive(
            "its comment holds what begins like an end record, so that it can be read in two ways: pack it again \
             without a comment",
        ));
    }
    found.ok_or_else(|| match behind {
        Some(more) => Problem::of_archive(format!("{more} bytes follow behind its end: pack it again, as a plain zip")),
        None => Problem::of_archive("it has no end record: it is not a zip file, or it is cut off"),
    })
}

fn comment_bytes_at(tail: &[u8], at: usize) -> Option<usize> {
    let mut bytes = Bytes(tail.get(at..at.checked_add(END_BYTES)?)?);
    (bytes.u32()? == END).then_some(())?;
    bytes.take(16)?;
    bytes.u16().map(usize::from)
}

fn end_record(tail: &[u8], at: usize) -> Result<End, Problem> {
    let parse = || {
        let mut bytes = Bytes(tail.get(at..)?);
        bytes.u32()?;
        Some(End {
            disk: bytes.u16()?.into(),
            directory_disk: bytes.u16()?.into(),
            disk_entries: bytes.u16()?.into(),
            entries: bytes.u16()?.into(),
            directory_bytes: bytes.u32()?.into(),
            directory_start: bytes.u32()?.into(),
        })
    };
    parse().ok_or_else(|| Problem::of_archive("its end record is cut off"))
}

/// The zip64 end record, when a locator stands right before the end record. Both must stand where every writer puts
/// them: elsewhere, readers would differ in what they find.
fn zip64_end(tail: &[u8], end_at: usize, tail_start: u64) -> Result<Option<End>, Problem> {
    let locator_at = end_at.checked_sub(LOCATOR_BYTES);
    let Some(mut locator) = locator_at.and_then(|at| tail.get(at..end_at)).map(Bytes) else { return Ok(None) };
    if locator.u32() != Some(LOCATOR) {
        return Ok(None);
    }
    let mut parse = || {
        let disk = locator.u32()?;
        let at = locator.u64()?;
        let disks = locator.u32()?;
        let record_at = locator_at?.checked_sub(ZIP64_END_BYTES)?;
        let mut record = Bytes(tail.get(record_at..)?);
        let good = record.u32()? == ZIP64_END && record.u64()? == (ZIP64_END_BYTES - 12) as u64;
        record.take(4)?;
        let end = End {
            disk: record.u32()?,
            directory_disk: record.u32()?,
            disk_entries: record.u64()?,
            entries: record.u64()?,
            directory_bytes: record.u64()?,
            directory_start: record.u64()?,
        };
        (good && disk == 0 && disks <= 1 && at == tail_start + record_at as u64).then_some(end)
    };
    parse().map(Some).ok_or_else(|| {
        Problem::of_archive(
            "its zip64 end record is not where its locator says, or is of an unknown kind: pack it again",
        )
    })
}
