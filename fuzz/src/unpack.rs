//! Release archives that are mostly good: the input is a recipe, from which an archive with right lengths, offsets and
//! CRCs is built. (Hardly any change to a finished archive leaves it one that is accepted.)

use super::archive::{self, crc32};

const DEFLATED: u8 = 1;
const STREAMED: u8 = 1 << 1;
const SIGNED_DESCRIPTOR: u8 = 1 << 2;
const ZIP64: u8 = 1 << 3;
const UNIX: u8 = 1 << 4;
const LENGTHS_BEFORE: u8 = 1 << 5;
const PADDED: u8 = 1 << 6;
const UNICODE_NAME: u8 = 1 << 7;

const FULL: u32 = 0xffff_ffff;

/// Builds an archive by the input, then judges and unpacks it.
pub fn check(input: &[u8]) {
    archive::check(&built(&mut Recipe(input)));
}

/// What is left of a recipe; behind its end there are zeros.
struct Recipe<'a>(&'a [u8]);

impl<'a> Recipe<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        front
    }

    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// A length in one byte, then that many bytes.
    fn counted(&mut self) -> &'a [u8] {
        let count = self.byte();
        self.take(count.into())
    }
}

/// One entry as the recipe has it.
struct Entry<'a> {
    flags: u8,
    mode: u16,
    name: &'a [u8],
    content: &'a [u8],
}

/// A recipe is: how the archive ends, up to three bytes to spoil, then entries.
fn built(recipe: &mut Recipe<'_>) -> Vec<u8> {
    let ending = recipe.byte();
    let spoiled: Vec<_> = (0..ending & 3).map(|_| (recipe.u16(), recipe.byte())).collect();
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    let mut entries: u16 = 0;
    while !recipe.0.is_empty() {
        let (flags, mode, name, content) = (recipe.byte(), recipe.u16(), recipe.counted(), recipe.counted());
        add_entry(&Entry { flags, mode, name, content }, &mut archive, &mut directory);
        entries += 1;
    }
    let directory_start = archive.len();
    archive.append(&mut directory);
    add_end(ending, entries, directory_start, &mut archive);
    for (at, bits) in spoiled {
        let at = usize::from(at) % archive.len();
        archive[at] ^= bits;
    }
    archive
}

fn add_entry(entry: &Entry<'_>, archive: &mut Vec<u8>, directory: &mut Vec<u8>) {
    let is = |flag: u8| entry.flags & flag != 0;
    let data = if is(DEFLATED) { stored_block(entry.content) } else { entry.content.to_owned() };
    let (crc, bytes, compressed_bytes) = (crc32(entry.content), entry.content.len() as u32, data.len() as u32);
    let start = archive.len() as u32;
    let version = if is(UNIX) { 0x031e } else { 0x001e };
    let flags: u16 = if is(STREAMED) { 1 << 3 } else { 0 };
    let method: u16 = if is(DEFLATED) { 8 } else { 0 };
    let known_before = !is(STREAMED) || is(LENGTHS_BEFORE);

    let headers = |crc: u32, compressed_bytes: u32, bytes: u32, padding: &[u8]| {
        let mut extra = Vec::new();
        if is(UNICODE_NAME) {
            let field = [&[1][..], &crc32(entry.name).to_le_bytes(), entry.name].concat();
            add_field(0x7075, &field, &mut extra);
        }
        let shown = if is(ZIP64) {
            let field = [u64::from(bytes).to_le_bytes(), u64::from(compressed_bytes).to_le_bytes()].concat();
            add_field(1, &field, &mut extra);
            [crc, FULL, FULL]
        } else {
            [crc, compressed_bytes, bytes]
        };
        extra.extend(padding);
        let mut fixed = [flags, method, 0, 0].map(u16::to_le_bytes).concat();
        fixed.extend(shown.map(u32::to_le_bytes).concat());
        fixed.extend([entry.name.len() as u16, extra.len() as u16].map(u16::to_le_bytes).concat());
        (fixed, extra)
    };

    let padding: &[u8] = if is(PADDED) { b"\x55\x54\x01\x00\x00\0\0\0" } else { b"" };
    let (fixed, extra) =
        if known_before { headers(crc, compressed_bytes, bytes, padding) } else { headers(0, 0, 0, padding) };
    archive.extend([b"PK\x03\x04\x1e\0", &fixed[..], entry.name, &extra, &data].concat());
    if is(STREAMED) {
        let signature: &[u8] = if is(SIGNED_DESCRIPTOR) { b"PK\x07\x08" } else { b"" };
        let lengths = if is(ZIP64) {
            [u64::from(compressed_bytes), bytes.into()].map(u64::to_le_bytes).concat()
        } else {
            [compressed_bytes, bytes].map(u32::to_le_bytes).concat()
        };
        archive.extend([signature, &crc.to_le_bytes(), &lengths].concat());
    }

    let (fixed, extra) = headers(crc, compressed_bytes, bytes, b"");
    let attributes = u32::from(entry.mode) << 16;
    directory.extend(b"PK\x01\x02");
    directory.extend([version, 0x1e].map(u16::to_le_bytes).concat());
    directory.extend(fixed);
    directory.extend([0; 6]);
    directory.extend([attributes, start].map(u32::to_le_bytes).concat());
    directory.extend([entry.name, &extra].concat());
}

fn add_field(kind: u16, field: &[u8], extra: &mut Vec<u8>) {
    extra.extend([kind, field.len() as u16].map(u16::to_le_bytes).concat());
    extra.extend(field);
}

fn add_end(ending: u8, entries: u16, directory_start: usize, archive: &mut Vec<u8>) {
    let end = archive.len();
    let directory_bytes = end - directory_start;
    if ending & 4 != 0 {
        archive.extend(b"PK\x06\x06");
        archive.extend(44_u64.to_le_bytes());
        archive.extend([0x1e_031e, 0, 0].map(u32::to_le_bytes).concat());
        let counts = [entries.into(), entries.into(), directory_bytes as u64, directory_start as u64];
        archive.extend(counts.map(u64::to_le_bytes).concat());
        archive.extend([b"PK\x06\x07\0\0\0\0", &(end as u64).to_le_bytes()[..], &[1, 0, 0, 0]].concat());
    }
    let comment = &b"a comment"[..usize::from(ending >> 5)];
    archive.extend(b"PK\x05\x06");
    archive.extend([0, 0, entries, entries].map(u16::to_le_bytes).concat());
    archive.extend([directory_bytes as u32, directory_start as u32].map(u32::to_le_bytes).concat());
    archive.extend((comment.len() as u16).to_le_bytes());
    archive.extend(comment);
}

/// The content deflated in the simplest way: one last block, stored (RFC 1951, section 3.2.4).
fn stored_block(content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16;
    [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), content].concat()
}
