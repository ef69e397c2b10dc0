//! Tests of what is accepted, and of what it becomes.

use super::*;

/// Unpacks; gives what is there then.
#[track_caller]
fn unpacked(archive: &[u8]) -> BTreeMap<String, (u32, Option<Vec<u8>>)> {
    let place = Place::new(archive);
    let limits = Limits::default();
    let judged = judge_archive(&place.archive(), &limits).unwrap_or_else(|error| panic!("{error}"));
    let listing = judged.listing();
    unpack(&place.archive(), &limits, &place.to(), &[]).unwrap_or_else(|error| panic!("{error}"));
    let tree = tree(&place.to());
    let paths: Vec<_> = listing.members().iter().map(|member| &member.path).collect();
    assert!(paths.iter().copied().eq(tree.keys()), "the listing is what is unpacked: {paths:?}");
    tree
}

#[track_caller]
fn check(entries: &[Entry], expected: &[(&str, u32, Option<&[u8]>)]) {
    assert_eq!(unpacked(&zip(entries)), expected_tree(expected));
}

#[test]
fn of_modes_the_execute_bit_of_files_counts_alone() {
    let script = Entry { attributes: 0o104_777 << 16, ..deflated("bin/run", b"#!/bin/sh\n") };
    let secret = Entry { attributes: 0o100_600 << 16, ..stored("secret", b"s") };
    let shut = Entry { attributes: 0o040_000 << 16, ..folder("shut/") };
    check(
        &[script, secret, shut, stored("./shut/a", b""), folder("./"), stored("Secret", b"S")],
        &[
            ("Secret", 0o644, Some(b"S")),
            ("bin", 0o755, None),
            ("bin/run", 0o755, Some(b"#!/bin/sh\n")),
            ("secret", 0o644, Some(b"s")),
            ("shut", 0o755, None),
            ("shut/a", 0o644, Some(b"")),
        ],
    );
}

#[test]
fn an_empty_archive_is_an_empty_folder() {
    check(&[], &[]);
}

#[test]
fn archives_without_unix_modes_are_unpacked() {
    let dos = |entry| Entry { host: 0, attributes: 0x20, ..entry };
    check(
        &[dos(folder("d/")), dos(deflated("d/a", b"x")), Entry { attributes: 0, ..stored("b", b"y") }],
        &[("b", 0o644, Some(b"y")), ("d", 0o755, None), ("d/a", 0o644, Some(b"x"))],
    );
}

#[test]
fn streamed_entries_are_unpacked() {
    let entry = streamed("a", b"hello");
    let unsigned = Entry { name: b"b".to_vec(), after: entry.after[4..].to_vec(), ..entry.clone() };
    let wide = [u64::from(entry.compressed_bytes), u64::from(entry.bytes)].map(u64::to_le_bytes).concat();
    let long = [&entry.after[..8], &wide].concat();
    let long = Entry { name: b"c".to_vec(), after: long, ..entry.clone() };
    let length_known = Entry { name: b"d".to_vec(), local: Some((8, 8, 0, 0, 5)), ..entry.clone() };
    // As `java.util.zip` writes folders.
    let java = Entry { name: b"e/".to_vec(), method: 8, ..streamed("e/", b"") };
    let hello = Some(&b"hello"[..]);
    check(
        &[entry, unsigned, long, length_known, java],
        &[("a", 0o644, hello), ("b", 0o644, hello), ("c", 0o644, hello), ("d", 0o644, hello), ("e", 0o755, None)],
    );
}

#[test]
fn zip64_fields_are_read() {
    let entry = stored("a", b"hello");
    let field = |numbers: &[u64]| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        [&[1, 0, bytes.len() as u8, 0][..], &bytes].concat()
    };
    let full = u32::MAX;
    let both = Entry {
        compressed_bytes: full,
        bytes: full,
        extra: field(&[5, 5]),
        local_extra: field(&[5, 5]),
        ..entry.clone()
    };
    // As `zipfile` writes it with force_zip64: only the header before the data is wide.
    let local = Entry {
        name: b"b".to_vec(),
        local: Some((0, 0, entry.crc32, full, full)),
        local_extra: field(&[5, 5]),
        ..entry.clone()
    };
    // The same into a pipe.
    let pipe = streamed("c", b"hello");
    let pipe = Entry { local: Some((8, 8, 0, full, full)), local_extra: field(&[0, 0]), ..pipe };
    let hello = Some(&b"hello"[..]);
    check(&[both, local, pipe], &[("a", 0o644, hello), ("b", 0o644, hello), ("c", 0o644, hello)]);
}

