//! What is taken for ready, and for how long that is waited for.

use crate::prelude::*;

use super::*;
use crate::config::Positive;

fn tcp() -> Readiness {
    Readiness::Tcp(TcpReadiness { timeout_s: Positive::new(60).unwrap(), settle_s: Settle::new(5).unwrap() })
}

/// A container that runs for so long and was restarted so often.
fn running(age_ms: u64, restarts: u64) -> Container {
    Container {
        id: "ab".into(),
        name: "app-web-1".into(),
        state: ContainerState::Running,
        started: "now".into(),
        age_ms: Some(age_ms),
        restarts,
        health: Health::None,
        decides_ms: 0,
        published: vec![8000],
        stop_timeout_s: 10,
        ended_since_boot: false,
    }
}

fn ended(code: i64) -> Container {
    Container { state: ContainerState::Exited(code), ..running(90_000, 0) }
}

/// A first look at a port that answers.
fn answering(containers: Vec<Container>) -> Standing {
    let containers = Ok(containers);
    Standing { port: Ok(()), containers, compose: true, listener_age_ms: None, same_ms: 0, changed: false }
}

fn refused(containers: Vec<Container>) -> Standing {
    Standing { port: Err("connection refused".into()), ..answering(containers) }
}

fn status(standing: &Standing) -> Status {
    Status::of(standing, &tcp())
}

fn settling(for_ms: u64) -> Status {
    Status::Settling { for_ms, left_ms: 5_000 - for_ms }
}

#[test]
fn what_runs_for_long_enough_is_ready_by_one_look() {
    assert!(status(&answering(vec![running(5_000, 0)])).is_ready());
    let process = Standing { listener_age_ms: Some(5_000), compose: false, ..answering(vec![]) };
    assert!(status(&process).is_ready());
}

#[test]
fn what_was_started_just_now_must_last() {
    assert_eq!(status(&answering(vec![running(2_000, 0)])), settling(2_000));
    assert_eq!(status(&answering(vec![running(90_000, 0), running(100, 0)])), settling(100), "the youngest counts");
    assert_eq!(status(&answering(vec![])), settling(0), "nothing is known of how long it runs");
    assert!(status(&Standing { same_ms: 5_000, ..answering(vec![]) }).is_ready());
}

#[test]
fn what_was_restarted_must_last_before_this_very_run_or_be_a_minute_old() {
    assert_eq!(status(&answering(vec![running(20_000, 3)])), settling(0));
    assert!(status(&answering(vec![running(60_000, 3)])).is_ready());
    assert!(status(&Standing { same_ms: 5_000, ..answering(vec![running(9_000, 3)]) }).is_ready());
    // What did not answer a moment ago has not lasted, however long its container runs.
    let late = Standing { same_ms: 1_000, changed: true, ..answering(vec![running(30_000, 0)]) };
    assert_eq!(status(&late), settling(1_000));
}

#[test]
fn each_container_counts_and_a_job_that_ended_well_does_no_harm() {
    let with = |container: Container| status(&answering(vec![running(90_000, 0), container]));
    assert!(with(ended(0)).is_ready());
    let states = [ContainerState::Restarting, ContainerState::Paused, ContainerState::Created];
    let bad = states.map(|state| Container { state, ..running(90_000, 1) });
    let unhealthy = Container { health: Health::Unhealthy, ..running(90_000, 0) };
    for container in bad.into_iter().chain([unhealthy, ended(1)]) {
        let text = container.to_string();
        assert_eq!(with(container).why(), Some(text.into()));
    }
}

#[test]
fn a_readiness_of_none_asks_the_containers_alone() {
    let none = |containers| Status::of(&answering(containers), &Readiness::None);
    assert!(none(vec![]).is_ready(), "there is nothing that could settle");
    assert_eq!(none(vec![running(1_000, 0)]), settling(1_000));
    assert!(matches!(none(vec![ended(3)]), Status::EndedBadly(_)));
    let unknown = Standing { containers: Err("no engine".into()), ..answering(vec![]) };
    assert_eq!(Status::of(&unknown, &Readiness::None).why(), Some("no engine".into()));
    let without = Standing { compose: false, ..unknown };
    assert!(Status::of(&without, &Readiness::None).is_ready(), "it needs no docker");
}

