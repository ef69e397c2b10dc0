//! Tests of what is refused: with which words, and that nothing is left of it.

use super::*;

/// Judges and unpacks; both must say the same, and nothing may be there afterwards.
#[track_caller]
fn check(archive: &[u8], expected: &str) {
    let place = Place::new(archive);
    let judged = judge_archive(&place.archive(), &Limits::default()).expect_err("a refusal");
    assert_eq!(place.text(&judged), format!("cannot unpack a.zip{expected}"));
    let unpacked = unpack(&place.archive(), &Limits::default(), &place.to(), &[]).expect_err("a refusal");
    assert_eq!(place.text(&unpacked), place.text(&judged));
    assert_eq!(tree(place.folder.path()).into_keys().collect::<Vec<_>>(), ["a.zip"]);

    fs::create_dir(place.to()).unwrap();
    let unpacked = unpack_over(&place.archive(), &Limits::default(), &place.to(), &[]).expect_err("a refusal");
    assert_eq!(place.text(&unpacked), place.text(&judged));
    assert_eq!(tree(&place.to()), BTreeMap::new());
}

#[track_caller]
fn check_entry(entry: Entry, expected: &str) {
    check(&zip(&[stored("first", b"1"), entry, stored("last", b"2")]), &format!(": {expected}"));
}

fn a() -> Entry {
    stored("a", b"hello")
}

#[test]
fn what_is_no_whole_zip_file_is_refused() {
    let none = ": it has no end record: it is not a zip file, or it is cut off";
    let good = zip(&[a(), deflated("b", b"x")]);
    check(b"", none);
    check(b"PK\x03\x04", none);
    check(b"<Error><Code>AccessDenied</Code></Error>", none);
    for length in [30, 60, good.len() - 1] {
        check(&good[..length], none);
    }
    let behind = ": 3 bytes follow behind its end: pack it again, as a plain zip";
    check(&[&good[..], b"\0\0\0"].concat(), behind);
    let before =
        ": 19 bytes lie before or between its parts that belong to none of them: pack it again, as a plain zip";
    check(&[b"#!/bin/sh\nexec sfx\n", &good[..]].concat(), before);
    check(&good[1..], ": its directory would reach behind its end: it is cut off or damaged");
    let two = ": it has two end records, so that it can be read in two ways: pack it again";
    let with_comment = zip_with_end(&[a()], |end| {
        end[20] = 22;
        end.extend([b"PK\x05\x06".as_slice(), &[0; 18]].concat());
    });
    check(&with_comment, two);
}

#[test]
fn an_end_record_that_lies_is_refused() {
    let claims = |count: u8| zip_with_end(&[a(), stored("b", b"")], |end| (end[8], end[10]) = (count, count));
    check(&claims(1), ": its end record claims 1 entries, its directory has 2");
    check(&claims(3), ": its end record claims 3 entries, but its directory of 94 bytes cannot hold that many");
    let split = ": it is one part of an archive that is split into several: join them first";
    for at in [4, 6, 8] {
        check(&zip_with_end(&[a()], |end| end[at] = 7), split);
    }
    let shifted = zip_with_end(&[a()], |end| end[16] -= 1);
    check(
        &shifted,
        ": 1 bytes lie before or between its parts that belong to none of them: pack it again, as a plain zip",
    );
    let late = zip_with_end(&[a()], |end| (end[12], end[16]) = (end[12] - 1, end[16] + 1));
    check(&late, ": entry 1 of its directory is cut off or no entry: it is damaged");
}

#[test]
fn a_stub_with_corrected_offsets_is_refused() {
    let entry = Entry { before: b"#!/bin/sh\n".to_vec(), ..a() };
    check(&zip(&[entry]), ": a: 10 bytes before it belong to no entry: pack it again, as a plain zip");
}

#[test]
fn hidden_and_overlapping_entries_are_refused() {
    let hidden = zip(&[stored("hidden", b"x")])[..37].to_vec();
    let gap = "37 bytes before it belong to no entry: pack it again, as a plain zip";
    check(&zip(&[a(), Entry { before: hidden.clone(), ..stored("b", b"") }]), &format!(": b: {gap}"));
    let last = "37 bytes before its directory belong to no entry: pack it again, as a plain zip";
    check(&zip(&[Entry { after: hidden, ..a() }]), &format!(": {last}"));
    let overlap = [a(), Entry { start: Some(0), local_name: Some(b"".to_vec()), ..a() }];
    let text = "\n  a: its path is there twice\n  a: it overlaps another entry\
                \n  35 bytes before its directory belong to no entry: pack it again, as a plain zip";
    check(&zip(&overlap), text);
    let quine = Entry { name: b"b".to_vec(), start: Some(0), ..a() };
    let text = "\n  b: its two headers disagree on its name\n  b: it overlaps another entry\
                \n  36 bytes before its directory belong to no entry: pack it again, as a plain zip";
    check(&zip(&[a(), quine]), text);
    let outside = "it has no local header at offset 1000: the archive is damaged";
    check_entry(Entry { start: Some(1000), ..a() }, &format!("a: {outside}"));
    let inside = "it has no local header at offset 3: the archive is damaged";
    check_entry(Entry { start: Some(3), ..a() }, &format!("a: {inside}"));
}

