//! A machine that follows a master state: from every valid state to every other, with a fault at every effect, with
//! and without a release that does not start or never accepts, after reboots and losses; then the same again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    time::{Duration, Instant},
};

use c2_core::{config::ToolConfig, nginx::Generation, seam::End, world::World};
use serde_json::{Value, json};
use support::{
    part::part_of,
    proxied::follow,
    states::{DEPLOYS, RELEASES, Wanted, config, runs, states, world},
    sweep::{At, Case, failed, run, sweep},
    tally::{Tally, share},
};

/// What is the matter with the release r2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Nothing,
    Fails,
    NeverAccepts,
}

const BROKEN: [Broken; 3] = [Broken::Nothing, Broken::Fails, Broken::NeverAccepts];

/// What happens to the machine between two runs, or before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    None,
    /// It starts anew, and docker starts again what ran.
    Restart,
    /// It starts anew, and nothing runs.
    Outage,
    /// The folder of one deploy is gone.
    LostFolder,
    /// The proxy's folder is gone but for the state.
    LostProxy,
}

fn release(broken: Broken, compose: bool) -> Value {
    let mut files = BTreeMap::new();
    if broken == Broken::NeverAccepts {
        files.insert("never-accepts", "");
    }
    if compose {
        files.insert("compose.yml", "");
    }
    let start = if broken == Broken::Fails { "fail" } else { "strict-start" };
    json!({ "files": files, "start": start, "stop": "strict-stop" })
}

/// One way from a state to another.
struct Way<'a> {
    config: &'a ToolConfig,
    from: &'a Wanted,
    to: &'a Wanted,
    broken: Broken,
    compose: bool,
    mishap: Mishap,
}

impl Way<'_> {
    fn world(&self) -> World {
        let releases = RELEASES.map(|name| {
            let broken = if name == "r2.zip" { self.broken } else { Broken::Nothing };
            (name.to_string(), release(broken, self.compose))
        });
        world(self.from, &releases.into(), &release(Broken::Nothing, self.compose), Some(self.config))
    }

    fn sweep(&self, tally: &mut Tally, faults: bool) {
        let command = follow(self.config, self.to.state());
        let check = |tally: &mut Tally, world: &World, end: &End, faults: &[At]| {
            if faults.is_empty() {
                self.check_end(tally, world, end);
            }
        };
        let mishap = |world: &mut World| befall(world, self.mishap);
        let mut start = self.world();
        mishap(&mut start);
        let case = Case {
            name: self.name(),
            command: &command,
            start,
            check: &check,
            between: &mishap,
            faults,
            pairs: None,
            done_already: false,
        };
        sweep(tally, &case);
    }

    fn name(&self) -> String {
        let text = |state: &Wanted| {
            let deploys =
                state.deploys.iter().map(|(label, (release, port))| format!("{label}:{}@{port}", &release[..2]));
            let connections = state.connections.iter().map(|(endpoint, deploy)| format!("{endpoint}->{deploy}"));
            deploys.chain(connections).collect::<Vec<_>>().join(" ")
        };
        let Way { from, to, broken, compose, mishap, .. } = self;
        format!("[{}] => [{}] r2 {broken:?} compose={compose} {mishap:?}", text(from), text(to))
    }

    /// Property 6, and 3 for each deploy: what can be brought about is, whatever the others do.
    fn check_end(&self, tally: &mut Tally, world: &World, end: &End) {
        let End::Reported(report) = end else {
            return tally.violation("6: no report", || format!("{} {end:?}", self.name()));
        };
        let text = format!("{:?} {:?}", report.failed, report.notes);
        let mut wrong = |what: &str, which: &str| {
            tally.violation(what, || {
                format!("{} {which}: {text} runs {:?} serves {:?}", self.name(), world.running, served(world))
            });
        };
        let is_up = |(label, wanted): (&&'static str, &_)| runs(world, label) == Some(*wanted);
        if failed(end) == self.to.deploys.iter().all(is_up) {
            wrong("6: the report is wrong", "");
        }
        for (label, wanted) in self.to.deploys.iter().filter(|wanted| !is_up(*wanted)) {
            let starts = self.broken != Broken::Fails || wanted.0 == "r1.zip";
            if starts && !self.waits_for_a_port(world, label, &text) {
                wrong("6: a deploy is held up", label);
            }
            if !text.contains(&format!("start the deploy {label}: ")) {
                wrong("6: the report does not name what is not as it should be", label);
            }
        }
        for (label, old) in &self.from.deploys {
            if self.is_bad(label) && runs(world, label) != Some(*old) {
                wrong("3: a failed start took the old release down", label);
            }
        }
        for label in world.running.keys().filter_map(|folder| folder.strip_prefix("/opt/deploys/")) {
            let used = served(world).values().any(|port| runs(world, label).is_some_and(|(_, at)| at == *port));
            if !self.to.deploys.contains_key(label) && !used {
                wrong("6: what is not wanted still runs", label);
            }
        }
        for endpoint in ["main", "side"] {
            let found = served(world).get(endpoint).copied();
            if !self.may_serve(world, endpoint).contains(&found) {
                wrong("6: an endpoint has a wrong target", endpoint);
            }
        }
        for (endpoint, deploy) in &self.to.connections {
            let unready = self.never_accepts(deploy) && is_up((deploy, &self.to.deploys[deploy]));
            let told = [format!("{deploy} is not ready on port "), format!("in each round, {endpoint} ")];
            if unready && !told.iter().all(|told| text.contains(told)) {
                wrong("6: the report does not name what is waited for", endpoint);
            }
        }
    }

    /// Property 9: a deploy waits, and says so, for a port that another one has: one that serves, or that is to stay and
    /// cannot have its own.
    fn waits_for_a_port(&self, world: &World, label: &str, text: &str) -> bool {
        let port = self.to.deploys[label].1;
        let mut others = self.from.deploys.keys().filter(|other| **other != label);
        let has_it = |other: &&&str| runs(world, other).is_some_and(|(_, at)| at == port);
        let Some(other) = others.find(has_it) else { return false };
        let is_needed = self.to.deploys.contains_key(other) || served(world).values().any(|at| *at == port);
        let told = format!("start the deploy {label}: waiting for port {port}: the deploy {other} has it");
        is_needed && text.contains(&told)
    }

    fn never_accepts(&self, label: &str) -> bool {
        self.broken == Broken::NeverAccepts && self.to.deploys[label].0 == "r2.zip"
    }

    /// Whether a wanted deploy has a release that cannot start.
    fn is_bad(&self, label: &str) -> bool {
        self.broken == Broken::Fails && self.to.deploys.get(label).is_some_and(|(release, _)| *release == "r2.zip")
    }

    /// The ports that an endpoint may have at the end.
    fn may_serve(&self, world: &World, endpoint: &str) -> Vec<Option<u16>> {
        let Some(wish) = self.to.connections.get(endpoint) else { return vec![None] };
        let wanted = self.to.deploys[wish];
        if runs(world, wish) == Some(wanted) && !self.never_accepts(wish) {
            return vec![Some(wanted.1)];
        }
        let Some(present) = self.from.connections.get(endpoint) else { return vec![None] };
        match (runs(world, present), self.from.deploys[present]) {
            (Some(now), was) if now == was => vec![Some(was.1)],
            // It was replaced itself.
            (Some(("r1.zip", port)), _) => vec![None, Some(port)],
            _ => vec![None],
        }
    }
}