#[test]
fn a_zip64_end_record_is_read() {
    let plain = zip(&[stored("a", b"hello")]);
    let end = plain.len() - 22;
    let directory_start = u32::from_le_bytes(plain[end + 16..end + 20].try_into().unwrap());
    let numbers =
        [1, 1, end as u64 - u64::from(directory_start), directory_start.into()].map(u64::to_le_bytes).concat();
    let record = [b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0", &numbers[..]].concat();
    let locator = [b"PK\x06\x07\0\0\0\0", &(end as u64).to_le_bytes()[..], &[1, 0, 0, 0]].concat();
    let full = [b"PK\x05\x06\0\0\0\0", &[0xff; 12][..], &[0, 0]].concat();
    let hello = expected_tree(&[("a", 0o644, Some(b"hello"))]);
    for last in [&full[..], &plain[end..]] {
        assert_eq!(unpacked(&[&plain[..end], &record, &locator, last].concat()), hello);
    }
}

#[test]
fn what_does_not_change_the_content_is_accepted() {
    let hello = Some(&b"hello"[..]);
    let entry = stored("a", b"hello");
    let expected = &[("a", 0o644, hello)];
    check(&[Entry { local: Some((2, 0, entry.crc32, 5, 5)), ..entry.clone() }], expected);
    check(&[Entry { extra: b"UT\x01\0\0".to_vec(), local_extra: vec![0; 3], ..entry.clone() }], expected);
    check(&[Entry { flags: 1 << 11, ..entry.clone() }], expected);
    let name = b"up\x06\0\x01crc!a".to_vec();
    check(&[Entry { extra: name.clone(), local_extra: name, ..entry.clone() }], expected);
    check(&[Entry { method: 8, ..stored("a", b"") }], &[("a", 0o644, Some(b""))]);
    check(&[stored("caf\u{e9}", b"hello")], &[("caf\u{e9}", 0o644, hello)]);
    let with_comment = zip_with_end(&[entry], |end| {
        end[20] = 5;
        end.extend(b"by us");
    });
    assert_eq!(unpacked(&with_comment), expected_tree(expected));
}

#[test]
fn deflated_data_of_all_lengths_comes_out_as_it_went_in() {
    let text: Vec<u8> = (0..300_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 27) as u8).collect();
    let lengths = (0..300).chain([8191, 8192, 8193, 65_535, 65_536, 65_537, 131_072, 300_000]);
    let files: Vec<_> = lengths.map(|length| (format!("{length:06}"), &text[..length])).collect();
    let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
        let expected: Vec<_> = files.iter().map(|(name, content)| (*name, 0o644, Some(*content))).collect();
        assert_eq!(unpacked(&written(method, &files)), expected_tree(&expected));
    }
}

#[test]
fn a_member_is_read_up_to_a_limit() {
    let place =
        Place::new(&zip(&[deflated("a/b", b"hello"), stored("c", b""), Entry { crc32: 1, ..stored("d", b"x") }]));
    let refused = judge_archive(&place.archive(), &Limits::default()).unwrap_err();
    assert_eq!(place.text(&refused), "cannot unpack a.zip: d: its content is damaged: invalid checksum");

    let place = Place::new(&zip(&[deflated("a/b", b"hello"), stored("c", b"")]));
    let archive = place.archive();
    let judged = judge_archive(&archive, &Limits::default()).unwrap();
    assert_eq!(judged.read_member("a/b", 5).unwrap().as_deref(), Some(&b"hello"[..]));
    assert_eq!(judged.read_member("c", 0).unwrap().as_deref(), Some(&b""[..]));
    for absent in ["a", "b", "a/b/", "/a/b", ""] {
        assert_eq!(judged.read_member(absent, 5).unwrap(), None);
    }
    let long = judged.read_member("a/b", 4).unwrap_err();
    assert_eq!(place.text(&long), "cannot read a/b in a.zip: it is 5 bytes long, more than 4");
}

#[test]
fn an_archive_that_cannot_be_read_is_named() {
    let place = Place::new(b"");
    let missing = judge_archive(&place.to(), &Limits::default()).unwrap_err();
    assert_eq!(place.text(&missing), "cannot read the archive to: No such file or directory (os error 2)");
    fs::create_dir(place.to()).unwrap();
    let folder = judge_archive(&place.to(), &Limits::default()).unwrap_err();
    assert_eq!(place.text(&folder), "cannot read the archive to: it is not a regular file");
}

#[test]
fn an_archive_that_becomes_shorter_while_it_is_read_is_no_damaged_one() {
    let place = Place::new(&zip(&[stored("a", &[7; 100_000]), deflated("b", b"hello")]));
    let archive = place.archive();
    let judged = judge_archive(&archive, &Limits::default()).unwrap();
    fs::OpenOptions::new().write(true).open(&archive).unwrap().set_len(90_000).unwrap();
    for member in ["a", "b"] {
        let error = judged.read_member(member, 1_000_000).unwrap_err();
        assert_eq!(place.text(&error), "cannot read the archive a.zip: it became shorter while it was read");
    }
}
