//! A rollout to a thousand simulated machines, three in a hundred of which cannot start what is rolled out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{collections::BTreeMap, mem::swap};

use c2_core::{
    config::{Positive, SlaveStatus, State, ToolConfig, slave_state},
    nginx::Generation,
    request::{Options, Request},
    seam::{Answer, Command, Effect, End, Facts, Failure, Host, Memo, Message, Query, Signal, drive},
    world::{Object, World},
};
use serde_json::{Value, json};
use support::{
    fleet::{config, machine, master, master_of, slave},
    words::command,
};

const SLAVES: usize = 1_000;
/// How often a machine looks at the master.
const PERIOD_S: u64 = 10;

/// A machine that follows.
struct Slave {
    label: String,
    world: World,
    config: ToolConfig,
    kept: Option<Memo>,
    polls_at_s: u64,
    /// Whether it ever ran what is rolled out.
    had_it: bool,
}

impl Slave {
    fn new(number: usize) -> Self {
        let label = format!("slave-{number:04}");
        let mut world = machine(&label, &releases());
        if is_broken(number) {
            // What is rolled out gets this port.
            world.foreign.insert(8001);
        }
        world.trusts_claims = true;
        let polls_at_s = world.clock + number as u64 % PERIOD_S;
        Slave { config: config(&label, &["main"]), label, world, kept: None, polls_at_s, had_it: false }
    }

    /// One round, if it is due.
    fn poll(&mut self, bucket: &mut BTreeMap<c2_core::seam::Location, Object>, now_s: u64) {
        if now_s < self.polls_at_s {
            return;
        }
        self.polls_at_s += PERIOD_S;
        let request = Request::SlaveUpdate {
            repeat_s: Positive::new(PERIOD_S as u32),
            kept: self.kept.take(),
            misconfigured: None,
        };
        let command = request.command(self.config.clone(), &Options::DEFAULT).unwrap();
        self.world.clock = now_s;
        self.world.begin(&[]);
        swap(&mut self.world.objects, bucket);
        let end = drive(&*command, &mut self.world, &mut Facts::default());
        swap(&mut self.world.objects, bucket);
        let End::Reported(report) = end else { panic!("{} {end:?}", self.label) };
        self.kept = report.memo;
        self.had_it |= self.world.running.values().any(|release| release == "r2.zip");
        assert!(self.world.violations.is_empty(), "{} {:?}", self.label, self.world.violations);
    }

    /// What the endpoint answers: the release.
    fn answers(&self) -> Option<&str> {
        let served = Generation::of_file(&self.world.proxy.as_ref()?.loaded)?;
        let port = served.routes.pairs().next()?.1;
        let folder = self.world.accepting.iter().find(|(_, at)| **at == port)?.0;
        self.world.running.get(folder).map(String::as_str)
    }
}

fn releases() -> [(&'static str, Value); 2] {
    [("r1.zip", json!({})), ("r2.zip", json!({}))]
}

/// Three in a hundred, spread.
fn is_broken(number: usize) -> bool {
    [7, 41, 73].contains(&(number * 37 % 100))
}

/// An operator's machine. While it waits, time passes for the whole fleet.
struct Fleet {
    operator: World,
    slaves: Vec<Slave>,
}

impl Fleet {
    fn new() -> Self {
        Fleet { operator: machine("operator", &releases()), slaves: (0..SLAVES).map(Slave::new).collect() }
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.operator.clock += 1;
            let now_s = self.operator.clock;
            self.slaves.iter_mut().for_each(|slave| slave.poll(&mut self.operator.objects, now_s));
        }
    }

    fn run(&mut self, command: &dyn Command) -> End {
        self.operator.begin(&[]);
        drive(command, self, &mut Facts::default())
    }

    fn operate(&mut self, words: &[&str]) {
        let end = self.run(&*command(&config("operator", &["main"]), words));
        assert!(matches!(&end, End::Reported(report) if report.failed.is_none()), "{words:?} {end:?}");
    }

    fn reports(&self) -> Vec<(bool, State)> {
        let report = |of: &Slave| {
            let text = String::from_utf8_lossy(&self.operator.objects[&slave(&of.label)].bytes);
            let report = slave_state("report", &text).unwrap().value;
            (report.status == SlaveStatus::Ok, report.state)
        };
        self.slaves.iter().map(report).collect()
    }
}

