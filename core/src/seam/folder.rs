//! A deploy's folder, and the stamp that tells what it holds.

use crate::prelude::*;

/// A deploy's folder as it is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Folder {
    /// The unique id that the unpacking wrote last; a folder of the older tool has none.
    pub id: Option<String>,
    /// The release it was unpacked from, where that is known.
    pub release: Option<String>,
    /// The `http` port it was rendered for, where that is known.
    pub port: Option<u16>,
    /// The SHA-256 of the archive that it was unpacked from, where that was pinned.
    pub sha256: Option<String>,
    /// Whether it holds a compose file.
    pub compose: bool,
    /// Whether it holds a `release.json.tpl`, so that its `release.json` may hold secrets.
    pub filled: bool,
    /// The text of its `release.json`.
    pub release_json: Option<String>,
}

/// What begins the stamp's line of the archive's hash.
const SHA256: &str = "sha256:";

impl Folder {
    /// The text of the stamp, which is written last into a folder: a line each of its id, its release, perhaps its
    /// port, perhaps its archive's hash. `None` for one without an id.
    #[must_use]
    pub fn stamp(&self) -> Option<String> {
        let release = self.release.as_deref().unwrap_or_default();
        let port = self.port.map(|port| format!("{port}\n")).unwrap_or_default();
        let sha256 = self.sha256.as_ref().map(|sha256| format!("{SHA256}{sha256}\n")).unwrap_or_default();
        self.id.as_ref().map(|id| format!("{id}\n{release}\n{port}{sha256}"))
    }

    /// A folder with this stamp, perhaps none, and nothing else known of it.
    #[must_use]
    pub fn of_stamp(stamp: Option<&str>) -> Self {
        let line = |index| stamp.and_then(|text| text.lines().nth(index)).map(ToString::to_string);
        let sha256 = stamp.and_then(|text| text.lines().find_map(|line| line.strip_prefix(SHA256)));
        Folder {
            id: line(0),
            release: line(1),
            port: line(2).and_then(|port| port.parse().ok()),
            sha256: sha256.map(ToString::to_string),
            ..Folder::default()
        }
    }
}
