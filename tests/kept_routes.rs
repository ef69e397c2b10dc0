//! What serves goes on, whatever else is wrong: a port that is taken, a state or a folder that is lost, a deploy that
//! accepts and is not ready.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use c2_core::{
    config::{DeployMode, Readiness, Syntax, ToolConfig, state, tool_config},
    nginx::Generation,
    seam::{Answer, Command, End, Facts, Query, drive},
    world::World,
};
use serde_json::{Value, json};
use support::{
    hooked::Hooked,
    proxied::{self, follow},
    words::command,
};

/// A configuration with these endpoints.
fn config(endpoints: &Value) -> ToolConfig {
    let text = json!({
        "deploysDir": "/opt/deploys", "contextCache": "/opt/config", "logFile": "/opt/var/log/camus2.log",
        "releases": { "localdir": "/srv/releases" },
        "deployMode": { "proxy": { "endPoints": endpoints } },
    });
    tool_config("config.json", &text.to_string(), Syntax::Json).unwrap().value
}

fn main_only() -> Value {
    json!({ "main": { "serverNames": ["a.example.com"], "etype": "httpOnly" } })
}

/// One whose container mounts a certificate, and is another one for that.
fn with_a_certificate() -> ToolConfig {
    let paths = json!({ "sslCertificate": "/certs/c.pem", "sslCertificateKey": "/certs/k.pem" });
    let mut endpoints = main_only();
    endpoints["secure"] =
        json!({ "serverNames": ["b.example.com"], "etype": { "httpsWithRedirect": { "explicit": paths } } });
    config(&endpoints)
}

fn run(host: &mut Hooked<'_>, config: &ToolConfig, words: &[&str]) -> Result<(), String> {
    ended(host, &*command(config, words))
}

fn ended(host: &mut Hooked<'_>, command: &dyn Command) -> Result<(), String> {
    host.world.begin(&[]);
    let end = drive(command, host, &mut Facts::default());
    assert!(host.world.violations.is_empty(), "{:?}", host.world.violations);
    match end {
        End::Reported(report) => report.failed.map_or(Ok(()), Err),
        End::Refused(refusal) => Err(refusal.to_string()),
        other => panic!("{other:?}"),
    }
}

/// A machine whose endpoint main is served from the deploy a, with a certificate for another and its port taken.
fn machine() -> World {
    let releases = BTreeMap::from([("r1.zip".to_string(), json!({}))]);
    let mut host = Hooked::new(proxied::bare(&releases), |_, _| (), |_| None);
    for words in [&["start", "r1.zip", "a"][..], &["connect", "main", "a"]] {
        assert_eq!(run(&mut host, &config(&main_only()), words), Ok(()));
    }
    for name in ["c.pem", "k.pem"] {
        host.world.tree.write(&format!("/certs/{name}"), 0o600, b"pem");
    }
    host.world.foreign.insert(443);
    host.world
}

#[test]
fn a_port_that_is_taken_is_refused_before_the_proxy_is_stopped() {
    let mut host = Hooked::new(machine(), |_, _| (), |_| None);
    let before = host.world.proxy.clone();
    let why = run(&mut host, &with_a_certificate(), &["connect", "secure", "a"]).unwrap_err();
    assert!(why.contains("connect secure to a: start the proxy: something else listens on port 443"), "{why}");
    assert_eq!((&host.world.proxy, host.plans.len()), (&before, 0));
    host.world.foreign.clear();
    assert_eq!(run(&mut host, &with_a_certificate(), &["connect", "secure", "a"]), Ok(()));
}

#[test]
fn so_it_is_while_another_endpoint_is_on_a_deploy_that_died() {
    let mut host = Hooked::new(machine(), |_, _| (), |_| None);
    let mut endpoints = main_only();
    endpoints["other"] = json!({ "serverNames": ["c.example.com"], "etype": "httpOnly" });
    for words in [&["start", "r1.zip", "b"][..], &["connect", "other", "b"]] {
        assert_eq!(run(&mut host, &config(&endpoints), words), Ok(()));
    }
    host.world.accepting.remove("/opt/deploys/b");
    host.world.inherited.extend(["served", "on disk"].map(|place| (place, "other".to_string(), 8001)));
    let before = host.world.proxy.clone();
    let mut with_all = with_a_certificate();
    let DeployMode::Proxy(proxy) = &mut with_all.deploy_mode else { panic!("no proxy") };
    let DeployMode::Proxy(others) = config(&endpoints).deploy_mode else { panic!("no proxy") };
    proxy.end_points.extend(others.end_points);
    let why = run(&mut host, &with_all, &["connect", "secure", "a"]).unwrap_err();
    assert!(why.contains("something else listens on port 443"), "{why}");
    assert_eq!(host.world.proxy, before);
    // And where that is found out too late.
    let free = |query: &Query| matches!(query, Query::Accepts(443)).then_some(Answer::Flag(false));
    let mut host = Hooked::new(host.world, |_, _| (), free);
    host.world.trusts_claims = true;
    run(&mut host, &with_all, &["connect", "secure", "a"]).unwrap_err();
    assert_eq!(host.world.proxy, before);
}

