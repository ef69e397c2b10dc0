//! `le-auth-hook` and `le-cleanup-hook`: what certbot calls to show a challenge in DNS, through Route 53, and to remove
//! it again.
//!
//! Source: RFC 8555 section 8.4, and certbot's manual, "Pre and Post Validation Hooks". A wildcard and its base name
//! share one record with a value each, and certbot calls the hook once a name: what is there stays there.

use crate::prelude::*;

use super::lets_encrypt::config;
use crate::{
    aws::{TextChange, TextRecord},
    config::{Domain, FromText, LetsEncryptConfig, Verbosity},
    seam::{Command, Effect, Facts, Failure, Outcome, Plan, Refusal, Report, Stage, Step},
};

/// How long others may remember a challenge.
const TTL_S: u32 = 60;
/// How long Route 53 may take to bring a change to its name servers; it says usually 60 s.
const LIMIT_S: u32 = 600;
/// How often it is retried when somebody else changes the record meanwhile.
const TRIES: usize = 5;

/// `le-auth-hook`, `le-cleanup-hook`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeHook {
    /// Shows a challenge, and waits until all name servers have it.
    Auth,
    /// Removes it.
    Cleanup,
}

impl Command for ChallengeHook {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        match past.last() {
            Some(Outcome::Planned { failed: Some((_, Failure::Conflict { .. })), .. }) if past.len() < TRIES => (),
            Some(outcome @ Outcome::Planned { failed: Some((_, failure)), .. }) => {
                let text = outcome.failure_text().unwrap_or_default();
                return Ok(Step::Done(Report::failed(text, failure.hint())));
            }
            _ => (),
        }
        let config = config(facts)?;
        if let Some(Outcome::Planned { plan, failed: None, .. }) = past.last() {
            return Ok(done(&config, &plan.purpose.to_string()));
        }
        let (domain, validation) = (self.variable(facts, "CERTBOT_DOMAIN"), self.variable(facts, "CERTBOT_VALIDATION"));
        let (domain, validation) = (domain?, validation?);
        let domain = Domain::from_text(domain.strip_prefix("*.").unwrap_or(&domain))
            .map_err(|error| Refusal::no(self.doing(), format!("CERTBOT_DOMAIN: {error}")))?;
        // The digest of RFC 8555 is base64url.
        if !validation.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return Err(Refusal::no(self.doing(), "CERTBOT_VALIDATION is not a text of letters, digits, - and _"));
        }
        let name = format!("_acme-challenge.{}", domain.as_str().to_ascii_lowercase());
        let zone = match &config.aws_hosted_zone_id {
            Some(zone) => zone.bare().to_string(),
            None => facts.hosted_zone(&name)?.ok_or_else(|| {
                let why = format!("this machine's account has no public zone in Route 53 that {name} is in");
                Refusal::no(self.doing(), why).with_hint("name the zone by awsHostedZoneId")
            })?,
        };
        let before = facts.text_record(&zone, &name)?;
        let value = format!("\"{validation}\"");
        Ok(match self {
            ChallengeHook::Auth => show(zone, name, before, value),
            ChallengeHook::Cleanup => match remove(zone, &name, before, &value) {
                Some(step) => step,
                None => done(&config, &format!("the challenge at {name} is gone already")),
            },
        })
    }

    /// What certbot's hooks print to standard error certbot takes for a warning.
    fn shows_progress(&self) -> bool {
        false
    }
}

impl ChallengeHook {
    fn doing(self) -> &'static str {
        match self {
            ChallengeHook::Auth => "show the challenge in DNS",
            ChallengeHook::Cleanup => "remove the challenge from DNS",
        }
    }

    fn variable(self, facts: &Facts, name: &str) -> Result<String, Refusal> {
        facts.environment(name)?.filter(|value| !value.is_empty()).ok_or_else(|| {
            let hint = "certbot calls this hook, and sets it: see c2 le-get-certs";
            Refusal::no(self.doing(), format!("{name} is not set")).with_hint(hint)
        })
    }
}

fn show(zone: String, name: String, before: Option<TextRecord>, value: String) -> Step {
    let mut values = before.as_ref().map(|record| record.values.clone()).unwrap_or_default();
    if !values.contains(&value) {
        values.push(value);
    }
    let shown = TextRecord { ttl_s: TTL_S, values };
    let back = match before {
        Some(record) => TextChange::Upsert(record),
        None => TextChange::Delete(shown.clone()),
    };
    let change =
        |change, limit_s| Effect::ChangeText { zone: zone.clone(), name: name.clone(), change, wait_s: limit_s };
    let stage = Stage::new("show", vec![change(TextChange::Upsert(shown), Some(LIMIT_S))]);
    let stage = stage.undone_by(vec![change(back, None)]);
    Step::Do(Plan::new(format!("show the challenge at {name}"), vec![stage]))
}

/// `None` when there is nothing to remove.
fn remove(zone: String, name: &str, before: Option<TextRecord>, value: &str) -> Option<Step> {
    let before = before.filter(|record| record.values.iter().any(|found| found == value))?;
    let others: Vec<String> = before.values.iter().filter(|found| *found != value).cloned().collect();
    let change = match others.is_empty() {
        true => TextChange::Delete(before),
        false => TextChange::Upsert(TextRecord { ttl_s: TTL_S, values: others }),
    };
    let effect = Effect::ChangeText { zone, name: name.to_string(), change, wait_s: None };
    let about = format!("remove the challenge at {name}");
    Some(Step::Do(Plan::new(about, vec![Stage::new("remove", vec![effect])])))
}

