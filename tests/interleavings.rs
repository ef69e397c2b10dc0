//! Three who share a bucket, in every order of what they read and write there, with and without a lost request or
//! answer: it ends as if one had acted after the other.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    mem::swap,
};

use c2_core::{
    seam::{Command, Effect, End, Facts, Failure, Host, Location, Outcome, Plan, Purpose, Query, Step, drive},
    world::{Object, World},
};
use serde_json::{Value, json};
use support::{
    fleet::{config, machine, master_of, put_master},
    norm::difference,
    sweep::{self, failed},
    words::command,
};

type Bucket = BTreeMap<Location, Object>;

/// What becomes of a write.
#[derive(Clone, Copy)]
enum Fate {
    Answered,
    /// The request is lost.
    Lost,
    /// The answer is lost.
    OutcomeUnknown,
}

/// One who acts, between two of its reads and writes in the bucket.
#[derive(Clone)]
struct Actor<'a> {
    command: &'a dyn Command,
    world: World,
    facts: Facts,
    past: Vec<Outcome>,
    next: Next,
}

/// What it does next in the bucket.
#[derive(Clone)]
enum Next {
    Read(Query),
    Write(Plan),
    Nothing(End),
}

impl<'a> Actor<'a> {
    fn new(command: &'a dyn Command, name: &str, releases: &[(&str, Value)], number: u64) -> Self {
        let mut world = machine(name, releases);
        world.nonce = 1_000_000 * number;
        let (facts, past) = (Facts::default(), Vec::new());
        let mut actor = Actor { command, world, facts, past, next: Next::Nothing(End::Gone) };
        actor.go_on();
        actor
    }

    /// Goes on with what is its own until it must read or write in the bucket.
    fn go_on(&mut self) {
        loop {
            let decided = self.command.next(&self.facts, &self.past);
            let noted = self.facts.take_noted();
            let shared = noted.iter().find(|query| in_bucket(query)).cloned();
            for query in noted.iter().filter(|query| !in_bucket(query)) {
                let answer = self.world.answer(std::slice::from_ref(query)).remove(0);
                self.facts.learn(query.clone(), answer);
            }
            match (shared, decided) {
                (Some(query), _) => return self.next = Next::Read(query),
                _ if !noted.is_empty() => (),
                (None, Err(refusal)) => return self.next = Next::Nothing(End::Refused(refusal)),
                (None, Ok(Step::Done(report))) => return self.next = Next::Nothing(End::Reported(report)),
                (None, Ok(Step::Wait { why, what, pause_ms, forget })) => {
                    match forget.is_empty() {
                        true => {
                            self.world.pause(pause_ms);
                            self.facts.forget_volatile();
                        }
                        false => self.facts.forget(&forget),
                    }
                    self.past.push(Outcome::Waited { ms: pause_ms, what, why });
                }
                (None, Ok(Step::Do(plan))) => match self.perform(plan) {
                    Some(next) => return self.next = next,
                    None => continue,
                },
            }
        }
    }

    /// Performs a plan that is about its own machine; the write that another one is about.
    fn perform(&mut self, plan: Plan) -> Option<Next> {
        let intent = plan.intent.clone();
        let intend = intent.clone().map(|(path, intent)| Effect::Intend { path, intent });
        let forget = intent.map(|(path, _)| Effect::Forget(path));
        let staged = plan.stages.iter().flat_map(|stage| stage.effects.clone());
        let effects: Vec<Effect> =
            intend.into_iter().chain(staged).chain(forget).chain(plan.tidy.iter().cloned()).collect();
        if effects.iter().any(|effect| matches!(effect, Effect::Put { .. })) {
            assert_eq!(effects.len(), 1, "a write stands alone");
            return Some(Next::Write(plan));
        }
        for effect in &effects {
            self.world.perform(effect).unwrap();
        }
        self.ended(plan, None);
        None
    }

    fn ended(&mut self, plan: Plan, failed: Option<(String, Failure)>) {
        self.facts.forget(&plan.outdates());
        self.past.push(Outcome::Planned { plan, failed, trouble: vec![] });
        self.facts.forget_volatile();
    }