#[test]
fn entries_that_reach_into_each_other_are_refused() {
    // The first entry's data is the second entry with its header: a bomb of overlapping files is made of these.
    let inner = zip(&[stored("b", b"12345")])[..36].to_vec();
    let outer = Entry { name: b"a".to_vec(), ..stored("a", &inner) };
    let nested = Entry { start: Some(31), data: Vec::new(), ..stored("b", b"12345") };
    let text = "\n  b: it overlaps another entry\n  31 bytes before its directory belong to no entry: pack it again, as a plain zip";
    check(&zip(&[outer, nested]), text);
}

#[test]
fn names_are_judged_before_anything_is_written() {
    let out = "its name holds the part '..', which leads out of the release";
    check_entry(stored("../a", b""), &format!("../a: {out}"));
    check_entry(stored("a/../../b", b""), &format!("a/../../b: {out}"));
    check_entry(stored("/a", b""), "/a: its name is absolute: names must be relative to the release");
    check_entry(
        stored("a\\b", b""),
        "a\\b: its name holds a backslash: pack it with a tool that writes '/' between folders",
    );
    check_entry(
        stored("C:/a", b""),
        "C:/a: its name starts with a drive letter: names must be relative to the release",
    );
    check_entry(stored("a\0b", b""), "a\\u{0}b: its name holds the control character U+0000");
    check_entry(stored("a\n", b""), "a\\n: its name holds the control character U+000A");
    check_entry(stored("", b""), "(an entry without a name): its name is empty");
    check_entry(stored("a//b", b""), "a//b: its name holds an empty part ('//')");
    check_entry(stored("a/./b", b""), "a/./b: its name holds the part '.'");
    let cp437 = Entry { name: b"caf\x82".to_vec(), ..a() };
    check_entry(cp437.clone(), "caf\u{fffd}: its name is not UTF-8: pack it with a tool that writes UTF-8 names");
    check_entry(
        Entry { flags: 1 << 11, ..cp437 },
        "caf\u{fffd}: its name is not UTF-8: pack it with a tool that writes UTF-8 names",
    );
    let long = "n".repeat(256);
    check_entry(stored(&long, b""), &format!("{}: a part of its name is 256 bytes long, more than 255", &long[..200]));
    check_entry(stored("./first", b""), "./first: its path is there twice");
    check_entry(stored("first", b""), "first: its path is there twice");
    check_entry(folder("first/"), "first/: its path is both a file and a folder");
    check_entry(stored("first/a", b""), "first/a: it lies in 'first', which is a file");
    let renamed = b"up\x08\0\x01crc!../".to_vec();
    let both = Entry { extra: renamed.clone(), local_extra: renamed.clone(), ..a() };
    check_entry(both, "a: it has a second, Unicode name, '../': pack it with UTF-8 names only");
    check_entry(Entry { local_extra: renamed, ..a() }, "a: its two headers disagree on its name");
}

#[test]
fn links_devices_and_folders_with_content_are_refused() {
    for (mode, kind) in
        [(0o120_777, "a symbolic link"), (0o010_644, "a fifo"), (0o060_644, "a device"), (0o140_644, "a socket")]
    {
        let entry = Entry { attributes: mode << 16, ..stored("a", b"/etc/passwd") };
        check_entry(entry.clone(), &format!("a: it is {kind}: only files and folders are unpacked"));
        check_entry(Entry { host: 0, ..entry }, &format!("a: it is {kind}: only files and folders are unpacked"));
    }
    check_entry(stored("a/", b"x"), "a/: it is a folder, yet 1 bytes long");
    let lying = Entry { bytes: 0, crc32: 0, ..deflated("a/", b"x") };
    check_entry(lying, "a: its content is damaged: file is larger than its declared uncompressed size");
}

