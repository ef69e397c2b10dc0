//! Tests of the judgement on headers, and of their parsing.

use super::header::{Header, Local};
use super::{Limits, Listing, Problem, judge};

mod entries;
mod layout;
mod limits;
mod names;
mod records;

/// A stored file of five bytes, as Info-ZIP writes it; [`laid_out`] gives it its place.
fn file(name: &str) -> Header {
    Header {
        name: name.into(),
        unicode_name: None,
        flags: 0,
        method: 0,
        host: 3,
        attributes: 0o100_644 << 16,
        modified: 0,
        crc32: 7,
        compressed_bytes: 5,
        bytes: 5,
        disk: 0,
        start: 0,
        local: Err(String::new()),
    }
}

fn folder(name: &str) -> Header {
    Header { attributes: 0o040_755 << 16, crc32: 0, compressed_bytes: 0, bytes: 0, ..file(name) }
}

fn streamed(name: &str, after: &[u8]) -> Header {
    let local = Local { after: after.to_vec(), ..local_of(&file(name)) };
    Header { flags: 1 << 3, local: Ok(local), ..file(name) }
}

fn with_mode(name: &str, mode: u32) -> Header {
    Header { attributes: mode << 16, ..file(name) }
}

fn local_of(header: &Header) -> Local {
    Local {
        same_name: true,
        flags: header.flags,
        method: header.method,
        crc32: header.crc32,
        compressed_bytes: header.compressed_bytes,
        bytes: header.bytes,
        data_start: 0,
        after: Vec::new(),
    }
}

/// Puts entries one behind the other, with local headers that agree; gives the offset behind the last.
fn laid_out(headers: &mut [Header]) -> u64 {
    let mut at = 0;
    for header in headers {
        let data_start = at + 30 + header.name.len() as u64;
        let after = header.local.as_ref().map_or(Vec::new(), |local| local.after.clone());
        header.start = at;
        at = data_start + header.compressed_bytes + after.len() as u64;
        header.local = Ok(Local { data_start, after, ..local_of(header) });
    }
    at
}

fn local(header: &mut Header) -> &mut Local {
    header.local.as_mut().unwrap()
}

/// Judges entries that are laid out well and then spoilt; the problems come as lines.
fn judged(
    mut headers: Vec<Header>,
    spoil: impl FnOnce(&mut [Header], &mut u64),
    limits: &Limits,
) -> Result<Listing, String> {
    let mut directory_start = laid_out(&mut headers);
    spoil(&mut headers, &mut directory_start);
    let lines = |problems: Vec<Problem>| problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n");
    judge(&headers, directory_start, limits).map_err(lines)
}

#[track_caller]
fn check(headers: Vec<Header>, spoil: impl FnOnce(&mut [Header], &mut u64), expected: &str) {
    assert_eq!(judged(headers, spoil, &Limits::default()).expect_err("a refusal"), expected);
}

/// The paths, kinds and modes of what must be accepted.
#[track_caller]
fn accepted(headers: Vec<Header>) -> Vec<(String, bool, u32)> {
    let listing = judged(headers, |_, _| {}, &Limits::default()).expect("accepted");
    listing.members().iter().map(|member| (member.path.clone(), member.folder, member.mode)).collect()
}
