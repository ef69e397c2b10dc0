//! Proxy mode under a fault at every effect: every command on every valid state over two deploys, two releases, two
//! ports and one endpoint, with and without a release that never accepts, then the same command again. The commands on
//! splits and maintenance run on every state, and every command on some states with them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{collections::BTreeMap, mem::discriminant, thread};

use c2_core::{
    config::{Syntax, ToolConfig, tool_config},
    proxy::Served,
    seam::{Command, End, Facts, drive},
    world::{Fault, World},
};
use serde_json::{Value, json};
use support::{
    norm::{difference, norm},
    proxied,
};

/// The faults that may follow another one.
const SECOND: [Fault; 4] = [Fault::Clean, Fault::Torn, Fault::Crash, Fault::Half];

const DEPLOYS: &str = "/opt/deploys";

/// A machine's state: each deploy's release and port, and where the endpoint goes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Machine {
    deploys: BTreeMap<&'static str, (&'static str, u16)>,
    connected: Option<&'static str>,
    /// The deploy that a share of the endpoint goes to.
    split: Option<&'static str>,
    maintenance: bool,
    /// Whether there is a proxy.
    proxy: bool,
}

/// Every valid state.
fn machines() -> Vec<Machine> {
    let one: Vec<Option<(&str, u16)>> = [None]
        .into_iter()
        .chain(["r1.zip", "r2.zip"].into_iter().flat_map(|r| [8000, 8001].map(|p| Some((r, p)))))
        .collect();
    let mut machines = Vec::new();
    for a in &one {
        for b in &one {
            if a.zip(*b).is_some_and(|(a, b)| a.1 == b.1) {
                continue;
            }
            let deploys: BTreeMap<_, _> =
                [("a", *a), ("b", *b)].into_iter().filter_map(|(label, deploy)| Some((label, deploy?))).collect();
            for connected in [None].into_iter().chain(deploys.keys().copied().map(Some)) {
                let plain =
                    Machine { deploys: deploys.clone(), connected, split: None, maintenance: false, proxy: true };
                machines.extend(with_more(&plain));
                machines.push(plain);
            }
            machines.push(Machine { deploys, connected: None, split: None, maintenance: false, proxy: false });
        }
    }
    machines
}

/// The same state with a split, with maintenance, with both: of states that differ in names and ports alone, one.
fn with_more(plain: &Machine) -> Vec<Machine> {
    if plain.deploys.get("a") != Some(&("r1.zip", 8000)) || plain.connected == Some("b") {
        return vec![];
    }
    let split = plain.deploys.keys().copied().find(|label| plain.connected.is_some_and(|main| main != *label));
    let maintained = Machine { maintenance: true, ..plain.clone() };
    let split = split.map(|second| Machine { split: Some(second), ..plain.clone() });
    let both = split.clone().map(|split| Machine { maintenance: true, ..split });
    [Some(maintained), split, both].into_iter().flatten().collect()
}

fn config() -> ToolConfig {
    let text = json!({
        "deploysDir": DEPLOYS, "contextCache": "/opt/config", "logFile": "/opt/var/log/camus2.log",
        "releases": { "localdir": "/srv/releases" },
        "deployMode": { "proxy": {
            "endPoints": { "main": { "serverNames": ["a.example.com"], "etype": "httpOnly" } },
            "dynamicPortRange": { "v1": 8000, "v2": 8004 },
        } },
    });
    tool_config("config.json", &text.to_string(), Syntax::Json).unwrap().value
}

fn command(words: &str) -> Box<dyn Command> {
    proxied::command(&config(), &words.split(' ').collect::<Vec<_>>())
}

fn release(broken: bool, strict: bool) -> Value {
    let files = if broken { json!({ "never-accepts": "" }) } else { json!({}) };
    let (start, stop) = if strict { ("strict-start", "strict-stop") } else { ("start", "stop") };
    json!({ "files": files, "start": start, "stop": stop })
}