#[test]
fn headers_that_disagree_are_refused() {
    let differ = |what: &str| format!("a: its two headers disagree on {what}");
    let local = |flags, method, crc32, compressed_bytes, bytes| Entry {
        local: Some((flags, method, crc32, compressed_bytes, bytes)),
        ..a()
    };
    let crc = a().crc32;
    check_entry(Entry { local_name: Some(b"b".to_vec()), ..a() }, &differ("its name"));
    check_entry(local(0, 8, crc, 5, 5), &differ("its compression method: 0 in the directory, 8 before the data"));
    check_entry(local(8, 0, crc, 5, 5), &differ("its flags: 0 in the directory, 8 before the data"));
    check_entry(local(0, 0, 1, 5, 5), &differ(&format!("its CRC: {crc} in the directory, 1 before the data")));
    check_entry(local(0, 0, crc, 4, 5), &differ("its compressed length: 5 in the directory, 4 before the data"));
    check_entry(local(0, 0, crc, 5, 6), &differ("its length: 5 in the directory, 6 before the data"));
    let descriptor =
        "a: the CRC and lengths behind its data are missing or disagree with the directory: the archive is damaged";
    let good = streamed("a", b"hello");
    check_entry(Entry { after: vec![0; 16], ..good.clone() }, descriptor);
    check_entry(Entry { after: Vec::new(), ..good.clone() }, descriptor);
    check_entry(Entry { after: good.after[..12].to_vec(), ..good.clone() }, descriptor);
    check_entry(
        Entry { local: Some((8, 8, 0, 0, 4)), ..good },
        &differ("its length: 5 in the directory, 4 before the data"),
    );
}

#[test]
fn what_cannot_be_inflated_is_refused() {
    check_entry(Entry { flags: 1, ..a() }, "a: it is encrypted");
    check_entry(Entry { flags: 1 << 6 | 1, ..a() }, "a: it is encrypted");
    for method in [9, 12, 14, 93, 95, 99] {
        let expected = format!("a: its compression method {method} is not supported: pack it with deflate");
        check_entry(Entry { method, ..a() }, &expected);
    }
    let cut = "a: its extra fields are cut off: the archive is damaged";
    check(&zip(&[Entry { extra: b"UT\x09\0".to_vec(), ..a() }]), &format!(": {cut}"));
    check_entry(Entry { local_extra: b"UT\x09\0".to_vec(), ..a() }, cut);
}

#[test]
fn content_that_is_not_what_the_headers_say_is_refused() {
    let damaged = |what: &str| format!("a: its content is damaged: {what}");
    check_entry(Entry { crc32: 1, ..a() }, &damaged("invalid checksum"));
    check_entry(Entry { crc32: 1, ..deflated("a", b"hello") }, &damaged("invalid checksum"));
    let longer = "file is larger than its declared uncompressed size";
    check_entry(Entry { bytes: 4, ..deflated("a", b"hello") }, &damaged(longer));
    check_entry(Entry { bytes: 6, ..deflated("a", b"hello") }, &damaged("it ends after 5 of 6 bytes"));
    let stored_bytes = "a: it is stored in 5 bytes, yet to be 6 bytes long: the archive is damaged";
    check_entry(Entry { bytes: 6, ..a() }, stored_bytes);
    let mut broken = deflated("a", b"hello");
    broken.data[0] = 7;
    check_entry(broken, &damaged("corrupt deflate stream"));
    let mut unfinished = deflated("a", b"hello");
    unfinished.data[0] = 0;
    check_entry(unfinished, &damaged("incomplete deflate stream"));
    let mut flipped = deflated("a", b"hello");
    flipped.data[6] ^= 1;
    check_entry(flipped, &damaged("invalid checksum"));
}

#[test]
fn damage_in_several_members_is_told_at_once() {
    let entry = |name| Entry { crc32: 1, ..stored(name, b"hello") };
    let place = Place::new(&zip(&[entry("a"), stored("b", b""), entry("c")]));
    let judged = judge_archive(&place.archive(), &Limits::default()).unwrap_err();
    let expected = "cannot unpack a.zip\n  a: its content is damaged: invalid checksum\
                    \n  c: its content is damaged: invalid checksum";
    assert_eq!(place.text(&judged), expected);
}

#[test]
fn compressed_data_that_ends_before_its_room_is_refused() {
    let room = "a: its content is damaged: its compressed data ends before the room that it takes";
    for hidden in [1, 2, 100, 20_000, 200_000] {
        for good in
            [deflated("a", b"hello"), deflated("a", b""), Entry { method: 8, data: vec![3, 0], ..stored("a", b"") }]
        {
            let data = [&good.data[..], &vec![0x55; hidden]].concat();
            check_entry(Entry { compressed_bytes: data.len() as u32, data, ..good }, room);
        }
    }
}
