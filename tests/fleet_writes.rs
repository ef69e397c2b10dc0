//! A write on the shared state that cannot be done: others write all the time, the store ignores conditions, or it
//! cannot be tried whether it does. Each is said, and nothing is written that should not be.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::cell::Cell;

use c2_core::{
    seam::{Answer, Effect, End, Facts, Failure, Query, drive},
    world::{Object, World},
};
use serde_json::json;
use support::{
    case::release_of,
    fleet::{config, machine, master, master_of, object, put_master, slave},
    hooked::Hooked,
    words::command,
};

fn store() -> Hooked<'static> {
    Hooked::new(machine("anna", &[("r1.zip", json!({}))]), |_, _| (), |_| None)
}

fn start(store: &mut Hooked<'_>, unsafe_store: bool) -> End {
    start_by(store, unsafe_store, false)
}

fn start_by(store: &mut Hooked<'_>, unsafe_store: bool, force: bool) -> End {
    let flags = [("--allow-unsafe-store", unsafe_store), ("--force", force)];
    let flags = flags.into_iter().filter_map(|(flag, given)| given.then_some(flag));
    let words: Vec<&str> = ["start", "r1.zip"].into_iter().chain(flags).collect();
    drive(&*command(&config("anna", &["main"]), &words), store, &mut Facts::default())
}

#[test]
fn who_is_overtaken_for_a_minute_gives_up_and_names_who_wrote() {
    let (writes, mut number) = (Cell::new(0_u64), 0_u64);
    // Somebody else writes right before each write.
    let overtake = |world: &mut World, effect: &Effect| {
        if let Effect::Put { .. } = effect {
            writes.set(writes.get() + 1);
            let id = format!("{:016x}", writes.get());
            let write = json!({ "id": id, "host": "h9", "user": "zoe", "time": "2026-01-02T03:04:05Z" });
            let state = json!({ "deploys": {}, "connections": {}, "writes": [write] });
            put_master(world, &state.to_string());
        }
    };
    let random = |query: &Query| {
        number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
        matches!(query, Query::Nonce).then(|| Answer::Number(number >> 32))
    };
    let mut store = Hooked::new(store().world, overtake, random);
    let began = store.world.clock;
    let End::Reported(report) = start(&mut store, false) else { panic!("no report") };
    let text = report.failed.unwrap();
    assert!(text.contains("not done within 60 s"), "{text}");
    assert!(text.contains("zoe on h9 wrote it last, at 2026-01-02T03:04:05Z"), "{text}");
    assert!(report.hint.unwrap().contains("nothing of it was written"));
    let waited_s = store.world.clock - began;
    assert!((60..70).contains(&waited_s), "{waited_s} s");
    // Pauses grow to seconds: the store is not asked all the time.
    assert!((10..120).contains(&writes.get()), "{} attempts", writes.get());
    assert!(master_of(&store.world).deploys.is_empty());
}

#[test]
fn a_store_that_ignores_conditions_is_written_to_only_by_those_who_say_so() {
    let mut store = store();
    store.world.heedless = true;
    let End::Refused(refusal) = start(&mut store, false) else { panic!("it was written to") };
    assert!(refusal.to_string().contains("does not heed conditions on writes"), "{refusal}");
    assert!(refusal.hint().unwrap().contains("--allow-unsafe-store"));
    assert!(!store.world.objects.contains_key(&master()));
    let End::Reported(report) = start(&mut store, true) else { panic!("it was refused") };
    assert_eq!(report.failed, None);
    assert!(store.notes.iter().any(|note| note.contains("one is lost")), "{:?}", store.notes);
    assert_eq!(master_of(&store.world).deploys.len(), 1);
}

#[test]
fn where_it_may_not_be_tried_a_warning_says_so() {
    let denied = Failure::NotYet { doing: "try it".into(), why: "AccessDenied".into() };
    let mut store = Hooked::new(
        store().world,
        |_, _| (),
        |query| matches!(query, Query::HonorsConditions { .. }).then(|| Answer::Failed(denied.clone())),
    );
    let End::Reported(report) = start(&mut store, false) else { panic!("it was refused") };
    assert_eq!(report.failed, None);
    let warned = |note: &String| note.contains("could not be tried") && note.contains(".c2-probe");
    assert!(store.notes.iter().any(warned), "{:?}", store.notes);
    assert_eq!(master_of(&store.world).deploys.len(), 1);
}

