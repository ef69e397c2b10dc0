//! Release archives as they come: the input is the file.

use super::archive;

/// Judges the input, and unpacks it when it is accepted.
pub fn check(input: &[u8]) {
    archive::check(input);
}
