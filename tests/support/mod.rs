//! What the tests of the program share: cases as folders, the simulated host they set out from, what they run.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod case;
pub mod machine;
pub mod norm;
pub mod told;
