//! What operators do to a rollout that is under way, one after the other and at the same time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use c2_core::{
    config::State,
    seam::{Effect, End, Facts, Host, Report, drive},
    world::World,
};
use support::{
    fleet::{begun, config, master_of, named, operate},
    hooked::Hooked,
    words::command,
};

/// What another operator does, with another run.
fn by_zoe(world: &mut World, words: &[&str]) {
    let (name, environment) = (world.name.clone(), world.environment.clone());
    world.nonce += 1 << 40;
    world.name = "h9".into();
    world.environment.insert("USER".into(), "zoe".into());
    operate(world, words);
    (world.name, world.environment) = (name, environment);
}

/// How a first attempt at a write fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fails {
    /// Somebody else wrote before.
    Conflict,
    /// The request is lost.
    OutcomeUnknown,
    /// It is done, and the answer is lost.
    Done,
}

/// How these words end for an operator whose first attempt fails, while zoe does that.
fn end_while(world: World, fails: Fails, words: &[&str], meanwhile: &[&[&str]]) -> (Report, World) {
    let act = |world: &mut World| meanwhile.iter().for_each(|words| by_zoe(world, words));
    let mut first = true;
    let overtake = |world: &mut World, effect: &Effect| {
        if let (Effect::Put { .. }, true) = (effect, std::mem::take(&mut first)) {
            match fails {
                Fails::Conflict => act(world),
                Fails::OutcomeUnknown => world.cut_off = true,
                Fails::Done => {
                    world.perform(effect).unwrap();
                    world.cut_off = true;
                }
            }
        }
    };
    let mut operator = Hooked::new(world, overtake, |_| None);
    operator.meanwhile = Box::new(|world| {
        if std::mem::take(&mut world.cut_off) {
            act(world);
        }
    });
    operator.world.nonce += 1 << 40;
    let end = drive(&*command(&config("operator", &["main"]), words), &mut operator, &mut Facts::default());
    let End::Reported(report) = end else { panic!("{words:?}: {end:?}") };
    (report, operator.world)
}

