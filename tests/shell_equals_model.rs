//! Every case of `testdata` through the real shell in a temporary folder: it ends in the model's state, does the same
//! effects in the same order and says the same.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{sync::Mutex, thread};

use c2_core::{
    printable::message,
    seam::{DryRun, End, Facts, Output, Report, drive},
    world::{Node, World},
};
use support::{
    case::{Case, cases},
    machine::{Machine, base_name, eventually},
    norm::{difference, norm},
    told::Told,
    words,
};

/// Cases at one time; most of their time they wait for commands.
const SIDE_BY_SIDE: usize = 4;

#[test]
fn every_case_ends_in_the_state_of_the_model() {
    let all = cases();
    let count = all.iter().filter(|case| !needs_more(case)).count();
    let wrong = side_by_side(all.into_iter().filter(|case| !needs_more(case)).collect(), |case| compare(case, None));
    println!("{count} cases through the real shell");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 40, "the cases were not run");
}

#[test]
fn every_case_that_changes_files_ends_in_the_state_of_the_model_under_any_umask() {
    let mut runs = Vec::new();
    for case in cases().into_iter().filter(|case| !needs_more(case) && UNDER_UMASK.contains(&case.name.as_str())) {
        runs.extend(["000", "027", "077"].map(|umask| (case.clone(), umask)));
    }
    assert_eq!(runs.len(), UNDER_UMASK.len() * 3);
    let wrong = side_by_side(runs, |(case, umask)| compare(case, Some(umask)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_dry_run_prints_the_plans_of_the_model_and_changes_nothing() {
    let changing = |case: &Case| {
        let changes = |command| case.name.starts_with(command);
        ["start/", "stop/", "unpack/", "expand-template/", "fetch-context/"].iter().any(changes) && !needs_more(case)
    };
    let wrong = side_by_side(cases().into_iter().filter(changing).collect(), compare_dry);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare_dry(case: &Case) -> Vec<String> {
    let mut world = case.world();
    world.begin(&[]);
    let mut dry_run_host = DryRun::over(&mut world);
    let end = drive(&*case.command(), &mut dry_run_host, &mut Facts::default());
    let plans = without_ids(dry_run_host.plans().concat().lines().map(str::to_string).collect());
    let machine = Machine::of(case);
    let before = machine.world();
    let mut words = case.words(&machine.root);
    words.push("--dry-run".to_string());
    let ended = machine.run(&words);
    let mut wrong = Vec::new();
    let printed = without_ids(ended.stdout.lines().map(str::to_string).collect());
    if printed != plans {
        wrong.push(format!("== {}: dry run\nmodel {plans:#?}\nshell {printed:#?}", case.name));
    }
    let well = matches!(&end, End::Reported(Report { failed: None, .. }));
    if ended.code != Some(i32::from(!well)) {
        wrong.push(format!("== {}: dry run: {end:?} {ended:?}", case.name));
    }
    if machine.world().tree != before.tree {
        wrong.push(format!("== {}: the dry run changed something", case.name));
    }
    wrong
}

const UNDER_UMASK: [&str; 10] = [
    "expand-template/file",
    "expand-template/into-missing-folders",
    "fetch-context/file",
    "start/again",
    "start/template-in-place",
    "start/with-context",
    "unpack/fresh",
    "unpack/into-missing-folders",
    "unpack/over",
    "unpack/over-with-templates",
];

fn side_by_side<T: Send>(mut todo: Vec<T>, check: impl Fn(&T) -> Vec<String> + Sync) -> Vec<String> {
    todo.reverse();
    let (todo, wrong) = (Mutex::new(todo), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let Some(next) = todo.lock().unwrap().pop() else { break };
                    let found = check(&next);
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

/// Whether the case sets out from what a folder does not hold: a bucket, or a process that runs already.
fn needs_more(case: &Case) -> bool {
    let needs_a_bucket = ["s3://", "awsSecretArn"].iter().any(|place| case.config_text("").contains(place));
    needs_a_bucket || !case.world().foreground.is_empty()
}

/// What differs between the model and the real shell.
fn compare(case: &Case, umask: Option<&str>) -> Vec<String> {
    let (told, end) = Told::run(case.world(), &*case.command());
    let machine = Machine::of(case);
    let words = case.words(&machine.root);
    let mut run = match umask {
        Some(umask) => machine.command_under(umask, &words),
        None => machine.command(&words),
    };
    let mut stop = None;
    let ended = match foreground(&told.world) {
        None => machine.ended(run.output().unwrap()),
        Some(deploy) => {
            let child = run.spawn().unwrap();
            let runs = || machine.text(&format!("/run/{deploy}")).is_some_and(|text| !text.is_empty());
            eventually("the release runs", runs);
            let stopped = machine.run(&["stop", &deploy]);
            assert_eq!(stopped.code, Some(0), "{}: {}", case.name, stopped.stderr);
            let command = words::command(&case.config(""), &["stop", &deploy]);
            stop = Some(Told::run(told.world.clone(), &*command).0);
            machine.ended(child.wait_with_output().unwrap())
        }
    };
    let goal = stop.as_ref().map_or(&told.world, |stop| &stop.world);
    let mut wrong = Vec::new();
    let mut differ = |what: &str, model: Vec<String>, shell: Vec<String>| {
        if model != shell {
            let under = umask.map(|umask| format!(" under umask {umask}")).unwrap_or_default();
            wrong.push(format!("== {}{under}: {what}\nmodel {model:#?}\nshell {shell:#?}", case.name));
        }
    };
    let (model, shell) = (state(goal), state(&machine.world()));
    if model != shell {
        differ("its state", vec![difference(&model, &shell)], vec![]);
    }
    differ("what is left in .c2", left_over(goal), left_over(&machine.world()));
    let (code, stdout, said) = expected(&machine, &end);
    differ("its exit code", vec![code.to_string()], vec![format!("{}", ended.code.unwrap_or(-1))]);
    differ("its output", vec![stdout], vec![ended.stdout.clone()]);
    let said = told.printed.into_iter().chain(said).collect();
    differ("what it says", without_tails(said), without_tails(ended.stderr.lines().map(str::to_string).collect()));
    let (mut model, mut shell) = (without_ids(told.effects), without_ids(logged_effects(&machine)));
    if let Some(stop) = stop {
        // The two take turns; what of the start comes after the stop is not the model's to know.
        model.extend(stop.effects);
        model.sort();
        shell.sort();
    }
    differ("its effects", model, shell);
    wrong
}

/// The deploy that runs in the foreground: its start ends when somebody stops it.
fn foreground(world: &World) -> Option<String> {
    let stays = |folder: &&String| {
        world.tree.text(&format!("{folder}/release.json")).is_some_and(|text| text.contains("while test -e"))
    };
    world.running.keys().find(stays).map(|folder| base_name(folder).to_string())
}

/// Exit code, standard output, and the last lines of standard error.
fn expected(machine: &Machine, end: &End) -> (i32, String, Vec<String>) {
    match end {
        End::Reported(Report { output, notes, failed, now, hint, .. }) => {
            let stdout = match output {
                Output::Text(text) | Output::Failure(text) => text.clone(),
                Output::File(path) => machine.text(path).unwrap_or_default(),
            };
            let complaint = failed.iter().flat_map(|what| complaint(what, now.as_deref(), hint.as_deref()));
            (i32::from(failed.is_some()), stdout, notes.iter().cloned().chain(complaint).collect())
        }
        End::Refused(refusal) => (1, String::new(), complaint(&refusal.to_string(), None, refusal.hint())),
        other => panic!("{other:?}"),
    }
}

fn complaint(what: &str, now: Option<&str>, hint: Option<&str>) -> Vec<String> {
    let next = if now.is_some() { "next: " } else { "" };
    let hint = hint.map(|hint| format!("    {next}{hint}"));
    let now = now.map(|now| format!("    now: {now}"));
    message(&format!("c2: {what}")).lines().map(str::to_string).chain(now).chain(hint).collect()
}

/// What matters of a host, but for what only one of the two has: releases lie in stores, what runs has a name.
fn state(world: &World) -> Vec<String> {
    let mut world = world.clone();
    world.running =
        world.running.iter().map(|(folder, version)| (base_name(folder).to_string(), version.clone())).collect();
    let skipped = |line: &String| {
        let path = line.split(' ').nth(1).unwrap_or_default();
        path == "/srv" || path == "/config.json" || path.starts_with("/srv/releases") || path.starts_with("/opt/var")
    };
    norm(&world).into_iter().filter(|line| !skipped(line)).collect()
}

/// The files below `.c2`, but for the lock.
fn left_over(world: &World) -> Vec<String> {
    let files = world.tree.0.iter().filter(|(_, node)| !matches!(node, Node::Folder { .. }));
    let inside =
        files.map(|(path, _)| path.clone()).filter(|path| path.contains("/.c2/") && !path.ends_with("/.c2/lock"));
    inside.collect()
}

/// What the commands of a release print is not the model's to know, nor why a broken archive is refused, nor that a start
/// still found the lock with the stop which ended its command.
fn without_tails(lines: Vec<String>) -> Vec<String> {
    let unknown = ["its last lines:", "rm: ", "cp: ", "waiting for process "];
    let of_commands = |line: &str| unknown.iter().any(|start| line.trim_start().starts_with(start));
    let known = |line: String| match line.split_once("judge the archive ") {
        Some((_, rest)) => format!("judge the archive {}", rest.split(':').next().unwrap_or_default()),
        None => line,
    };
    lines.into_iter().filter(|line| !of_commands(line)).map(known).collect()
}

/// The effects that the log tells of: its lines at the second level.
fn logged_effects(machine: &Machine) -> Vec<String> {
    let log = machine.log();
    let texts = log.lines().filter_map(|line| line.split_once(' ').map(|(_, text)| text));
    texts.filter_map(|text| text.strip_prefix("..")).filter(|text| !text.starts_with('.')).map(str::to_string).collect()
}

fn without_ids(effects: Vec<String>) -> Vec<String> {
    effects.into_iter().map(|effect| effect.split(" the id ").next().unwrap_or_default().to_string()).collect()
}
