//! `le-get-certs`: certbot obtains a certificate, or renews it, by challenges that its hooks show in Route 53.

use crate::prelude::*;

use super::lets_encrypt::config;
use crate::{
    config::{LetsEncryptConfig, Verbosity},
    seam::{Command, Effect, Facts, Location, Outcome, Plan, Refusal, Report, Secret, Settled as _, Stage, Step},
};

/// The longest that certbot may take: a minute or two for each name, and its own waits.
const LIMIT_S: u32 = 3_600;

/// `le-get-certs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetCerts;

impl Command for GetCerts {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let config = config(facts)?;
        Ok(match past.last() {
            None => {
                let names: Vec<&str> = config.domains.iter().map(|domain| domain.as_str()).collect();
                let about = format!("see to the certificate of {}", names.join(", "));
                let (lineage, executable) = (lineage(facts, &config), executable(facts));
                let effect = certbot(&config, lineage?.as_deref(), &executable?);
                Step::Do(Plan::new(about, vec![Stage::new("call certbot", vec![effect])]))
            }
            Some(Outcome::Planned { failed: Some((_, failure)), .. }) => {
                let text = past.last().and_then(Outcome::failure_text).unwrap_or_default();
                let log = format!("certbot's log is in {}/logs", config.basedir);
                Step::Done(Report::failed(text, Some(failure.hint().unwrap_or(&log))))
            }
            Some(_) => Step::Done(Report::text("")),
        })
    }

    /// It is called by cron, which mails what is printed: certbot alone says how much that is.
    fn shows_progress(&self) -> bool {
        false
    }
}

/// This program, as certbot's hooks call it.
fn executable(facts: &Facts) -> Result<String, Refusal> {
    let path = facts.executable()?.unwrap_or_default();
    // Certbot looks for the first word of a hook, and has a shell run all of it.
    match path.chars().find(|c| !c.is_alphanumeric() && !"/._-+@=:,".contains(*c)) {
        Some(wrong) => {
            let why = format!("the path of this program, {path}, holds {wrong:?}, which certbot's hooks cannot");
            Err(Refusal::no("call certbot", why).with_hint("move the program elsewhere"))
        }
        None => Ok(path),
    }
}

/// The certificate that certbot has under the name which it gives one of these domains: the first of them without its
/// wildcard. By that name it is the one that is changed when the domains do; else certbot would begin a second one beside
/// it where a domain is left out, and nothing would renew the first.
fn lineage(facts: &Facts, config: &LetsEncryptConfig) -> Result<Option<String>, Refusal> {
    let Some(first) = config.domains.first().map(|domain| domain.as_str()) else { return Ok(None) };
    let name = first.strip_prefix("*.").unwrap_or(first);
    let renewal = Location::File(format!("{}/config/renewal/{name}.conf", config.basedir));
    Ok(facts.content(&renewal).known_or(None)?.map(|_| name.to_string()))
}

fn certbot(config: &LetsEncryptConfig, lineage: Option<&str>, executable: &str) -> Effect {
    let folder = |name: &str| format!("{}/{name}", config.basedir);
    let hook = |verb: &str| format!("{executable} {verb}");
    let mut arguments: Vec<String> = Vec::new();
    arguments.extend(["certonly", "--manual", "--preferred-challenges", "dns"].map(ToString::to_string));
    for (name, value) in [
        ("--manual-auth-hook", hook("le-auth-hook")),
        ("--manual-cleanup-hook", hook("le-cleanup-hook")),
        ("--config-dir", folder("config")),
        ("--work-dir", folder("work")),
        ("--logs-dir", folder("logs")),
        ("--email", config.email.to_string()),
    ] {
        arguments.extend([name.to_string(), value]);
    }
    arguments.extend(lineage.into_iter().flat_map(|name| ["--cert-name".to_string(), name.to_string()]));
    // A certificate that holds for long is kept, and one for fewer names replaced.
    arguments
        .extend(["--agree-tos", "--non-interactive", "--keep-until-expiring", "--expand"].map(ToString::to_string));
    if config.verbosity == Verbosity::Quiet {
        arguments.push("--quiet".to_string());
    }
    arguments.extend(config.domains.iter().flat_map(|domain| ["-d".to_string(), domain.to_string()]));
    let program = config.certbot_path.to_string();
    Effect::Call { program, arguments, input: Secret::default(), limit_s: LIMIT_S, shown: true }
}

#[cfg(all(test, feature = "world"))]
mod tests {
    use super::*;
    use crate::{
        seam::{End, drive},
        world::{InjectedFault, World},
    };

    fn run(verbosity: &str, faults: Vec<(usize, InjectedFault)>) -> (End, World) {
        let mut world = World { faults, ..World::default() };
        let text = format!(
            r#"{{"certbotPath": "/usr/bin/certbot", "awsHostedZoneId": "Z1", "basedir": "/opt/le",
                "email": "ops@example.com", "domains": ["example.com", "*.example.com"]{verbosity}}}"#
        );
        world.tree.write("/etc/le.json", 0o644, text.as_bytes());
        world.environment.insert("HX_LETSENCRYPT_CONFIG".into(), "/etc/le.json".into());
        (drive(&GetCerts, &mut world, &mut Facts::default()), world)
    }

    #[test]
    fn certbot_is_called_once_for_all_names_with_the_hooks_of_this_program() {
        let (end, world) = run("", vec![]);
        assert_eq!(end, End::Reported(Report::text("")));
        let expected = "call /usr/bin/certbot certonly --manual --preferred-challenges dns \
            --manual-auth-hook /opt/bin/c2 le-auth-hook --manual-cleanup-hook /opt/bin/c2 le-cleanup-hook \
            --config-dir /opt/le/config --work-dir /opt/le/work --logs-dir /opt/le/logs --email ops@example.com \
            --agree-tos --non-interactive --keep-until-expiring --expand --quiet -d example.com -d *.example.com";
        assert_eq!(world.calls, [(expected.to_string(), vec![])]);
        let (_, noisy) = run(r#", "verbosity": "noisy""#, vec![]);
        assert_eq!(noisy.calls, [(expected.replace(" --quiet", ""), vec![])]);
    }

    #[test]
    fn the_certificate_that_is_there_is_changed_and_no_second_one_begun() {
        let (_, mut world) = run("", vec![]);
        world.tree.write("/opt/le/config/renewal/example.com.conf", 0o644, b"");
        world.calls.clear();
        drive(&GetCerts, &mut world, &mut Facts::default());
        assert!(world.calls[0].0.contains(" --cert-name example.com --agree-tos "), "{:?}", world.calls);
    }

    #[test]
    fn where_certbot_fails_its_log_is_named() {
        let (end, _) = run("", vec![(1, InjectedFault::Clean)]);
        let End::Reported(Report { failed: Some(_), hint: Some(hint), .. }) = end else { panic!("{end:?}") };
        assert_eq!(hint, "certbot's log is in /opt/le/logs");
    }

    #[test]
    fn without_a_configuration_the_paths_that_count_are_named() {
        let end = drive(&GetCerts, &mut World::default(), &mut Facts::default());
        let End::Refused(refusal) = end else { panic!("{end:?}") };
        assert!(refusal.to_string().contains("/opt/etc/letsencrypt-aws.json is not there"), "{refusal}");
        assert!(refusal.hint().unwrap().contains("HX_LETSENCRYPT_CONFIG"));
    }
}