#[test]
fn a_state_that_is_none_is_not_written_over() {
    for text in ["", "null", "<html>", "{\"deploys\": {}}"] {
        let mut store = store();
        put_master(&mut store.world, text);
        let End::Refused(refusal) = start(&mut store, false) else { panic!("{text:?} was written over") };
        assert!(refusal.to_string().contains("read the state of the master"), "{refusal}");
        assert_eq!(store.world.objects[&master()].bytes, text.as_bytes());
        let connect = command(&config("anna", &["main"]), &["connect", "main", "a"]);
        assert!(matches!(drive(&*connect, &mut store, &mut Facts::default()), End::Refused(_)));
    }
}

#[test]
fn a_rollout_that_changes_nothing_is_not_begun() {
    let mut store = store();
    let of = |words: &[&str]| command(&config("anna", &["main"]), words);
    for words in [&["start", "r1.zip", "r1"][..], &["start", "r1.zip", "r1", "--rollout", "10"]] {
        let End::Reported(report) = drive(&*of(words), &mut store, &mut Facts::default()) else { panic!("{words:?}") };
        assert_eq!(report.failed, None);
    }
    assert!(master_of(&store.world).rollout.is_none());
}

#[test]
fn a_state_that_is_gone_is_not_begun_anew_while_slaves_run_what_it_named() {
    let mut store = store();
    let report = |deploys: &str| {
        format!(
            r#"{{"ipAddress": "", "hostName": "", "status": "ok", "state": {{"deploys": {deploys}, "connections": {{}}}}}}"#
        )
    };
    let deploy = r#"{"web": {"label": "web", "release": "w.zip", "releaseUnpacked": true, "port": 8000}}"#;
    let put = |store: &mut Hooked<'_>, deploys: &str| {
        let modified = store.world.clock;
        let object = Object { bytes: report(deploys).into(), modified, ..Object::default() };
        store.world.objects.insert(slave("one"), object);
    };
    put(&mut store, deploy);
    let End::Refused(refusal) = start(&mut store, false) else { panic!("it was begun") };
    assert!(refusal.to_string().contains("the slave one runs web"), "{refusal}");
    assert!(refusal.hint().unwrap().contains("--force"));
    // Nor by a page, nor where it is not known what they run.
    let page = command(&config("anna", &["main"]), &["maintenance", "main"]);
    let End::Refused(refusal) = drive(&*page, &mut store, &mut Facts::default()) else { panic!("it was begun") };
    assert!(refusal.to_string().contains("the slave one runs web"), "{refusal}");
    let record = store.world.objects.get_mut(&slave("one")).unwrap();
    record.bytes = b"<html>".to_vec();
    let End::Refused(refusal) = start(&mut store, false) else { panic!("it was begun") };
    assert!(refusal.to_string().contains("whether the slave one runs something is not known"), "{refusal}");
    let unlisted = |query: &Query| {
        matches!(query, Query::Releases(_)).then(|| Answer::Failed(Failure::world("list it", "AccessDenied")))
    };
    let mut unlisted = Hooked::new(store.world.clone(), |_, _| (), unlisted);
    let End::Refused(refusal) = start(&mut unlisted, false) else { panic!("it was begun") };
    assert!(refusal.to_string().contains("cannot be looked at: list it: AccessDenied"), "{refusal}");
    assert!(!store.world.objects.contains_key(&master()) && !unlisted.world.objects.contains_key(&master()));
    // However long nothing was heard of it.
    for record in [report(deploy), "<html>".into()] {
        let mut silent = Hooked::new(store.world.clone(), |_, _| (), |_| None);
        silent.world.objects.get_mut(&slave("one")).unwrap().bytes = record.clone().into();
        silent.world.clock += 400_000;
        let End::Refused(refusal) = start(&mut silent, false) else { panic!("it was begun: {record}") };
        let expected = if record == "<html>" { "is not known" } else { "runs web by its record of 400000 s ago" };
        assert!(refusal.to_string().contains(expected), "{refusal}");
        assert!(!silent.world.objects.contains_key(&master()));
        let End::Reported(report) = start_by(&mut silent, false, true) else { panic!("it was refused") };
        assert_eq!((report.failed, master_of(&silent.world).deploys.len()), (None, 1));
    }
    // Of whose label nobody can tell what it runs, nor by a verb that has --force for another reason.
    let mut odd = store.world.clone();
    let record = odd.objects.remove(&slave("one")).unwrap();
    odd.objects.insert(object("base/slaves/web one/state.json"), record);
    let mut odd = Hooked::new(odd, |_, _| (), |_| None);
    let End::Refused(refusal) = start(&mut odd, false) else { panic!("it was begun") };
    assert!(refusal.to_string().contains("the slave of the record \"web one\" runs something"), "{refusal}");
    let stop = command(&config("anna", &["main"]), &["stop", "web", "--force"]);
    let End::Refused(refusal) = drive(&*stop, &mut odd, &mut Facts::default()) else { panic!("it was begun") };
    assert!(refusal.to_string().contains("base/master/state.json is not there"), "{refusal}");
    // One who runs nothing is no reason.
    put(&mut store, "{}");
    let End::Reported(report) = start(&mut store, false) else { panic!("it was refused") };
    assert_eq!((report.failed, master_of(&store.world).deploys.len()), (None, 1));
}

