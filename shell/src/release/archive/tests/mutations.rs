//! Tests that no damage to an archive makes the reader panic, or unpack anything else than it says.

use std::os::unix::fs::FileExt;

use super::super::unpacking::fill;
use super::*;

/// How many damaged archives are tried.
const VARIANTS: u32 = 60_000;

#[test]
fn whatever_is_accepted_unpacks_to_what_it_says_and_stays_inside() {
    let seeds = seeds();
    let place = Place::new(b"");
    // Kept open and never empty: file systems hurry to write what was truncated and closed.
    let file = fs::OpenOptions::new().write(true).open(place.archive()).unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for number in 0..VARIANTS {
        let seed = &seeds[number as usize % seeds.len()];
        let bytes = random.damaged(seed);
        file.write_all_at(&bytes, 0).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        if check_variant(&place) {
            accepted += 1;
        }
    }
    assert!(
        accepted > VARIANTS / 50 && accepted < VARIANTS / 2,
        "{accepted} were accepted: the damage is badly chosen"
    );
}

/// Whether the archive is accepted; then all of it must be as it says.
fn check_variant(place: &Place) -> bool {
    let Ok(archive) = judge_archive(&place.archive(), &Limits::default()) else { return false };
    let listing = archive.listing();
    fs::create_dir(place.to()).unwrap();
    fill(&archive, &fs::File::open(place.to()).unwrap(), &place.to(), &[]).unwrap();
    let tree = tree(&place.to());
    assert_eq!(tree.len(), listing.members().len());
    for member in listing.members() {
        let (mode, content) = &tree[&member.path];
        assert_eq!((*mode, content.is_none()), (member.mode, member.folder), "{}", member.path);
        if let Some(content) = content {
            assert_eq!(content.len() as u64, member.bytes, "{}", member.path);
            assert_eq!(Some(crc32(content)), member.content.as_ref().map(|content| content.crc32), "{}", member.path);
        }
    }
    fs::remove_dir_all(place.to()).unwrap();
    let left: Vec<_> = fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["a.zip"], "nothing is outside");
    true
}

/// Archives of all kinds, small enough that damage often hits what matters.
fn seeds() -> Vec<Vec<u8>> {
    let field = |length: u64| [&[1, 0, 16, 0][..], &length.to_le_bytes(), &length.to_le_bytes()].concat();
    let wide = stored("w", b"wide");
    let wide = Entry { compressed_bytes: u32::MAX, bytes: u32::MAX, extra: field(4), local_extra: field(4), ..wide };
    let text = b"a text that repeats, a text that repeats, a text that repeats and then does not".repeat(3);
    vec![
        zip(&[folder("d/"), stored("d/a", b"hello"), deflated("b", b"deflated")]),
        zip(&[streamed("s", b"streamed"), wide, Entry { host: 0, ..stored("d/e/f", b"x") }]),
        written(CompressionMethod::Deflated, &[("t/one", &text), ("t/two", b"short")]),
        zip_with_end(&[stored("c", b"")], |end| {
            end[20] = 7;
            end.extend(b"comment");
        }),
    ]
}

/// Marsaglia's xorshift: the same damage in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    /// One to three changes: a bit, a byte, some bytes gone, doubled or moved.
    fn damaged(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..1 + self.below(3) {
            let at = self.below(bytes.len());
            let some = at..(at + 1 + self.below(8)).min(bytes.len());
            match self.below(8) {
                0..3 => bytes[at] ^= 1 << self.below(8),
                3 => bytes[at] = self.below(256) as u8,
                4 => bytes[at] = [0, 0xff, b'/', b'.'][self.below(4)],
                5 => drop(bytes.drain(some)),
                6 => drop(
                    bytes.splice(at..at, seed[at.min(seed.len() - 1)..].iter().take(8).copied().collect::<Vec<_>>()),
                ),
                _ => {
                    let to = self.below(bytes.len() - some.len() + 1);
                    bytes.copy_within(some, to);
                }
            }
            bytes.resize(bytes.len().max(1), 0);
        }
        bytes
    }
}
