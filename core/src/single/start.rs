//! `start` without a proxy: one release is live at a time.

use crate::prelude::*;

use super::{
    live::{Live, live},
    roll_back::{self, roll_back},
};
use crate::{
    config::{FolderName, FromText, Pin, Positive, ReleaseName, ToolConfig, default_deploy_name},
    deploy::{
        CURRENT_INTENT, Change, Deploys, Running, context, end_foreground, fresh_id, is_whole, prepare, release_json,
    },
    seam::{
        Command, Effect, Facts, Failure, Folder, Intent, Outcome, Plan, Purpose, Refusal, Report, Role, Stage, Step,
        last_is, retry_hint, tried,
    },
};

/// `start <release>` without a proxy.
#[derive(Clone, Debug)]
pub struct Start {
    /// The configuration.
    pub config: ToolConfig,
    /// The release to make live.
    pub release: ReleaseName,
    /// `<asdeploy>`, which has no meaning without a proxy.
    pub as_deploy: Option<String>,
    /// Whether a stop command that fails is only reported.
    pub force: bool,
    /// The bytes that its archive must have.
    pub pin: Option<Pin>,
}

const STOP: &str = "stop what is live";

/// How a release's commands are run.
pub(super) fn running(config: &ToolConfig) -> Running {
    let limit_s = config.command_timeout_s.map(Positive::get);
    Running { limit_s, start_limit_s: limit_s, may_stay: true }
}

impl Command for Start {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let deploys = Deploys(self.config.deploys_dir.as_str());
        if let Some(change @ Outcome::Planned { failed: None, .. }) = change_of(past) {
            // It has happened: nothing that is asked from here on can make a failure of it.
            return self.started(facts, deploys, change, past);
        }
        let (before, intents) = (live(facts, deploys), facts.intents(&deploys.intents()));
        let (before, intents) = (before?, intents?);
        if let (Some(text), true) = (intents.get(CURRENT_INTENT), roll_back::may(past)) {
            return roll_back::from_note(facts, deploys, text, running(&self.config)).map(Step::Do);
        }
        match change_of(past) {
            None => self.plan(facts, deploys, before.as_ref()).map(Step::Do),
            Some(outcome) => Ok(Step::Done(self.failure(outcome, before.as_ref(), past))),
        }
    }

    fn lock(&self) -> Option<String> {
        Some(Deploys(self.config.deploys_dir.as_str()).lock())
    }

    fn may_nest(&self) -> bool {
        false
    }
}

impl Start {
    /// The one plan that makes the release live.
    fn plan(&self, facts: &Facts, deploys: Deploys<'_>, before: Option<&Live>) -> Result<Plan, Refusal> {
        let name = FolderName::from_text(default_deploy_name(&self.release)).map_err(|why| {
            Refusal::no(format!("start the release {}", self.release), format!("its deploy's name: {why}"))
                .with_hint("give the archive another name")
        })?;
        let home_path = deploys.live_dir(name.as_str());
        let sources = context::fetch(facts, &self.config);
        let values = context::fetched(&self.config, &sources);
        let prepared = prepare(facts, &self.config, self.release.as_str(), self.pin.as_ref(), values);
        let (id, home, stop) = (fresh_id(facts), facts.folder(&home_path), self.stop_of(facts, before));
        let home = home.map_err(|refusal| refusal.with_hint("move what is there away"));
        let (sources, prepared, id, home) = (sources?, prepared?, id?, home?);

        if let Some(plan) = self.identify(&home_path, home.as_ref(), &id) {
            return Ok(plan);
        }
        let (stop, mut notes) = stop?;
        notes.extend(prepared.notes.iter().cloned());
        if home.as_ref().is_some_and(|folder| !is_whole(folder)) {
            notes.push(format!("{home_path} holds no whole release: it is replaced, and removed at the end"));
        }
        if let Some(deploy) = &self.as_deploy {
            notes.push(format!("the deploy's name {deploy} is ignored: it has no meaning without a proxy"));
        }
        let again = is_in(facts, before, &home_path)?;
        let change = Change {
            config: &self.config,
            name: name.as_str(),
            release: self.release.as_str(),
            pin: None,
            port: None,
            id,
            home: home.as_ref(),
            prepared: &prepared,
            running: running(&self.config),
        };
        let intent = intent(&change, before, again);
        let stop = stop.map(|stage| roll_back::noting(stage, deploys, &intent)).unwrap_or_default();
        let cache = context::cache(&self.config, &sources);
        let mut stages: Vec<Stage> =
            (!cache.is_empty()).then(|| Stage::new("cache the config sources", cache)).into_iter().collect();
        stages.push(change.unpack(deploys.staging()));
        if again {
            // The folder is exchanged while nothing of the release runs.
            stages.extend(change.prestart(&change.staged()));
            stages.extend(stop);
            stages.push(change.put_in_place());
        } else {
            stages.push(change.put_in_place());
            stages.extend(change.prestart(&home_path));
            stages.extend(stop);
        }
        stages.push(switch(&change, deploys, before));
        stages.extend(start(&change));
        let intent = Some((deploys.current_intent(), intent));
        Ok(Plan { intent, notes, ..Plan::new(Purpose::StartRelease(self.release.to_string()), stages) })
    }