#[test]
fn a_release_whose_bytes_have_changed_is_pinned_anew_and_said() {
    let mut store = store();
    let end = |store: &mut Hooked<'_>| {
        let End::Reported(report) = start(store, false) else { panic!("it was refused") };
        assert_eq!(report.failed, None);
    };
    end(&mut store);
    let pin = |store: &Hooked<'_>| master_of(&store.world).deploys.values().next().unwrap().pin.clone().unwrap().sha256;
    let before = pin(&store);
    assert!(store.notes.is_empty(), "{:?}", store.notes);
    let other = release_of("r1.zip", &json!({ "files": { "more.txt": "more" } }));
    store.world.releases.insert(object("releases/r1.zip"), other);
    store.world.begin(&[]);
    store.world.nonce += 1 << 40;
    end(&mut store);
    assert_ne!(pin(&store), before);
    assert!(
        store.notes.iter().any(|note| note.contains(&format!("{before}: it is started again"))),
        "{:?}",
        store.notes
    );
}

/// The port that a new deploy of this name gets, and what is said of it.
fn new_port(store: &mut Hooked<'_>, deploy: &str) -> (u16, String) {
    store.notes.clear();
    store.world.nonce += 1 << 40;
    let start = command(&config("anna", &["main"]), &["start", "r1.zip", deploy]);
    let End::Reported(report) = drive(&*start, store, &mut Facts::default()) else { panic!("it was refused") };
    assert_eq!(report.failed, None);
    let port = master_of(&store.world).deploys.values().find(|known| known.label.as_str() == deploy).unwrap().port.0;
    (port, store.notes.join("\n"))
}

fn stop(store: &mut Hooked<'_>, deploy: &str) {
    store.world.nonce += 1 << 40;
    let stop = command(&config("anna", &["main"]), &["stop", deploy]);
    assert!(matches!(drive(&*stop, store, &mut Facts::default()), End::Reported(report) if report.failed.is_none()));
}

#[test]
fn a_new_deploy_gets_the_next_port_not_the_one_that_was_set_free() {
    let mut store = store();
    assert_eq!(new_port(&mut store, "a"), (8000, String::new()));
    assert_eq!(new_port(&mut store, "b"), (8001, String::new()));
    stop(&mut store, "a");
    stop(&mut store, "b");
    assert_eq!(new_port(&mut store, "c"), (8002, String::new()));
    // An older tool drops what it does not know: then the highest port of the state is the last.
    let mut state = master_of(&store.world);
    assert_eq!(state.last_port.map(|port| port.0), Some(8002));
    state.last_port = None;
    put_master(&mut store.world, &state.to_json());
    assert_eq!(new_port(&mut store, "d"), (8003, String::new()));
    assert_eq!(new_port(&mut store, "e"), (8000, String::new()), "it wraps");
    // The one that it has is kept.
    assert_eq!(new_port(&mut store, "c").0, 8002);
    assert_eq!(master_of(&store.world).last_port.map(|port| port.0), Some(8000));
}

