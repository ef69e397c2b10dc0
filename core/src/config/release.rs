//! What a release says of itself: `release.json` at the root of its archive.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use super::decode::{Decoder, Step};
use super::macros::record;
use super::names::SourceName;
use super::node::{Node, Value, quoted};
use super::paths::ReleasePath;
use super::readiness::Readiness;
use super::web::ShellCommand;

/// The configuration of a release (`release.adl`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseConfig {
    /// The files that are rendered, each once, no two of them to one output.
    pub templates: Vec<ReleasePath>,
    /// Runs before the running release is stopped.
    pub prestart_command: ShellCommand,
    /// Starts the release.
    pub start_command: ShellCommand,
    /// Stops it.
    pub stop_command: ShellCommand,
    /// JSON files of the release that its templates can use, by name.
    pub config_sources: BTreeMap<SourceName, ReleasePath>,
    /// When the deploy counts as ready; `None` for what the tool's configuration says.
    pub readiness: Option<Readiness>,
}

record!(ReleaseConfig {
    templates: "templates",
    prestart_command: "prestartCommand",
    start_command: "startCommand",
    stop_command: "stopCommand",
    config_sources: "configSources" = "{}",
    readiness: "readiness" = r#""nothing""#,
}; check_templates);

/// Drops a template that is there twice, and refuses two of one output.
fn check_templates(config: &mut ReleaseConfig, node: &Node, at: &mut Decoder) {
    let items = match node.get("templates").map(|templates| &templates.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let mut by_output: BTreeMap<ReleasePath, ReleasePath> = BTreeMap::new();
    let mut templates = Vec::new();
    for (index, template) in core::mem::take(&mut config.templates).into_iter().enumerate() {
        match by_output.get(&template.output()) {
            None => {
                by_output.insert(template.output(), template.clone());
                templates.push(template);
            }
            Some(other) if *other == template => {}
            Some(other) => {
                let position = items.get(index).map_or(node.position, |item| item.position);
                let text = format!(
                    "found {}, expected a template with an output of its own: {} is written to {} too",
                    quoted(template.as_str()),
                    quoted(other.as_str()),
                    quoted(template.output().as_str())
                );
                let path = [Step::Key("templates".into()), Step::Index(index)];
                at.within_all(path, |at| at.error(position, text));
            }
        }
    }
    config.templates = templates;
}
