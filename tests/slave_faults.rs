//! `slave-update` from a state of the machine to the one that the master says, with a fault at every effect, and when
//! the master cannot be read or meant: it converges, and it reports what really runs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use c2_core::{
    config::{
        DeployMode, FromText, Hundredths, Label, Positive, Rollout, S3Path, SlaveLabel, SlaveState, SlaveStatus, State,
        ToolConfig, slave_state,
    },
    fleet::SlaveUpdate,
    nginx::Generation,
    seam::{End, Facts, drive},
    world::{PRINTED, World},
};
use serde_json::{Map, json};
use support::{
    fleet::{master, put_master, slave},
    hooked::Hooked,
    part::part_of,
    states::{DEPLOYS, RELEASES, Wanted, config, runs, states, world},
    sweep::{At, Case, lines, run, sweep},
    tally::{Tally, share},
};

/// Of the pairs of states, one of so many is gone.
const PAIRS: usize = 4;

fn slave_update() -> SlaveUpdate {
    let mut config: ToolConfig = config(&["main"], true);
    let DeployMode::Proxy(proxy) = &mut config.deploy_mode else { panic!("no proxy") };
    let base = S3Path::from_text("s3://fleet/base").unwrap();
    proxy.remote_state_s3 = Some(base.clone());
    proxy.slave_label = SlaveLabel::Label(Label::from_text("one").unwrap());
    let proxy = proxy.clone();
    SlaveUpdate { config, proxy, base: Some(base), kept: None, repeat_s: None, misconfigured: None }
}

/// A machine in a state, with a master that wants another; `r2.zip` starts or not.
fn machine(from: &Wanted, to: &Wanted, starts: bool) -> World {
    let of = |name: &str| json!({ "files": { "compose.yml": "" }, "start": if starts || name == "r1.zip" { "strict-start" } else { "fail" } });
    let releases: BTreeMap<_, _> = RELEASES.iter().map(|name| (name.to_string(), of(name))).collect();
    let mut world = world(from, &releases, &of("r1.zip"), Some(&config(&["main"], true)));
    put_master(&mut world, &to.state().to_json());
    world
}

fn report(world: &World) -> Option<SlaveState> {
    let object = world.objects.get(&slave("one"))?;
    Some(slave_state("the report", &String::from_utf8_lossy(&object.bytes)).unwrap().value)
}

/// What is reported is what runs and is served.
fn check_report(tally: &mut Tally, world: &World, name: &str) {
    let Some(report) = report(world) else { return tally.violation("no report", || name.to_string()) };
    let told: Vec<(String, String)> = report
        .state
        .deploys
        .values()
        .map(|deploy| (format!("{DEPLOYS}/{}", deploy.label), deploy.release.to_string()))
        .collect();
    let runs: Vec<(String, String)> = world.running.clone().into_iter().collect();
    if told != runs {
        tally.violation("the report says what does not run", || format!("{name} {told:?} {runs:?}"));
    }
    let proxy = world.proxy.as_ref().filter(|proxy| proxy.running);
    let served =
        proxy.and_then(|proxy| Generation::of_file(&proxy.loaded)).map(|served| served.routes).unwrap_or_default();
    let served: Vec<u16> = served.pairs().map(|(_, port)| port).collect();
    let routed: Vec<u16> =
        report.state.connections.values().map(|deploy| report.state.deploys[deploy].port.0).collect();
    if served != routed {
        tally.violation("the report says what is not served", || format!("{name} {routed:?} {served:?}"));
    }
}

/// What others read shows no command line of a release and nothing that was printed.
fn check_secrecy(tally: &mut Tally, world: &World, name: &str) {
    let Some(SlaveState { status: SlaveStatus::Error(text), .. }) = report(world) else { return };
    if ["$RUN", "exit 3", "cp version", PRINTED].iter().any(|line| text.contains(line)) {
        tally.violation("the report shows a command line or what was printed", || format!("{name} {text}"));
    }
    if text.contains(" command in /") && !text.contains("c2 show-log") {
        tally.violation("the report does not say where the rest is", || format!("{name} {text}"));
    }
}

#[test]
fn a_round_converges_under_every_fault_and_reports_what_really_runs() {
    let states = states(&["a", "b"], 2, &["main"]);
    let pairs: Vec<(usize, bool)> =
        (0..120).map(|number| ((number * 7_368_787) % (states.len() * states.len()), number % 3 > 0)).collect();
    let (command, part) = (slave_update(), part_of(&pairs, PAIRS));
    let tally = share(&part, |tally, _, (pair, starts)| {
        let (from, to) = (&states[pair / states.len()], &states[pair % states.len()]);
        let name = format!("{from:?} => {to:?} starts={starts}");
        let check = |tally: &mut Tally, world: &World, end: &End, faults: &[At]| {
            check_secrecy(tally, world, &name);
            if faults.is_empty() {
                check_report(tally, world, &name);
                let is_up = |(label, wanted): (&&str, &_)| runs(world, label) == Some(*wanted);
                let told_ok = report(world).is_some_and(|report| report.status == SlaveStatus::Ok);
                if told_ok != to.deploys.iter().all(is_up) {
                    tally.violation("the report says wrongly whether all is well", || format!("{name} {end:?}"));
                }
                let may_fail = |(label, (release, port)): (&&str, &(&str, u16))| {
                    let has_it = |(other, (_, at)): (&&str, &(&str, u16))| other != label && at == port;
                    !starts && *release == "r2.zip" || from.deploys.iter().any(has_it)
                };
                if to.deploys.iter().any(|wanted| !is_up(wanted) && !may_fail(wanted)) {
                    tally.violation("a deploy is held up", || format!("{name} {end:?}"));
                }
            }
        };
        let start = machine(from, to, *starts);
        let (between, name) = (|_: &mut World| (), name.clone());
        let case = Case {
            name,
            command: &command,
            start,
            check: &check,
            between: &between,
            faults: true,
            pairs: None,
            done_already: false,
        };
        sweep(tally, &case);
    });
    println!("{} of {} pairs of states", part.len(), pairs.len());
    tally.conclude("slave-update");
    assert!(tally.points > 1_000, "the faults were not injected");
}