fn done(config: &LetsEncryptConfig, what: &str) -> Step {
    Step::Done(match config.verbosity {
        Verbosity::Quiet => Report::text(""),
        Verbosity::Noisy => Report::note(format!("done: {what}")),
    })
}

#[cfg(all(test, feature = "world"))]
mod tests {
    use super::*;
    use crate::{
        seam::{End, drive, settle},
        world::{InjectedFault, World},
    };

    const NAME: &str = "_acme-challenge.example.com";

    fn world(more: &str) -> World {
        let mut world = World::default();
        let text = format!(
            r#"{{"certbotPath": "/usr/bin/certbot", "basedir": "/opt/le", "email": "a@b.example",
                "domains": ["example.com"]{more}}}"#
        );
        world.tree.write("/opt/etc/letsencrypt-aws.json", 0o644, text.as_bytes());
        world.zones.insert("example.com".into(), "ZONE".into());
        world
    }

    fn call(hook: ChallengeHook, world: &mut World, domain: &str, validation: &str) -> End {
        world.environment.insert("CERTBOT_DOMAIN".into(), domain.into());
        world.environment.insert("CERTBOT_VALIDATION".into(), validation.into());
        world.begin(&world.faults.clone());
        drive(&hook, world, &mut Facts::default())
    }

    fn values(world: &World) -> Vec<String> {
        let record = world.records.get(&("ZONE".into(), NAME.into()));
        assert!(record.is_none_or(|record| record.ttl_s == 60 && !record.values.is_empty()));
        record.map(|record| record.values.clone()).unwrap_or_default()
    }

    fn well(end: End) {
        assert!(matches!(&end, End::Reported(report) if report.failed.is_none()), "{end:?}");
    }

    #[test]
    fn a_wildcard_and_its_base_name_share_the_record_and_each_removes_its_own() {
        let mut world = world(r#", "awsHostedZoneId": "ZONE""#);
        for (domain, validation) in [("example.com", "one"), ("example.com", "two"), ("*.EXAMPLE.com", "two")] {
            well(call(ChallengeHook::Auth, &mut world, domain, validation));
        }
        assert_eq!(values(&world), ["\"one\"", "\"two\""]);
        for (validation, left) in [("one", &["\"two\""][..]), ("one", &["\"two\""]), ("two", &[]), ("two", &[])] {
            well(call(ChallengeHook::Cleanup, &mut world, "example.com", validation));
            assert_eq!(values(&world), left);
        }
    }

    #[test]
    fn the_zone_is_found_where_none_is_named() {
        let mut world = world("");
        well(call(ChallengeHook::Auth, &mut world, "example.com", "one"));
        assert_eq!(values(&world), ["\"one\""]);
        let end = call(ChallengeHook::Auth, &mut world, "example.org", "one");
        let End::Refused(refusal) = end else { panic!("{end:?}") };
        assert!(refusal.to_string().contains("no public zone in Route 53 that _acme-challenge.example.org is in"));
    }

    #[test]
    fn a_challenge_that_does_not_arrive_is_taken_back() {
        let cases = [false, true].map(|old| [InjectedFault::Torn, InjectedFault::Clean].map(|fault| (old, fault)));
        for (old, fault) in cases.into_iter().flatten() {
            let before: &[&str] = if old { &["\"old\""] } else { &[] };
            let mut world = world("");
            let values_before: Vec<String> = before.iter().map(ToString::to_string).collect();
            if !before.is_empty() {
                let record = TextRecord { ttl_s: 60, values: values_before.clone() };
                world.records.insert(("ZONE".into(), NAME.into()), record);
            }
            world.faults = vec![(1, fault)];
            let end = call(ChallengeHook::Auth, &mut world, "example.com", "one");
            let End::Reported(Report { failed: Some(told), .. }) = end else { panic!("{end:?}") };
            assert!(!told.contains("somebody else"), "{told}");
            assert_eq!(values(&world), values_before);
        }
    }

    #[test]
    fn a_record_that_somebody_else_changed_is_looked_at_again_and_not_for_ever() {
        let mut world = world("");
        well(call(ChallengeHook::Auth, &mut world, "example.com", "one"));
        let overtaken = Outcome::Planned {
            plan: Plan::new("remove the challenge", vec![]),
            failed: Some(("remove".into(), Failure::Conflict { doing: "delete it".into() })),
            trouble: vec![],
        };
        let mut next = |times| {
            let past = vec![overtaken.clone(); times];
            settle(&mut world, &mut Facts::default(), |facts| ChallengeHook::Cleanup.next(facts, &past)).unwrap()
        };
        assert!(matches!(next(TRIES - 1), Step::Do(_)));
        assert!(matches!(next(TRIES), Step::Done(Report { failed: Some(_), .. })));
    }

    #[test]
    fn what_certbot_did_not_set_or_would_not_set_is_refused() {
        for (domain, validation, why) in [
            ("", "one", "CERTBOT_DOMAIN is not set"),
            ("example.com", "", "CERTBOT_VALIDATION is not set"),
            ("exa mple.com", "one", "CERTBOT_DOMAIN: found \"exa mple.com\""),
            ("example.com", "o\"ne", "CERTBOT_VALIDATION is not a text of letters, digits, - and _"),
        ] {
            let end = call(ChallengeHook::Auth, &mut world(""), domain, validation);
            let End::Refused(refusal) = end else { panic!("{end:?}") };
            assert!(refusal.to_string().contains(why), "{refusal}");
        }
    }
}
