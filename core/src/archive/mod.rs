//! placeholder until the branch is merged
use alloc::{collections::BTreeMap, string::String};
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limits { pub max_entries: u64, pub max_bytes: u64, pub max_ratio: u64 }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing(pub BTreeMap<String,u32>);
