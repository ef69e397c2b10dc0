//! What of a host matters to a comparison: files, links, what runs; ids and times do not, nor what lies in `.c2`.

use c2_core::world::{Node, World};

/// One line a fact, in order.
pub fn norm(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, node) in &world.tree.0 {
        if path.contains("/.c2/") || path.ends_with("/.c2") {
            continue;
        }
        lines.push(match node {
            Node::Folder { mode } => format!("folder {path} {mode:o}"),
            Node::Link { target, .. } => format!("link {path} -> {target}"),
            Node::File { mode, .. } if path.ends_with("/.c2-id") => format!("id {path} {mode:o}"),
            Node::File { mode, bytes } => format!("file {path} {mode:o} {}", String::from_utf8_lossy(bytes)),
        });
    }
    for (folder, version) in &world.running {
        lines.push(format!("runs {folder} {version}"));
    }
    lines
}

/// What one has and the other has not.
pub fn difference(expected: &[String], found: &[String]) -> String {
    let without = |a: &[String], b: &[String]| a.iter().filter(|line| !b.contains(line)).cloned().collect::<Vec<_>>();
    format!("missing {:#?} surplus {:#?}", without(expected, found), without(found, expected))
}
