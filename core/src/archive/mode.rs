//! From an entry's attributes to what it is and to the permission bits that it gets.

use super::header::Header;

/// The hosts in "version made by" (APPNOTE 4.4.2) whose attributes hold a Unix mode: Unix and OS X.
const UNIX_HOSTS: [u8; 2] = [3, 19];

const TYPE_BITS: u32 = 0o170_000;
const FOLDER_TYPE: u32 = 0o040_000;
const FILE_TYPE: u32 = 0o100_000;

/// What a folder gets that has no mode of its own.
pub(super) const FOLDER_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;

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

/// The permission bits that an entry gets: what its owner may do, and whether the others may read and execute.
/// Setuid, setgid, sticky and writing by others are dropped. What is there must be readable: the owner can always
/// read a file and do everything with a folder. Without a Unix mode: 0755 and 0644.
pub(super) fn permissions(header: &Header, folder: bool) -> u32 {
    let given = unix_bits(header);
    match (UNIX_HOSTS.contains(&header.host) && given != 0, folder) {
        (true, true) => given & 0o755 | 0o700,
        (true, false) => given & 0o755 | 0o400,
        (false, true) => FOLDER_MODE,
        (false, false) => FILE_MODE,
    }
}

fn unix_bits(header: &Header) -> u32 {
    header.attributes >> 16
}
