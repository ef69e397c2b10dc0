//! Tests of the limits, and of how much is told.

use super::*;

#[test]
fn as_much_as_the_limits_say_is_accepted_and_no_more() {
    let limits = Limits { max_entries: 3, max_bytes: 15, max_ratio: 100 };
    let three = || vec![file("a"), file("b"), file("c")];
    assert!(judged(three(), |_, _| {}, &limits).is_ok());
    let four = judged([three(), vec![folder("d/")]].concat(), |_, _| {}, &limits);
    let expected = "it has 4 files and folders, more than 3: raise releaseLimits.maxEntries if that is meant";
    assert_eq!(four.unwrap_err(), expected);
    let longer = Header { method: 8, bytes: 6, ..file("c") };
    let long = judged(vec![file("a"), file("b"), longer], |_, _| {}, &limits);
    let expected = "it unpacks to 16 bytes, more than 15: raise releaseLimits.maxBytes if that is meant";
    assert_eq!(long.unwrap_err(), expected);
}

#[test]
fn short_names_cannot_make_folders_without_end() {
    let limits = Limits { max_entries: 3, ..Limits::default() };
    assert!(judged(vec![file("a/b/c/d")], |_, _| {}, &limits).is_ok());
    let deep = judged(vec![file("a/b/c/d/e")], |_, _| {}, &limits);
    assert_eq!(deep.unwrap_err(), "its paths lie in more than 3 folders");
}

#[test]
fn the_ratio_counts_above_64_mib_only() {
    let zeros = |bytes: u64, compressed_bytes: u64| {
        let header = Header { method: 8, bytes, compressed_bytes, ..file("a") };
        judged(vec![header], |_, _| {}, &Limits::default()).map(|_| ())
    };
    let mib = 1024 * 1024;
    assert_eq!(zeros(64 * mib, 1), Ok(()));
    assert_eq!(zeros(100 * mib, mib), Ok(()));
    let expected = "it unpacks to 104857601 bytes from 1048576, more than 100 times as much: \
                    raise releaseLimits.maxRatio if that is meant";
    assert_eq!(zeros(100 * mib + 1, mib), Err(expected.into()));
}

#[test]
fn all_problems_are_told_at_once_but_not_without_end() {
    let headers = ["..", "/a", "b", "b"].map(file).to_vec();
    let expected = "..: its name holds the part '..', which leads out of the release\n\
                    /a: its name is absolute: names must be relative to the release\n\
                    b: its path is there twice";
    check(headers, |_, _| {}, expected);
    let many = (0..1000).map(|number| file(&format!("/{number}"))).collect();
    let many = judged(many, |_, _| {}, &Limits::default()).unwrap_err();
    assert_eq!(many.lines().count(), 21);
    assert_eq!(many.lines().last(), Some("and 980 more"));
}
