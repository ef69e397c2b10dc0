//! Faults at every effect of a command of proxy mode, and what must hold after them. What two runs have in common is
//! run once: a fault sets out from the host as it was before the plan that it disturbs, and hosts that are the same
//! lead to the same end.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use c2_core::{
    nginx::Generation,
    seam::{Command, Effect, End, Facts, Outcome, Plan, Refusal, Step, drive},
    world::{InjectedFault, Node, World},
};

use super::{
    hooked::Hooked,
    norm::{difference, norm},
    part::Part,
    tally::Tally,
};

/// A fault: the number of the effect, counted from 1, and the kind.
pub type At = (usize, InjectedFault);

/// The faults that may follow another one.
const SECOND: [InjectedFault; 4] =
    [InjectedFault::Clean, InjectedFault::Torn, InjectedFault::Crash, InjectedFault::Half];

/// Notes what does not hold on a host after a run with these faults that ended so.
pub type Check<'a> = &'a dyn Fn(&mut Tally, &World, &End, &[At]);

/// A command on a host, and what must hold when a run has ended.
pub struct Case<'a> {
    pub name: String,
    pub command: &'a dyn Command,
    pub start: World,
    /// What is checked besides: the host and the end of a run with these faults.
    pub check: Check<'a>,
    /// What happens to the host between a disturbed run and the next.
    pub between: &'a dyn Fn(&mut World),
    /// Whether faults are injected at all.
    pub faults: bool,
    /// Whether a second fault follows each first one, in the same run and in the next: the part of them that is run.
    pub pairs: Option<Part>,
    /// Whether the command, where it succeeds, may end otherwise when it finds itself done.
    pub done_already: bool,
}

/// Injects every fault at every effect of a case, and runs the command again after each.
pub fn sweep(tally: &mut Tally, case: &Case<'_>) {
    tally.cases += 1;
    let undisturbed = Recording::of(case, case.start.clone(), &[]);
    tally.runs += 1;
    let mut world = undisturbed.world.clone();
    drain(tally, case, &mut world, &[]);
    (case.check)(tally, &world, &undisturbed.end, &[]);
    let (end, pairs) = (undisturbed.end.clone(), RefCell::new(case.pairs.clone()));
    let sweep = Sweep { case, goal: lines(&world), end, known: RefCell::default(), pairs };
    let again = run(&mut world, case.command, &[]);
    drain(tally, case, &mut world, &[]);
    if lines(&world) != sweep.goal {
        tally.violation("1: the same command again changes something", || {
            format!("{} {again:?} {}", case.name, difference(&sweep.goal, &lines(&world)))
        });
    }
    let last = if case.faults { undisturbed.world.performed } else { 0 };
    for number in 1..=last {
        for fault in InjectedFault::ALL {
            sweep.one_fault(tally, &undisturbed, (number, fault));
        }
    }
}

/// How a case ends undisturbed, and the hosts that are known to lead there or not.
struct Sweep<'a> {
    case: &'a Case<'a>,
    goal: Vec<String>,
    end: End,
    known: RefCell<HashMap<u64, Seen>>,
    pairs: RefCell<Option<Part>>,
}

/// What the command comes to on a host: each property that it violates, with the details.
#[derive(Clone, Default)]
struct Seen {
    violations: Vec<(String, String)>,
    /// Whether a second fault was injected into that run.
    disturbed: bool,
}