    /// A folder of the older tool gets an id before it is exchanged: going back must be able to name it.
    fn identify(&self, path: &str, home: Option<&Folder>, id: &str) -> Option<Plan> {
        let folder = home.filter(|folder| folder.id.is_none())?;
        release_json(folder, path).ok()?;
        let identify = Effect::Identify { folder: path.into(), id: id.into() };
        Some(Plan::new(Purpose::TakeOver(path.into()), vec![Stage::new("give it an id", vec![identify])]))
    }

    /// The stage that stops what is live.
    fn stop_of(&self, facts: &Facts, before: Option<&Live>) -> Result<(Option<Stage>, Vec<String>), Refusal> {
        let Some(before) = before else { return Ok((None, vec![])) };
        let stays = facts.foreground_runs(&before.path)?;
        let without = |note| Ok((stays.then(|| foreground_alone(before)), vec![note]));
        let Some(folder) = &before.folder else {
            let rest = if stays { "only its start command is ended" } else { "there is nothing to stop" };
            return without(format!("current points to {}, which holds no release: {rest}", before.path));
        };
        match stop_stage(before, folder, running(&self.config), self.force, stays) {
            Ok(stage) => Ok((stage, vec![])),
            Err(refusal) if self.force => without(format!("{refusal}: the live release is not stopped (--force)")),
            Err(refusal) => Err(refusal.with_hint("repair that file, or go on without stopping it with --force")),
        }
    }

    /// The release is live; its start command may still be running.
    fn started(
        &self,
        facts: &Facts,
        deploys: Deploys<'_>,
        change: &Outcome,
        past: &[Outcome],
    ) -> Result<Step, Refusal> {
        if let Some(step) = roll_back::forget_again(change, past) {
            return Ok(step);
        }
        let done = || Ok(Step::Done(roll_back::well_done(format!("{} is live", self.release), past)));
        let Outcome::Planned { plan: Plan { intent: Some((_, intent)), .. }, .. } = change else { return done() };
        let attend = Purpose::Attend(self.release.to_string());
        let attended = past.iter().rev().find(|outcome| outcome.plan_for(&attend).is_some());
        match attended {
            None if facts.start_command_runs()? => {
                let folder = intent.live_dir.clone().unwrap_or_default();
                let as_of = changed_at(facts, deploys)?;
                let stage = Stage::new("stay with the start command", vec![Effect::Attend { as_of, folder }]);
                return Ok(Step::Do(Plan { without_lock: true, ..Plan::new(attend, vec![stage]) }));
            }
            Some(outcome) if last_is(past, &Purpose::GoBack) => {
                return Ok(Step::Done(self.failure(outcome, live(facts, deploys)?.as_ref(), past)));
            }
            Some(outcome)
                if left_alone(outcome).zip(changed_at(facts, deploys)?).is_some_and(|(was, is)| was != is) =>
            {
                // Another run has begun a change since: whatever ended the command, that change stands.
                return Ok(Step::Done(Report::note(self.replaced())));
            }
            Some(outcome @ Outcome::Planned { failed: Some(_), .. }) => {
                let now = live(facts, deploys)?;
                if left_alone(outcome).and(changed_at(facts, deploys)?).is_none() {
                    // Whether it is still what is live cannot be found out: nothing is taken back.
                    return Ok(Step::Done(self.failure(outcome, now.as_ref(), past)));
                }
                // A person, or the older tool, which notes no intent.
                if now.as_ref().map(|now| &now.path) != intent.live_dir.as_ref() {
                    return Ok(Step::Done(Report::note(self.replaced())));
                }
                // It failed late, and is still what is live.
                let intent = Intent { stopping: true, ..intent.clone() };
                let mut plan = roll_back(facts, deploys, &intent, running(&self.config))?;
                let intend = Effect::Intend { path: deploys.current_intent(), intent };
                plan.stages.insert(0, Stage::new("note the intent", vec![intend]));
                return Ok(Step::Do(plan));
            }
            _ => (),
        }
        // The former content of the folder was needed until here: a start command may fail late.
        if intent.live_id.is_some() && tried(past, &Purpose::Tidy).is_none() {
            return Ok(Step::Do(Plan {
                tidy: vec![Effect::Remove(deploys.staging())],
                ..Plan::new(Purpose::Tidy, vec![])
            }));
        }
        done()
    }

