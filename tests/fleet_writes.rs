//! A write on the shared state that cannot be done: others write all the time, the store ignores conditions, or it
//! cannot be tried whether it does. Each is said, and nothing is written that should not be.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use c2_core::{
    commands::{Options, Request},
    seam::{Answer, Effect, End, Facts, Failure, Host, Message, Query, Signal, drive},
    world::World,
};
use serde_json::json;
use support::fleet::{command, config, machine, master, master_of, put_master};

/// A machine whose store has moods.
struct Store {
    world: World,
    /// Whether somebody else writes right before each write.
    contended: bool,
    /// What is answered when it is tried whether conditions are heeded.
    tried: Option<Answer>,
    writes: usize,
    said: Vec<String>,
}

impl Store {
    fn new() -> Self {
        let world = machine("anna", &[("r1.zip", json!({}))]);
        Store { world, contended: false, tried: None, writes: 0, said: vec![] }
    }

    fn start(&mut self, unsafe_store: bool) -> End {
        let config = config("anna", &["main"]);
        let request = Request::Start { release: "r1.zip".into(), as_deploy: None, force: false, sha256: None };
        let command = request.command(config, &Options { unsafe_store, ..Options::DEFAULT }).unwrap();
        drive(&*command, self, &mut Facts::default())
    }
}

impl Host for Store {
    fn answer(&mut self, queries: &[Query]) -> Vec<Answer> {
        let answer = |query: &Query| match (query, &self.tried) {
            (Query::Heeds { .. }, Some(answer)) => answer.clone(),
            (Query::Nonce, _) => Answer::Number((self.writes as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32),
            _ => self.world.answer(std::slice::from_ref(query)).remove(0),
        };
        queries.iter().map(answer).collect()
    }
    fn perform(&mut self, effect: &Effect) -> Result<(), Failure> {
        if let Effect::Put { .. } = effect {
            self.writes += 1;
            if self.contended {
                let write = json!({ "id": format!("{:016x}", self.writes), "host": "h9", "user": "zoe",
                    "time": "2026-01-02T03:04:05Z" });
                let state = json!({ "deploys": {}, "connections": {}, "writes": [write] });
                put_master(&mut self.world, &state.to_string());
            }
        }
        self.world.perform(effect)
    }
    fn pause(&mut self, ms: u32) -> bool {
        self.world.pause(ms)
    }
    fn lock(&mut self, path: &str, may_nest: bool) -> Result<(), Failure> {
        self.world.lock(path, may_nest)
    }
    fn unlock(&mut self) {
        self.world.unlock();
    }
    fn shield(&mut self, on: bool) {
        self.world.shield(on);
    }
    fn interrupted(&self) -> Option<Signal> {
        None
    }
    fn say(&mut self, message: Message<'_>) {
        if let Message::Plan(plan) = message {
            self.said.extend(plan.notes.iter().cloned());
        }
    }
}

#[test]
fn who_is_overtaken_for_a_minute_gives_up_and_names_who_wrote() {
    let mut store = Store { contended: true, ..Store::new() };
    let began = store.world.clock;
    let End::Reported(report) = store.start(false) else { panic!("no report") };
    let text = report.failed.unwrap();
    assert!(text.contains("not done within 60 s"), "{text}");
    assert!(text.contains("zoe on h9 wrote it last, at 2026-01-02T03:04:05Z"), "{text}");
    assert!(report.hint.unwrap().contains("nothing of it was written"));
    let waited_s = store.world.clock - began;
    assert!((60..70).contains(&waited_s), "{waited_s} s");
    // Pauses grow to seconds: the store is not asked all the time.
    assert!((10..120).contains(&store.writes), "{} attempts", store.writes);
    assert!(master_of(&store.world).deploys.is_empty());
}

#[test]
fn a_store_that_ignores_conditions_is_written_to_only_by_those_who_say_so() {
    let mut store = Store::new();
    store.world.heedless = true;
    let End::Refused(refusal) = store.start(false) else { panic!("it was written to") };
    assert!(refusal.to_string().contains("does not heed conditions on writes"), "{refusal}");
    assert!(refusal.hint().unwrap().contains("--allow-unsafe-store"));
    assert!(!store.world.objects.contains_key(&master()));
    let End::Reported(report) = store.start(true) else { panic!("it was refused") };
    assert_eq!(report.failed, None);
    assert!(store.said.iter().any(|note| note.contains("one is lost")), "{:?}", store.said);
    assert_eq!(master_of(&store.world).deploys.len(), 1);
}

#[test]
fn where_it_may_not_be_tried_a_warning_says_so() {
    let denied = Failure::NotYet { doing: "try it".into(), why: "AccessDenied".into() };
    let mut store = Store { tried: Some(Answer::Failed(denied)), ..Store::new() };
    let End::Reported(report) = store.start(false) else { panic!("it was refused") };
    assert_eq!(report.failed, None);
    let warned = |note: &String| note.contains("could not be tried") && note.contains(".c2-probe");
    assert!(store.said.iter().any(warned), "{:?}", store.said);
    assert_eq!(master_of(&store.world).deploys.len(), 1);
}

#[test]
fn a_state_that_is_none_is_not_written_over() {
    for text in ["", "null", "<html>", "{\"deploys\": {}}"] {
        let mut store = Store::new();
        put_master(&mut store.world, text);
        let End::Refused(refusal) = store.start(false) else { panic!("{text:?} was written over") };
        assert!(refusal.to_string().contains("read the state of the master"), "{refusal}");
        assert_eq!(store.world.objects[&master()].bytes, text.as_bytes());
        let connect = command(&config("anna", &["main"]), &["connect", "main", "a"]);
        assert!(matches!(drive(&*connect, &mut store, &mut Facts::default()), End::Refused(_)));
    }
}
