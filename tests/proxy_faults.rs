//! Proxy mode under a fault at every effect, and under two in one run and in two: every command on every valid state
//! over two deploys, two releases, two ports and one endpoint, with and without a release that never accepts, then the
//! same command again. The commands on splits and maintenance run on every state, and every command on some states with
//! them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{collections::BTreeSet, time::Instant};

use c2_core::{
    seam::{Command, End},
    world::World,
};
use serde_json::{Value, json};
use support::{
    part::{Part, part_of},
    states::{DEPLOYS, RELEASES, Wanted, config, states},
    sweep::{At, Case, failed, run, sweep},
    tally::{Tally, share},
    words,
};

/// Of the commands on machines, one of so many is run, and of their pairs of faults again.
const TRIES: usize = 3;
const PAIRS: usize = 11;

/// A machine before a command: its state, and whether there is a proxy.
type Machine = (Wanted, bool);

/// Every valid state, and some with a split, with maintenance, with both.
fn machines() -> Vec<Machine> {
    let states = states(&["a", "b"], 2, &["main"]);
    let without = states.iter().filter(|state| state.connections.is_empty()).cloned().map(|state| (state, false));
    let more = states.iter().flat_map(with_more).map(|state| (state, true));
    states.iter().cloned().map(|state| (state, true)).chain(without).chain(more).collect()
}

/// The same state with a split, with maintenance, with both: of states that differ in names and ports alone, one.
fn with_more(plain: &Wanted) -> Vec<Wanted> {
    let main = plain.connections.get("main").copied();
    if plain.deploys.get("a") != Some(&("r1.zip", 8000)) || main == Some("b") {
        return vec![];
    }
    let second = plain.deploys.keys().copied().find(|label| main.is_some_and(|main| main != *label));
    let maintained = Wanted { maintenance: vec!["main"], ..plain.clone() };
    let split = second.map(|second| Wanted { splits: [("main", second)].into(), ..plain.clone() });
    let both = split.clone().map(|split| Wanted { maintenance: vec!["main"], ..split });
    [Some(maintained), split, both].into_iter().flatten().collect()
}

fn command(words: &str, own_template: bool) -> Box<dyn Command> {
    words::command(&config(&["main"], own_template), &words.split(' ').collect::<Vec<_>>())
}

fn release(broken: bool, strict: bool) -> Value {
    let files = if broken { json!({ "never-accepts": "" }) } else { json!({}) };
    let (start, stop) = if strict { ("strict-start", "strict-stop") } else { ("start", "stop") };
    json!({ "files": files, "start": start, "stop": stop })
}

/// The simulated host in this state.
fn world((state, proxy): &Machine, broken: bool, strict: bool) -> World {
    let releases = RELEASES.map(|name| (name.to_string(), release(broken && name == "r2.zip", strict)));
    let config = config(&["main"], !strict);
    support::states::world(state, &releases.into(), &release(false, strict), proxy.then_some(&config))
}

/// A command on a machine: whether r2 is broken, and whether commands fail that find themselves done.
struct Try {
    machine: Machine,
    words: String,
    broken: bool,
    strict: bool,
}

fn tries() -> Vec<Try> {
    let mut words: Vec<String> = [
        "disconnect main",
        "restart-frontend-proxy",
        "shutdown-frontend-proxy",
        "maintenance main",
        "maintenance main --message soon",
        "maintenance main --off",
    ]
    .map(Into::into)
    .into();
    for deploy in ["a", "b"] {
        words.extend(RELEASES.map(|release| format!("start {release} {deploy}")));
        words.extend([format!("stop {deploy}"), format!("connect main {deploy}")]);
        words.push(format!("split main {deploy} --percent 30"));
    }
    let mut tries = Vec::new();
    for machine in machines() {
        for words in &words {
            // An own template serves neither splits nor maintenance.
            let one = !machine.0.splits.is_empty()
                || !machine.0.maintenance.is_empty()
                || ["split", "maintenance"].iter().any(|verb| words.starts_with(verb));
            for strict in if one { &[true][..] } else { &[false, true] }.iter().copied() {
                let with = |broken| Try { machine: machine.clone(), words: words.clone(), broken, strict };
                tries.push(with(false));
                if !machine.0.has("r2.zip") && words.contains("r2.zip") {
                    tries.push(with(true));
                }
            }
        }
    }
    tries
}

