//! `reconcile` without a proxy: what is live and has ended is brought back.

use crate::prelude::*;

use super::{
    live::{Live, live},
    roll_back,
    start::running,
};
use crate::{
    config::ToolConfig,
    deploy::{
        CURRENT_INTENT, Dead, Deploys, LOOKS, RESTART_S, Remains, noted, release_json, restart_pause_s, write_note,
    },
    seam::{
        Command, Container, Effect, Facts, Memo, Outcome, Plan, Purpose, Refusal, Report, Role, Stage, Step,
        retry_hint, tried,
    },
};

/// `reconcile [--repeat SECS]` without a proxy, one round of it.
#[derive(Clone, Debug)]
pub struct Reconcile {
    /// The configuration.
    pub config: ToolConfig,
    /// What the round before has kept.
    pub kept: Option<Memo>,
    /// Whether another round follows by itself.
    pub repeats: bool,
}

/// What the rounds have found of what is live.
#[derive(Clone, Copy, Debug, Default)]
struct Ended {
    /// The looks in a row that found something of it ended.
    looks: u32,
    restarts: u32,
    /// When it may be started again, seconds since 1970.
    again_at_s: u64,
}

impl Command for Reconcile {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let deploys = Deploys(self.config.deploys_dir.as_str());
        let (now, live, intents) = (facts.now(), live(facts, deploys), facts.intents(&deploys.intents()));
        let (now, live, intents) = (now?, live?, intents?);
        if let (Some(text), true) = (intents.get(CURRENT_INTENT), roll_back::may(past)) {
            return roll_back::from_note(facts, deploys, text, running(&self.config)).map(Step::Do);
        }
        if let Some(outcome) = past.iter().rev().find(|outcome| outcome.failure().is_some()) {
            let again = (!self.repeats).then(|| retry_hint("c2 reconcile"));
            let report = Report::failed(outcome.failure_text().unwrap_or_default(), again.as_deref());
            return Ok(self.done(report, self.restarted(now)));
        }
        match live {
            None => Ok(self.done(self.note("nothing is live".into()), Ended::default())),
            Some(Live { folder: Some(folder), path, .. }) if folder.compose => {
                self.bring_back(facts, past, &path, now, || release_json(&folder, &path).ok())
            }
            Some(Live { path, .. }) => {
                let text = format!("whether {path} runs cannot be told: no compose file is in it");
                Ok(self.done(self.note(text), Ended::default()))
            }
        }
    }

    fn lock(&self) -> Option<String> {
        Some(Deploys(self.config.deploys_dir.as_str()).lock())
    }

    fn may_nest(&self) -> bool {
        false
    }
}

impl Reconcile {
    fn before(&self) -> Option<&Ended> {
        self.kept.as_ref()?.get()
    }

    /// What is said of what does not change, in the first round.
    fn note(&self, text: String) -> Report {
        if self.before().is_none() { Report::note(text) } else { Report::text("") }
    }

    fn done(&self, report: Report, ended: Ended) -> Step {
        Step::Done(Report { memo: Some(Memo::new(ended)), ..report })
    }

    /// What is known after a restart.
    fn restarted(&self, now: u64) -> Ended {
        let before = self.before().copied().unwrap_or_default();
        let again_at_s = now + restart_pause_s(before.restarts);
        Ended { looks: LOOKS, restarts: before.restarts.saturating_add(1), again_at_s }
    }

    fn bring_back(
        &self,
        facts: &Facts,
        past: &[Outcome],
        path: &str,
        now: u64,
        commands: impl FnOnce() -> Option<crate::deploy::Commands>,
    ) -> Result<Step, Refusal> {
        let (containers, stays, noted) = (facts.containers(path), facts.foreground_runs(path), noted(facts, path));
        let (containers, stays, noted) = (containers?, stays?, noted?);
        let remains = Remains { containers: &containers, noted, port: 0, listens: false, is_connected: true };
        let purpose = Purpose::Only(format!("start what has ended of {path}"));
        if tried(past, &purpose).is_some() {
            let note = Report::note(format!("what had ended of {path} was started again"));
            return Ok(self.done(note, self.restarted(now)));
        }
        let dead = remains.dead().filter(|dead| *dead != Dead::All || !stays);
        let Some(dead) = dead else {
            return Ok(match remains.note().filter(|_| tried(past, &Purpose::NoteJobs).is_none()) {
                Some(text) => {
                    Step::Do(Plan::new(Purpose::NoteJobs, vec![Stage::new("note it", vec![write_note(path, text)])]))
                }
                None => self.done(Report::text(""), Ended::default()),
            });
        };
        let before = self.before().copied();
        let looks = before.map_or(LOOKS, |before| before.looks.saturating_add(1));
        // A clock that was set back makes nothing wait for longer.
        let waits = before.is_some_and(|it| now < it.again_at_s && it.again_at_s <= now + RESTART_S.1);
        if looks < LOOKS || waits {
            let ended: Vec<String> = containers.iter().filter(|it| !it.lives()).map(Container::to_string).collect();
            let report = match looks < LOOKS {
                true => Report::text(""),
                false => Report::failed(format!("{path} is not well: {}", ended.join("; ")), None),
            };
            return Ok(self.done(report, Ended { looks, ..before.unwrap_or_default() }));
        }
        let start = match dead {
            Dead::Containers(ids) => Some(Effect::StartContainers { folder: path.into(), ids }),
            Dead::All => commands().and_then(|it| running(&self.config).run(Role::Start, &it, path, false)),
        };
        let Some(start) = start else {
            return Ok(self.done(Report::failed(format!("{path} has no start command"), None), Ended::default()));
        };
        Ok(Step::Do(Plan::new(purpose, vec![Stage::new("start", vec![start])])))
    }
}
