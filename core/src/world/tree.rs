//! The simulated file system: paths to nodes.

use crate::prelude::*;
use alloc::{collections::BTreeMap, sync::Arc};

use crate::seam::{Stat, leads_to};

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A file.
    File {
        /// Its permission bits.
        mode: u32,
        /// Its content.
        bytes: Arc<[u8]>,
    },
    /// A folder.
    Folder {
        /// Its permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// Its target as written.
        target: String,
        /// When it was made.
        since: u64,
    },
}

/// All that is there, by absolute path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<String, Node>);

impl Tree {
    /// What is at this path; folders above the deepest ones that were made exist without a node.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.0.get(path)
    }

    /// What is at a path, a link followed once.
    #[must_use]
    pub fn stat(&self, path: &str) -> Option<Stat> {
        let followed = match self.0.get(path)? {
            Node::Link { target, .. } => self.0.get(&leads_to(path, target))?,
            node => node,
        };
        match followed {
            Node::File { mode, .. } => Some(Stat { is_folder: false, mode: *mode }),
            Node::Folder { mode } => Some(Stat { is_folder: true, mode: *mode }),
            Node::Link { .. } => None,
        }
    }

    /// Writes a file and the folders above it that are missing.
    pub fn write(&mut self, path: &str, mode: u32, bytes: &[u8]) {
        self.make_folders(path, 0o755);
        self.0.insert(path.to_string(), Node::File { mode, bytes: bytes.into() });
    }

    /// Gives a file or folder that is there these permission bits.
    pub fn set_mode(&mut self, path: &str, bits: u32) {
        if let Some(Node::File { mode, .. } | Node::Folder { mode }) = self.0.get_mut(path) {
            *mode = bits;
        }
    }

    /// Makes the folders above a path that are missing.
    pub fn make_folders(&mut self, path: &str, mode: u32) {
        for (end, _) in path.match_indices('/').skip(1) {
            let folder = path.get(..end).unwrap_or_default();
            self.0.entry(folder.to_string()).or_insert(Node::Folder { mode });
        }
    }

    /// Makes a folder and those above it.
    pub fn make_folder(&mut self, path: &str, mode: u32) {
        self.make_folders(path, 0o755);
        self.0.entry(path.to_string()).or_insert(Node::Folder { mode });
    }

    /// Makes a link.
    pub fn link(&mut self, path: &str, target: &str, since: u64) {
        self.make_folders(path, 0o755);
        self.0.insert(path.to_string(), Node::Link { target: target.to_string(), since });
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        match self.0.get(path) {
            Some(Node::File { bytes, .. }) => core::str::from_utf8(bytes).ok().map(ToString::to_string),
            _ => None,
        }
    }

    /// The texts of the files in a folder, by name.
    #[must_use]
    pub fn texts(&self, folder: &str) -> BTreeMap<String, String> {
        let prefix = format!("{folder}/");
        let below = self.0.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let files = below.filter_map(|(path, _)| Some((path.strip_prefix(&prefix)?.to_string(), self.text(path)?)));
        files.filter(|(name, _)| !name.contains('/')).collect()
    }

    /// Removes a path and all below it; the nodes go by their paths relative to it.
    pub fn take(&mut self, path: &str) -> BTreeMap<String, Node> {
        let prefix = format!("{path}/");
        let below = self.0.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let paths: Vec<String> = below.map(|(path, _)| path.clone()).collect();
        let mut taken = BTreeMap::new();
        for full in core::iter::once(path.to_string()).chain(paths) {
            if let Some(node) = self.0.remove(&full) {
                taken.insert(full.strip_prefix(path).unwrap_or_default().to_string(), node);
            }
        }
        taken
    }

    /// Puts nodes at a path, as [`Tree::take`] gave them.
    pub fn put(&mut self, path: &str, nodes: BTreeMap<String, Node>) {
        if !nodes.is_empty() {
            self.make_folders(path, 0o755);
        }
        self.0.extend(nodes.into_iter().map(|(relative, node)| (format!("{path}{relative}"), node)));
    }
}
