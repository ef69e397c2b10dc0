//! Tests of what a single entry may be.

use super::*;
use alloc::collections::BTreeMap;

#[test]
fn no_entries_are_an_empty_listing() {
    assert_eq!(accepted(vec![]), []);
}

#[test]
fn of_a_files_permission_bits_only_its_owners_execute_bit_counts() {
    for (host, attributes, mode) in [
        (3, 0o100_644 << 16, 0o644),
        (3, 0o100_755 << 16, 0o755),
        (3, 0o107_777 << 16, 0o755),
        (3, 0o104_755 << 16, 0o755),
        (3, 0o100_664 << 16, 0o644),
        (3, 0o100_600 << 16, 0o644),
        (3, 0o100_700 << 16, 0o755),
        (3, 0o100_555 << 16, 0o755),
        (3, 0o100_000 << 16, 0o644),
        (3, 0o100_011 << 16, 0o644),
        (3, 0o000_600 << 16, 0o644),
        (19, 0o100_751 << 16, 0o755),
        (3, 0, 0o644),
        (3, 0x20, 0o644),
        (0, 0, 0o644),
        (0, 0o100_777 << 16, 0o644),
        (10, 0x20, 0o644),
    ] {
        let header = Header { host, attributes, ..file("a") };
        assert_eq!(accepted(vec![header])[0].2, mode, "host {host}, attributes {attributes:o}");
    }
}

#[test]
fn every_folder_can_be_entered_by_all_and_changed_by_its_owner() {
    for (host, attributes) in [
        (3, 0o040_755 << 16 | 0x10),
        (3, 0o041_777 << 16),
        (3, 0o042_750 << 16),
        (3, 0o040_000 << 16),
        (3, 0o100_644 << 16),
        (3, 0),
        (0, 0x10),
    ] {
        let header = Header { host, attributes, ..folder("a/") };
        assert_eq!(accepted(vec![header])[0].2, 0o755, "host {host}, attributes {attributes:o}");
    }
    assert_eq!(accepted(vec![file("a/b")])[0], ("a".into(), true, 0o755));
}

#[test]
fn a_file_is_as_old_as_its_archive_says_but_neither_older_than_dos_nor_from_the_future() {
    let at = |modified, now_s| {
        let listing = judged(vec![Header { modified, ..file("a") }], |_, _| {}, &Limits::default()).expect("accepted");
        listing.fitted(&BTreeMap::new(), now_s).members()[0].modified_s
    };
    let (june, now_s) = (0x54c2_6000, 1_700_000_000);
    let seconds = crate::time::parse_utc("2022-06-02T12:00:00Z").expect("a time");
    assert_eq!(at(june, now_s), seconds);
    assert_eq!(at(june, seconds - 1), seconds - 1);
    assert_eq!(at(0, now_s), 315_532_800);
    assert_eq!(at(june, 5), 315_532_800, "also where the machine's clock is wrong");
}

#[test]
fn what_is_no_file_or_folder_is_refused_whatever_the_host() {
    for (mode, kind) in [
        (0o120_777, "a symbolic link"),
        (0o010_644, "a fifo"),
        (0o140_644, "a socket"),
        (0o020_644, "a device"),
        (0o060_644, "a device"),
        (0o170_644, "of an unknown kind"),
    ] {
        for host in [0, 3, 19] {
            let expected = format!("a: it is {kind}: only files and folders are unpacked");
            check(vec![Header { host, ..with_mode("a", mode) }], |_, _| {}, &expected);
        }
    }
}

#[test]
fn a_folder_has_a_slash_at_the_end_of_its_name_and_no_content() {
    let mode = "a: it is a folder by its mode, but its name does not end in '/'";
    check(vec![with_mode("a", 0o040_755)], |_, _| {}, mode);
    check(vec![file("a/")], |_, _| {}, "a/: it is a folder, yet 5 bytes long");
    let deflated = Header { method: 8, compressed_bytes: 2, ..folder("a/") };
    assert_eq!(accepted(vec![deflated]), [("a".into(), true, 0o755)]);
}

#[test]
fn what_cannot_be_inflated_is_refused() {
    for flags in [1, 1 << 6, 1 << 13] {
        check(vec![Header { flags, ..file("a") }], |_, _| {}, "a: it is encrypted");
    }
    for method in [1, 6, 9, 12, 14, 93, 95, 98, 99] {
        let expected = format!("a: its compression method {method} is not supported: pack it with deflate");
        check(vec![Header { method, ..file("a") }], |_, _| {}, &expected);
    }
    let lying = Header { bytes: 6, ..file("a") };
    check(vec![lying], |_, _| {}, "a: it is stored in 5 bytes, yet to be 6 bytes long: the archive is damaged");
    let elsewhere = Header { disk: 1, ..file("a") };
    check(vec![elsewhere], |_, _| {}, "a: it is on another disk: only archives in one piece are unpacked");
}

#[test]
fn a_unicode_name_must_be_the_name() {
    let renamed = Header { unicode_name: Some(b"b\n".to_vec()), ..file("a") };
    check(vec![renamed], |_, _| {}, "a: it has a second, Unicode name, 'b\\n': pack it with UTF-8 names only");
    assert_eq!(accepted(vec![Header { unicode_name: Some(b"a".to_vec()), ..file("a") }]).len(), 1);
}

#[test]
fn the_two_headers_of_an_entry_must_agree() {
    let differ = |what: &str| format!("a: its two headers disagree on {what}");
    let before = |what: &str, there, here| differ(&format!("{what}: {there} in the directory, {here} before the data"));
    let one = || vec![file("a")];
    check(one(), |h, _| local(&mut h[0]).same_name = false, &differ("its name"));
    check(one(), |h, _| local(&mut h[0]).method = 8, &before("its compression method", 0, 8));
    check(one(), |h, _| local(&mut h[0]).crc32 = 8, &before("its CRC", 7, 8));
    check(one(), |h, _| local(&mut h[0]).crc32 = 0, &before("its CRC", 7, 0));
    check(one(), |h, _| local(&mut h[0]).bytes = 4, &before("its length", 5, 4));
    check(one(), |h, _| local(&mut h[0]).compressed_bytes = 6, &before("its compressed length", 5, 6));
    for bit in [0, 3, 6, 11, 13] {
        check(one(), |h, _| local(&mut h[0]).flags = 1 << bit, &before("its flags", 0, 1 << bit));
    }
    check(one(), |h, _| h[0].local = Err("it has none".into()), "a: it has none");
    let compressed_harder = |h: &mut [Header], _: &mut u64| local(&mut h[0]).flags = 2;
    assert!(judged(one(), compressed_harder, &Limits::default()).is_ok());
}