/// The simulated host in this state; what is there of the proxy was made by the program itself.
fn world(machine: &Machine, broken: bool, strict: bool) -> World {
    let value = |name: &str| release(broken && name == "r2.zip", strict);
    let releases = ["r1.zip", "r2.zip"].map(|name| (name.to_string(), value(name)));
    let mut world = proxied::bare(&releases.into());
    let mut deploys = BTreeMap::new();
    for (label, (name, port)) in &machine.deploys {
        proxied::deploy(&mut world, label, name, *port, &release(false, strict));
        deploys.insert((*label).to_string(), ((*name).to_string(), *port));
    }
    let mut others = json!({ "connections": {} });
    if let Some(main) = machine.connected {
        others["connections"]["main"] = json!(main);
    }
    if let Some(second) = machine.split {
        others["splits"] = json!({ "main": { "deploy": second, "percent": 30 } });
    }
    if machine.maintenance {
        others["maintenance"] = json!({ "main": { "message": "back soon" } });
    }
    proxied::note_state(&mut world, &deploys, others);
    if machine.proxy {
        proxied::start_proxy(&mut world, &config());
    }
    world
}

fn run(world: &mut World, command: &dyn Command, faults: &[(usize, Fault)]) -> End {
    world.begin(faults);
    drive(command, world, &mut Facts::default())
}

fn failed(end: &End) -> bool {
    !matches!(end, End::Reported(report) if report.failed.is_none())
}

/// What of a host matters to a comparison, the proxy and the ports included.
fn lines(world: &World) -> Vec<String> {
    let mut lines = norm(world);
    lines.retain(|line| !line.contains("nginx.candidate.conf") && !line.contains("nginx.ctx.json"));
    for (folder, port) in &world.accepting {
        lines.push(format!("accepts {folder} {port}"));
    }
    match &world.proxy {
        None => lines.push("proxy none".to_string()),
        Some(proxy) => {
            let served = Served::of_file(&proxy.loaded).map(|served| served.to_text()).unwrap_or_default();
            lines.push(format!("proxy {} {:?} {served}", proxy.running, proxy.project));
        }
    }
    lines
}

#[derive(Default)]
struct Tally {
    cases: usize,
    points: usize,
    violations: BTreeMap<String, (usize, String)>,
}

impl Tally {
    fn violation(&mut self, property: &str, detail: impl FnOnce() -> String) {
        self.violations.entry(property.to_string()).or_insert_with(|| (0, detail())).0 += 1;
    }

    fn add(&mut self, other: Tally) {
        self.cases += other.cases;
        self.points += other.points;
        for (property, (count, detail)) in other.violations {
            self.violations.entry(property).or_insert((0, detail)).0 += count;
        }
    }
}

/// A command on a machine, and what it comes to when nothing goes wrong.
struct Case {
    name: String,
    machine: Machine,
    words: String,
    command: Box<dyn Command>,
    start: World,
    end: End,
    goal: Vec<String>,
    effects: usize,
}

fn cases() -> Vec<(Machine, String, bool, bool)> {
    let mut cases = Vec::new();
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
        words.extend(["r1.zip", "r2.zip"].map(|release| format!("start {release} {deploy}")));
        words.extend([format!("stop {deploy}"), format!("connect main {deploy}")]);
        words.push(format!("split main {deploy} --percent 30"));
    }
    for machine in machines() {
        let has_r2 = machine.deploys.values().any(|(release, _)| *release == "r2.zip");
        for words in &words {
            // How commands of releases take a second run is seen on the other cases.
            let one = machine.split.is_some()
                || machine.maintenance
                || ["split", "maintenance"].iter().any(|verb| words.starts_with(verb));
            for strict in if one { &[true][..] } else { &[false, true] }.iter().copied() {
                cases.push((machine.clone(), words.clone(), false, strict));
                if !has_r2 && words.contains("r2.zip") {
                    cases.push((machine.clone(), words.clone(), true, strict));
                }
            }
        }
    }
    cases
}