#[test]
fn a_port_that_a_slave_still_reports_is_given_to_nobody_while_others_are_free() {
    let mut store = store();
    let record = |port: u16| {
        let deploy = json!({ "old": { "label": "old", "release": "o.zip", "port": port } });
        let state = json!({ "deploys": deploy, "connections": {} });
        json!({ "ipAddress": "", "hostName": "", "status": "ok", "state": state }).to_string()
    };
    let put = |store: &mut Hooked<'_>, label: &str, text: String| {
        let modified = store.world.clock;
        let object = Object { bytes: text.into(), modified, ..Object::default() };
        store.world.objects.insert(slave(label), object);
    };
    put_master(&mut store.world, r#"{"deploys": {}, "connections": {}}"#);
    put(&mut store, "one", record(8000));
    put(&mut store, "two", record(8001));
    assert_eq!(new_port(&mut store, "a"), (8002, String::new()));
    assert_eq!(new_port(&mut store, "b"), (8003, String::new()));
    let (port, told) = new_port(&mut store, "c");
    assert_eq!(port, 8000, "no other is free");
    assert!(told.contains("no port of dynamicPortRange is free on all slaves: one still uses 8000"), "{told}");
    // One that is silent for long is gone; of one that cannot be read a warning says so.
    stop(&mut store, "c");
    store.world.clock += 301;
    put(&mut store, "two", "<html>".into());
    let (port, told) = new_port(&mut store, "d");
    assert_eq!(port, 8001);
    assert!(told.contains("which ports are still used by two is not known"), "{told}");
    stop(&mut store, "d");
    let unlisted = |query: &Query| {
        matches!(query, Query::Releases(_)).then(|| Answer::Failed(Failure::world("list it", "AccessDenied")))
    };
    let mut unlisted = Hooked::new(store.world.clone(), |_, _| (), unlisted);
    let (port, told) = new_port(&mut unlisted, "e");
    assert_eq!(port, 8000);
    assert!(told.contains("which ports the slaves still use is not known: list it: AccessDenied"), "{told}");
}

#[test]
fn a_port_of_a_rollout_that_was_taken_back_is_not_given_out_next() {
    let mut store = store();
    let run = |store: &mut Hooked<'_>, words: &[&str]| {
        store.world.nonce += 1 << 40;
        let command = command(&config("anna", &["main"]), words);
        let end = drive(&*command, store, &mut Facts::default());
        assert!(matches!(&end, End::Reported(report) if report.failed.is_none()), "{words:?} {end:?}");
    };
    run(&mut store, &["start", "r1.zip", "a"]);
    run(&mut store, &["start", "r1.zip", "b", "--rollout", "10"]);
    run(&mut store, &["rollout", "abort"]);
    run(&mut store, &["start", "r1.zip", "c", "--rollout", "10"]);
    run(&mut store, &["rollout", "finish"]);
    let state = master_of(&store.world);
    let ports: Vec<u16> = state.deploys.values().map(|deploy| deploy.port.0).collect();
    assert_eq!((ports, state.last_port.map(|port| port.0)), (vec![8000, 8002], Some(8002)));
}

#[test]
fn a_deploy_of_the_fleet_is_stopped_by_the_name_of_its_release_too() {
    let mut store = store();
    for deploy in ["r1", "other"] {
        new_port(&mut store, deploy);
    }
    stop(&mut store, "r1.zip");
    let left = master_of(&store.world).deploys;
    assert_eq!(left.keys().map(|deploy| deploy.as_str()).collect::<Vec<_>>(), ["other"]);
}