#[test]
fn one_that_is_taken_meanwhile_has_the_container_made_as_it_was() {
    let free = |query: &Query| matches!(query, Query::Accepts(443)).then_some(Answer::Flag(false));
    let mut host = Hooked::new(machine(), |_, _| (), free);
    // That it runs then is what docker says, not what is so.
    host.world.trusts_claims = true;
    let before = host.world.proxy.clone();
    for _ in 0..2 {
        let why = run(&mut host, &with_a_certificate(), &["connect", "secure", "a"]).unwrap_err();
        assert!(why.contains("connect secure to a: "), "{why}");
        assert_eq!(host.world.proxy, before);
    }
}

#[test]
fn a_state_that_does_not_know_what_is_served_takes_nothing_down() {
    let mut host = Hooked::new(machine(), |_, _| (), |_| None);
    let (before, path) = (host.world.proxy.clone(), "/opt/deploys/frontend-proxy/state.json");
    host.world.tree.write(path, 0o644, br#"{"deploys": {}, "connections": {}}"#);
    for words in [&["start", "r1.zip", "z"][..], &["restart-frontend-proxy"], &["maintenance", "main"]] {
        let why = run(&mut host, &config(&main_only()), words).unwrap_err();
        assert!(why.contains("knows no deploy on port 8000, to which the proxy routes main"), "{why}");
        assert_eq!((&host.world.proxy, host.plans.len()), (&before, 0));
    }
}

#[test]
fn an_endpoint_stays_on_a_deploy_that_serves_though_its_folder_is_lost() {
    let mut host = Hooked::new(machine(), |_, _| (), |_| None);
    host.world.tree.0.retain(|path, _| !path.starts_with("/opt/deploys/a"));
    let before = host.world.proxy.clone();
    assert_eq!(run(&mut host, &config(&main_only()), &["connect", "main", "a"]), Ok(()));
    assert_eq!(host.world.proxy, before);
}

/// The port that the endpoint main is served from.
fn served(host: &Hooked<'_>) -> Option<u16> {
    let loaded = host.world.proxy.as_ref().map(|proxy| proxy.loaded.clone()).unwrap_or_default();
    Generation::of_file(&loaded)?.routes.pairs().map(|(_, port)| port).next()
}

#[test]
fn an_endpoint_stays_as_it_is_served_while_its_deploy_does_not_answer_and_a_command_is_about_others() {
    let endpoint = |host: &str| json!({ "serverNames": [host], "etype": "httpOnly" });
    let config = config(&json!({ "main": endpoint("a.example.com"), "other": endpoint("b.example.com") }));
    let mut host = Hooked::new(machine(), |_, _| (), |_| None);
    assert_eq!(run(&mut host, &config, &["restart-frontend-proxy"]), Ok(()));
    // It is about to be there again.
    host.world.accepting.remove("/opt/deploys/a");
    host.world.inherited.extend(["served", "on disk"].map(|place| (place, "main".to_string(), 8000)));
    for words in [
        &["start", "r1.zip", "b"][..],
        &["maintenance", "other"],
        &["connect", "other", "b"],
        &["maintenance", "other", "--off"],
        &["disconnect", "other"],
        &["stop", "b"],
    ] {
        drop(run(&mut host, &config, words));
        assert_eq!(port_of(&host, "main"), Some(8000), "{words:?}");
    }
}

fn port_of(host: &Hooked<'_>, endpoint: &str) -> Option<u16> {
    let loaded = host.world.proxy.as_ref().map(|proxy| proxy.loaded.clone()).unwrap_or_default();
    let mut pairs = Generation::of_file(&loaded)?
        .routes
        .pairs()
        .map(|(label, port)| (label.to_string(), port))
        .collect::<Vec<_>>()
        .into_iter();
    pairs.find(|(label, _)| label == endpoint).map(|(_, port)| port)
}

#[test]
fn what_accepts_and_is_not_ready_gets_an_endpoint_back_when_it_is() {
    let (mut host, config) = (Hooked::new(machine(), |_, _| (), |_| None), config(&main_only()));
    let home = "/opt/deploys/a".to_string();
    host.world.accepting.remove(&home);
    // It died by itself, and its proxy was removed.
    host.world.inherited.extend(["served", "on disk"].map(|place| (place, "main".to_string(), 8000)));
    host.world.proxy = None;
    drop(run(&mut host, &config, &["restart-frontend-proxy"]));
    assert_eq!(served(&host), None, "what is started anew routes to nothing dead");
    assert_eq!(run(&mut host, &config, &["start", "r1.zip", "b"]), Ok(()));
    host.world.accepting.insert(home.clone(), 8000);
    host.world.tree.write("/opt/deploys/a/never-ready", 0o644, b"");
    assert_eq!(run(&mut host, &config, &["stop", "b"]), Ok(()));
    assert_eq!(served(&host), None, "it is not ready");
    host.world.tree.0.remove("/opt/deploys/a/never-ready");
    assert_eq!(run(&mut host, &config, &["start", "r1.zip", "b"]), Ok(()));
    assert_eq!(served(&host), Some(8000));
}

#[test]
fn an_endpoint_goes_to_no_deploy_that_is_dead_though_that_proves_nothing() {
    let mut config = config(&main_only());
    config.readiness = Readiness::None;
    let mut host = Hooked::new(machine(), |_, _| (), |_| None);
    assert_eq!(run(&mut host, &config, &["start", "r1.zip", "b"]), Ok(()));
    host.world.running.remove("/opt/deploys/b");
    host.world.accepting.remove("/opt/deploys/b");
    let why = run(&mut host, &config, &["connect", "main", "b"]).unwrap_err();
    assert!(why.contains("b does not run"), "{why}");
    assert_eq!(served(&host), Some(8000));
}

#[test]
fn who_reads_json_is_told_that_the_state_is_lost() {
    let mut host = Hooked::new(machine(), |_, _| (), |_| None);
    host.world.tree.0.remove("/opt/deploys/frontend-proxy/state.json");
    host.world.begin(&[]);
    let command = command(&config(&main_only()), &["status", "--json-output", "--show-slaves"]);
    let End::Reported(report) = drive(&*command, &mut host, &mut Facts::default()) else { panic!("no report") };
    let lost = |note: &String| note.contains("state.json is not there, yet the proxy routes endpoints");
    assert!(report.notes.iter().any(lost), "{:?}", report.notes);
}

#[test]
fn a_certificate_that_is_missing_holds_up_no_deploy_of_a_machine_that_follows() {
    let releases = BTreeMap::from([("r1.zip".to_string(), json!({}))]);
    let mut host = Hooked::new(proxied::bare(&releases), |_, _| (), |_| None);
    let deploy =
        |label: &str, port: u16| json!({ "label": label, "release": "r1.zip", "releaseUnpacked": true, "port": port });
    let master =
        json!({ "deploys": { "a": deploy("a", 8000), "b": deploy("b", 8001) }, "connections": { "main": "a" } });
    let master = state("master", &master.to_string()).unwrap().value;
    let why = ended(&mut host, &follow(&with_a_certificate(), master)).unwrap_err();
    assert!(why.contains("configure the endpoint secure: /certs/c.pem does not exist"), "{why}");
    assert_eq!(host.world.running.len(), 2);
}

#[test]
fn what_a_start_without_a_proxy_has_made_live_is_not_replaced() {
    let releases = BTreeMap::from([("r1.zip".to_string(), json!({}))]);
    let mut world = proxied::bare(&releases);
    proxied::deploy(&mut world, "a", "r1.zip", 8000, &json!({}));
    // It accepts on a port that nobody knows of.
    world.accepting.clear();
    world.tree.link("/opt/deploys/current", "a", 0);
    let before = world.tree.clone();
    let mut host = Hooked::new(world, |_, _| (), |_| None);
    let why = run(&mut host, &config(&main_only()), &["start", "r1.zip", "a"]).unwrap_err();
    assert!(why.contains("/opt/deploys/a is what a start without a proxy has made live"), "{why}");
    assert_eq!(host.world.tree, before);
}
