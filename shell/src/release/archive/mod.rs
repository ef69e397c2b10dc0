//! Reads, checks and unpacks release archives. What an archive may hold is judged by [`c2_core::archive`].
//!
//! The directory and the headers are read here and handed to the core. The `zip` crate inflates and checks CRCs; it
//! never sees an archive's own headers, so it cannot read them differently.

mod content;
mod error;
mod reading;
mod unpacking;
mod unpacking_over;
mod way;
mod window;

pub use error::ArchiveError;
pub use reading::Archive;
pub use unpacking::ExtraFile;

#[cfg(test)]
mod tests;