    /// Reads or writes once in the bucket, and goes on.
    fn act(&mut self, bucket: &mut Bucket, fate: Fate) {
        swap(&mut self.world.objects, bucket);
        match std::mem::replace(&mut self.next, Next::Nothing(End::Gone)) {
            Next::Read(query) => {
                let answer = self.world.answer(std::slice::from_ref(&query)).remove(0);
                self.facts.learn(query, answer);
            }
            Next::Write(plan) => {
                let effect = plan.stages[0].effects[0].clone();
                let lost = Failure::OutcomeUnknown { doing: effect.to_string(), why: "no answer".into() };
                let result = match fate {
                    Fate::Answered => self.world.perform(&effect),
                    Fate::Lost => Err(lost),
                    Fate::OutcomeUnknown => self.world.perform(&effect).and(Err(lost)),
                };
                let failed = result.err().map(|failure| ("write it".to_string(), failure));
                self.ended(plan, failed);
            }
            Next::Nothing(_) => unreachable!(),
        }
        swap(&mut self.world.objects, bucket);
        self.go_on();
    }

    fn end(&self) -> Option<&End> {
        match &self.next {
            Next::Nothing(end) => Some(end),
            _ => None,
        }
    }
}

fn in_bucket(query: &Query) -> bool {
    matches!(query, Query::Shared(_))
}

/// What counts in the end: who succeeded, what the bucket holds, what runs on the machines.
type Ending = (Vec<bool>, String, Vec<Vec<String>>);

fn ending(ends: &[&End], bucket: &Bucket, worlds: &[&World]) -> Ending {
    let objects: Vec<String> = bucket
        .iter()
        .map(|(at, object)| {
            let mut value: Value = serde_json::from_slice(&object.bytes).unwrap();
            // Who wrote when, and which state a slave followed, differ from order to order.
            let fields = value.as_object_mut().unwrap();
            fields.retain(|name, _| !["writes", "followed"].contains(&name.as_str()));
            if let Some(rollout) = fields.get_mut("rollout") {
                rollout["id"] = Value::Null;
            }
            format!("{at} {value}")
        })
        .collect();
    let succeeded = ends.iter().map(|end| !failed(end)).collect();
    (succeeded, objects.join("\n"), worlds.iter().map(|world| sweep::lines(world)).collect())
}

fn lines_of((succeeded, objects, machines): &Ending) -> Vec<String> {
    let machines =
        machines.iter().zip(NAMES).flat_map(|(lines, name)| lines.iter().map(move |line| format!("{name} {line}")));
    [format!("{succeeded:?}")].into_iter().chain(objects.lines().map(String::from)).chain(machines).collect()
}

struct Explored {
    states: HashSet<u64>,
    endings: BTreeSet<Ending>,
    ends: usize,
}

