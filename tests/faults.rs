//! Every case of `testdata` under a fault at every effect, two faults in one run and in two runs: the properties that
//! a person relies on hold at every point.
#![allow(clippy::unwrap_used)]

mod support;

use std::mem::discriminant;

use c2_core::{
    seam::{Command, End, Facts, Intent, Outcome, drive},
    world::{InjectedFault, World},
};
use support::{
    case::{Case, cases},
    norm::{difference, norm},
    part::Part,
    tally::{Tally, share},
};

/// The faults that may follow another one.
const SECOND: [InjectedFault; 4] =
    [InjectedFault::Clean, InjectedFault::Torn, InjectedFault::Crash, InjectedFault::Half];

/// Of pairs of faults, one of so many is run: of them each second fault comes as often as any other.
const PAIRS: usize = 7;

fn run(world: &mut World, command: &dyn Command, faults: &[(usize, InjectedFault)]) -> End {
    world.begin(faults);
    drive(command, world, &mut Facts::default())
}

#[test]
fn every_property_holds_under_every_fault() {
    let tally = share(&cases(), sweep);
    tally.conclude("faults");
    assert!(tally.points > 10_000, "the faults were not injected");
}

/// What a case comes to when nothing goes wrong.
struct Undisturbed<'a> {
    case: &'a Case,
    command: Box<dyn Command>,
    start: World,
    end: End,
    goal: Vec<String>,
    effects: usize,
    /// The number of the effect that starts the release.
    start_effect: usize,
}

impl Undisturbed<'_> {
    /// Whether a fault met a release that was live already: one that fails late, or stays in the foreground, is live
    /// from its start on, and a later run sets out from it.
    fn met_a_live_release(&self, faults: &[(usize, InjectedFault)]) -> bool {
        let start = self.case.value["host"]["releases"]
            .as_object()
            .into_iter()
            .flatten()
            .any(|(_, release)| matches!(release["start"].as_str(), Some("fails-late" | "foreground")));
        start && faults.iter().any(|(number, _)| *number >= self.start_effect)
    }

    fn succeeded(&self) -> bool {
        matches!(&self.end, End::Reported(report) if report.failed.is_none())
    }
}

fn sweep(tally: &mut Tally, number: usize, case: &Case) {
    tally.cases += 1;
    let mut pairs = Part::new(PAIRS, number);
    let (command, mut world) = (case.command(), case.world());
    let end = run(&mut world, &*command, &[]);
    let goal = norm(&world);
    let (effects, asked) = (world.performed, world.asked);
    let base = Undisturbed {
        case,
        command,
        start: case.world(),
        end,
        goal,
        effects,
        start_effect: world.started_at.unwrap_or(effects + 1),
    };
    drain(tally, &base, &mut world, &[]);

    let again = run(&mut world, &*base.command, &[]);
    if norm(&world) != base.goal {
        tally.violation("1: the same command again changes something", || {
            format!("{} {again:?} {}", case.name, difference(&base.goal, &norm(&world)))
        });
    }
    for question in 1..=asked {
        one_question(tally, &base, question);
    }
    // An effect more than the undisturbed run has: the undo's, which only a fault brings about.
    let mut last = base.effects.max(1);
    let mut first = 1;
    while first <= last {
        for fault in InjectedFault::ALL {
            last = last.max(one_fault(tally, &mut pairs, &base, (first, fault)).min(base.effects * 2));
        }
        first += 1;
    }
}

/// A question that the world does not answer, then the same command again.
fn one_question(tally: &mut Tally, base: &Undisturbed<'_>, question: usize) {
    let mut world = base.start.clone();
    world.begin(&[]);
    world.unanswered = Some(question);
    let end = drive(&*base.command, &mut world, &mut Facts::default());
    if world.asked < question {
        return;
    }
    tally.point();
    // One asked after the release was started meets a live release.
    let after = world.started_at.map(|_| (usize::MAX, InjectedFault::Clean));
    check_end(tally, base, &mut world, &end, after.as_slice());
    converges(tally, base, world, after.as_slice());
}