    fn replaced(&self) -> String {
        format!("{} was stopped or replaced by another run", self.release)
    }

    fn failure(&self, outcome: &Outcome, now: Option<&Live>, past: &[Outcome]) -> Report {
        let again = retry_hint(&format!("c2 start {}", self.release));
        let hint = outcome.failure().and_then(Failure::hint).unwrap_or(&again);
        let report = Report::failed(outcome.failure_text().unwrap_or_default(), Some(hint)).after(past);
        Report { now: Some(standing(now)), ..report }
    }
}

/// What is live, in words.
pub(crate) fn standing(now: Option<&Live>) -> String {
    match now {
        Some(Live { path, folder: Some(_), .. }) => format!("live is {path}"),
        Some(Live { path, .. }) => format!("nothing is live; current points to {path}, which holds no release"),
        None => "nothing is live".into(),
    }
}

/// The stage that stops a live release; its undo starts it again. `None`: it has no stop command.
pub(crate) fn stop_stage(
    live: &Live,
    folder: &Folder,
    running: Running,
    tolerant: bool,
    stays: bool,
) -> Result<Option<Stage>, Refusal> {
    let config = release_json(folder, &live.path)?;
    let run = |role, tolerant| running.run(role, &config, &live.path, tolerant);
    let (stop, start) = (run(Role::Stop, tolerant), run(Role::Start, false));
    let end = stays.then(|| end_foreground(&live.path, stop.as_ref()));
    // Started again beside what is left of it, it would be there twice.
    let back = end.iter().cloned().chain(start).collect();
    let effects: Vec<Effect> = stop.into_iter().chain(end).collect();
    Ok((!effects.is_empty()).then(|| Stage::new(STOP, effects).undone_by(back)))
}

/// The stage that ends the start command of a release that cannot be stopped otherwise.
pub(crate) fn foreground_alone(live: &Live) -> Stage {
    Stage::new(STOP, vec![end_foreground(&live.path, None)])
}

/// What there was, for the way back.
fn intent(change: &Change<'_>, before: Option<&Live>, again: bool) -> Intent {
    let whole = before.filter(|live| live.folder.is_some());
    Intent {
        old_target: before.map(|live| live.target.clone()),
        old_folder: whole.map(|live| if again { change.live_dir() } else { live.path.clone() }),
        ..change.intent()
    }
}

/// The stage that makes the change's folder live.
fn switch(change: &Change<'_>, deploys: Deploys<'_>, before: Option<&Live>) -> Stage {
    let at = deploys.current();
    let back = match before {
        Some(live) => Effect::Link { at: at.clone(), to: live.target.clone() },
        None => Effect::Unlink(at.clone()),
    };
    Stage::new("switch", vec![Effect::Link { at, to: deploys.target(change.name) }]).undone_by(vec![back])
}

/// The stage that starts it, where it has a start command.
fn start(change: &Change<'_>) -> Option<Stage> {
    let home = change.live_dir();
    let start = change.run(Role::Start, &home, false)?;
    let stop = change.run(Role::Stop, &home, true);
    let end = end_foreground(&home, stop.as_ref());
    Some(Stage::new("start", vec![start]).undone_by(stop.into_iter().chain([end]).collect()))
}

/// Whether what is live is in this folder, by whatever path `current` names it.
fn is_in(facts: &Facts, live: Option<&Live>, home: &str) -> Result<bool, Refusal> {
    let Some(live) = live.filter(|live| live.folder.is_some()) else { return Ok(false) };
    if live.path == home {
        return Ok(true);
    }
    let (live, home) = (facts.physical(&live.path), facts.physical(home));
    let (live, home) = (live?, home?);
    Ok(live.is_some() && live == home)
}

/// What the folder of the intents looks like. An unreadable folder must not fail a start that succeeded.
fn changed_at(facts: &Facts, deploys: Deploys<'_>) -> Result<Option<u64>, Refusal> {
    match facts.changed_at(&deploys.intents()) {
        Err(Refusal::World(_)) => Ok(None),
        answer => answer.map(Some),
    }
}

/// What the folder of the intents looked like when the start command was left alone.
fn left_alone(outcome: &Outcome) -> Option<u64> {
    let Outcome::Planned { plan, .. } = outcome else { return None };
    let mut effects = plan.stages.iter().flat_map(|stage| &stage.effects);
    effects.find_map(|effect| if let Effect::Attend { as_of, .. } = effect { *as_of } else { None })
}

/// The change that this run tried, or what failed before it: the plan with an intent, or the first that failed.
pub(crate) fn change_of(past: &[Outcome]) -> Option<&Outcome> {
    past.iter().find(
        |outcome| matches!(outcome, Outcome::Planned { plan, failed, .. } if plan.intent.is_some() || failed.is_some()),
    )
}
