//! The files in a release's archive.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use crate::{
    archive::Listing,
    config::ReleaseConfig,
    seam::{Content, Facts, Location, Modes, Refusal, Rendered},
};

/// The file that says how a release is run.
pub(super) const RELEASE_JSON: &str = "release.json";

/// The members of a release's archive.
pub(super) struct Members<'a> {
    pub(super) facts: &'a Facts,
    pub(super) at: &'a Location,
    pub(super) release: &'a str,
    pub(super) listing: &'a Listing,
}

impl Members<'_> {
    /// A member's content, where the archive has it.
    pub(super) fn find(&self, path: &str) -> Result<Option<Content>, Refusal> {
        match self.listing.find(path) {
            Some(member) if !member.folder => self.facts.member(self.at, path),
            _ => Ok(None),
        }
    }

    /// The text of a member that must be there.
    pub(super) fn text(&self, path: &str) -> Result<String, Refusal> {
        match self.find(path)? {
            Some(content) => Ok(utf8(&format!("{}:{path}", self.release), content.bytes.reveal())?.to_owned()),
            None => {
                let what = format!("read {path} of the release {}", self.release);
                let refusal = Refusal::no(what, "the archive holds no such file");
                let mut members = self.listing.members().iter();
                let deeper = members.find_map(|member| member.path.strip_suffix(path)?.strip_suffix('/'));
                Err(match deeper {
                    Some(folder) => refusal.with_hint(format!("there is one in {folder}: pack what is in that folder")),
                    None => refusal,
                })
            }
        }
    }

    /// The permission bits that `release.json` gives: those of rendered files are put into them.
    pub(super) fn modes(&self, config: &ReleaseConfig, rendered: &mut [Rendered]) -> Result<Modes, Refusal> {
        let (mut modes, mut problems) = (Modes::new(), Vec::new());
        for (path, mode) in &config.modes {
            let (path, bits) = (path.as_str(), mode.bits());
            let file = rendered.iter_mut().find(|file| file.path == path);
            let is_folder = match (&file, self.listing.find(path)) {
                (None, None) => {
                    problems.push(format!("{path} is not in the archive"));
                    continue;
                }
                (Some(_), _) => false,
                (None, Some(member)) => member.folder,
            };
            match file {
                // c2 and whoever runs the release must get at what they need.
                _ if is_folder && bits & 0o700 != 0o700 => problems.push(format!("{path} would get {bits:04o}")),
                _ if bits & 0o400 == 0 => problems.push(format!("{path} would get {bits:04o}")),
                Some(file) => file.mode = bits,
                None => drop(modes.insert(path.to_string(), bits)),
            }
        }
        match problems.is_empty() {
            true => Ok(modes),
            false => Err(Refusal::no(
                format!("give files of {} the modes of release.json", self.release),
                problems.join(", "),
            )
            .with_hint("their owner must be able to read files, and to read, change and enter folders")),
        }
    }

    /// The contents of members that must be there, all asked for at once and all missing ones named at once.
    pub(super) fn all<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Result<BTreeMap<String, Content>, Refusal> {
        let asked: Vec<_> = paths.map(|path| (path, self.find(path))).collect();
        let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
        for (path, answer) in asked {
            match answer? {
                Some(content) => drop(found.insert(path.to_string(), content)),
                None => missing.push(path),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let what = format!("read the files that {}:{RELEASE_JSON} names", self.release);
        Err(Refusal::no(what, format!("not in the archive: {}", missing.join(", "))))
    }
}

/// The text of a file.
pub(super) fn utf8_of<'a>(what: &str, content: &'a Content) -> Result<&'a str, Refusal> {
    utf8(what, content.bytes.reveal())
}

/// The text of these bytes.
pub(crate) fn utf8<'a>(what: &str, bytes: &'a [u8]) -> Result<&'a str, Refusal> {
    core::str::from_utf8(bytes).map_err(|error| {
        let why = format!("{what} is not UTF-8 (byte {})", error.valid_up_to());
        Refusal::no("read a text", why).with_hint("store it as UTF-8")
    })
}
