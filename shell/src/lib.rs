//! The doing half of c2: answers the core's questions and performs its effects. It holds no policy.

pub mod archive;
pub mod resolve;
pub mod s3;
