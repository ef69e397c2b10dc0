//! Which folder lies in which, by their paths alone: what would clear, serve or rotate away the folders of the deploys.

use crate::prelude::*;

use super::decode::{Decoder, Step};
use super::node::{Node, quoted};
use super::tool::ToolConfig;

/// Warns of a `deploysDir` and a `logFile` that no machine should have.
pub(super) fn check(config: &ToolConfig, node: &Node, at: &mut Decoder) {
    let mut warn = |field: &str, text: String| {
        let position = node.get(field).map_or(node.position, |value| value.position);
        at.within(Step::Key(field.into()), |at| at.warning(position, text));
    };
    let deploys_dir = config.deploys_dir.as_str();
    if let Some(why) = unfit(config) {
        warn("deploysDir", format!("found {}, {why}", quoted(deploys_dir)));
    }
    let log_file = config.log_file.as_str();
    if matches!(log_file.rsplit('/').next(), Some("" | "." | "..")) {
        warn("logFile", format!("found {}, expected the path of a file: this is that of a folder", quoted(log_file)));
    }
}

/// What is wrong with the folder of the deploys.
fn unfit(config: &ToolConfig) -> Option<String> {
    let deploys_dir = config.deploys_dir.as_str();
    if config.deploys_dir.tidied().as_str().rsplit('/').next() == Some("..") {
        return Some("expected a path that names its folder: .. at its end is whatever is above".to_string());
    }
    let home = segments(deploys_dir);
    if home.is_empty() && deploys_dir.starts_with('/') {
        return Some(
            "expected a folder of its own: names of deploys would be those of the system's folders".to_string(),
        );
    }
    let log_file = config.log_file.as_str();
    let folder = log_file.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder);
    // One that holds the cache too is not a folder of logs: all that is c2's own may lie in one place.
    let log_folder = if is_below(config.context_cache.as_str(), folder) { "" } else { folder };
    let certificates = format!("{}/etc/letsencrypt", config.letsencrypt_prefix_dir);
    let others = [
        (config.context_cache.as_str(), "contextCache"),
        (log_folder, "the folder of logFile"),
        (config.letsencrypt_www_dir.as_str(), "letsencryptWwwDir"),
        (&certificates, "the folder of certificates below letsencryptPrefixDir"),
    ];
    let (path, what) = others.into_iter().find(|(path, _)| !path.is_empty() && is_below(deploys_dir, path))?;
    Some(format!("expected a folder outside of {path}, which is {what}"))
}

/// Whether a path is the other one or lies below it.
fn is_below(path: &str, other: &str) -> bool {
    path.starts_with('/') == other.starts_with('/') && segments(path).starts_with(&segments(other))
}

/// The segments of a path with `.` and `..` worked out, as far as a path alone says.
fn segments(path: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." if segments.last().is_some_and(|last| *last != "..") => drop(segments.pop()),
            ".." if path.starts_with('/') => {}
            name => segments.push(name),
        }
    }
    segments
}
