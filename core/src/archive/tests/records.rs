//! Tests of the parsing of records, on bytes.

use crate::archive::{Directory, Limits, central_headers, directory, local_header, local_header_bytes};

/// An end record: disk, disk of the directory, entries on it, entries, length and offset of the directory, comment.
fn end(numbers: [u16; 4], bytes: u32, start: u32, comment: &[u8]) -> Vec<u8> {
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let length = u16::try_from(comment.len()).unwrap().to_le_bytes();
    [b"PK\x05\x06", &numbers[..], &bytes.to_le_bytes(), &start.to_le_bytes(), &length, comment].concat()
}

/// A zip64 end record and its locator, which says that the record is `at` an offset.
fn zip64_end(entries: u64, bytes: u64, start: u64, at: u64) -> Vec<u8> {
    let numbers = [entries, entries, bytes, start].map(u64::to_le_bytes).concat();
    let record = [b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0", &[0; 8][..], &numbers].concat();
    [record, [b"PK\x06\x07\0\0\0\0", &at.to_le_bytes()[..], &[1, 0, 0, 0]].concat()].concat()
}

fn directory_of(bytes: &[u8], limits: &Limits) -> Result<Directory, String> {
    directory(bytes, bytes.len() as u64, limits).map_err(|problem| problem.to_string())
}

#[track_caller]
fn check(before: usize, records: &[Vec<u8>], expected: Result<(u64, u64, u64), &str>) {
    let bytes = [&vec![0; before][..], &records.concat()].concat();
    let found = directory_of(&bytes, &Limits::default());
    let found = found.map(|directory| (directory.entries, directory.start, directory.bytes));
    assert_eq!(found, expected.map_err(ToString::to_string));
}

const NO_END: &str = "it has no end record: it is not a zip file, or it is cut off";
const DISAGREE: &str = "its two end records disagree: pack it again";
const BAD_ZIP64: &str = "its zip64 end record is not where its locator says, or is of an unknown kind: pack it again";

#[test]
fn the_end_record_says_where_the_directory_is() {
    check(0, &[end([0; 4], 0, 0, b"")], Ok((0, 0, 0)));
    check(100, &[end([0, 0, 2, 2], 92, 8, b"")], Ok((2, 8, 92)));
    check(100, &[end([0, 0, 2, 2], 92, 8, b"a comment")], Ok((2, 8, 92)));
    check(100, &[end([0, 0, 2, 2], 92, 8, &[b'x'; 65_535])], Ok((2, 8, 92)));
}

#[test]
fn a_zip64_end_record_stands_in_for_what_the_short_one_cannot_say() {
    let full = end([0, 0, 0xffff, 0xffff], 0xffff_ffff, 0xffff_ffff, b"");
    check(100, &[zip64_end(2, 92, 8, 100), full.clone()], Ok((2, 8, 92)));
    check(100, &[zip64_end(2, 92, 8, 100), end([0, 0, 2, 2], 92, 0xffff_ffff, b"")], Ok((2, 8, 92)));
    check(100, &[zip64_end(2, 92, 8, 100), end([0, 0, 2, 2], 92, 8, b"both")], Ok((2, 8, 92)));
    check(100, &[zip64_end(2, 92, 8, 100), end([0, 0, 1, 1], 92, 8, b"")], Err(DISAGREE));
    check(100, &[zip64_end(2, 92, 8, 100), end([0, 0, 2, 2], 46, 8, b"")], Err(DISAGREE));
    check(100, &[zip64_end(2, 92, 8, 100), end([0, 0, 2, 2], 92, 9, b"")], Err(DISAGREE));
    check(100, &[zip64_end(2, 92, 8, 100), end([1, 0, 2, 2], 92, 8, b"")], Err(DISAGREE));
    check(100, &[zip64_end(2, 92, 8, 99), full.clone()], Err(BAD_ZIP64));
    check(100, &[zip64_end(2, 92, 8, u64::MAX), full.clone()], Err(BAD_ZIP64));
    check(0, &[zip64_end(2, 92, 8, 0)[56..].to_vec(), full.clone()], Err(BAD_ZIP64));
    let far = "its directory would reach behind its end: it is cut off or damaged";
    check(100, &[zip64_end(2, 92, u64::MAX - 5, 100), full.clone()], Err(far));
    check(100, &[end([0, 0, 2, 2], 0xffff_ffff, 0xffff_ffff, b"")], Err(far));
}

#[test]
fn the_largest_short_numbers_are_numbers_when_there_is_no_zip64_record() {
    let bytes = 65_535 * 46;
    let limits = Limits { max_entries: 65_535, ..Limits::default() };
    let archive = [vec![0; bytes], end([0, 0, 0xffff, 0xffff], bytes as u32, 0, b"")].concat();
    assert_eq!(directory_of(&archive, &limits).map(|directory| directory.entries), Ok(65_535));
}

#[test]
fn what_has_no_end_or_more_than_one_is_refused() {
    for bytes in
        [&b""[..], b"PK", b"PK\x05\x06", b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>", &[0; 70_000]]
    {
        check(0, &[bytes.to_vec()], Err(NO_END));
    }
    let good = end([0, 0, 2, 2], 92, 8, b"");
    check(100, &[good[..21].to_vec()], Err(NO_END));
    check(100, &[end([0, 0, 2, 2], 92, 8, b"cut off")[..25].to_vec()], Err(NO_END));
    check(100, &[good.clone(), vec![0; 5]], Err("5 bytes follow behind its end: pack it again, as a plain zip"));
    let two = "it has two end records, so that it can be read in two ways: pack it again";
    check(100, &[end([0, 0, 2, 2], 92, 8, &good)], Err(two));
}

#[test]
fn nothing_behind_the_end_record_begins_like_one() {
    let inside = "its comment holds what begins like an end record, so that it can be read in two ways: pack it again \
                  without a comment";
    let other = |comment_bytes: u8| [b"PK\x05\x06".as_slice(), &[0; 16], &[comment_bytes, 0]].concat();
    // Whatever its own comment's length says: to the end, beyond it, short of it.
    check(100, &[end([0, 0, 2, 2], 92, 8, &[other(9).as_slice(), b"and more"].concat())], Err(inside));
    check(100, &[end([0, 0, 2, 2], 92, 8, &[other(3).as_slice(), b"and more"].concat())], Err(inside));
    check(100, &[end([0, 0, 2, 2], 92, 8, b"PK\x05\x06 is only a comment here")], Err(inside));
    check(100, &[end([0, 0, 2, 2], 92, 8, b"PK\x05\x06")], Err(inside));
    check(100, &[end([0, 0, 2, 2], 92, 8, b"PK\x05 \x06")], Ok((2, 8, 92)));
    // What a member holds is its own: a release may carry archives.
    let member = [vec![0; 8], other(0), vec![0; 78]].concat();
    let archive = [member, end([0, 0, 2, 2], 92, 16, b"a comment")].concat();
    assert_eq!(directory_of(&archive, &Limits::default()).map(|directory| directory.entries), Ok(2));
}

#[test]
fn a_directory_must_be_where_the_end_record_says_and_as_large() {
    let split = "it is one part of an archive that is split into several: join them first";
    check(100, &[end([1, 0, 2, 2], 92, 8, b"")], Err(split));
    check(100, &[end([0, 1, 2, 2], 92, 8, b"")], Err(split));
    check(100, &[end([0, 0, 1, 2], 92, 8, b"")], Err(split));
    let stub = "7 bytes lie before or between its parts that belong to none of them: pack it again, as a plain zip";
    check(107, &[end([0, 0, 2, 2], 92, 8, b"")], Err(stub));
    let far = "its directory would reach behind its end: it is cut off or damaged";
    check(99, &[end([0, 0, 2, 2], 92, 8, b"")], Err(far));
    let claims = "its end record claims 3 entries, but its directory of 92 bytes cannot hold that many";
    check(100, &[end([0, 0, 3, 3], 92, 8, b"")], Err(claims));
}

#[test]
fn what_is_read_into_memory_is_limited() {
    let limits = Limits { max_entries: 1, ..Limits::default() };
    let two = [vec![0; 92], end([0, 0, 2, 2], 92, 0, b"")].concat();
    let expected = "it has 2 files and folders, more than 1: raise releaseLimits.maxEntries if that is meant";
    assert_eq!(directory_of(&two, &limits), Err(expected.into()));
    let bytes = 1024 * 1025 + 1;
    let wide = [vec![0; bytes], end([0, 0, 1, 1], bytes as u32, 0, b"")].concat();
    let expected = "its directory is 1049601 bytes long, more than 1 entries need";
    assert_eq!(directory_of(&wide, &limits), Err(expected.into()));
}

/// A header in the directory: sizes, offset, name, extra fields.
fn central(sizes: [u32; 3], name: &[u8], extra: &[u8]) -> Vec<u8> {
    let [bytes, compressed_bytes, start] = sizes.map(u32::to_le_bytes);
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_le_bytes();
    let mut header = b"PK\x01\x02\x1e\x03\x14\0\0\x08\x08\0\0\0\0\0\x07\0\0\0".to_vec();
    header.extend([&compressed_bytes[..], &bytes, &length(name), &length(extra), &[2, 0, 0, 0, 0, 0]].concat());
    header.extend([&(0o100_644u32 << 16).to_le_bytes()[..], &start, name, extra, b"??"].concat());
    header
}

fn central_header(sizes: [u32; 3], extra: &[u8]) -> Result<[u64; 3], String> {
    let bytes = central(sizes, b"a", extra);
    let directory = Directory { entries: 1, start: 0, bytes: bytes.len() as u64 };
    let headers = central_headers(&directory, &bytes).map_err(|problem| problem.to_string())?;
    assert_eq!((headers[0].flags, headers[0].method, headers[0].host, headers[0].crc32), (0x800, 8, 3, 7));
    Ok([headers[0].bytes, headers[0].compressed_bytes, headers[0].start])
}

#[test]
fn zip64_fields_hold_what_the_header_cannot() {
    const FULL: u32 = u32::MAX;
    let long = |numbers: &[u64]| {
        let field: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        [&[1, 0, field.len() as u8, 0][..], &field].concat()
    };
    let wide = 5_000_000_000;
    assert_eq!(central_header([1, 2, 3], &[]), Ok([1, 2, 3]));
    assert_eq!(central_header([FULL, FULL, FULL], &long(&[wide, 5, 6])), Ok([wide, 5, 6]));
    assert_eq!(central_header([1, 2, FULL], &long(&[wide])), Ok([1, 2, wide]));
    assert_eq!(central_header([1, FULL, 3], &long(&[wide])), Ok([1, wide, 3]));
    assert_eq!(central_header([1, 2, 3], &long(&[4, 5])), Ok([1, 2, 3]));
    assert_eq!(central_header([FULL, 2, 3], &[]), Ok([FULL.into(), 2, 3]));
    let cut = "a: its zip64 field is cut off: the archive is damaged";
    assert_eq!(central_header([FULL, FULL, 3], &long(&[wide])), Err(cut.into()));
    let twice = "a: an extra field is there twice: pack it again";
    assert_eq!(central_header([FULL, 2, 3], &[long(&[4]), long(&[5])].concat()), Err(twice.into()));
}

#[test]
fn extra_fields_must_fit_and_may_be_padded() {
    for good in [&b"UT\x05\0abcde"[..], b"\xfe\xca\0\0", b"\0\0\0", b"\xfe\xca\0\0\0", b"up\x06\0\x01crc!a"] {
        assert_eq!(central_header([1, 2, 3], good), Ok([1, 2, 3]));
    }
    let cut = "a: its extra fields are cut off: the archive is damaged";
    assert_eq!(central_header([1, 2, 3], b"UT\x06\0abcde"), Err(cut.into()));
    let name = "a: its Unicode name is cut off: the archive is damaged";
    assert_eq!(central_header([1, 2, 3], b"up\x04\0\x01crc"), Err(name.into()));
}

#[test]
fn a_directory_that_breaks_off_or_has_another_count_is_refused() {
    let one = central([1, 2, 3], b"a", b"");
    let problem = |entries, bytes: &[u8]| {
        let directory = Directory { entries, start: 0, bytes: bytes.len() as u64 };
        central_headers(&directory, bytes).map(|_| ()).map_err(|problem| problem.to_string())
    };
    assert_eq!(problem(2, &[&one[..], &one].concat()), Ok(()));
    let claims = |claimed, has| Err(format!("its end record claims {claimed} entries, its directory has {has}"));
    assert_eq!(problem(1, &[&one[..], &one].concat()), claims(1, 2));
    assert_eq!(problem(3, &[&one[..], &one].concat()), claims(3, 2));
    assert_eq!(problem(1, b""), claims(1, 0));
    let damaged = Err("entry 2 of its directory is cut off or no entry: it is damaged".to_string());
    assert_eq!(problem(1, &[&one[..], b"\0"].concat()), damaged);
    for end in 1..one.len() {
        assert_eq!(problem(2, &[&one[..], &one[..end]].concat()), damaged);
    }
}

#[test]
fn no_bytes_make_the_parsers_panic() {
    let limits = Limits::default();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let full = end([0, 0, 0xffff, 0xffff], 0xffff_ffff, 0xffff_ffff, b"");
    let header = central([u32::MAX, 2, u32::MAX], b"name", b"\x01\0\x10\0abcdefghijklmnopup\x06\0\x01crc!a");
    let seed = [&header[..], &header, &zip64_end(2, 92, 8, 100), &full].concat();
    let [good] = central_headers(&Directory { entries: 1, start: 0, bytes: 0 }, &header).unwrap().try_into().unwrap();
    for _ in 0..30_000 {
        let mut bytes = seed.clone();
        for _ in 0..1 + next() % 4 {
            let at = next() as usize % bytes.len();
            bytes[at] = next() as u8;
        }
        bytes.truncate(bytes.len() - (next() % 8) as usize);
        let _ = directory(&bytes, bytes.len() as u64, &limits);
        let _ = central_headers(&Directory { entries: 2, start: 0, bytes: 0 }, &bytes);
        bytes[..4].copy_from_slice(b"PK\x03\x04");
        let _ = local_header(&bytes[..local_header_bytes(&bytes).min(bytes.len())], &good);
    }
}
