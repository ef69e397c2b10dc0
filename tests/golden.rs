//! Every case of `testdata`: the plans that are performed, in full, and how the run ends. `UPDATE_GOLDEN=1` writes
//! what is found; read the difference before it is committed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{cell::RefCell, fmt::Write, fs};

use c2_core::{
    seam::{Command, DryRun, End, Facts, Outcome, Output, Refusal, Report, Step, drive},
    world::{Compose, World},
};
use support::{
    case::{all_cases, cases, proxied_cases},
    told::Told,
};

#[test]
fn every_case_performs_its_plans_and_ends_as_expected() {
    let mut wrong = Vec::new();
    for case in all_cases() {
        let found = steps(&case.name, &*case.command(), case.world(), false);
        let path = case.folder.join("expected.txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &found).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != found {
            wrong.push(format!("== {}\n{found}", case.name));
        }
    }
    assert!(wrong.is_empty(), "not as in expected.txt:\n{}", wrong.join("\n"));
}

#[test]
fn every_failed_run_says_each_cause_once_and_ends_with_how_things_stand_and_what_to_do() {
    let (mut wrong, mut failed) = (Vec::new(), 0);
    for case in all_cases() {
        let (told, end) = Told::run(case.world(), &*case.command());
        let mut printed = told.printed.join("\n");
        if let End::Reported(report) = &end {
            report_text(&mut printed, report);
            let changes = case.name.starts_with("start/") || case.name.starts_with("stop/");
            let stands = report.now.is_some() && report.hint.is_some();
            if report.failed.is_some() && changes && !stands {
                wrong.push(format!("{}: {report:?}", case.name));
            }
        }
        failed += told.failures.len();
        // A command may fail again when it is gone back.
        let times = |text: &String| told.failures.iter().filter(|other| *other == text).count();
        let off = |text: &&String| printed.matches(text.as_str()).count() != times(text);
        wrong.extend(told.failures.iter().filter(off).map(|text| format!("{}: {text}\n{printed}", case.name)));
    }
    assert!(failed > 10, "nothing failed");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each generation of Compose refuses what the other one takes.
#[test]
fn behind_the_proxy_either_generation_of_compose_will_do() {
    let mut called = 0;
    for case in proxied_cases() {
        let found = [Compose::V1, Compose::V2].map(|compose| {
            let world = World { compose, ..case.world() };
            steps(&case.name, &*case.command(), world, false)
        });
        assert!(!found[0].contains("Compose refuses"), "{}: {}", case.name, found[0]);
        assert_eq!(found[0], found[1], "{}", case.name);
        called += usize::from(found[0].contains("in a throw-away container") && found[0].contains("ends well"));
    }
    assert!(called > 5, "Compose was called in {called} cases");
}

#[test]
fn what_was_stopped_or_replaced_has_ended_when_the_run_ends_well() {
    let mut met = 0;
    for case in cases().into_iter().filter(|case| ["start/", "stop/"].iter().any(|verb| case.name.starts_with(verb))) {
        let before = case.world();
        let (told, end) = Told::run(case.world(), &*case.command());
        if !matches!(&end, End::Reported(report) if report.failed.is_none())
            || case.words("").contains(&"--force".into())
        {
            continue;
        }
        let (before, after) = (before.foreground, told.world);
        met += before.len();
        let live = after.tree.get("/opt/deploys/current").map(|node| format!("{node:?}")).unwrap_or_default();
        let left =
            before.iter().filter(|folder| after.running.contains_key(*folder) && !live.contains(folder.as_str()));
        assert_eq!(left.collect::<Vec<_>>(), Vec::<&String>::new(), "{}", case.name);
    }
    assert!(met > 3, "nothing ran in the foreground");
}

/// Behind the proxy, too, a dry run shows what is done. What fails goes on otherwise than it can suppose, and so does a
/// machine that follows a master state: it waits for what it starts.
#[test]
fn a_dry_run_behind_the_proxy_shows_the_plans_that_are_performed_and_performs_nothing() {
    for case in proxied_cases().into_iter().filter(|case| case.words("")[0] != "slave-update") {
        let steps = |dry| steps(&case.name, &*case.command(), case.world(), dry);
        let real = steps(false);
        if real.contains("ends well\n") {
            assert_eq!(steps(true), real, "{}", case.name);
        }
    }
}

fn steps(name: &str, command: &dyn Command, mut world: World, dry: bool) -> String {
    let recorder = Recorder { command, steps: RefCell::default() };
    world.begin(&[]);
    let end = match dry {
        true => drive(&recorder, &mut DryRun::over(&mut world), &mut Facts::default()),
        false => drive(&recorder, &mut world, &mut Facts::default()),
    };
    assert!(!dry || world.performed == 0, "{name}: the dry run performed something");
    assert!(world.violations.is_empty(), "{name}: {:?}", world.violations);
    let mut text: String = recorder.steps.take().into_iter().map(|(_, text)| text).collect();
    match end {
        End::Reported(report) => report_text(&mut text, &report),
        End::Refused(refusal) => {
            writeln!(text, "refused: {refusal}").unwrap();
            refusal.hint().into_iter().for_each(|hint| writeln!(text, "hint: {hint}").unwrap());
        }
        other => writeln!(text, "{other:?}").unwrap(),
    }
    text
}

fn report_text(text: &mut String, report: &Report) {
    match &report.output {
        Output::Text(output) => output.lines().for_each(|line| writeln!(text, "stdout: {line}").unwrap()),
        Output::Failure(output) => output.lines().for_each(|line| writeln!(text, "stdout, failed: {line}").unwrap()),
        Output::File(path) => writeln!(text, "stdout: the file {path}").unwrap(),
    }
    report.notes.iter().for_each(|note| writeln!(text, "stderr: {note}").unwrap());
    match &report.failed {
        None => text.push_str("ends well\n"),
        Some(what) => writeln!(text, "failed: {what}").unwrap(),
    }
    report.now.iter().for_each(|now| writeln!(text, "now: {now}").unwrap());
    report.hint.iter().for_each(|hint| writeln!(text, "hint: {hint}").unwrap());
}

/// Notes the plans and waits of a command.
struct Recorder<'a> {
    command: &'a dyn Command,
    /// Each with how much was past.
    steps: RefCell<Vec<(usize, String)>>,
}

impl Command for Recorder<'_> {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let step = self.command.next(facts, past);
        let mut steps = self.steps.borrow_mut();
        // What came out beside open questions did not count.
        steps.retain(|(before, _)| *before < past.len());
        match &step {
            Ok(Step::Do(plan)) => steps.push((past.len(), plan.to_string())),
            Ok(Step::Wait { why, pause_ms, .. }) => {
                steps.push((past.len(), format!("wait {} s: {why}\n", f64::from(*pause_ms) / 1e3)));
            }
            _ => (),
        }
        step
    }

    fn lock(&self) -> Option<String> {
        self.command.lock()
    }
}