/// Every order from here on, with at most so many faults.
fn explore(actors: &[Actor<'_>], bucket: &Bucket, faults: usize, explored: &mut Explored) {
    if !explored.states.insert(key(actors, bucket, faults)) {
        return;
    }
    if actors.iter().all(|actor| actor.end().is_some()) {
        let ends: Vec<&End> = actors.iter().map(|actor| actor.end().unwrap()).collect();
        check_writes(&ends, actors, bucket);
        let worlds: Vec<&World> = actors.iter().map(|actor| &actor.world).collect();
        explored.ends += 1;
        explored.endings.insert(ending(&ends, bucket, &worlds));
        return;
    }
    for (index, actor) in actors.iter().enumerate() {
        let fates: &[Fate] = match &actor.next {
            Next::Nothing(_) => continue,
            // A report that was not written is told as a failure, and made anew in the next round.
            Next::Write(plan) if faults > 0 && plan.purpose != Purpose::Report => {
                &[Fate::Answered, Fate::Lost, Fate::OutcomeUnknown]
            }
            _ => &[Fate::Answered],
        };
        for fate in fates {
            let (mut actors, mut bucket) = (actors.to_vec(), bucket.clone());
            actors[index].act(&mut bucket, *fate);
            let left = faults - usize::from(!matches!(fate, Fate::Answered));
            explore(&actors, &bucket, left, explored);
        }
    }
}

/// Who succeeded with a write is among the writers once.
fn check_writes(ends: &[&End], actors: &[Actor<'_>], bucket: &Bucket) {
    let world = World { objects: bucket.clone(), ..World::default() };
    let ids: Vec<String> = master_of(&world).writes.iter().map(|write| write.id.clone()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "a write was done twice");
    let hosts: Vec<String> = master_of(&world).writes.into_iter().map(|write| write.host).collect();
    for (actor, end) in actors.iter().zip(ends) {
        let wrote = hosts.contains(&actor.world.name);
        assert!(!failed(end) || !wrote, "{} says that it failed and did not: {end:?}", actor.world.name);
    }
}

fn key(actors: &[Actor<'_>], bucket: &Bucket, faults: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    faults.hash(&mut hasher);
    for (at, object) in bucket {
        (at.to_string(), &object.bytes).hash(&mut hasher);
    }
    for actor in actors {
        sweep::hash(&actor.world).hash(&mut hasher);
        actor.world.nonce.hash(&mut hasher);
        let next = match &actor.next {
            Next::Read(query) => format!("{query:?}"),
            Next::Write(plan) => format!("{plan:?}"),
            Next::Nothing(end) => format!("{end:?}"),
        };
        (format!("{:?} {:?}", actor.facts, actor.past), next).hash(&mut hasher);
    }
    hasher.finish()
}

/// How it ends when one acts after the other, in any order.
fn one_after_the_other(commands: &[Box<dyn Command>], bucket: &Bucket) -> BTreeSet<Ending> {
    let mut endings = BTreeSet::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (mut bucket, mut ends, mut worlds) = (bucket.clone(), BTreeMap::new(), BTreeMap::new());
        for index in order {
            let mut world = machine(NAMES[index], &releases());
            world.nonce = 1_000_000 * (index as u64 + 1);
            swap(&mut world.objects, &mut bucket);
            let end = drive(&*commands[index], &mut world, &mut Facts::default());
            swap(&mut world.objects, &mut bucket);
            ends.insert(index, end);
            worlds.insert(index, world);
        }
        let (ends, worlds): (Vec<&End>, Vec<&World>) = (ends.values().collect(), worlds.values().collect());
        endings.insert(ending(&ends, &bucket, &worlds));
    }
    endings
}

const NAMES: [&str; 3] = ["anna", "bert", "carl"];

fn releases() -> Vec<(&'static str, Value)> {
    vec![("r1.zip", json!({})), ("r2.zip", json!({}))]
}

/// Explores what three do on a state; prints how much that was.
fn three(state: &str, words: [&[&str]; 3], faults: usize) {
    let commands: Vec<Box<dyn Command>> =
        words.iter().zip(NAMES).map(|(words, name)| command(&config(name, &["main"]), words)).collect();
    let mut world = World::default();
    if !state.is_empty() {
        put_master(&mut world, state);
    }
    let bucket = world.objects;
    let expected = one_after_the_other(&commands, &bucket);
    let actors: Vec<Actor<'_>> =
        (0..3).map(|index| Actor::new(&*commands[index], NAMES[index], &releases(), index as u64 + 1)).collect();
    let mut explored = Explored { states: HashSet::new(), endings: BTreeSet::new(), ends: 0 };
    explore(&actors, &bucket, faults, &mut explored);
    println!("{words:?}: {} states, {} ends, {} endings", explored.states.len(), explored.ends, explored.endings.len());
    for ending in &explored.endings {
        let nearest = expected.iter().map(|other| difference(&lines_of(other), &lines_of(ending)));
        let nearest = nearest.min_by_key(String::len).unwrap();
        assert!(expected.contains(ending), "{words:?} ended as in no order of the three: {nearest}");
    }
    assert!(explored.ends > 6, "nothing was explored");
}

const TWO: &str = r#"{"deploys": {"a": {"label": "a", "release": "r1.zip", "port": 8000},
    "b": {"label": "b", "release": "r2.zip", "port": 8001}}, "connections": {"main": "a"}}"#;

#[test]
fn three_first_writers() {
    three("", [&["start", "r1.zip", "a"], &["start", "r2.zip", "b"], &["start", "r1.zip", "c"]], 2);
    three("", [&["start", "r1.zip", "a"], &["start", "r2.zip", "a"], &["connect", "main", "a"]], 2);
}

#[test]
fn three_who_contradict_each_other() {
    three(TWO, [&["connect", "main", "b"], &["stop", "a"], &["disconnect", "main"]], 2);
    three(TWO, [&["stop", "b"], &["connect", "main", "b"], &["start", "r1.zip", "b"]], 2);
}

#[test]
fn three_on_one_rollout() {
    let candidate = ["start", "r1.zip", "c", "--rollout", "10"];
    three(TWO, [&candidate, &["rollout", "abort"], &["stop", "b"]], 2);
    three(TWO, [&candidate, &["rollout", "finish"], &["rollout", "advance", "50"]], 2);
    three(TWO, [&candidate, &["maintenance", "main"], &["rollout", "finish"]], 2);
}

#[test]
fn two_writers_and_one_who_follows() {
    three(TWO, [&["connect", "main", "b"], &["start", "r1.zip", "c"], &["slave-update"]], 1);
    three("", [&["start", "r1.zip", "a"], &["connect", "main", "a"], &["slave-update"]], 1);
}
