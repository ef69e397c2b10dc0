//! What a release says of itself: `release.json` at the root of its archive.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::decode::{Decoder, Step};
use super::macros::record;
use super::names::SourceName;
use super::node::{Node, Value, quoted};
use super::paths::ReleasePath;
use super::readiness::Readiness;
use super::text::FromText;
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
    /// Permission bits of files and folders other than those that they get.
    pub modes: BTreeMap<ReleasePath, FileMode>,
    /// When the deploy counts as ready; `None` for what the tool's configuration says.
    pub readiness: Option<Readiness>,
}

record!(ReleaseConfig {
    templates: "templates",
    prestart_command: "prestartCommand",
    start_command: "startCommand",
    stop_command: "stopCommand",
    config_sources: "configSources" = "{}",
    modes: "modes" = "{}",
    readiness: "readiness" = r#""nothing""#,
}; check_templates);

/// Permission bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(u32);

impl FileMode {
    /// The bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl FromText for FileMode {
    const EXPECTED: &'static str =
        "permission bits as octal text (\"0640\": three digits from 0 to 7, perhaps behind a 0)";

    fn check(text: &str) -> Result<Self, String> {
        let digits = if text.len() == 4 { text.strip_prefix('0') } else { Some(text) };
        let digits = digits.filter(|digits| digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit()));
        let bits = digits.and_then(|digits| u32::from_str_radix(digits, 8).ok());
        bits.map(Self).ok_or_else(|| "these are not such digits".into())
    }
}

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
