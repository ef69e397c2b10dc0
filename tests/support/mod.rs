//! What the tests of the program share: cases as folders, the simulated host they set out from, what they run.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod case;
pub mod fleet;
pub mod hooked;
pub mod machine;
pub mod norm;
pub mod part;
pub mod proxied;
pub mod rounds;
pub mod states;
pub mod sweep;
pub mod tally;
pub mod told;
pub mod words;
