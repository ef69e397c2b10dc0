//! `hold`: a machine that follows a state only looks and reports, so that a person can find out what is wrong with it.

use crate::prelude::*;

use serde_json::{Value, json};

use crate::{
    config::ToolConfig,
    deploy::Deploys,
    printable::one_line,
    seam::{Command, Effect, Facts, Location, Outcome, Plan, Refusal, Report, Secret, Settled as _, Stage, Step},
    time::utc,
};

/// `hold [--why TEXT]` and `hold --off`.
#[derive(Clone, Debug)]
pub struct Hold {
    /// The configuration.
    pub config: ToolConfig,
    /// Why it is held; `None`: it is no longer.
    pub why: Option<String>,
}

impl Command for Hold {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let path = Deploys(self.config.deploys_dir.as_str()).hold();
        let (held, plan) = (held(facts, Deploys(self.config.deploys_dir.as_str())), self.note(facts, &path));
        let (held, plan) = (held?, plan?);
        let again = "a machine that follows goes on at its next round";
        Ok(match (past.last(), held, plan) {
            (Some(outcome), ..) if outcome.failure().is_some() => {
                Step::Done(Report::failed(outcome.failure_text().unwrap_or_default(), None))
            }
            (Some(_), Some(held), _) => {
                Step::Done(Report::note(format!("{held}: a machine that follows only looks and reports until --off")))
            }
            (Some(_), None, _) => Step::Done(Report::note(format!("it is no longer held: {again}"))),
            (None, None, None) => Step::Done(Report::note("nothing is held")),
            (None, _, Some(plan)) => Step::Do(plan),
            (None, Some(_), None) => {
                Step::Do(Plan::new("end the hold", vec![Stage::new("remove its note", vec![Effect::Remove(path)])]))
            }
        })
    }

    fn lock(&self) -> Option<String> {
        Some(Deploys(self.config.deploys_dir.as_str()).lock())
    }
}

impl Hold {
    /// The plan that notes the hold; `None`: it is to end.
    fn note(&self, facts: &Facts, path: &str) -> Result<Option<Plan>, Refusal> {
        let Some(why) = &self.why else { return Ok(None) };
        let users = ["C2_ACTOR", "SUDO_USER", "USER", "LOGNAME"].map(|name| facts.environment(name));
        let now = facts.now()?;
        let mut by = None;
        for user in users {
            by = by.or(user?.filter(|name| !name.is_empty()));
        }
        let text = format!("{:#}\n", json!({ "why": why, "by": by, "since": utc(now) }));
        let bytes = Secret::new(text.into_bytes());
        let write = Effect::WriteFile { path: path.into(), bytes, mode: 0o644, folder_mode: 0o755, durable: true };
        Ok(Some(Plan::new("hold this machine", vec![Stage::new("note it", vec![write])])))
    }
}

/// That a machine is held, why, by whom and since when; `None` when it is not. A note that cannot be read holds, too.
pub(crate) fn held(facts: &Facts, deploys: Deploys<'_>) -> Result<Option<String>, Refusal> {
    let content = match facts.content(&Location::File(deploys.hold())).known()? {
        Ok(None) => return Ok(None),
        Ok(Some(content)) => content.bytes.reveal().to_vec(),
        Err(refusal) => return Ok(Some(format!("held ({refusal})"))),
    };
    let value: Value = serde_json::from_slice(&content).unwrap_or_default();
    let field = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(one_line);
    let of = |words: &str, name: &str| field(name).map(|text| format!("{words}{text}")).unwrap_or_default();
    Ok(Some(format!("held{}{}{}", of(" by ", "by"), of(" since ", "since"), of(": ", "why"))))
}