fn served(world: &World) -> BTreeMap<String, u16> {
    let proxy = world.proxy.as_ref().filter(|proxy| proxy.running);
    let served =
        proxy.and_then(|proxy| Generation::of_file(&proxy.loaded)).map(|served| served.routes).unwrap_or_default();
    served.pairs().map(|(endpoint, port)| (endpoint.to_string(), port)).collect()
}

fn befall(world: &mut World, mishap: Mishap) {
    match mishap {
        Mishap::None => (),
        Mishap::Restart => world.reboot(true),
        Mishap::Outage => world.reboot(false),
        Mishap::LostFolder => {
            world.reboot(false);
            drop(world.tree.take(&format!("{DEPLOYS}/a")));
        }
        Mishap::LostProxy => {
            world.reboot(false);
            world.proxy = None;
            for name in ["nginx.conf", "docker-compose.yml", "include.conf"] {
                world.tree.take(&format!("{DEPLOYS}/frontend-proxy/{name}"));
            }
        }
    }
}

/// More pairs than this are only sampled.
const MOST_PAIRS: usize = 100_000;

/// The seconds that each sweep may take where the time is given; without, each runs a fixed part of its cases.
fn long() -> Option<Duration> {
    env::var("C2_SWEEP_SECONDS").ok().and_then(|text| text.parse().ok()).map(Duration::from_secs)
}

/// How many of the pairs a sweep without a time takes, one of so many of them where it is not run whole.
type Short = (usize, usize);

