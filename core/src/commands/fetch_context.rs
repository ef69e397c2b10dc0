//! `fetch-context [--retry]`: every config source into the cache.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::{
    context::{cache, location, look, values},
    deploys::Deploys,
};
use crate::{
    config::ToolConfig,
    seam::{Command, Content, Facts, Outcome, Plan, Query, Refusal, Report, Stage, Step},
};

/// `fetch-context [--retry]`.
#[derive(Clone, Debug)]
pub struct FetchContext {
    /// The configuration.
    pub config: ToolConfig,
    /// Whether it waits for what does not exist yet.
    pub retry: bool,
}

/// The pause between two looks.
const PAUSE_S: u32 = 10;

impl Command for FetchContext {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        if let Some(outcome @ Outcome::Planned { failed, .. }) = past.last() {
            let text = outcome.failure_text().unwrap_or_default();
            return Ok(Step::Done(match failed {
                None => Report::note(format!(
                    "{} config sources are in {}",
                    self.config.config_sources.len(),
                    self.config.context_cache
                )),
                Some((_, failure)) => Report::failed(text, failure.hint()),
            }));
        }
        let found = look(facts, &self.config)?;
        let missing: Vec<&String> =
            found.iter().filter(|(_, content)| content.is_none()).map(|(name, _)| name).collect();
        if !missing.is_empty() {
            return self.missing(&missing, past);
        }
        let sources: BTreeMap<String, Content> =
            found.into_iter().filter_map(|(name, content)| Some((name, content?))).collect();
        values(&sources)?;
        if sources.is_empty() {
            return Ok(Step::Done(Report::note(
                "the configuration names no config sources: there is nothing to fetch",
            )));
        }
        let stage = Stage::new("write", cache(&self.config, &sources));
        Ok(Step::Do(Plan::new("cache the config sources", vec![stage])))
    }

    fn lock(&self) -> Option<String> {
        Some(Deploys(self.config.deploys_dir.as_str()).lock())
    }
}

impl FetchContext {
    fn missing(&self, missing: &[&String], past: &[Outcome]) -> Result<Step, Refusal> {
        let (mut places, mut forget) = (Vec::new(), Vec::new());
        let sources = self.config.config_sources.iter().map(|(name, source)| (name.as_str(), source));
        for (name, source) in sources.filter(|(name, _)| missing.iter().any(|missing| missing == name)) {
            let at = location(name, source)?;
            places.push(format!("{name} ({at})"));
            forget.push(Query::Content(at));
        }
        let places = places.join(", ");
        if !self.retry {
            let refusal = Refusal::no("fetch the config sources", format!("not there: {places}"));
            return Err(refusal.with_hint("create what is missing, or wait for it with --retry"));
        }
        let waited_s: u32 =
            past.iter().map(|outcome| if let Outcome::Waited(seconds) = outcome { *seconds } else { 0 }).sum();
        let since = if waited_s == 0 { String::new() } else { format!(", for {waited_s} s now") };
        Ok(Step::Wait {
            why: format!("waiting for what is not there yet: {places}{since}").to_string(),
            pause_s: PAUSE_S,
            forget,
        })
    }
}
