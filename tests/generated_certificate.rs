//! `generate-ssl-certificate`: the proxy serves its challenges first, certbot is called once for all names, and what it
//! left is served then; a certificate that stays is no reason to touch the proxy.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use c2_core::{
    config::{DeployMode, FromText, Label, ServerName, Syntax, ToolConfig, tool_config},
    seam::{Effect, End, Facts, Report, drive},
    world::{InjectedFault, World},
};
use serde_json::json;
use support::{hooked::Hooked, proxied, words::command};

const LIVE: &str = "/opt/etc/letsencrypt/live/camus2cert";

fn config(email: &str, etype: &str) -> ToolConfig {
    let endpoint = |names: &[&str], etype: &str| match etype {
        "httpOnly" => json!({ "serverNames": names, "etype": etype }),
        etype => json!({ "serverNames": names, "etype": { "httpsWithRedirect": etype } }),
    };
    let endpoints = json!({
        "main": endpoint(&["a.example.com", "b.example.com"], etype), "plain": endpoint(&["c.example.com"], "httpOnly"),
        "side": endpoint(&["b.example.com", "d.example.com"], etype),
    });
    let text = json!({
        "deploysDir": "/opt/deploys", "contextCache": "/opt/config", "logFile": "/opt/var/log/camus2.log",
        "releases": { "localdir": "/srv/releases" }, "autoCertContactEmail": email,
        "deployMode": { "proxy": { "endPoints": endpoints, "remoteStateS3": "s3://fleet/base" } },
    });
    tool_config("config.json", &text.to_string(), Syntax::Json).unwrap().value
}

/// Runs it on a machine where certbot leaves this certificate.
fn generate(world: World, config: &ToolConfig, certificate: Option<&str>) -> (End, World, Vec<String>) {
    let command = command(config, &["generate-ssl-certificate"]);
    let certbot = |world: &mut World, effect: &Effect| {
        if let (Effect::Call { .. }, Some(text)) = (effect, certificate) {
            let runs = world.proxy.as_ref().is_some_and(|proxy| proxy.running);
            assert!(runs, "the challenge is asked before somebody answers it");
            world.tree.write(&format!("{LIVE}/fullchain.pem"), 0o644, text.as_bytes());
            world.tree.write(&format!("{LIVE}/privkey.pem"), 0o600, text.as_bytes());
        }
    };
    let mut host = Hooked::new(world, certbot, |_| None);
    let end = drive(&*command, &mut host, &mut Facts::default());
    assert!(host.world.violations.is_empty(), "{:?}", host.world.violations);
    (end, host.world, host.plans)
}

fn machine() -> World {
    let mut world = proxied::bare(&BTreeMap::new());
    world.begin(&[]);
    world
}

fn notes(end: &End) -> String {
    match end {
        End::Reported(Report { failed: None, notes, .. }) => notes.join("\n"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_obtained_for_all_names_and_served_and_touched_only_when_it_changes() {
    let config = config("ops@example.com", "generated");
    let (end, world, plans) = generate(machine(), &config, Some("first"));
    assert!(
        notes(&end).contains("the certificate camus2cert of a.example.com, b.example.com, d.example.com is served")
    );
    assert_eq!(plans, ["refresh the proxy", "obtain the certificate", "refresh the proxy"]);
    let expected = "call docker run --rm --name camus2cert -v /opt/etc/letsencrypt:/etc/letsencrypt \
        -v /opt/var/log/letsencrypt:/var/log/letsencrypt \
        -v /opt/var/www/.well-known/acme-challenge:/opt/var/www/.well-known/acme-challenge certbot/certbot certonly \
        --cert-name camus2cert --webroot --webroot-path /opt/var/www -m ops@example.com --non-interactive --agree-tos \
        -d a.example.com -d b.example.com -d d.example.com";
    assert_eq!(world.calls, [(expected.to_string(), vec![])]);
    let loaded = world.proxy.clone().unwrap().loaded;
    assert!(loaded.contains(&format!("{LIVE}/fullchain.pem")), "{loaded}");
    let (_, same, plans) = generate(world.clone(), &config, Some("first"));
    assert_eq!((plans, same.proxy.unwrap().loaded), (vec!["obtain the certificate".to_string()], loaded.clone()));
    let (_, other, plans) = generate(world, &config, Some("second"));
    assert_eq!(plans, ["obtain the certificate", "refresh the proxy"]);
    assert_ne!(other.proxy.unwrap().loaded, loaded);
}

#[test]
fn keys_are_opened_to_other_users_only_where_the_configuration_says_so() {
    let mut config = config("ops@example.com", "generated");
    let called = |config: &ToolConfig| generate(machine(), config, Some("first")).1.calls[0].0.clone();
    assert!(!called(&config).contains("chmod"));
    config.certbot_opens_keys = true;
    assert!(called(&config).contains(" --agree-tos --deploy-hook chmod -R ag+rX /etc/letsencrypt -d a.example.com"));
}

#[test]
fn what_is_not_to_be_had_is_said_and_nothing_is_called() {
    let (end, world, plans) = generate(machine(), &config("ops@example.com", "httpOnly"), None);
    assert!(notes(&end).contains("there is nothing to obtain"));
    assert_eq!((plans.len(), world.calls.len()), (0, 0));
    let (end, world, _) = generate(machine(), &config("", "generated"), None);
    let End::Refused(refusal) = end else { panic!("{end:?}") };
    assert!(refusal.to_string().contains("autoCertContactEmail is empty"), "{refusal}");
    assert_eq!(world.calls, []);
    let mut wild = config("ops@example.com", "generated");
    let DeployMode::Proxy(proxy) = &mut wild.deploy_mode else { panic!("no proxy") };
    let side = proxy.end_points.get_mut(&Label::from_text("side").unwrap()).unwrap();
    side.server_names.push(ServerName::from_text("*.example.com").unwrap());
    let (end, world, _) = generate(machine(), &wild, None);
    let End::Refused(refusal) = end else { panic!("{end:?}") };
    assert!(
        refusal.to_string().contains("*.example.com, a name of the endpoint side, is not a host name"),
        "{refusal}"
    );
    assert_eq!(world.calls, []);
}

#[test]
fn a_certbot_that_fails_or_leaves_nothing_is_a_failure_that_names_its_log() {
    let config = config("ops@example.com", "generated");
    let (end, _, _) = generate(machine(), &config, None);
    let End::Reported(Report { failed: Some(why), hint: Some(hint), .. }) = end else { panic!("{end:?}") };
    assert!(why.contains("left no certificate camus2cert behind"), "{why}");
    assert_eq!(hint, "certbot's log is in /opt/var/log/letsencrypt");
    let (_, served, _) = generate(machine(), &config, Some("first"));
    let before = served.proxy.clone();
    let mut failing = served;
    // Its two folders are made, then it is called.
    failing.begin(&[(3, InjectedFault::Clean)]);
    let (end, after, _) = generate(failing, &config, None);
    let End::Reported(Report { failed: Some(_), hint: Some(hint), .. }) = end else { panic!("{end:?}") };
    assert_eq!(hint, "certbot's log is in /opt/var/log/letsencrypt");
    assert_eq!(after.proxy.unwrap().loaded, before.unwrap().loaded);
}
