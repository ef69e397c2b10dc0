//! What must hold for any input whatever: one module a fuzz target. A check panics where it does not hold; the inputs
//! of `testdata/fuzz/` and the seeds are replayed through the same checks by a test of c2-shell.

mod archive;
pub mod config;
pub mod listing;
pub mod release_json;
pub mod template;
pub mod unpack;
pub mod zip;
