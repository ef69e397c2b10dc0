//! What must never happen is noticed on the simulated host.

use super::{Proxy, Script, World};
use crate::{
    config::{FromText, Label},
    nginx::{Generation, Route, Routes},
    seam::{CommandLine, Effect, Host, Intent, Role, Secret},
};

/// Two deploys with their compose files on two ports, the first of them running; an endpoint is routed to it.
fn world() -> World {
    let mut world = World { locked: true, ..World::default() };
    deploy(&mut world, "app-1.11", 8000);
    deploy(&mut world, "b", 8001);
    run(&mut world, Role::Start, "app-1.11");
    world.proven.insert(8000);
    let conf = routing(8000);
    world.tree.write("/opt/deploys/frontend-proxy/nginx.conf", 0o644, conf.as_bytes());
    world.proxy = Some(Proxy { running: true, project: None, mounted: true, loaded: conf });
    world
}

fn deploy(world: &mut World, label: &str, port: u16) {
    for (name, text) in
        [(".c2-id", format!("id\nr.zip\n{port}\n")), ("version", "1".into()), ("compose.yml", "".into())]
    {
        world.tree.write(&format!("/opt/deploys/{label}/{name}"), 0o644, text.as_bytes());
    }
}

fn routing(port: u16) -> String {
    let main = Label::from_text("main").unwrap();
    let targets = [(main, Route { port, share: None })].into();
    Generation { routes: Routes { targets, ..Routes::default() }, generation: port.to_string() }.first_line()
}

fn run(world: &mut World, role: Role, label: &str) {
    let script = if role == Role::Stop { Script::Stop } else { Script::Start };
    let command = CommandLine::new(script.line(), false);
    let folder = format!("/opt/deploys/{label}");
    let run = Effect::Run { role, folder, command, tolerant: false, limit_s: None, may_stay: false };
    world.perform(&run).unwrap();
}

fn write(world: &mut World, port: u16) {
    let (path, bytes) = ("/opt/deploys/frontend-proxy/nginx.conf".into(), Secret::new(routing(port).into()));
    world.perform(&Effect::WriteFile { path, bytes, mode: 0o644, folder_mode: 0o755, durable: true }).unwrap();
}

fn notes(world: &World, text: &str) {
    assert!(world.violations.iter().any(|note| note.contains(text)), "{text}: {:?}", world.violations);
}

#[test]
fn nothing_is_noted_while_all_is_well() {
    let mut world = world();
    run(&mut world, Role::Start, "b");
    assert!(world.is_ready("/opt/deploys/b", 8001));
    write(&mut world, 8001);
    world.perform(&Effect::ReloadProxy).unwrap();
    world.perform(&Effect::DrainProxy { folder: "/opt/deploys/app-1.11".into(), limit_s: 1 }).unwrap();
    run(&mut world, Role::Stop, "app-1.11");
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn an_endpoint_on_a_dead_port_is_noted() {
    let mut world = world();
    write(&mut world, 8001);
    notes(&world, "on disk: main goes to the dead port 8001");
    world.perform(&Effect::ReloadProxy).unwrap();
    notes(&world, "served: main goes to the dead port 8001");
}

#[test]
fn an_endpoint_on_an_unproven_port_is_noted() {
    let mut world = world();
    run(&mut world, Role::Start, "b");
    assert!(world.listens(8001), "that it accepts proves nothing");
    write(&mut world, 8001);
    notes(&world, "on disk: main goes to the unproven port 8001");
}

#[test]
fn a_stop_of_what_is_used_is_noted() {
    let mut world = world();
    run(&mut world, Role::Stop, "app-1.11");
    notes(&world, "/opt/deploys/app-1.11 was stopped while an endpoint used it");
}

#[test]
fn a_stop_before_the_drain_is_noted() {
    let mut world = world();
    run(&mut world, Role::Start, "b");
    assert!(world.is_ready("/opt/deploys/b", 8001));
    write(&mut world, 8001);
    world.perform(&Effect::ReloadProxy).unwrap();
    run(&mut world, Role::Stop, "app-1.11");
    notes(&world, "/opt/deploys/app-1.11 was stopped before the proxy's old workers were gone");
}

#[test]
fn a_drain_waits_for_the_workers_that_may_use_the_deploy_and_for_no_others() {
    let mut world = world();
    run(&mut world, Role::Start, "b");
    assert!(world.is_ready("/opt/deploys/b", 8001));
    world.held = true;
    write(&mut world, 8001);
    world.perform(&Effect::ReloadProxy).unwrap();
    let mut waits_s = |label| {
        let began_s = world.clock;
        world.perform(&Effect::DrainProxy { folder: format!("/opt/deploys/{label}"), limit_s: 7 }).unwrap();
        world.clock - began_s
    };
    assert_eq!((waits_s("b"), waits_s("app-1.11")), (0, 7));
}

#[test]
fn two_deploys_on_one_port_are_noted() {
    let mut world = world();
    deploy(&mut world, "c", 8000);
    // One that never accepts holds no port that a second one could find taken.
    world.tree.write("/opt/deploys/app-1.11/never-accepts", 0o644, b"");
    world.accepting.clear();
    run(&mut world, Role::Start, "c");
    notes(&world, "two deploys on port Some(8000)");
}

#[test]
fn what_serves_and_makes_way_for_another_deploys_port_is_noted() {
    let mut world = world();
    let intent = Intent { port: Some(8000), ..Intent::default() };
    world.perform(&Effect::Intend { path: "/opt/deploys/.c2/intents/c.json".into(), intent }).unwrap();
    let conf = Generation { routes: Routes::default(), generation: "0".into() }.first_line();
    world.tree.write("/opt/deploys/frontend-proxy/nginx.conf", 0o644, conf.as_bytes());
    world.perform(&Effect::ReloadProxy).unwrap();
    notes(&world, "main was taken off the port 8000, which accepts, as c is to have it");
    world.perform(&Effect::DrainProxy { folder: "/opt/deploys/app-1.11".into(), limit_s: 1 }).unwrap();
    run(&mut world, Role::Stop, "app-1.11");
    notes(&world, "/opt/deploys/app-1.11 was stopped for its port 8000, which c is to have");
}

#[test]
fn two_projects_of_one_name_are_noted() {
    let mut world = world();
    deploy(&mut world, "app-11.1", 8002);
    run(&mut world, Role::Start, "app-11.1");
    notes(&world, "/opt/deploys/app-11.1 was started while /opt/deploys/app-1.11 ran: two projects of one name");
}

#[test]
fn a_folder_that_is_renamed_while_its_release_runs_is_noted() {
    let mut world = world();
    let (staged, home) = ("/opt/deploys/.c2/new/app-1.11".into(), "/opt/deploys/app-1.11".into());
    world.perform(&Effect::Exchange { staged, live_dir: home, id: None }).unwrap();
    notes(&world, "/opt/deploys/app-1.11 was exchanged while it ran");
}
