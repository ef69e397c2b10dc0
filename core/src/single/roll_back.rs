//! Going back to what an intent says was live: after a run that was cut short, or a start command that failed late.

use crate::prelude::*;

use crate::{
    deploy::{Deploys, Running, WayBack, end_foreground, release_json},
    seam::{Effect, Facts, Intent, Outcome, Plan, Purpose, Refusal, Report, Role, Stage, Step},
};

/// Whether to go back is to be planned: once, and once more if that failed, from what is there by then. A failed
/// step may have taken effect, and a start command that was ended is still to be started again.
pub(crate) fn may(past: &[Outcome]) -> bool {
    let tried = past.iter().rev().take_while(|outcome| outcome.plan_for(&Purpose::GoBack).is_some());
    match past.last() {
        Some(Outcome::Planned { failed: Some(_), .. }) => tried.count() < 2,
        _ => tried.count() == 0,
    }
}

/// The plan that goes back to what the note of an intent says.
pub(crate) fn from_note(facts: &Facts, deploys: Deploys<'_>, text: &str, running: Running) -> Result<Plan, Refusal> {
    let Some(intent) = Intent::from_text(text) else {
        let why = format!("{} cannot be read", deploys.current_intent());
        return Err(Refusal::no("take up a change that was interrupted", why)
            .with_hint("see that the right release runs and that current points to it, then remove that file"));
    };
    roll_back(facts, deploys, &intent, running)
}

/// The plan that goes fully back: the folder, the link, the old release started again.
pub(crate) fn roll_back(
    facts: &Facts,
    deploys: Deploys<'_>,
    intent: &Intent,
    running: Running,
) -> Result<Plan, Refusal> {
    let look = |path: &Option<String>| path.as_ref().map_or(Ok(None), |path| facts.folder(path));
    let (home, staged, old) = (look(&intent.live_dir), facts.folder(&intent.staged), look(&intent.old_folder));
    let (home, staged, old) = (home?, staged?, old?);
    // Whether a start command stays in one of them: what is exchanged or started again must not be there twice.
    let staying = |path: &Option<String>| path.as_ref().map_or(Ok(false), |path| facts.foreground_runs(path));
    let (of_home, of_old) = (staying(&intent.live_dir), staying(&intent.old_folder));
    let (of_home, of_old) = (of_home?, of_old?);
    let same = intent.live_dir.is_some() && intent.live_dir == intent.old_folder;

    let path = intent.live_dir.as_deref();
    let back = WayBack::new(intent, path.unwrap_or_default(), home.as_ref(), staged.as_ref());
    let mut effects = Vec::new();
    if let (Some(path), true) = (path, back.displaced) {
        if let Some(config) = home.as_ref().and_then(|folder| release_json(folder, path).ok()) {
            effects.extend(running.run(Role::Stop, &config, path, true));
        }
        effects.extend(of_home.then(|| end_foreground(path, effects.last())));
        effects.extend(back.exchange);
    }
    effects.push(match &intent.old_target {
        Some(target) => Effect::Link { at: deploys.current(), to: target.clone() },
        None => Effect::Unlink(deploys.current()),
    });
    let is_back = same && back.displaced;
    let old = if is_back { back.former.or(old.as_ref()) } else { old.as_ref() };
    if let (Some(folder), Some(path), true) = (old, &intent.old_folder, intent.stopping)
        && let Ok(config) = release_json(folder, path)
    {
        effects.extend((of_old && !is_back).then(|| end_foreground(path, None)));
        effects.extend(running.run(Role::Start, &config, path, true));
    }
    effects.push(Effect::Forget(deploys.current_intent()));
    effects.push(Effect::Remove(deploys.staging()));
    Ok(Plan::new(Purpose::GoBack, vec![Stage::new("take up the interrupted change", effects)]))
}

/// The stages that stop what is live, noting first that they do.
pub(crate) fn noting(stage: Stage, deploys: Deploys<'_>, intent: &Intent) -> Vec<Stage> {
    let intent = Intent { stopping: true, ..intent.clone() };
    let mut effects = vec![Effect::Intend { path: deploys.current_intent(), intent }];
    // Going back ends a start command that stays before it starts it again: not so because the note failed.
    if matches!(stage.undo.first(), Some(Effect::EndForeground { .. })) {
        return vec![Stage::new("note that it is stopped", effects), stage];
    }
    effects.extend(stage.effects);
    vec![Stage { effects, ..stage }]
}

/// Once more, the removal of an intent that could not be removed though its change is done.
pub(crate) fn forget_again(change: &Outcome, past: &[Outcome]) -> Option<Step> {
    let Outcome::Planned { plan: Plan { intent: Some((path, _)), purpose, .. }, failed: None, trouble } = change else {
        return None;
    };
    if trouble.is_empty() || past.iter().any(forgets) {
        return None;
    }
    let stage = Stage::new("remove the intent once more", vec![Effect::Forget(path.clone())]);
    Some(Step::Do(Plan::new(Purpose::Forget(Box::new(purpose.clone())), vec![stage])))
}

fn forgets(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Planned { plan: Plan { purpose: Purpose::Forget(_), .. }, .. })
}

/// The report of a change that is done, with what a person must know of an intent that could not be removed.
pub(crate) fn well_done(note: String, past: &[Outcome]) -> Report {
    let mut report = Report::note(note);
    let forgotten = past.iter().find(|outcome| forgets(outcome));
    if let Some(Outcome::Planned { plan, failed: Some((_, failure)), .. }) = forgotten {
        let effect = plan.stages.iter().flat_map(|stage| &stage.effects).next();
        if let Some(Effect::Forget(path)) = effect {
            let text = format!(
                "remove {path} by hand ({failure}): as long as it is there, the next start or stop goes back first"
            );
            report.notes.push(text);
        }
    }
    report
}