/// One fault, then the same command again; then a second fault in the same run and in the next. The number of effects.
fn one_fault(tally: &mut Tally, pairs: &mut Part, base: &Undisturbed<'_>, fault: (usize, InjectedFault)) -> usize {
    let mut world = base.start.clone();
    let end = run(&mut world, &*base.command, &[fault]);
    if world.performed < fault.0 {
        return world.performed;
    }
    tally.point();
    let performed = world.performed;
    check_end(tally, base, &mut world, &end, &[fault]);
    let in_the_next = converges(tally, base, world.clone(), &[fault]);
    if matches!(fault.1, InjectedFault::Clean | InjectedFault::Torn | InjectedFault::Signal) {
        for faults in followed(fault, fault.0 + 1, performed) {
            if !tally.takes(pairs) {
                continue;
            }
            let mut world = base.start.clone();
            run(&mut world, &*base.command, &faults);
            // A second fault may meet the undo itself: what was live is back after the next run.
            drain(tally, base, &mut world, &faults);
            converges(tally, base, world, &faults);
        }
    }
    let done = old_is_gone(base, &world);
    for faults in followed(fault, 1, in_the_next) {
        if !tally.takes(pairs) {
            continue;
        }
        let mut world = world.clone();
        let end = run(&mut world, &*base.command, &faults[1..]);
        if done {
            drain(tally, base, &mut world, &faults)
        } else {
            check_end(tally, base, &mut world, &end, &faults)
        }
        converges(tally, base, world, &faults);
    }
    performed
}

/// A fault with each second one at these effects.
fn followed(
    fault: (usize, InjectedFault),
    from: usize,
    to: usize,
) -> impl Iterator<Item = [(usize, InjectedFault); 2]> {
    (from..=to).flat_map(move |number| SECOND.map(|kind| [fault, (number, kind)]))
}

/// Property 3, and what the model says must never happen.
fn check_end(
    tally: &mut Tally,
    base: &Undisturbed<'_>,
    world: &mut World,
    end: &End,
    faults: &[(usize, InjectedFault)],
) {
    drain(tally, base, world, faults);
    let failed = match end {
        End::Reported(report) => report.failed.is_some(),
        End::Interrupted(_) | End::Refused(_) => true,
        End::Gone | End::Waits(_) => false,
    };
    if matches!(end, End::Reported(_)) && !failed && base.succeeded() && norm(world) != base.goal {
        let detail = difference(&base.goal, &norm(world));
        tally.violation("a run says that it succeeded and did not", || {
            format!("{} {faults:?} {detail}", base.case.name)
        });
    }
    let is_start = base.case.name.starts_with("start/");
    if failed && is_start && !base.met_a_live_release(faults) && old_is_gone(base, world) {
        let runs = format!("{:?}", world.running);
        tally.violation("3: a failed start took the old release down", || {
            format!("{} {faults:?} {end:?} runs {runs}", base.case.name)
        });
    }
}

/// Whether what was live and running before is no longer.
fn old_is_gone(base: &Undisturbed<'_>, world: &World) -> bool {
    let link = |world: &World| {
        world.tree.get("/opt/deploys/current").map(|node| format!("{node:?}").split("since").next().map(str::to_string))
    };
    let before = &base.start.running;
    let noted = base.start.tree.text("/opt/deploys/.c2/intents/current.json");
    if noted.and_then(|text| Intent::from_text(&text)?.live_dir).is_some_and(|home| before.contains_key(&home)) {
        // What runs is the change that was interrupted, not what was live before it.
        return false;
    }
    !before.is_empty() && (&world.running != before || link(world) != link(&base.start))
}

