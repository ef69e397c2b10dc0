//! From a name as stored to a path that is safe to join to a folder.

use crate::prelude::*;

/// The longest part of a path, as Linux file systems have it.
const PART_BYTES: usize = 255;

/// The longest path: Linux takes 4096 bytes, and the folder that it is unpacked into needs some of them.
const PATH_BYTES: usize = 3072;

/// A name that was found good.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    /// Without the one leading `./` that some tools write, and without a `/` at its end.
    pub(super) path: &'a str,
    /// Whether a `/` was at its end, which is how zip marks a folder.
    pub(super) folder: bool,
}

/// Judges a stored name. `Ok(None)` is the root itself (`./`); the error says what is wrong with the name.
pub(super) fn path_of(stored: &[u8]) -> Result<Option<Name<'_>>, String> {
    let Ok(name) = core::str::from_utf8(stored) else {
        return Err("its name is not UTF-8: pack it with a tool that writes UTF-8 names".into());
    };
    if let Some(what) = character_fault(name) {
        return Err(what);
    }
    if name == "./" {
        return Ok(None);
    }
    let plain = name.strip_prefix("./").unwrap_or(name);
    let path = plain.strip_suffix('/').unwrap_or(plain);
    if let Some(what) = path.split('/').find_map(part_fault) {
        return Err(what);
    }
    if path.len() > PATH_BYTES {
        return Err(format!("its name is {} bytes long, more than {PATH_BYTES}", path.len()));
    }
    Ok(Some(Name { path, folder: plain.len() > path.len() }))
}

fn character_fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("its name is empty".into());
    }
    if let Some(control) = name.chars().find(|character| character.is_control()) {
        return Some(format!("its name holds the control character U+{:04X}", u32::from(control)));
    }
    if name.contains('\\') {
        return Some("its name holds a backslash: pack it with a tool that writes '/' between folders".into());
    }
    if name.starts_with('/') {
        return Some("its name is absolute: names must be relative to the release".into());
    }
    if matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic()) {
        return Some("its name starts with a drive letter: names must be relative to the release".into());
    }
    None
}

fn part_fault(part: &str) -> Option<String> {
    match part {
        "" => Some("its name holds an empty part ('//')".into()),
        "." => Some("its name holds the part '.'".into()),
        ".." => Some("its name holds the part '..', which leads out of the release".into()),
        _ if part.len() > PART_BYTES => {
            Some(format!("a part of its name is {} bytes long, more than {PART_BYTES}", part.len()))
        }
        _ => None,
    }
}
