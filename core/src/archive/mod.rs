//! What a release archive (a zip file) may hold: its headers are parsed and judged here, before a byte is unpacked.
//!
//! Every byte of the file must belong to an entry, to the directory or to the end record, told once and told the
//! same everywhere: two readers of an accepted archive can never see two contents. So no stub in front, no gap, no
//! trailing bytes, no second end record. Entries are files and folders with plain relative UTF-8 names, stored or
//! deflated. The layout of the format is that of PKWARE's APPNOTE.TXT 6.3.10, cited as "APPNOTE".

mod bytes;
mod dos_time;
mod end;
mod header;
mod judge;
mod limits;
mod listing;
mod mode;
mod name;
mod problem;

pub use end::{Directory, TAIL_BYTES, directory};
pub use header::{AFTER_BYTES, Header, Local, central_headers, local_header, local_header_bytes};
pub use judge::judge;
pub use limits::Limits;
pub use listing::{Content, Listing, Member};
#[cfg(feature = "world")]
pub(crate) use mode::file_mode;
pub use problem::{Problem, Problems};

#[cfg(test)]
mod tests;