/// Property 1: the same command again ends where an undisturbed run ends. The number of its effects.
fn converges(tally: &mut Tally, base: &Undisturbed<'_>, mut world: World, faults: &[(usize, InjectedFault)]) -> usize {
    let end = run(&mut world, &*base.command, &[]);
    tally.runs += 1;
    drain(tally, base, &mut world, faults);
    if base.met_a_live_release(faults) {
        return world.performed;
    }
    let mut found = norm(&world);
    if !base.succeeded() {
        // Unused folders of a command that fails anyway, and the cache that it filled before it failed, may stay.
        found.retain(|line| base.goal.contains(line) || line.starts_with("runs ") || line.starts_with("link "));
    }
    let kinds: Vec<InjectedFault> = faults.iter().map(|(_, fault)| *fault).collect();
    if found != base.goal {
        let detail = || format!("{} {faults:?} {end:?} {}", base.case.name, difference(&base.goal, &found));
        tally.violation(&format!("1: does not converge after {kinds:?}"), detail);
    }
    let failed = |end: &End| matches!(end, End::Reported(report) if report.failed.is_some());
    let already_done = base.case.name.starts_with("stop/");
    if !already_done && (discriminant(&end) != discriminant(&base.end) || failed(&end) != failed(&base.end)) {
        tally.violation("1: ends differently the second time", || {
            format!("{} {faults:?} {end:?} not {:?}", base.case.name, base.end)
        });
    }
    world.performed
}

fn drain(tally: &mut Tally, base: &Undisturbed<'_>, world: &mut World, faults: &[(usize, InjectedFault)]) {
    for violation in std::mem::take(&mut world.violations) {
        let property: String = violation.chars().take(60).collect();
        tally.violation(&property, || format!("{} {faults:?}: {violation}", base.case.name));
    }
}

/// Property 4 has no faults of its own: whatever the intent's file holds, nothing is destroyed.
#[test]
fn an_unreadable_intent_destroys_nothing() {
    for case in cases().iter().filter(|case| case.name.starts_with("start/") || case.name.starts_with("stop/")) {
        for text in ["", "{", "null", "[]", "{\"oldTarget\":7}", "<html>", "\u{0}"] {
            let mut world = case.world();
            world.tree.write("/opt/deploys/.c2/intents/current.json", 0o600, text.as_bytes());
            let before = world.tree.clone();
            let end = run(&mut world, &*case.command(), &[]);
            assert!(matches!(end, End::Refused(_)), "{}: {end:?}", case.name);
            assert_eq!(world.tree, before, "{}", case.name);
        }
    }
}

/// What a run prints of its plans is what it does: the dry run's plans are those of the real one.
#[test]
fn a_dry_run_shows_the_plans_that_are_performed_and_performs_nothing() {
    for case in cases() {
        let command = case.command();
        let mut world = case.world();
        world.begin(&[]);
        let before = world.tree.clone();
        let recorder = Recorder { command: &*command, plans: Default::default() };
        let end = drive(&recorder, &mut c2_core::seam::DryRun::over(&mut world), &mut Facts::default());
        assert_eq!(world.tree, before, "{}", case.name);
        let dry = recorder.plans.take();
        if !matches!(&end, End::Reported(report) if report.failed.is_none()) {
            continue;
        }
        let recorder = Recorder { command: &*command, plans: Default::default() };
        let mut world = case.world();
        world.begin(&[]);
        let end = drive(&recorder, &mut world, &mut Facts::default());
        let failed = !matches!(&end, End::Reported(report) if report.failed.is_none());
        let real = recorder.plans.take();
        // What fails, or stays in the foreground, goes on otherwise than a dry run can suppose.
        let stays = real.iter().any(|plan| plan.contains("stay with the start command"));
        if !failed && !stays && real.len() == dry.len() {
            assert_eq!(dry, real, "{}", case.name);
        }
    }
}

struct Recorder<'a> {
    command: &'a dyn Command,
    plans: std::cell::RefCell<Vec<String>>,
}

impl Command for Recorder<'_> {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<c2_core::seam::Step, c2_core::seam::Refusal> {
        let step = self.command.next(facts, past);
        if let Ok(c2_core::seam::Step::Do(plan)) = &step {
            self.plans.borrow_mut().push(plan.to_string());
        }
        step
    }

    fn lock(&self) -> Option<String> {
        self.command.lock()
    }
}
