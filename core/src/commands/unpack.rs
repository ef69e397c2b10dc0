//! `unpack <release> <todir>`: a release into a folder, filled from the cached config sources.

use crate::prelude::*;

use crate::{
    config::{ReleaseName, ToolConfig},
    deploy::{
        Deploys,
        context::{cache_path, cached, values},
        limits, prepare,
    },
    seam::{Command, Effect, Facts, Folder, Outcome, Plan, Refusal, Report, Stage, Step},
};

/// `unpack <release> <todir>`.
#[derive(Clone, Debug)]
pub struct Unpack {
    /// The configuration.
    pub config: ToolConfig,
    /// The release.
    pub release: ReleaseName,
    /// The folder; an existing one keeps its other files.
    pub to: String,
}

impl Command for Unpack {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        if let Some(outcome @ Outcome::Planned { failed, .. }) = past.last() {
            let text = outcome.failure_text().unwrap_or_default();
            return Ok(Step::Done(match failed {
                None => Report::note(format!("{} is unpacked in {}", self.release, self.to)),
                Some((_, failure)) => Report::failed(text, failure.hint()),
            }));
        }
        let to = self.to.trim_end_matches('/');
        let values = cached(facts, &self.config).and_then(|sources| values(&self.config, &sources, cache_path));
        let prepared = prepare(facts, &self.config, self.release.as_str(), None, values);
        let (there, prepared) = (facts.folder(to), prepared);
        let (there, prepared) = (there?, prepared?);
        let holds = Folder {
            compose: prepared.compose,
            filled: prepared.filled,
            release_json: Some(prepared.release_json),
            ..Folder::default()
        };
        let (archive, limits) = (prepared.archive, limits(&self.config));
        let (rendered, modes) = (prepared.rendered, prepared.modes);
        let stages = if there.is_some() {
            vec![Stage::new(
                "replace its files",
                vec![Effect::UnpackOver { archive, limits, to: to.into(), holds, rendered, modes }],
            )]
        } else {
            let (folder, name) = to.rsplit_once('/').map_or(("", to), |(folder, name)| (&to[..=folder.len()], name));
            let beside = format!("{folder}.{name}.c2-new");
            let unpack = Effect::Unpack { archive, limits, to: beside.clone(), holds, rendered, modes };
            let rename = Effect::Rename { from: beside.clone(), to: to.into() };
            vec![
                Stage::new("unpack", vec![Effect::Remove(beside.clone()), unpack])
                    .undone_by(vec![Effect::Remove(beside)]),
                Stage::new("put in place", vec![rename]),
            ]
        };
        Ok(Step::Do(Plan { notes: prepared.notes, ..Plan::new(format!("unpack {}", self.release), stages) }))
    }

    fn lock(&self) -> Option<String> {
        Some(Deploys(self.config.deploys_dir.as_str()).lock())
    }
}
