//! The values that templates are filled with: the config sources of the tool and of a release.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use serde_json::{Map, Value};

use super::utf8;
use crate::{
    config::{ConfigSource, SourceName, ToolConfig, config_source},
    seam::{Content, Effect, Facts, Location, Refusal, Settled as _},
};

/// Where a config source is kept.
pub(crate) fn location(source: &ConfigSource) -> Location {
    match source {
        ConfigSource::File(path) => Location::File(path.to_string()),
        ConfigSource::S3(path) => Location::Object { bucket: path.bucket().into(), key: path.key().into() },
        ConfigSource::AwsSecretArn(id) => Location::Secret(id.to_string()),
    }
}

/// Where a config source comes from.
pub(crate) fn origin(config: &ToolConfig, name: &str) -> String {
    let found = config.config_sources.iter().find(|(known, _)| known.as_str() == name);
    found.map_or_else(String::new, |(_, source)| location(source).to_string())
}

/// The file that holds the fetched config source.
pub(crate) fn cache_path(config: &ToolConfig, name: &str) -> String {
    format!("{}/{name}.json", config.context_cache)
}

/// A config source as it is now: its content, nothing there, or why that is not known.
pub(crate) type Looked = Result<Option<Content>, Refusal>;

/// Every config source as it is now. All are asked for at once.
pub(crate) fn look(facts: &Facts, config: &ToolConfig) -> Result<BTreeMap<String, Looked>, Refusal> {
    let ask = |(name, source): (&SourceName, _)| (name.to_string(), facts.content(&location(source)));
    let asked: Vec<(String, Looked)> = config.config_sources.iter().map(ask).collect();
    let mut found = BTreeMap::new();
    for (name, looked) in asked {
        found.insert(name, looked.known()?);
    }
    Ok(found)
}

/// Every config source as it is now; one that does not exist is refused.
pub(crate) fn fetch(facts: &Facts, config: &ToolConfig) -> Result<BTreeMap<String, Content>, Refusal> {
    let (mut there, mut missing) = (BTreeMap::new(), Vec::new());
    for (name, content) in look(facts, config)? {
        match content? {
            Some(content) => drop(there.insert(name, content)),
            None => missing.push(name),
        }
    }
    let at = |name: &String| origin(config, name);
    let hint = "create what is missing, or wait for it with c2 fetch-context --retry";
    absent(("fetch", ""), "does not exist", &missing, at, hint).map(|()| there)
}

/// Refuses config sources that are not there, all of them at once.
fn absent(
    (doing, whence): (&str, &str),
    how: &str,
    names: &[String],
    at: impl Fn(&String) -> String,
    hint: &str,
) -> Result<(), Refusal> {
    let what = match names {
        [] => return Ok(()),
        [name] => format!("{doing} the config source {name}{whence}"),
        names => format!("{doing} the config sources {}{whence}", names.join(", ")),
    };
    let lines: Vec<String> = names.iter().map(|name| format!("{} {how}", at(name))).collect();
    Err(Refusal::no(what, lines.join("\n")).with_hint(hint))
}

/// Every config source as the cache holds it.
pub(crate) fn cached(facts: &Facts, config: &ToolConfig) -> Result<BTreeMap<String, Content>, Refusal> {
    let paths = config.config_sources.keys().map(|name| (name.as_str(), cache_path(config, name.as_str())));
    let asked: Vec<_> = paths.map(|(name, path)| (name, facts.content(&Location::File(path)))).collect();
    let (mut there, mut missing) = (BTreeMap::new(), Vec::new());
    for (name, answer) in asked {
        match answer? {
            Some(content) => drop(there.insert(name.to_string(), content)),
            None => missing.push(name.to_string()),
        }
    }
    let at = |name: &String| cache_path(config, name);
    absent(("read", " from the cache"), "is not there", &missing, at, "run c2 fetch-context first").map(|()| there)
}

/// The effects that put fetched config sources into the cache, also those that it holds already: a file that was left open
/// to others is closed.
pub(crate) fn cache(config: &ToolConfig, sources: &BTreeMap<String, Content>) -> Vec<Effect> {
    let write = |(name, content): (&String, &Content)| Effect::WriteFile {
        path: cache_path(config, name),
        bytes: content.bytes.clone(),
        mode: 0o600,
        folder_mode: 0o700,
        durable: true,
    };
    sources.iter().map(write).collect()
}

/// The context of templates: one key per config source, its parsed JSON. `at` tells where each was read.
pub(crate) fn values(
    config: &ToolConfig,
    sources: &BTreeMap<String, Content>,
    at: fn(&ToolConfig, &str) -> String,
) -> Result<Map<String, Value>, Refusal> {
    let mut values = Map::new();
    for (name, content) in sources {
        values.insert(name.clone(), value(&format!("the config source {name} ({})", at(config, name)), content)?);
    }
    Ok(values)
}

/// The context of templates from sources as they were fetched just now.
pub(crate) fn fetched(
    config: &ToolConfig,
    sources: &Result<BTreeMap<String, Content>, Refusal>,
) -> Result<Map<String, Value>, Refusal> {
    values(config, sources.as_ref().map_err(Clone::clone)?, origin)
}

/// The JSON value of a config source. The message never shows its text: it may hold a secret.
pub(crate) fn value(what: &str, content: &Content) -> Result<Value, Refusal> {
    let text = utf8(what, content.bytes.reveal())?;
    config_source(what, text).map_err(|problem| Refusal::no("read a config source", problem.to_string()))
}
