//! `rollout run`, while others write and slaves come late, fall silent or do not know who they are.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{cell::Cell, mem::swap};

use c2_core::{
    config::{DeployMode, SlaveLabel},
    seam::{Answer, Effect, End, Facts, Failure, Query, REVERTED, Report, drive},
    world::World,
};
use serde_json::json;
use support::{
    fleet::{begun, config, master_of, named, operate, put_master},
    hooked::Hooked,
    words::command,
};

/// One round of a slave, on the operator's bucket.
fn follow(operator: &mut World, slave: &mut World) {
    slave.clock = operator.clock;
    slave.begin(&[]);
    swap(&mut slave.objects, &mut operator.objects);
    let command = command(&config(&slave.name.clone(), &["main"]), &["slave-update"]);
    let end = drive(&*command, slave, &mut Facts::default());
    swap(&mut slave.objects, &mut operator.objects);
    assert!(matches!(&end, End::Reported(report) if report.failed.is_none()), "{end:?}");
}

/// The report of a run through these stages.
fn run(operator: &mut Hooked<'_>, stages: &[u32], bake_s: u32, timeout_s: u32) -> Report {
    let stages = stages.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let (bake, timeout) = (bake_s.to_string(), timeout_s.to_string());
    let words = ["rollout", "run", "--stages", &stages, "--bake", &bake, "--stage-timeout", &timeout];
    let command = command(&config("operator", &["main"]), &words);
    let End::Reported(report) = drive(&*command, operator, &mut Facts::default()) else { panic!("no report") };
    report
}

#[test]
fn what_others_end_or_begin_is_not_driven_on() {
    for replaced in [false, true] {
        let mut pauses = 0;
        let mut operator = Hooked::pausing(begun(), |world| {
            pauses += 1;
            if pauses == 1 {
                operate(world, &["rollout", "abort"]);
                if replaced {
                    // Another run has another id.
                    world.nonce += 1 << 40;
                    operate(world, &["start", "r1.zip", "c", "--rollout", "100"]);
                }
            }
        });
        let id = master_of(&operator.world).rollout.unwrap().id;
        let report = run(&mut operator, &[100], 0, 60);
        let told = report.failed.unwrap();
        assert!(told.starts_with(&format!("run the rollout {id}: the rollout {id} has ended")), "{told}");
        assert_eq!((told.contains("is under way, begun by somebody on operator at "), report.code), (replaced, 1));
        let state = master_of(&operator.world);
        assert_eq!(state.rollout.is_some(), replaced);
        assert_eq!(state.deploys.len(), 1, "what others began is not finished");
    }
}

#[test]
fn a_change_that_no_slave_takes_up_is_taken_back() {
    let mut operator = Hooked::pausing(begun(), |_| ());
    let report = run(&mut operator, &[50, 100], 0, 60);
    assert!(report.failed.unwrap().contains("at 100 %: no slave has taken it up"));
    assert_eq!(report.code, REVERTED);
    assert_eq!(master_of(&operator.world).deploys.len(), 1);
    assert!(master_of(&operator.world).rollout.is_none());
}

#[test]
fn a_stage_that_nobody_is_in_is_passed_and_said() {
    let (operator, mut slave) = (begun(), named("one"));
    let mut said = Vec::new();
    let mut operator = Hooked::pausing(operator, |world| {
        said.push(master_of(world).rollout.map(|rollout| rollout.percent.get()));
        follow(world, &mut slave);
    });
    // Its hash puts this slave behind the first stage.
    assert_eq!(run(&mut operator, &[1, 100], 0, 60).failed, None);
    drop(operator);
    assert_eq!(said.first(), Some(&Some(1)), "the pause in which it is said");
}

#[test]
fn a_slave_that_is_silent_for_long_before_it_has_the_change_is_waited_for() {
    let (mut operator, mut slave) = (begun(), named("one"));
    follow(&mut operator, &mut slave);
    let began_s = operator.clock;
    // It is busy for longer than the time after which it counts as dead.
    let mut operator = Hooked::pausing(operator, |world| {
        if world.clock >= began_s + 500 {
            follow(world, &mut slave);
        }
    });
    assert_eq!(run(&mut operator, &[100], 0, 600).failed, None);
    assert_eq!(master_of(&operator.world).deploys.len(), 2);
}

#[test]
fn a_slave_that_falls_silent_when_it_has_the_change_is_a_failure() {
    let (operator, mut slave, mut follows) = (begun(), named("one"), true);
    let mut operator = Hooked::pausing(operator, |world| {
        if std::mem::take(&mut follows) {
            follow(world, &mut slave);
        }
    });
    let report = run(&mut operator, &[100], 600, 60);
    assert!(report.failed.unwrap().contains("one: nothing heard of it any more"));
    assert_eq!((report.code, master_of(&operator.world).deploys.len()), (REVERTED, 1));
}

