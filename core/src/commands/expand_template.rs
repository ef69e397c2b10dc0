//! `expand-template <templatePath> <destPath>`: one file, filled from the cached config sources.

use crate::prelude::*;

use serde_json::Value;

use crate::{
    config::ToolConfig,
    deploy::{
        Deploys,
        context::{cache_path, cached, values},
        problems, template_partials, utf8,
    },
    seam::{Command, Effect, Facts, Location, Outcome, Plan, Refusal, Report, Secret, Stage, Step},
    template::{self, Strictness},
};

/// `expand-template <templatePath> <destPath>`.
#[derive(Clone, Debug)]
pub struct ExpandTemplate {
    /// The configuration.
    pub config: ToolConfig,
    /// The template.
    pub template: String,
    /// The file to write.
    pub to: String,
}

impl Command for ExpandTemplate {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        if let Some(outcome @ Outcome::Planned { failed, .. }) = past.last() {
            let text = outcome.failure_text().unwrap_or_default();
            return Ok(Step::Done(match failed {
                None => Report::note(format!("{} is written", self.to)),
                Some((_, failure)) => Report::failed(text, failure.hint()),
            }));
        }
        let (sources, content) = (cached(facts, &self.config), facts.content(&Location::File(self.template.clone())));
        let (values, content) = (values(&self.config, &sources?, cache_path)?, content?);
        let Some(content) = content else {
            return Err(Refusal::no(format!("read the template {}", self.template), "it does not exist"));
        };
        let text = utf8(&format!("the template {}", self.template), content.bytes.reveal())?;
        let partials = template_partials(facts, &self.template, text)?;
        let strictness = if self.config.strict_templates { Strictness::Strict } else { Strictness::Lenient };
        let source = template::Source { path: &self.template, text };
        let text = template::render(source, &partials, &Value::Object(values), strictness)
            .map_err(problems(&format!("fill the template {}", self.template)))?;
        let write = Effect::WriteFile {
            path: self.to.clone(),
            bytes: Secret::new(text.into_bytes()),
            mode: content.mode.unwrap_or(0o644),
            folder_mode: 0o755,
            durable: true,
        };
        Ok(Step::Do(Plan::new(format!("fill the template {}", self.template), vec![Stage::new("write", vec![write])])))
    }

    fn lock(&self) -> Option<String> {
        Some(Deploys(self.config.deploys_dir.as_str()).lock())
    }
}
