//! Permission bits of a folder that c2 makes and works in.

use crate::prelude::*;

use super::text::FromText;

/// Permission bits with which the owner can do everything and only owner and group can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderMode(u32);

impl FolderMode {
    /// The bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl FromText for FolderMode {
    const EXPECTED: &'static str =
        "permission bits of a folder as octal text (\"0750\": three digits from 0 to 7, perhaps behind a 0 or a 2)";

    fn check(text: &str) -> Result<Self, String> {
        let is_octal = matches!(text.len(), 3 | 4) && text.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
        let bits = if is_octal { u32::from_str_radix(text, 8).ok() } else { None };
        match bits {
            None => Err("these are not such digits".into()),
            Some(bits) if bits & 0o5000 != 0 => Err("of the special bits only setgid (2) is of use here".into()),
            Some(bits) if bits & 0o700 != 0o700 => Err("its owner must read, write and enter it (7)".into()),
            Some(bits) if bits & 0o002 != 0 => Err("every user of the machine could write to it".into()),
            Some(bits) => Ok(Self(bits)),
        }
    }
}