impl Host for Fleet {
    fn answer(&mut self, queries: &[Query]) -> Vec<Answer> {
        self.operator.answer(queries)
    }
    fn perform(&mut self, effect: &Effect) -> Result<(), Failure> {
        self.operator.perform(effect)
    }
    fn pause(&mut self, ms: u32) -> bool {
        self.pass(u64::from(ms.div_ceil(1_000)));
        true
    }
    fn lock(&mut self, path: &str, may_nest: bool) -> Result<(), Failure> {
        self.operator.lock(path, may_nest)
    }
    fn unlock(&mut self) {
        self.operator.unlock();
    }
    fn defer_signals(&mut self, on: bool) {
        self.operator.defer_signals(on);
    }
    fn interrupted(&self) -> Option<Signal> {
        None
    }
    fn say(&mut self, _: Message<'_>) {}
}

fn rollout(fleet: &mut Fleet, stages: &str, max_failures: &str) -> End {
    fleet.operate(&["start", "r2.zip", "b", "--rollout", "1"]);
    fleet.operate(&["connect", "main", "b", "--rollout", "1"]);
    let limits = ["--bake", "30", "--stage-timeout", "300", "--max-failures", max_failures];
    let words = [&["rollout", "run", "--stages", stages][..], &limits].concat();
    fleet.run(&*command(&config("operator", &["main"]), &words))
}

fn running_r1() -> Fleet {
    let mut fleet = Fleet::new();
    fleet.operate(&["start", "r1.zip", "a"]);
    fleet.operate(&["connect", "main", "a"]);
    fleet.pass(2 * PERIOD_S);
    assert!(fleet.slaves.iter().all(|slave| slave.answers() == Some("r1.zip")));
    fleet
}

#[test]
fn a_release_that_fails_on_three_in_a_hundred_is_stopped_at_the_first_stage_and_taken_back() {
    let mut fleet = running_r1();
    let before = fleet.operator.objects[&master()].clone();
    let end = rollout(&mut fleet, "10,50,100", "0");
    let End::Reported(report) = &end else { panic!("{end:?}") };
    assert_eq!(report.code, 3, "{report:?}");
    let tried = fleet.slaves.iter().filter(|slave| slave.had_it).count();
    println!("{tried} of {SLAVES} machines had it: {:?}", report.failed);
    // Of a stage of ten in a hundred, as the hash of their labels spreads them.
    assert!((1..150).contains(&tried), "{tried} machines had it");
    assert!(report.failed.as_ref().is_some_and(|text| text.contains(" at 10 %: ")), "{report:?}");
    let after = master_of(&fleet.operator);
    let state = |state: &State| (state.deploys.clone(), state.connections.clone(), state.rollout.clone());
    let world = World { objects: [(master(), before)].into(), ..World::default() };
    assert_eq!(state(&after), state(&master_of(&world)));
    fleet.pass(2 * PERIOD_S);
    for slave in &fleet.slaves {
        assert_eq!(slave.answers(), Some("r1.zip"), "{}", slave.label);
        assert_eq!(slave.world.running.values().collect::<Vec<_>>(), ["r1.zip"], "{}", slave.label);
    }
    for (is_ok, state) in fleet.reports() {
        assert!(is_ok);
        assert_eq!(state.deploys.keys().map(|label| label.as_str()).collect::<Vec<_>>(), ["a"]);
    }
}

#[test]
fn with_that_many_failures_allowed_it_goes_to_all_others() {
    let mut fleet = running_r1();
    let end = rollout(&mut fleet, "10,100", "50");
    assert!(matches!(&end, End::Reported(report) if report.failed.is_none()), "{end:?}");
    fleet.pass(2 * PERIOD_S);
    for (number, slave) in fleet.slaves.iter().enumerate() {
        let expected = if is_broken(number) { "r1.zip" } else { "r2.zip" };
        assert_eq!(slave.answers(), Some(expected), "{}", slave.label);
    }
    assert!(master_of(&fleet.operator).rollout.is_none());
}