#[test]
fn every_property_holds_in_proxy_mode_under_every_fault() {
    let cases = cases();
    // Two faults in one run and in two: on some cases, spread over all; on every one where the time is given.
    let stride = std::env::var("C2_TWO_FAULTS_EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(89);
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let part = |index| {
            let mine: Vec<_> = cases.iter().enumerate().skip(index).step_by(2).collect();
            scope.spawn(move || {
                let mut tally = Tally::default();
                mine.iter().for_each(|(number, case)| sweep(&mut tally, case, number % stride == 0));
                tally
            })
        };
        let threads = [part(0), part(1)];
        threads.into_iter().for_each(|thread| tally.add(thread.join().unwrap()));
    });
    println!("{} cases, {} fault points, {} violations", tally.cases, tally.points, tally.violations.len());
    for (property, (count, detail)) in &tally.violations {
        println!("{count} x {property}\n   first: {detail}");
    }
    assert!(tally.violations.is_empty());
    assert!(tally.points > 10_000, "the faults were not injected");
}

fn sweep(tally: &mut Tally, (machine, words, broken, strict): &(Machine, String, bool, bool), two_faults: bool) {
    tally.cases += 1;
    let start = world(machine, *broken, *strict);
    let mut undisturbed = start.clone();
    let command = command(words);
    let end = run(&mut undisturbed, &*command, &[]);
    let name = format!("{machine:?} {words} broken={broken} strict={strict}");
    let (goal, effects) = (lines(&undisturbed), undisturbed.performed);
    let case = Case { name, machine: machine.clone(), words: words.clone(), command, start, end, goal, effects };
    drain(tally, &case, &mut undisturbed, &[]);
    check_end(tally, &case, &undisturbed, &case.end, &[]);
    let again = run(&mut undisturbed, &*case.command, &[]);
    drain(tally, &case, &mut undisturbed, &[]);
    if lines(&undisturbed) != case.goal {
        tally.violation("1: the same command again changes something", || {
            format!("{} {again:?} {}", case.name, difference(&case.goal, &lines(&undisturbed)))
        });
    }
    let (mut first, mut last) = (1, case.effects);
    while first <= last {
        for fault in Fault::ALL {
            last = last.max(one_fault(tally, &case, (first, fault), two_faults).min(case.effects * 3));
        }
        first += 1;
    }
}

/// One fault, then the same command again; with a second fault in the same run or the next. The number of effects.
fn one_fault(tally: &mut Tally, case: &Case, fault: (usize, Fault), two_faults: bool) -> usize {
    let mut world = case.start.clone();
    let end = run(&mut world, &*case.command, &[fault]);
    let performed = world.performed;
    if performed < fault.0 {
        return performed;
    }
    tally.points += 1;
    drain(tally, case, &mut world, &[fault]);
    check_end(tally, case, &world, &end, &[fault]);
    converges(tally, case, world.clone(), &[fault]);
    if !two_faults {
        return performed;
    }
    if matches!(fault.1, Fault::Clean | Fault::Torn) {
        for second in (fault.0 + 1)..=performed {
            for kind in SECOND {
                let faults = [fault, (second, kind)];
                let mut world = case.start.clone();
                run(&mut world, &*case.command, &faults);
                tally.points += 1;
                drain(tally, case, &mut world, &faults);
                converges(tally, case, world, &faults);
            }
        }
    }
    for second in 1.. {
        for kind in SECOND {
            let mut world = world.clone();
            run(&mut world, &*case.command, &[(second, kind)]);
            if world.performed < second {
                return performed;
            }
            tally.points += 1;
            let faults = [fault, (second, kind)];
            drain(tally, case, &mut world, &faults);
            converges(tally, case, world, &faults);
        }
    }
    performed
}