#[test]
fn every_property_holds_in_proxy_mode_under_every_fault() {
    let begun = Instant::now();
    let all = tries();
    let part = part_of(&all, TRIES);
    let met = |tries: &[&Try]| -> BTreeSet<String> {
        let kind = |tried: &Try| format!("broken={} strict={}", tried.broken, tried.strict);
        tries.iter().flat_map(|it| [format!("{:?}", it.machine), it.words.clone(), kind(it)]).collect()
    };
    assert_eq!(met(&part), met(&all.iter().collect::<Vec<_>>()), "the part misses a kind of its own");
    let tally = share(&part, |tally, number, tried| {
        let command = command(&tried.words, !tried.strict);
        let start = world(&tried.machine, tried.broken, tried.strict);
        let Try { machine, words, broken, strict } = *tried;
        let name = format!("{machine:?} {words} broken={broken} strict={strict}");
        let before = start.clone();
        let check = |tally: &mut Tally, world: &World, end: &End, faults: &[At]| {
            check_end(tally, tried, &before, world, end, || format!("{name} {faults:?} {end:?}"));
        };
        let case = Case {
            name: name.clone(),
            command: &*command,
            start,
            check: &check,
            between: &|_| (),
            faults: true,
            pairs: Some(Part::new(PAIRS, number)),
            done_already: words.starts_with("stop"),
        };
        sweep(tally, &case);
    });
    println!("{} of {} commands on machines, in {:.0?}", part.len(), all.len(), begun.elapsed());
    tally.conclude("local commands");
    assert!(tally.points > 10_000, "the faults were not injected");
}

/// Properties 3 and 6: what the command is not about runs on, and a start that failed left the old release running.
fn check_end(tally: &mut Tally, tried: &Try, before: &World, world: &World, end: &End, detail: impl Fn() -> String) {
    let runs = |world: &World, label: &str| {
        let home = format!("{DEPLOYS}/{label}");
        (world.running.get(&home).cloned(), world.accepting.get(&home).copied())
    };
    let goal = tried.words.split(' ').next_back().filter(|_| !tried.words.starts_with("connect")).unwrap_or_default();
    let is_start = tried.words.starts_with("start");
    for label in tried.machine.0.deploys.keys() {
        let changed = runs(world, label) != runs(before, label);
        if changed && *label != goal {
            tally.violation("6: another deploy was touched", &detail);
        }
        if changed && *label == goal && is_start && failed(end) && *end != End::Gone {
            tally.violation("3: a failed start took the old release down", &detail);
        }
    }
}

/// Property 4: a state that is unreadable, implausible or lost destroys nothing, whatever is asked for.
#[test]
fn a_state_that_cannot_be_meant_destroys_nothing() {
    let path = format!("{DEPLOYS}/frontend-proxy/state.json");
    let one_port = json!({ "label": "x", "release": "r1.zip", "port": 8000 });
    let clash = json!({ "deploys": { "x": one_port, "y": one_port }, "connections": {} }).to_string();
    let texts = ["", "{", "null", "[]", "{}", "{\"deploys\":{}}", "<html>", "\u{0}", &clash];
    for machine in machines().iter().filter(|(state, _)| !state.connections.is_empty()) {
        for words in [
            "start r1.zip a",
            "start r2.zip c",
            "stop a",
            "connect main b",
            "disconnect main",
            "restart-frontend-proxy",
        ] {
            for text in texts.iter().copied().map(Some).chain([None]) {
                let mut world = world(machine, false, true);
                match text {
                    Some(text) => world.tree.write(&path, 0o644, text.as_bytes()),
                    None => drop(world.tree.take(&path)),
                }
                let before = world.clone();
                let end = run(&mut world, &*command(words, false), &[]);
                assert!(matches!(end, End::Refused(_)), "{machine:?} {words} {text:?} {end:?}");
                let same = world.tree == before.tree && world.running == before.running && world.proxy == before.proxy;
                assert!(same, "{machine:?} {words} {text:?} {end:?}");
            }
        }
    }
}