#[test]
fn a_retry_acts_on_the_rollout_that_was_read_first_and_on_no_other() {
    let id = master_of(&begun()).rollout.unwrap().id;
    for fails in [Fails::Conflict, Fails::OutcomeUnknown] {
        for words in [
            &["rollout", "finish"][..],
            &["rollout", "abort"],
            &["rollout", "advance", "50"],
            &["start", "r1.zip", "d", "--rollout", "1"],
            &["connect", "main", "a", "--rollout", "1"],
        ] {
            let (report, world) = end_while(begun(), fails, words, &[&["rollout", "abort"]]);
            let told = report.failed.unwrap();
            let expected = format!("the rollout {id} has ended; zoe on h9 wrote it last, at 2023-");
            assert!(told.contains(&expected), "{fails:?} {words:?}: {told}");
            assert!(master_of(&world).rollout.is_none(), "{fails:?} {words:?}");

            let others: [&[&str]; 2] = [&["rollout", "abort"], &["start", "r1.zip", "c", "--rollout", "1"]];
            let (report, world) = end_while(begun(), fails, words, &others);
            let (told, state) = (report.failed.unwrap(), master_of(&world));
            let rollout = state.rollout.unwrap();
            let expected =
                format!("the rollout {id} has ended and {} is under way, begun by zoe on h9 at 2023-", rollout.id);
            assert!(told.contains(&expected), "{fails:?} {words:?}: {told}");
            assert!(report.hint.unwrap().contains("c2 rollout status"));
            assert_eq!((rollout.percent.get(), state.deploys.len()), (1, 1), "{fails:?} {words:?}");
            assert_eq!(rollout.candidate.deploys.keys().map(|it| it.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        }
    }
}

#[test]
fn who_begins_a_rollout_joins_none_that_somebody_else_begins_at_the_same_time() {
    let mut plain = named("operator");
    operate(&mut plain, &["start", "r1.zip", "a"]);
    for fails in [Fails::Conflict, Fails::OutcomeUnknown] {
        let words = ["start", "r2.zip", "b", "--rollout", "10"];
        let (report, world) = end_while(plain.clone(), fails, &words, &[&["start", "r1.zip", "c", "--rollout", "10"]]);
        let told = report.failed.unwrap();
        assert!(told.contains("is under way, begun by zoe on h9 at 2023-"), "{told}");
        assert_eq!(master_of(&world).rollout.unwrap().candidate.deploys.len(), 2);
        // Where others only write, it begins.
        let (report, world) = end_while(plain.clone(), fails, &words, &[&["start", "r1.zip", "c"]]);
        assert_eq!(report.failed, None);
        assert_eq!(master_of(&world).rollout.unwrap().candidate.deploys.len(), 3);
    }
}

#[test]
fn what_was_written_without_an_answer_is_done_and_says_that_its_rollout_has_ended_since() {
    let id = master_of(&begun()).rollout.unwrap().id;
    for words in [&["start", "r1.zip", "d", "--rollout", "1"][..], &["rollout", "advance", "50"]] {
        let others: [&[&str]; 2] = [&["rollout", "abort"], &["start", "r1.zip", "c", "--rollout", "1"]];
        for (meanwhile, expected) in [
            (&others[..0], None),
            (&others[..1], Some("has ended; zoe on h9 wrote it last, at 2023-")),
            (&others, Some("begun by zoe on h9 at 2023-")),
        ] {
            let (report, _) = end_while(begun(), Fails::Done, words, meanwhile);
            assert_eq!(report.failed, None, "{words:?}");
            let told = report.notes.join("\n");
            assert_eq!(told.contains(&format!("since then the rollout {id} ")), expected.is_some(), "{told}");
            assert!(expected.is_none_or(|text| told.contains(text)), "{told}");
            assert!(
                words[0] != "start" || told.contains("d (r1.zip) is to run on port 8002: 1 % of the slaves"),
                "{told}"
            );
        }
    }
}

#[test]
fn a_further_command_at_another_share_is_refused_and_told_what_changes_the_share() {
    for percent in ["60", "100"] {
        let mut operator = begun();
        operator.nonce += 1 << 40;
        let words = ["start", "r1.zip", "c", "--rollout", percent];
        let end = drive(&*command(&config("operator", &["main"]), &words), &mut operator, &mut Facts::default());
        let End::Refused(refusal) = end else { panic!("{end:?}") };
        assert!(
            refusal.to_string().contains("is at 1 % of the slaves, begun by somebody on operator at 2023-"),
            "{refusal}"
        );
        let hint = refusal.hint().unwrap().to_string();
        assert!(hint.contains("--rollout 1;") && hint.contains(&format!("c2 rollout advance {percent}")), "{hint}");
        assert_eq!(master_of(&operator).rollout.unwrap().percent.get(), 1);
    }
    let mut operator = begun();
    operate(&mut operator, &["rollout", "advance", "60"]);
    operate(&mut operator, &["start", "r1.zip", "c", "--rollout", "60"]);
}

#[test]
fn maintenance_and_disconnect_in_the_middle_of_a_rollout_are_for_all_machines_and_outlive_it() {
    let shown = |state: &State| {
        let connected = state.connections.values().map(ToString::to_string).collect::<Vec<_>>().join(",");
        format!("{connected} {}", state.maintenance.len())
    };
    for (words, expected) in [
        (&[&["maintenance", "main"][..]][..], ["a 1", "b 1"]),
        (&[&["disconnect", "main"]], [" 0", " 0"]),
        (&[&["maintenance", "main"], &["disconnect", "main"]], [" 1", " 1"]),
        (&[&["maintenance", "main"], &["maintenance", "main", "--off"]], ["a 0", "b 0"]),
    ] {
        for end in ["abort", "finish"] {
            let mut operator = begun();
            for words in words {
                operator.nonce += 1 << 40;
                operate(&mut operator, words);
            }
            let state = master_of(&operator);
            assert_eq!([shown(&state), shown(&state.rollout.unwrap().candidate)], expected, "{words:?}");
            operate(&mut operator, &["rollout", end]);
            let state = master_of(&operator);
            assert_eq!(shown(&state), expected[usize::from(end == "finish")], "{words:?} {end}");
        }
    }
}

#[test]
fn a_page_that_only_the_candidate_has_is_ended_for_all() {
    let mut operator = begun();
    operate(&mut operator, &["maintenance", "main", "--rollout", "1"]);
    let state = master_of(&operator);
    assert_eq!((state.maintenance.len(), state.rollout.unwrap().candidate.maintenance.len()), (0, 1));
    operate(&mut operator, &["maintenance", "main", "--off"]);
    assert!(master_of(&operator).rollout.unwrap().candidate.maintenance.is_empty());
}