impl Sweep<'_> {
    fn one_fault(&self, tally: &mut Tally, undisturbed: &Recording, fault: At) {
        let case = self.case;
        if fault.1 == InjectedFault::Lie && !undisturbed.is_reload(fault.0) {
            return;
        }
        let (mut world, end) = undisturbed.replay(case, &[fault]);
        tally.point();
        drain(tally, case, &mut world, &[fault]);
        (case.check)(tally, &world, &end, &[fault]);
        if case.pairs.is_some() && matches!(fault.1, InjectedFault::Clean | InjectedFault::Torn) {
            let first = Recording::of(case, case.start.clone(), &[fault]);
            for second in (fault.0 + 1)..=first.world.performed {
                for kind in SECOND {
                    if !self.takes(tally) {
                        continue;
                    }
                    let faults = [fault, (second, kind)];
                    let (mut world, _) = first.replay(case, &faults);
                    drain(tally, case, &mut world, &faults);
                    self.again(tally, world, &faults);
                }
            }
        }
        self.again(tally, world, &[fault]);
    }

    /// Property 1: the same command again ends where an undisturbed run ends.
    fn again(&self, tally: &mut Tally, mut world: World, faults: &[At]) {
        let case = self.case;
        (case.between)(&mut world);
        world.trusts_claims = true;
        let key = hash(&world);
        let disturb = case.pairs.is_some() && faults.len() == 1;
        let known = self.known.borrow().get(&key).cloned();
        let mut seen = known.clone().unwrap_or_default();
        if known.is_none() || disturb && !seen.disturbed {
            tally.runs += 1;
            let second = Recording::of(case, world, &[]);
            if known.is_none() {
                seen.violations = self.judge(second.world.clone(), &second.end);
            }
            // Before the runs below look it up.
            seen.disturbed |= disturb;
            self.known.borrow_mut().insert(key, seen.clone());
            if disturb {
                self.disturb_second(tally, &second, faults);
            }
        }
        for (property, detail) in seen.violations {
            let kinds: Vec<InjectedFault> = faults.iter().map(|(_, fault)| *fault).collect();
            tally.violation(&format!("{property} after {kinds:?}"), || format!("{} {faults:?} {detail}", case.name));
        }
    }

    /// A second fault, in the run that follows the first.
    fn disturb_second(&self, tally: &mut Tally, second: &Recording, faults: &[At]) {
        for number in 1..=second.world.performed {
            for kind in SECOND {
                if !self.takes(tally) {
                    continue;
                }
                let (mut world, _) = second.replay(self.case, &[(number, kind)]);
                let faults = [faults, &[(number, kind)]].concat();
                drain(tally, self.case, &mut world, &faults);
                self.again(tally, world, &faults);
            }
        }
    }

    /// Whether the next pair of faults is in the part that is run.
    fn takes(&self, tally: &mut Tally) -> bool {
        self.pairs.borrow_mut().as_mut().is_some_and(|pairs| tally.takes(pairs))
    }

    fn judge(&self, mut world: World, end: &End) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        for violation in std::mem::take(&mut world.violations) {
            found.push((violation.chars().take(70).collect(), violation));
        }
        let mut lines = lines(&world);
        if matches!(end, End::Refused(_)) {
            // Nothing is touched then; the next change tidies up.
            lines.retain(|line| !line.starts_with("left "));
        }
        if failed(&self.end) {
            let matters =
                |line: &String| ["runs ", "accepts ", "proxy ", "left "].iter().any(|kind| line.starts_with(kind));
            lines.retain(|line| matters(line) || self.goal.contains(line));
        }
        if lines != self.goal {
            found.push(("1: does not converge".into(), format!("{end:?} {}", difference(&self.goal, &lines))));
        }
        let same = std::mem::discriminant(end) == std::mem::discriminant(&self.end) && failed(end) == failed(&self.end);
        if !same && (failed(&self.end) || !self.case.done_already) {
            found.push(("1: ends differently the second time".into(), format!("{end:?} not {:?}", self.end)));
        }
        found
    }
}

pub fn failed(end: &End) -> bool {
    !matches!(end, End::Reported(report) if report.failed.is_none())
}

pub fn run(world: &mut World, command: &dyn Command, faults: &[At]) -> End {
    world.begin(faults);
    drive(command, world, &mut Facts::default())
}

/// A run with what it set out from before each of its plans.
struct Recording {
    world: World,
    end: End,
    plans: Vec<Before>,
}

struct Before {
    world: World,
    past: Vec<Outcome>,
    plan: Plan,
}

impl Recording {
    fn of(case: &Case<'_>, mut start: World, faults: &[At]) -> Self {
        start.begin(faults);
        let recorder = Recorder { command: case.command, plans: RefCell::default() };
        let mut before = Vec::new();
        let (world, end) = {
            let mut host = Hooked::planning(start, |world| before.push(world.clone()));
            let end = drive(&recorder, &mut host, &mut Facts::default());
            (host.world, end)
        };
        let plans = recorder.plans.take().into_iter().zip(before);
        let plans = plans.map(|((past, plan), world)| Before { world, past, plan }).collect();
        Recording { world, end, plans }
    }

    /// The same run with further faults: from the plan on in which the last of them is.
    fn replay(&self, case: &Case<'_>, faults: &[At]) -> (World, End) {
        let number = faults.last().map_or(1, |(number, _)| *number);
        let before = self.plans.iter().rev().find(|before| before.world.performed < number).expect("a plan has it");
        let mut world = before.world.clone();
        world.faults = faults.to_vec();
        let past = RefCell::new(before.past.clone());
        let known = before.past.len();
        let resumed = Resumed { command: case.command, past, known, plan: Cell::new(Some(before.plan.clone())) };
        let end = drive(&resumed, &mut world, &mut Facts::default());
        (world, end)
    }

