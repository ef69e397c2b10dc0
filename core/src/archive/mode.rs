//! From an entry's attributes to what it is and to the permission bits that it gets.

use super::header::Header;

/// The hosts in "version made by" (APPNOTE 4.4.2) whose attributes hold a Unix mode: Unix and OS X.
const UNIX_HOSTS: [u8; 2] = [3, 19];

const TYPE_BITS: u32 = 0o170_000;
const FOLDER_TYPE: u32 = 0o040_000;
const FILE_TYPE: u32 = 0o100_000;

/// What every folder gets.
pub(super) const FOLDER_MODE: u32 = 0o755;

/// What an entry is when it is neither a file nor a folder. Asked whatever the host is: a link that one reader takes
/// for a file and another follows is refused.
pub(super) fn foreign_kind(header: &Header) -> Option<&'static str> {
    match unix_bits(header) & TYPE_BITS {
        0 | FILE_TYPE | FOLDER_TYPE => None,
        0o120_000 => Some("a symbolic link"),
        0o010_000 => Some("a fifo"),
        0o140_000 => Some("a socket"),
        0o020_000 | 0o060_000 => Some("a device"),
        _ => Some("of an unknown kind"),
    }
}

/// Whether its mode says that it is a folder.
pub(super) fn says_folder(header: &Header) -> bool {
    UNIX_HOSTS.contains(&header.host) && unix_bits(header) & TYPE_BITS == FOLDER_TYPE
}

/// The permission bits that an entry gets. Of its own only the owner's execute bit counts: containers read the files as
/// other users, and the older tool ignored modes.
pub(super) fn permissions(header: &Header, folder: bool) -> u32 {
    if folder { FOLDER_MODE } else { file_mode(if UNIX_HOSTS.contains(&header.host) { unix_bits(header) } else { 0 }) }
}

/// The permission bits of a file that has these in its archive.
pub(crate) fn file_mode(given: u32) -> u32 {
    if given & 0o100 == 0 { 0o644 } else { 0o755 }
}

fn unix_bits(header: &Header) -> u32 {
    header.attributes >> 16
}