/// Properties 3 and 6: what the command is not about runs on, and a start that failed left the old release running.
fn check_end(tally: &mut Tally, case: &Case, world: &World, end: &End, faults: &[(usize, Fault)]) {
    let runs = |world: &World, label: &str| {
        let home = format!("{DEPLOYS}/{label}");
        (world.running.get(&home).cloned(), world.accepting.get(&home).copied())
    };
    let goal = case.words.split(' ').next_back().filter(|_| !case.words.starts_with("connect")).unwrap_or_default();
    let is_start = case.words.starts_with("start");
    for label in case.machine.deploys.keys() {
        let changed = runs(world, label) != runs(&case.start, label);
        if changed && *label != goal {
            tally.violation("6: another deploy was touched", || format!("{} {faults:?} {end:?}", case.name));
        }
        if changed && *label == goal && is_start && failed(end) && *end != End::Gone {
            tally.violation("3: a failed start took the old release down", || {
                format!("{} {faults:?} {end:?} runs {:?}", case.name, world.running)
            });
        }
    }
}

/// Property 1: the same command again ends where an undisturbed run ends.
fn converges(tally: &mut Tally, case: &Case, mut world: World, faults: &[(usize, Fault)]) {
    let end = run(&mut world, &*case.command, &[]);
    drain(tally, case, &mut world, faults);
    let mut found = lines(&world);
    if failed(&case.end) {
        let matters = |line: &String| ["runs ", "accepts ", "proxy "].iter().any(|kind| line.starts_with(kind));
        found.retain(|line| matters(line) || case.goal.contains(line));
    }
    let kinds: Vec<Fault> = faults.iter().map(|(_, fault)| *fault).collect();
    let verb = case.words.split(' ').next().unwrap_or_default();
    if found != case.goal {
        let detail = || format!("{} {faults:?} {end:?} {}", case.name, difference(&case.goal, &found));
        tally.violation(&format!("1: {verb} does not converge after {kinds:?}"), detail);
    }
    let is_done_already = verb == "stop" && !failed(&case.end);
    if !is_done_already && (discriminant(&end) != discriminant(&case.end) || failed(&end) != failed(&case.end)) {
        tally.violation(&format!("1: {verb} ends differently the second time"), || {
            format!("{} {faults:?} {end:?} not {:?}", case.name, case.end)
        });
    }
}

fn drain(tally: &mut Tally, case: &Case, world: &mut World, faults: &[(usize, Fault)]) {
    for violation in std::mem::take(&mut world.violations) {
        let property: String = violation.chars().take(70).collect();
        tally.violation(&property, || format!("{} {faults:?}: {violation}", case.name));
    }
}

/// Property 4: a state that is unreadable, implausible or lost destroys nothing, whatever is asked for.
#[test]
fn a_state_that_cannot_be_meant_destroys_nothing() {
    let path = format!("{DEPLOYS}/frontend-proxy/state.json");
    let one_port = json!({ "label": "x", "release": "r1.zip", "port": 8000 });
    let clash = json!({ "deploys": { "x": one_port, "y": one_port }, "connections": {} }).to_string();
    let texts = ["", "{", "null", "[]", "{}", "{\"deploys\":{}}", "<html>", "\u{0}", &clash];
    for machine in machines().iter().filter(|machine| machine.connected.is_some()) {
        for words in [
            "start r1.zip a",
            "start r2.zip c",
            "stop a",
            "connect main b",
            "disconnect main",
            "restart-frontend-proxy",
        ] {
            for text in texts.iter().copied().map(Some).chain([None]) {
                let mut world = world(machine, false, false);
                match text {
                    Some(text) => world.tree.write(&path, 0o644, text.as_bytes()),
                    None => drop(world.tree.take(&path)),
                }
                let before = world.clone();
                let end = run(&mut world, &*command(words), &[]);
                assert!(matches!(end, End::Refused(_)), "{machine:?} {words} {text:?} {end:?}");
                let same = world.tree == before.tree && world.running == before.running && world.proxy == before.proxy;
                assert!(same, "{machine:?} {words} {text:?} {end:?}");
            }
        }
    }
}