/// When a slave that looks every ten seconds for so long begins to start a deploy.
fn begun_at_s(slave: &mut SlaveUpdate, host: &mut Hooked<'_>, seconds: u64) -> Vec<u64> {
    let (began, mut times) = (host.world.clock, Vec::new());
    while host.world.clock < began + seconds {
        host.plans.clear();
        let at = host.world.clock - began;
        let End::Reported(report) = drive(&*slave, host, &mut Facts::default()) else { panic!("no report") };
        slave.kept = report.memo;
        times.extend(host.plans.iter().filter(|plan| plan.starts_with("start the deploy")).map(|_| at));
        host.world.clock = began + at + 10;
    }
    times
}

#[test]
fn what_fails_is_tried_again_after_ever_longer_pauses_and_at_once_when_something_else_is_wanted() {
    let wanted = |release| Wanted { deploys: [("a", (release, 8000))].into(), ..Wanted::default() };
    let mut host = Hooked::new(machine(&Wanted::default(), &wanted("r2.zip"), false), |_, _| (), |_| None);
    let mut slave = SlaveUpdate { repeat_s: Positive::new(10), ..slave_update() };
    let times = begun_at_s(&mut slave, &mut host, 4_000);
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses, [30, 60, 120, 240, 480, 900, 900, 900]);
    put_master(&mut host.world, &wanted("r1.zip").state().to_json());
    assert_eq!(begun_at_s(&mut slave, &mut host, 1_000), [0]);
}

#[test]
fn a_master_that_cannot_be_read_for_a_while_shortens_no_pause() {
    let wanted = Wanted { deploys: [("a", ("r2.zip", 8000))].into(), ..Wanted::default() };
    let mut host = Hooked::new(machine(&Wanted::default(), &wanted, false), |_, _| (), |_| None);
    let mut slave = SlaveUpdate { repeat_s: Positive::new(10), ..slave_update() };
    // After 450 s it pauses for 480 s.
    assert_eq!(begun_at_s(&mut slave, &mut host, 460), [0, 30, 90, 210, 450]);
    host.world.cut_off = true;
    assert_eq!(begun_at_s(&mut slave, &mut host, 200), [0_u64; 0]);
    host.world.cut_off = false;
    assert_eq!(begun_at_s(&mut slave, &mut host, 2_000), [270, 1_170]);
}

#[test]
fn what_failed_in_a_rollout_is_tried_again_at_once_in_another_though_no_state_between_them_was_seen() {
    let candidate = Wanted { deploys: [("a", ("r2.zip", 8000))].into(), ..Wanted::default() }.state();
    let rollout = |id: &str| {
        let id = Label::from_text(id).unwrap();
        let percent = Hundredths::new(100).unwrap();
        let rollout = Rollout { id, percent, candidate: Box::new(candidate.clone()), extra: Map::new() };
        State { rollout: Some(rollout), ..State::default() }.to_json()
    };
    let mut host = Hooked::new(machine(&Wanted::default(), &Wanted::default(), false), |_, _| (), |_| None);
    let mut slave = SlaveUpdate { repeat_s: Positive::new(10), ..slave_update() };
    put_master(&mut host.world, &rollout("r1"));
    assert_eq!(begun_at_s(&mut slave, &mut host, 40), [0, 30]);
    put_master(&mut host.world, &rollout("r2"));
    assert_eq!(begun_at_s(&mut slave, &mut host, 120), [0, 30, 90]);
}

/// Whatever a master is replaced by that is no state, and without a store: a machine that runs touches nothing, one
/// that was rebooted brings up what it had.
#[test]
fn without_a_master_a_machine_keeps_what_it_has_and_brings_it_up() {
    let (states, command) = (states(&["a", "b"], 2, &["main"]), slave_update());
    let texts = ["", "null", "[]", "{}", "<html>", "{\"deploys\": {}}", "{\"deploys\": {}, \"connections\": []}"];
    for from in states.iter().filter(|state| !state.deploys.is_empty()) {
        let start = machine(from, from, true);
        for text in texts.map(Some).into_iter().chain([None]) {
            for (cut_off, reboot) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut world = start.clone();
                match text {
                    Some(text) => put_master(&mut world, text),
                    None => drop(world.objects.remove(&master())),
                }
                world.cut_off = cut_off;
                let before = lines(&world);
                if reboot {
                    world.reboot(false);
                }
                let end = run(&mut world, &command, &[]);
                let name = format!("{from:?} {text:?} cut_off={cut_off} reboot={reboot} {end:?}");
                let End::Reported(told) = &end else { panic!("{name}") };
                assert!(told.failed.as_ref().is_some_and(|why| why.contains("everything stays as it is")), "{name}");
                // Where nothing is connected no proxy is needed, nor started again.
                let matters = |line: &&String| {
                    !(line.starts_with("object ") || from.connections.is_empty() && line.starts_with("proxy "))
                };
                let kept = |lines: &[String]| -> Vec<String> { lines.iter().filter(matters).cloned().collect() };
                assert_eq!(kept(&lines(&world)), kept(&before), "{name}");
                assert!(world.violations.is_empty(), "{name} {:?}", world.violations);
                if !cut_off {
                    assert!(matches!(report(&world).unwrap().status, SlaveStatus::Error(_)), "{name}");
                }
            }
        }
    }
}