/// Sweeps ways between these states: all of them, in an order that spreads what is cut off over all, or so many. Those
/// that are left when the time is over are still gone without faults, where there are not too many.
fn sweep_ways(title: &str, states: &[Wanted], endpoints: &[&str], mishaps: &[Mishap], short: Short) -> Tally {
    let begun = Instant::now();
    let config = config(endpoints, true);
    let pairs = states.len() * states.len();
    // A prime that divides no number of pairs here: every pair comes once.
    let nth = |number: usize| (number, (number * 7_368_787) % pairs);
    let (most, every) = if long().is_some() { (pairs, 1) } else { short };
    let numbered: Vec<(usize, usize)> = (0..most.min(pairs)).map(nth).collect();
    let chosen = part_of(&numbered, every);
    let starts: BTreeSet<usize> = chosen.iter().map(|(_, pair)| pair / states.len()).collect();
    assert!(most < pairs || starts.len() == states.len(), "the part misses a state");
    let swept = share(&chosen, |tally, _, (number, pair)| {
        let faults = long().is_none_or(|limit| begun.elapsed() <= limit);
        if !faults && pairs > MOST_PAIRS {
            return;
        }
        let (from, to) = (&states[pair / states.len()], &states[pair % states.len()]);
        for &mishap in mishaps {
            for broken in BROKEN {
                let breaks = mishap == Mishap::None && !from.has("r2.zip") && to.has("r2.zip");
                if broken == Broken::Nothing || breaks {
                    let compose = number % 2 == 0 || mishap != Mishap::None;
                    Way { config: &config, from, to, broken, compose, mishap }.sweep(tally, faults);
                }
            }
        }
        tally.items += usize::from(faults);
    });
    let (with, took) = (swept.items, begun.elapsed());
    let gone = if pairs > MOST_PAIRS { with } else { chosen.len() };
    println!("{title}: {gone} of {pairs} pairs, {with} of them with faults, in {took:.0?}");
    swept
}

#[test]
fn a_machine_gets_from_every_state_to_every_other_under_every_fault() {
    let states = states(&["a", "b"], 2, &["main"]);
    assert_eq!(states.len(), 41);
    let tally = sweep_ways("2 ports, 1 endpoint", &states, &["main"], &[Mishap::None], (usize::MAX, 7));
    tally.conclude("following");
    assert!(tally.points > 10_000, "the faults were not injected");
}

#[test]
fn so_it_does_after_reboots_and_losses() {
    let states = states(&["a", "b"], 2, &["main"]);
    let mishaps = [Mishap::Restart, Mishap::Outage, Mishap::LostFolder, Mishap::LostProxy];
    sweep_ways("reboots and losses", &states, &["main"], &mishaps, (40, 3))
        .conclude("following after reboots and losses");
}

#[test]
fn so_it_does_with_more_ports_and_endpoints() {
    let states = states(&["a", "b"], 3, &["main", "side"]);
    assert_eq!(states.len(), 265);
    sweep_ways("3 ports, 2 endpoints", &states, &["main", "side"], &[Mishap::None], (100, 3)).conclude("following");
}

#[test]
fn so_it_does_with_three_deploys() {
    let states = states(&["a", "b", "c"], 3, &["main"]);
    sweep_ways("3 deploys, 3 ports", &states, &["main"], &[Mishap::None], (100, 3)).conclude("following three deploys");
}

/// Property 4: a local state that is unreadable, implausible or lost destroys nothing, whatever is to be followed.
#[test]
fn a_local_state_that_cannot_be_meant_destroys_nothing() {
    let path = format!("{DEPLOYS}/frontend-proxy/state.json");
    let one_port = json!({ "label": "x", "release": "r1.zip", "port": 8000 });
    let clash = json!({ "deploys": { "x": one_port, "y": one_port }, "connections": {} }).to_string();
    let texts = ["", "{", "null", "[]", "{}", "<html>", "\u{0}", &clash].map(Some);
    let (states, config) = (states(&["a", "b"], 2, &["main"]), config(&["main"], true));
    for from in states.iter().filter(|state| !state.deploys.is_empty()) {
        for (number, to) in states.iter().enumerate() {
            let (broken, compose, mishap) = (Broken::Nothing, number % 2 == 0, Mishap::None);
            let start = Way { config: &config, from, to, broken, compose, mishap }.world();
            for text in texts.into_iter().chain([None]) {
                let mut world = start.clone();
                match text {
                    Some(text) => world.tree.write(&path, 0o644, text.as_bytes()),
                    None => drop(world.tree.take(&path)),
                }
                let before = world.clone();
                let end = run(&mut world, &follow(&config, to.state()), &[]);
                let name = format!("{from:?} {to:?} {text:?} {end:?}");
                if text.is_some() || !from.connections.is_empty() {
                    assert!(matches!(end, End::Refused(_)), "{name}");
                    assert!((&world.tree, &world.proxy) == (&before.tree, &before.proxy), "{name}");
                }
                for (folder, version) in &before.running {
                    let stamp = |world: &World| world.tree.text(&format!("{folder}/.c2-id"));
                    assert_eq!((world.running.get(folder), stamp(&world)), (Some(version), stamp(&before)), "{name}");
                }
                assert!(world.violations.is_empty(), "{name} {:?}", world.violations);
            }
        }
    }
}