    fn is_reload(&self, number: usize) -> bool {
        let before = self.plans.iter().rev().find(|before| before.world.performed < number).expect("a plan has it");
        let plan = &before.plan;
        let intend = usize::from(plan.intent.is_some());
        let effects: Vec<&Effect> = plan.stages.iter().flat_map(|stage| &stage.effects).collect();
        let index = (number - before.world.performed - 1).checked_sub(intend);
        index.and_then(|index| effects.get(index)).is_some_and(|effect| matches!(effect, Effect::ReloadProxy))
    }
}

/// Notes the plans of a command and what was past when each was given out.
struct Recorder<'a> {
    command: &'a dyn Command,
    plans: RefCell<Vec<(Vec<Outcome>, Plan)>>,
}

impl Command for Recorder<'_> {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let step = self.command.next(facts, past);
        let mut plans = self.plans.borrow_mut();
        // What came out beside open questions did not count.
        plans.retain(|(before, _)| before.len() < past.len());
        if let Ok(Step::Do(plan)) = &step {
            plans.push((past.to_vec(), plan.clone()));
        }
        step
    }

    fn lock(&self) -> Option<String> {
        self.command.lock()
    }
}

/// Goes on with a run: first this plan, with what was past before it.
struct Resumed<'a> {
    command: &'a dyn Command,
    past: RefCell<Vec<Outcome>>,
    known: usize,
    plan: Cell<Option<Plan>>,
}

impl Command for Resumed<'_> {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        if let Some(plan) = self.plan.take() {
            return Ok(Step::Do(plan));
        }
        let mut all = self.past.borrow_mut();
        let new = all.len() - self.known;
        all.extend_from_slice(&past[new..]);
        self.command.next(facts, &all)
    }

    fn lock(&self) -> Option<String> {
        self.command.lock()
    }
}

/// Moves what the host noted.
fn drain(tally: &mut Tally, case: &Case<'_>, world: &mut World, faults: &[At]) {
    for violation in std::mem::take(&mut world.violations) {
        let property: String = violation.chars().take(70).collect();
        tally.violation(&property, || format!("{} {faults:?}: {violation}", case.name));
    }
}

/// What of a host matters to a comparison, the proxy and the ports included.
pub fn lines(world: &World) -> Vec<String> {
    let mut lines = norm(world);
    lines.retain(|line| !line.contains("nginx.candidate.conf") && !line.contains("nginx.ctx.json"));
    let left = world.tree.0.keys().filter(|path| path.contains("/.c2/new/"));
    lines.extend(left.map(|path| format!("left {path}")));
    for (folder, port) in &world.accepting {
        lines.push(format!("accepts {folder} {port}"));
    }
    for (at, object) in &world.objects {
        lines.push(format!("object {at} {}", String::from_utf8_lossy(&object.bytes)));
    }
    match &world.proxy {
        None => lines.push("proxy none".to_string()),
        Some(proxy) => {
            // One that does not run serves nothing, whatever it served.
            let served = Generation::of_file(&proxy.loaded).filter(|_| proxy.running);
            let served = served.map(|served| served.to_text()).unwrap_or_default();
            lines.push(format!("proxy {} {:?} {served}", proxy.running, proxy.project));
        }
    }
    lines
}

/// What tells a host from any other that a command could come to another end on.
pub fn hash(world: &World) -> u64 {
    let mut hash = DefaultHasher::new();
    for (path, node) in &world.tree.0 {
        path.hash(&mut hash);
        match node {
            Node::File { mode, bytes } => (mode, bytes).hash(&mut hash),
            Node::Folder { mode } => mode.hash(&mut hash),
            Node::Link { target, .. } => target.hash(&mut hash),
        }
    }
    (&world.running, &world.foreground, &world.accepting, &world.foreign, &world.proven).hash(&mut hash);
    (&world.undrained, &world.inherited, &world.ended).hash(&mut hash);
    let now_s = world.clock;
    for (folder, started_ms) in &world.started {
        // Above that nothing is younger than it must be to be ready.
        (folder, now_s.saturating_sub(started_ms / 1_000).min(6)).hash(&mut hash);
    }
    for (at, object) in &world.objects {
        (at.to_string(), &object.bytes).hash(&mut hash);
    }
    if let Some(proxy) = &world.proxy {
        (proxy.running, &proxy.project, proxy.mounted, &proxy.loaded).hash(&mut hash);
    }
    hash.finish()
}
