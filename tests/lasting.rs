//! Days of a machine that follows, at random: what it runs dies and loops, it boots, its store and its docker go away for a
//! while, good and broken releases come. Whatever happened, a while after it has ended everything is well again, and nothing
//! was said that was not so.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use c2_core::nginx::Generation;
use serde_json::{Value, json};
use support::{fleet::put_master, part::is_whole, rounds::Machine};

const PERIOD_S: u32 = 30;
/// The rounds between two events, at most.
const QUIET: u64 = 60;
/// So long after the last trouble everything is well: the longest pause before another try, and what it takes.
const HEALS_WITHIN_S: u32 = 900 + 300;
/// What is not served may be unsaid for so many rounds: three bad looks, and the round in which it died.
const UNSAID: u32 = 4;

/// Numbers that look random (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
}

/// A release with a job, or without; with a second service, or without; good or broken.
fn releases() -> Vec<(&'static str, Value)> {
    let of = |start: &str, files: Value| {
        let mut all = files;
        all["compose.yml"] = json!("");
        json!({ "files": all, "start": start })
    };
    vec![
        ("plain.zip", of("start", json!({}))),
        ("job.zip", of("start", json!({ "second-ends-after": "2000" }))),
        ("two.zip", of("start", json!({ "second-restarts-every": "0" }))),
        ("slow.zip", of("start", json!({ "accepts-after": "1500" }))),
        ("fails.zip", of("fail", json!({}))),
        ("loops.zip", of("start", json!({ "restarts-every": "2000" }))),
        ("deaf.zip", of("start", json!({ "never-accepts": "" }))),
    ]
}

/// How many of them are good.
const GOOD: u64 = 4;

/// The machine and what is wrong with it now.
struct Life {
    one: Machine,
    random: Random,
    /// The rounds until the store and docker are back.
    store_away: u64,
    docker_away: u64,
    /// The rounds for which main was not served and the record said that all is well.
    unsaid: u32,
    rounds: u64,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut life = Life {
            one: Machine::with(&releases()),
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            store_away: 0,
            docker_away: 0,
            unsaid: 0,
            rounds: 0,
        };
        life.deploy(0);
        life
    }

    /// The operator has main go to a release, under one of two names.
    fn deploy(&mut self, which: u64) {
        let release = releases()[usize::try_from(which).unwrap()].0;
        let (label, port) = [("a", 8000), ("b", 8001)][usize::try_from(self.random.below(2)).unwrap()];
        let deploys = json!({ label: { "label": label, "release": release, "port": port } });
        put_master(&mut self.one.world, &json!({ "deploys": deploys, "connections": { "main": label } }).to_string());
    }

    fn happen(&mut self) {
        let (homes, length) = (["/opt/deploys/a", "/opt/deploys/b"], 1 + self.random.below(40));
        let home = homes[usize::try_from(self.random.below(2)).unwrap()];
        match self.random.below(8) {
            0 => self.one.world.die(home, "web", 3),
            1 => self.one.world.die(home, "web", 0),
            2 => self.one.world.die(home, "db", 3),
            3 => {
                let comes_back = self.random.below(2) == 0;
                self.one.world.reboot(comes_back);
                self.one.kept = None;
            }
            4 => self.store_away = length,
            5 => self.docker_away = length,
            _ => {
                let which = self.random.below(releases().len() as u64);
                self.deploy(which);
            }
        }
    }

    fn round(&mut self) {
        (self.one.world.cut_off, self.one.world.no_docker) = (self.store_away > 0, self.docker_away > 0);
        self.one.poll(PERIOD_S);
        (self.store_away, self.docker_away) = (self.store_away.saturating_sub(1), self.docker_away.saturating_sub(1));
        self.rounds += 1;
        assert!(self.one.world.violations.is_empty(), "{:?}", self.one.world.violations);
        let is_silent = !self.serves() && !self.one.world.cut_off && self.one.error().is_empty();
        self.unsaid = if is_silent { self.unsaid + 1 } else { 0 };
        assert!(self.unsaid <= UNSAID, "main is not served, and the record says that all is well");
    }

    /// Whether main goes to a deploy that accepts.
    fn serves(&self) -> bool {
        let proxy = self.one.world.proxy.as_ref().filter(|proxy| proxy.running);
        let served = proxy.and_then(|proxy| Generation::of_file(&proxy.loaded)).map(|served| served.routes);
        let ports: Vec<u16> = served.iter().flat_map(|routes| routes.pairs()).map(|(_, port)| port).collect();
        !ports.is_empty() && ports.iter().all(|port| self.one.world.accepting.values().any(|held| held == port))
    }

    /// A day of events; then a good release is wanted and every trouble ends.
    fn day(&mut self) {
        let last = self.rounds + u64::from(86_400 / PERIOD_S);
        while self.rounds < last {
            self.happen();
            for _ in 0..=self.random.below(QUIET) {
                self.round();
            }
        }
        let good = self.random.below(GOOD);
        self.deploy(good);
        (self.store_away, self.docker_away) = (0, 0);
        for _ in 0..HEALS_WITHIN_S / PERIOD_S {
            self.round();
        }
        assert_eq!((self.one.error().as_str(), self.serves()), ("", true));
        let (files, deploys) = (self.one.world.tree.0.len(), self.one.world.running.len());
        assert!(files < 60 && deploys == 1, "{files} files, {deploys} deploys");
    }
}

#[test]
fn after_whatever_happened_everything_is_well_again_and_nothing_untrue_was_said() {
    let (seeds, days) = if is_whole() { (30, 5) } else { (3, 2) };
    let mut rounds = 0;
    for seed in 1..=seeds {
        let mut life = Life::new(seed);
        let run = std::panic::AssertUnwindSafe(|| (0..days).for_each(|_| life.day()));
        if let Err(why) = std::panic::catch_unwind(run) {
            println!("seed {seed}, round {}", life.rounds);
            std::panic::resume_unwind(why);
        }
        rounds += life.rounds;
    }
    println!("{seeds} machines, {days} days each, {rounds} rounds, 0 violations");
}
