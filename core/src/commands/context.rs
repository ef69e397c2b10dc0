//! The values that templates are filled with: the config sources of the tool and of a release.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value};

use super::prepare::utf8;
use crate::{
    config::{ConfigSource, ToolConfig, config_source},
    seam::{Content, Effect, Facts, Location, Refusal},
};

/// Where a config source is kept.
pub(crate) fn location(name: &str, source: &ConfigSource) -> Result<Location, Refusal> {
    match source {
        ConfigSource::File(path) => Ok(Location::File(path.to_string())),
        ConfigSource::S3(path) => Ok(Location::Object { bucket: path.bucket().into(), key: path.key().into() }),
        ConfigSource::AwsSecretArn(arn) => Err(Refusal::no(
            format!("fetch the config source {name}"),
            format!("secrets of AWS Secrets Manager ({arn}) cannot be fetched yet"),
        )
        .with_hint("use a file or an S3 object for now")),
    }
}

/// The file that holds the fetched config source.
pub(crate) fn cache_path(config: &ToolConfig, name: &str) -> String {
    format!("{}/{name}.json", config.context_cache)
}

/// Every config source as it is now; those that do not exist are `None`. All are asked for at once.
pub(crate) fn look(facts: &Facts, config: &ToolConfig) -> Result<BTreeMap<String, Option<Content>>, Refusal> {
    let mut asked = Vec::new();
    for (name, source) in &config.config_sources {
        asked.push((name.as_str(), facts.content(&location(name.as_str(), source)?)));
    }
    asked.into_iter().map(|(name, answer)| Ok((name.to_string(), answer?))).collect()
}

/// Every config source as it is now; one that does not exist is refused.
pub(crate) fn fetch(facts: &Facts, config: &ToolConfig) -> Result<BTreeMap<String, Content>, Refusal> {
    let found = look(facts, config)?;
    for (name, source) in &config.config_sources {
        if let Some(None) = found.get(name.as_str()) {
            let at = location(name.as_str(), source)?;
            return Err(Refusal::no(format!("fetch the config source {name}"), format!("{at} does not exist"))
                .with_hint("create it, or wait for it with c2 fetch-context --retry"));
        }
    }
    Ok(found.into_iter().filter_map(|(name, content)| Some((name, content?))).collect())
}

/// Every config source as the cache holds it.
pub(crate) fn cached(facts: &Facts, config: &ToolConfig) -> Result<BTreeMap<String, Content>, Refusal> {
    let paths = config.config_sources.keys().map(|name| (name.as_str(), cache_path(config, name.as_str())));
    let asked: Vec<_> = paths.map(|(name, path)| (name, facts.content(&Location::File(path.clone())), path)).collect();
    let all = asked.into_iter().map(|(name, answer, path)| match answer? {
        Some(content) => Ok((name.to_string(), content)),
        None => {
            Err(Refusal::no(format!("read the config source {name} from the cache"), format!("{path} is not there"))
                .with_hint("run c2 fetch-context first"))
        }
    });
    all.collect()
}

/// The effects that put fetched config sources into the cache.
pub(crate) fn cache(config: &ToolConfig, sources: &BTreeMap<String, Content>) -> Vec<Effect> {
    let write = |(name, content): (&String, &Content)| Effect::WriteFile {
        path: cache_path(config, name),
        bytes: content.bytes.clone(),
        mode: 0o600,
        keep_mode: true,
        folder_mode: 0o700,
    };
    sources.iter().map(write).collect()
}

/// The context of templates: one key per config source, its parsed JSON.
pub(crate) fn values(sources: &BTreeMap<String, Content>) -> Result<Map<String, Value>, Refusal> {
    let all =
        sources.iter().map(|(name, content)| Ok((name.clone(), value(&format!("the config source {name}"), content)?)));
    all.collect()
}

/// The JSON value of a config source. The message never shows its text: it may hold a secret.
pub(crate) fn value(what: &str, content: &Content) -> Result<Value, Refusal> {
    let text = utf8(what, content.bytes.reveal())?;
    config_source(what, text).map_err(|problem| Refusal::no("read a config source", problem.to_string()))
}
