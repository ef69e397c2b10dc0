//! What an accepted archive holds.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::dos_time::EARLIEST_S;
use super::name;
use super::problem::{Problem, Problems};

/// The files and folders of an accepted archive, by path; every folder on the way to one is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    members: Vec<Member>,
}

/// One file or folder of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Relative to the release's root, parts separated by `/`, none at the end: safe to join to a folder.
    pub path: String,
    /// Whether it is a folder; it is a regular file otherwise.
    pub folder: bool,
    /// The permission bits that it gets, whatever the umask.
    pub mode: u32,
    /// When it was modified last, in seconds since 1970 UTC.
    pub modified_s: u64,
    /// The length of its content; 0 for a folder.
    pub bytes: u64,
    /// Where its content is in the archive; `None` for a folder that only follows from a path.
    pub content: Option<Content>,
}

/// Where a member's content is, and how it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The offset of its first byte in the archive.
    pub start: u64,
    /// Its length in the archive.
    pub compressed_bytes: u64,
    /// Whether it is deflated; it is stored as it is otherwise.
    pub deflated: bool,
    /// The CRC-32 of the content.
    pub crc32: u32,
}

impl Listing {
    /// Makes a listing of members that are ordered by path.
    pub fn new(members: Vec<Member>) -> Self {
        Listing { members }
    }

    /// The same with other permission bits for some, and without times that are still to come where it is `now_s`: those
    /// of an archive may be wrong.
    #[must_use]
    pub fn fitted(&self, modes: &BTreeMap<String, u32>, now_s: u64) -> Self {
        let fitted = |member: &Member| Member {
            mode: modes.get(&member.path).copied().unwrap_or(member.mode),
            modified_s: member.modified_s.min(now_s).max(EARLIEST_S),
            ..member.clone()
        };
        Listing { members: self.members.iter().map(fitted).collect() }
    }

    /// All members, by path: a folder comes before what lies in it.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member at a path, exactly as in [`Member::path`].
    pub fn find(&self, path: &str) -> Option<&Member> {
        let at = self.members.binary_search_by(|member| member.path.as_str().cmp(path)).ok()?;
        self.members.get(at)
    }

    /// What is wrong with writing a file at `path` beside (or in the place of a file of) this listing's members.
    pub fn problems_of_extra_file(&self, path: &str, problems: &mut Problems) {
        match name::path_of(path.as_bytes()) {
            Ok(Some(name)) if name.path == path => {}
            Ok(_) => return problems.add(Problem::of_entry(path.as_bytes(), "it is not a plain path of a file")),
            Err(what) => return problems.add(Problem::of_entry(path.as_bytes(), what)),
        }
        if self.find(path).is_some_and(|member| member.folder) {
            problems
                .add(Problem::of_entry(path.as_bytes(), "a file is to be written here, but the release has a folder"));
        }
        if let Some((folder, _)) = path.rsplit_once('/')
            && !self.find(folder).is_some_and(|member| member.folder)
        {
            problems.add(Problem::of_entry(
                path.as_bytes(),
                "a file is to be written here, but the release lacks its folder",
            ));
        }
    }
}
