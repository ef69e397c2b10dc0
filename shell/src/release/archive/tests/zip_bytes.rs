//! Writes zip files byte by byte, so that every lie can be told.

/// An entry; what the header before its data says otherwise is in the `local_` fields.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    /// The data as it stands in the archive.
    pub(super) data: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) host: u8,
    pub(super) attributes: u32,
    /// The DOS date and time.
    pub(super) modified: u32,
    pub(super) crc32: u32,
    pub(super) bytes: u32,
    pub(super) compressed_bytes: u32,
    pub(super) extra: Vec<u8>,
    pub(super) start: Option<u32>,
    pub(super) local_name: Option<Vec<u8>>,
    /// Flags, method, CRC, compressed length, length.
    pub(super) local: Option<(u16, u16, u32, u32, u32)>,
    pub(super) local_extra: Vec<u8>,
    /// What stands before the local header, and behind the data.
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
}

/// A stored file with mode 0644.
pub(super) fn stored(name: &str, content: &[u8]) -> Entry {
    Entry {
        name: name.into(),
        data: content.to_vec(),
        flags: 0,
        method: 0,
        host: 3,
        attributes: 0o100_644 << 16,
        modified: 0,
        crc32: crc32(content),
        bytes: content.len() as u32,
        compressed_bytes: content.len() as u32,
        extra: Vec::new(),
        start: None,
        local_name: None,
        local: None,
        local_extra: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
    }
}

/// A deflated file: one stored block, the simplest deflate there is.
pub(super) fn deflated(name: &str, content: &[u8]) -> Entry {
    let length = content.len() as u16;
    let data = [&[1], &length.to_le_bytes()[..], &(!length).to_le_bytes(), content].concat();
    Entry { method: 8, compressed_bytes: data.len() as u32, data, ..stored(name, content) }
}

/// A file whose CRC and lengths follow its data, as `zip -` writes it.
pub(super) fn streamed(name: &str, content: &[u8]) -> Entry {
    let entry = deflated(name, content);
    let numbers = [entry.crc32, entry.compressed_bytes, entry.bytes].map(u32::to_le_bytes).concat();
    let after = [b"PK\x07\x08", &numbers[..]].concat();
    Entry { flags: 8, local: Some((8, 8, 0, 0, 0)), after, ..entry }
}

pub(super) fn folder(name: &str) -> Entry {
    Entry { attributes: 0o040_755 << 16 | 0x10, ..stored(name, b"") }
}

/// The entries one behind the other, the directory and the end record.
pub(super) fn zip(entries: &[Entry]) -> Vec<u8> {
    zip_with_end(entries, |_| {})
}

/// The same, with a say in the 22 bytes of the end record.
pub(super) fn zip_with_end(entries: &[Entry], spoil: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        bytes.extend(&entry.before);
        let start = entry.start.unwrap_or(bytes.len() as u32);
        bytes.extend(local_header(entry));
        bytes.extend([&entry.data[..], &entry.after].concat());
        directory.extend(central_header(entry, start));
    }
    let count = (entries.len() as u16).to_le_bytes();
    let place = [directory.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat();
    let mut end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &place, &[0, 0]].concat();
    spoil(&mut end);
    [bytes, directory, end].concat()
}

fn local_header(entry: &Entry) -> Vec<u8> {
    let own = (entry.flags, entry.method, entry.crc32, entry.compressed_bytes, entry.bytes);
    let (flags, method, crc32, compressed_bytes, bytes) = entry.local.unwrap_or(own);
    let name = entry.local_name.as_ref().unwrap_or(&entry.name);
    let numbers = [crc32, compressed_bytes, bytes].map(u32::to_le_bytes).concat();
    let lengths = [name.len() as u16, entry.local_extra.len() as u16].map(u16::to_le_bytes).concat();
    let kind = [20, flags, method, 0, 0].map(u16::to_le_bytes).concat();
    [b"PK\x03\x04", &kind[..], &numbers, &lengths, name, &entry.local_extra].concat()
}

fn central_header(entry: &Entry, start: u32) -> Vec<u8> {
    let numbers = [entry.crc32, entry.compressed_bytes, entry.bytes].map(u32::to_le_bytes).concat();
    let lengths = [entry.name.len() as u16, entry.extra.len() as u16, 0, 0, 0].map(u16::to_le_bytes).concat();
    let kind = [u16::from(entry.host) << 8 | 30, 20, entry.flags, entry.method].map(u16::to_le_bytes).concat();
    let kind = [kind, entry.modified.to_le_bytes().to_vec()].concat();
    let place = [entry.attributes, start].map(u32::to_le_bytes).concat();
    [b"PK\x01\x02", &kind[..], &numbers, &lengths, &place, &entry.name, &entry.extra].concat()
}

/// CRC-32 as zip has it, bit by bit.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
    !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}