#[test]
fn what_docker_printed_instead_of_containers_is_no_others_to_read() {
    let why = Reason { full: "look for containers: printed".into(), public: "look for containers: it failed".into() };
    let unknown = Standing { containers: Err(why.clone()), ..answering(vec![]) };
    assert_eq!(Status::of(&unknown, &Readiness::None).why(), Some(why));
}

/// Whether nothing more is waited for.
fn over(standing: &Standing, waited_ms: u64) -> bool {
    status(standing).is_over(waited_ms, &tcp(), standing)
}

#[test]
fn a_settling_that_began_in_time_may_end_after_the_limit_and_no_other() {
    let good = Standing { same_ms: 3_000, changed: true, ..answering(vec![running(70_000, 0)]) };
    assert!(!over(&good, 62_900) && over(&good, 63_100));
    let bad = refused(vec![running(1_000, 0)]);
    assert!(!over(&bad, 59_900) && over(&bad, 60_000));
}

#[test]
fn a_health_check_extends_the_limit_until_it_has_decided_unless_its_container_is_restarted() {
    let checked = |health, age_ms, restarts, same_ms| {
        let container = Container { health, decides_ms: 120_000, ..running(age_ms, restarts) };
        Standing { same_ms, changed: true, ..answering(vec![container]) }
    };
    let starting = |age_ms, restarts| over(&checked(Health::Starting, age_ms, restarts, 0), age_ms);
    assert!(!starting(119_000, 0) && starting(120_000, 0) && starting(70_000, 1));
    assert!(!over(&checked(Health::Healthy, 110_000, 0, 1_000), 110_000), "it decided late, and settles");
    assert!(over(&checked(Health::Unhealthy, 70_000, 0, 0), 70_000));
}

#[test]
fn what_has_ended_and_stays_so_is_not_waited_for() {
    let dead = |same_ms| over(&Standing { same_ms, ..refused(vec![ended(3)]) }, same_ms);
    assert!(!dead(4_900) && dead(5_000));
    // What the engine starts again, or has not started yet, is.
    let again = Container { state: ContainerState::Restarting, ..running(0, 4) };
    assert!(!over(&Standing { same_ms: 30_000, ..refused(vec![again]) }, 30_000));
}

#[test]
fn a_port_that_no_container_publishes_is_named_with_those_that_they_do() {
    let elsewhere = Container { published: vec![8080], ..running(90_000, 0) };
    let text = cure(&refused(vec![elsewhere.clone()]), 8000).unwrap();
    assert_eq!(
        text,
        "its port is 8000, by {{ports.http}}, and its containers publish 8080: have them publish that one"
    );
    assert_eq!(cure(&refused(vec![running(1, 0), elsewhere]), 8000), None);
    assert_eq!(cure(&refused(vec![]), 8000), None);
}

#[test]
fn what_is_not_ready_is_told_apart_by_what_became_of_its_containers() {
    let of = |containers| status(&refused(containers));
    let again = Container { state: ContainerState::Restarting, ..running(0, 4) };
    let unhealthy = Container { health: Health::Unhealthy, ..running(9_000, 0) };
    assert!(matches!(of(vec![]), Status::Unready(_)));
    assert!(matches!(of(vec![running(9_000, 0), ended(0)]), Status::Unready(_)), "a part of it runs");
    assert!(matches!(of(vec![ended(0), ended(0)]), Status::EndedWell(_)));
    assert!(matches!(of(vec![ended(0), ended(1), again.clone()]), Status::EndedBadly(_)));
    assert!(matches!(of(vec![unhealthy.clone(), again]), Status::Restarting(_)));
    assert!(matches!(of(vec![unhealthy, running(9_000, 0)]), Status::Unhealthy(_)));
}
