//! How much an archive may hold (`releaseLimits` in the configuration).

/// The most that is unpacked from one archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limits {
    /// Files and folders; and as many folders again that have no entry of their own and only follow from a path.
    pub max_entries: u64,
    /// Bytes of all files together, unpacked.
    pub max_bytes: u64,
    /// How many times larger than its compressed data the unpacked content may be, once it is above 64 MiB.
    pub max_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_entries: 50_000, max_bytes: 2_147_483_648, max_ratio: 100 }
    }
}

impl Limits {
    /// The largest directory that is read into memory: 1 KiB an entry, and 1 MiB for a few with long comments.
    pub(super) fn max_directory_bytes(&self) -> u64 {
        self.max_entries.saturating_mul(1024).saturating_add(1024 * 1024)
    }
}