/// An operator whose store is away, for reads, while `away` says so, and whose every second write is refused.
fn beside_a_bad_store<'a>(world: World, away: &'a Cell<bool>) -> Hooked<'a> {
    let mut writes = 0;
    Hooked::new(
        world,
        move |world, effect| {
            let write = matches!(effect, Effect::Put { .. });
            writes += i32::from(write);
            world.cut_off = write && writes % 2 == 1;
        },
        |query| {
            let asks = matches!(query, Query::Shared(_) | Query::Releases(_));
            (asks && away.get()).then(|| Answer::Failed(Failure::world("ask it", "connection refused")))
        },
    )
}

#[test]
fn a_store_that_is_away_for_a_while_ends_no_run_and_a_failure_is_taken_back_all_the_same() {
    // One slave takes the change up and dies of it.
    let (operator, mut slave, mut looks, away) = (begun(), named("one"), 0, Cell::new(false));
    let mut operator = beside_a_bad_store(operator, &away);
    operator.meanwhile = Box::new(|world| {
        world.cut_off = false;
        looks += 1;
        if looks <= 5 {
            follow(world, &mut slave);
        }
        away.set(looks % 3 == 2 && looks < 60);
    });
    let report = run(&mut operator, &[100], 600, 400);
    assert!(report.failed.unwrap().contains("one: nothing heard of it any more"));
    assert_eq!(report.code, REVERTED);
}

#[test]
fn slaves_that_could_not_report_to_a_store_that_was_away_have_not_died() {
    let (operator, mut slave, away) = (begun(), named("one"), Cell::new(false));
    let began_s = operator.clock;
    let mut operator = beside_a_bad_store(operator, &away);
    operator.meanwhile = Box::new(|world| {
        world.cut_off = false;
        let at_s = world.clock - began_s;
        away.set((100..500).contains(&at_s));
        // It is heard of again only a while after the store is.
        if !(100..=600).contains(&at_s) {
            follow(world, &mut slave);
        }
    });
    assert_eq!(run(&mut operator, &[100], 300, 600).failed, None);
    assert_eq!(master_of(&operator.world).deploys.len(), 2);
}

#[test]
fn a_write_late_in_a_run_is_tried_for_as_long_as_an_early_one() {
    // Each first attempt at a write is overtaken, long after the one before.
    let (operator, mut slave, mut written) = (begun(), named("one"), 0);
    let overtake = |world: &mut World, effect: &Effect| {
        if let Effect::Put { .. } = effect {
            written += 1;
            if written % 2 == 1 {
                let mut state = master_of(world);
                state.extra.insert("more".into(), json!(written));
                put_master(world, &state.to_json());
            }
        }
    };
    let mut operator = Hooked::new(operator, overtake, |_| None);
    operator.meanwhile = Box::new(|world| follow(world, &mut slave));
    assert_eq!(run(&mut operator, &[50, 100], 200, 600).failed, None);
    assert_eq!(master_of(&operator.world).deploys.len(), 2);
}

#[test]
fn who_says_what_this_run_wanted_to_say_does_not_end_it() {
    let (operator, mut slave, mut first) = (begun(), named("one"), true);
    let overtake = |world: &mut World, effect: &Effect| {
        if let (Effect::Put { .. }, true) = (effect, std::mem::take(&mut first)) {
            operate(world, &["rollout", "advance", "100"]);
        }
    };
    let mut operator = Hooked::new(operator, overtake, |_| None);
    operator.meanwhile = Box::new(|world| follow(world, &mut slave));
    assert_eq!(run(&mut operator, &[100], 200, 600).failed, None);
    assert_eq!(master_of(&operator.world).deploys.len(), 2);
}

#[test]
fn a_run_may_take_days() {
    let (operator, mut slave, mut looks) = (begun(), named("one"), 0);
    let mut operator = Hooked::pausing(operator, |world| {
        looks += 1;
        if looks % 50 == 1 {
            follow(world, &mut slave);
        }
    });
    let began_s = operator.world.clock;
    assert_eq!(run(&mut operator, &[100], 25_000, 600).failed, None);
    assert!(operator.world.clock - began_s > 2 * 10_000, "it looks every two seconds");
}

#[test]
fn a_machine_that_does_not_know_its_label_keeps_what_it_has_while_a_rollout_is_under_way() {
    let (mut operator, mut slave) = (begun(), named("one"));
    operate(&mut operator, &["rollout", "advance", "100"]);
    follow(&mut operator, &mut slave);
    let running = slave.running.clone();
    assert_eq!(running.len(), 2);

    let mut config = config("one", &["main"]);
    let DeployMode::Proxy(proxy) = &mut config.deploy_mode else { panic!("no proxy") };
    proxy.slave_label = SlaveLabel::Ec2InstanceId;
    slave.objects = operator.objects;
    slave.begin(&[]);
    let failed = Failure::world("find this instance's id", "it answered 403");
    let unknown = |query: &Query| matches!(query, Query::InstanceId).then(|| Answer::Failed(failed.clone()));
    let mut slave = Hooked::new(slave, |_, _| (), unknown);
    let command = command(&config, &["slave-update"]);
    let End::Reported(report) = drive(&*command, &mut slave, &mut Facts::default()) else { panic!("no report") };
    let told = report.failed.unwrap();
    assert!(told.contains("cannot tell whether it is in") && told.contains("it answered 403"), "{told}");
    assert_eq!(slave.world.running, running);
}
