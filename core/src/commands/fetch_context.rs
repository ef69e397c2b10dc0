//! `fetch-context [--retry]`: every config source into the cache.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use crate::{
    config::ToolConfig,
    deploy::{
        Deploys,
        context::{cache, location, look, origin, values},
    },
    seam::{Command, Facts, Failure, Outcome, Plan, Query, Refusal, Report, Stage, Step, WaitFor},
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
pub(super) const PAUSE_MS: u32 = 10_000;

impl Command for FetchContext {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        if let Some(outcome @ Outcome::Planned { failed, .. }) = past.last() {
            let text = outcome.failure_text().unwrap_or_default();
            return Ok(Step::Done(match failed {
                None => {
                    let count = self.config.config_sources.len();
                    let are = if count == 1 { "source is" } else { "sources are" };
                    Report::note(format!("{count} config {are} in {}", self.config.context_cache))
                }
                Some((_, failure)) => Report::failed(text, failure.hint()),
            }));
        }
        let (mut sources, mut missing) = (BTreeMap::new(), BTreeMap::new());
        for (name, looked) in look(facts, &self.config)? {
            match looked {
                Ok(Some(content)) => drop(sources.insert(name, content)),
                Ok(None) => drop(missing.insert(name, None)),
                Err(Refusal::World(Failure::NotYet { why, .. })) if self.retry => drop(missing.insert(name, Some(why))),
                Err(refusal) => return Err(refusal),
            }
        }
        if !missing.is_empty() {
            return self.missing(&missing, past);
        }
        values(&self.config, &sources, origin)?;
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
    /// What to do about sources that are not there, by name, with the reason where one is known.
    fn missing(&self, missing: &BTreeMap<String, Option<String>>, past: &[Outcome]) -> Result<Step, Refusal> {
        let (mut places, mut forget) = (Vec::new(), Vec::new());
        for (name, source) in &self.config.config_sources {
            let Some(why) = missing.get(name.as_str()) else { continue };
            let at = location(source);
            places.push(match why {
                None => format!("{name} ({at})"),
                Some(why) => format!("{name} ({at}: {why})"),
            });
            forget.push(Query::Content(at));
        }
        let places = places.join(", ");
        if !self.retry {
            let refusal = Refusal::no("fetch the config sources", format!("not there: {places}"));
            return Err(refusal.with_hint("create what is missing, or wait for it with --retry"));
        }
        let waited_ms = |outcome: &Outcome| if let Outcome::Waited { ms, .. } = outcome { u64::from(*ms) } else { 0 };
        let waited_s = past.iter().map(waited_ms).sum::<u64>() / 1_000;
        let since = if waited_s == 0 { String::new() } else { format!(", for {waited_s} s now") };
        Ok(Step::Wait {
            what: WaitFor::Look,
            why: format!("waiting for what is not there yet: {places}{since}").to_string(),
            pause_ms: PAUSE_MS,
            forget,
        })
    }
}
