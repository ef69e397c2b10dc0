//! Tests of where entries lie and of what stands beside their data.

use super::*;

const SHORT: &[u8] = b"\x07\0\0\0\x05\0\0\0\x05\0\0\0";
const LONG: &[u8] = b"\x07\0\0\0\x05\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0";

#[test]
fn a_data_descriptor_has_four_forms() {
    let signed = |bytes: &[u8]| [b"PK\x07\x08", bytes].concat();
    for after in [SHORT, LONG, &signed(SHORT), &signed(LONG)] {
        assert_eq!(accepted(vec![streamed("a", after), streamed("b", after)]).len(), 2);
        let unknown_before = |h: &mut [Header], _: &mut u64| {
            let local = local(&mut h[0]);
            (local.crc32, local.bytes, local.compressed_bytes) = (0, 0, 0);
        };
        assert!(judged(vec![streamed("a", after)], unknown_before, &Limits::default()).is_ok());
    }
}

#[test]
fn a_data_descriptor_must_agree_and_be_there_unless_nothing_is_missing_before_the_data() {
    let bad =
        "a: the CRC and lengths behind its data are missing or disagree with the directory: the archive is damaged";
    let unsigned = b"PK\x07\x09\x07\0\0\0\x05\0\0\0\x05\0\0\0";
    for after in [&unsigned[..], &[0; 12], &SHORT[1..], b"PK\x07\x08", &LONG[..16], &[0; 25]] {
        check(vec![streamed("a", after)], |_, _| {}, bad);
    }
    assert_eq!(accepted(vec![streamed("a", b"")]).len(), 1);
    check(vec![streamed("a", b"")], |h, _| local(&mut h[0]).crc32 = 0, bad);
}

#[test]
fn every_byte_belongs_to_one_entry() {
    let overlaps = "it overlaps another entry";
    let gap = "bytes before it belong to no entry: pack it again, as a plain zip";
    let last_gap = "bytes before its directory belong to no entry: pack it again, as a plain zip";
    let two = || vec![file("a"), file("b")];
    let same_place = |h: &mut [Header], _: &mut u64| (h[1].start, local(&mut h[1]).data_start) = (0, 31);
    check(two(), same_place, &format!("b: {overlaps}\n36 {last_gap}"));
    check(two(), |h, _| h[1].start -= 1, &format!("b: {overlaps}"));
    check(two(), |h, _| h[1].start += 1, &format!("b: 1 {gap}"));
    check(two(), |h, _| h[0].start += 3, &format!("a: 3 {gap}"));
    check(two(), |_, start| *start += 2, &format!("2 {last_gap}"));
    check(two(), |_, start| *start -= 2, "an entry's data reaches into its directory: it is damaged");
    check(vec![], |_, start| *start = 4, &format!("4 {last_gap}"));
}

#[test]
fn the_directory_may_have_another_order_than_the_data() {
    let mut headers = vec![file("a"), file("b"), file("c")];
    let start = laid_out(&mut headers);
    headers.rotate_left(1);
    assert!(judge(&headers, start, &Limits::default()).is_ok());
}

#[test]
fn lengths_that_do_not_fit_into_a_number_are_refused() {
    let spoil = |h: &mut [Header], start: &mut u64| {
        (h[0].compressed_bytes, h[0].bytes, *start) = (u64::MAX, u64::MAX, u64::MAX);
        let data_start = 31;
        h[0].local = Ok(Local { data_start, ..local_of(&h[0]) });
    };
    let expected = "it unpacks to 18446744073709551615 bytes, more than 2147483648: \
                    raise releaseLimits.maxBytes if that is meant";
    check(vec![file("a")], spoil, expected);
}
