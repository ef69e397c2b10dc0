//! Cases for the rules of the AWS SDKs: a small world that answers what it is asked, and what comes of it.
//!
//! Each case begins with the rule that it shows, in the words or by the name that the AWS SDKs reference has for it.

mod container;
mod dns;
mod metadata;
mod order;
mod profile;
mod proxies;
mod refresh;
mod registries;
mod rules;
mod settings;

use super::*;
use crate::prelude::*;
use alloc::collections::BTreeMap;

pub(super) const NOW_S: u64 = 1_900_000_000;
pub(super) const TOKEN: (&str, u16, &str) = ("PUT http://169.254.169.254/latest/api/token", 200, "TOKEN==");
pub(super) const ROLES: &str = "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/";
pub(super) const ROLE: &str = "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/web";
pub(super) const OF_SERVICE: &str = r#"{"Code":"Success","LastUpdated":"2030-01-01T00:00:00Z","Type":"AWS-HMAC",
    "AccessKeyId":"IMDSKEY","SecretAccessKey":"imds+secret","Token":"imds/token","Expiration":"2030-03-17T20:00:00Z"}"#;
pub(super) const OF_STS: &str = "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>a</Arn></AssumedRoleUser>\
    <Credentials><AccessKeyId>STSKEY</AccessKeyId><SecretAccessKey>sts+secret</SecretAccessKey>\
    <SessionToken>sts/token</SessionToken><Expiration>2030-03-17T19:00:00Z</Expiration></Credentials>\
    </AssumeRoleResult></AssumeRoleResponse>";

/// A world with an environment, files, what commands print, and answers to requests by method and start of the URL.
#[derive(Default, Clone, Copy)]
pub(super) struct World<'a> {
    pub(super) env: &'a [(&'a str, &'a str)],
    pub(super) files: &'a [(&'a str, &'a str)],
    pub(super) commands: &'a [(&'a str, &'a str)],
    pub(super) http: &'a [(&'a str, u16, &'a str)],
    /// That of the instance, if it is known already.
    pub(super) region: Option<&'a str>,
}

/// What came of it: the result, and everything that was asked.
pub(super) struct Outcome {
    pub(super) shown: String,
    pub(super) asked: Vec<Ask>,
}

impl World<'_> {
    /// Asks for credentials, `KEY secret token`, `KEY secret` or the failure.
    pub(super) fn credentials(&self) -> Outcome {
        self.settle(|look| {
            let found = credentials(look)?;
            let token = found.session_token.as_deref().map(|token| format!(" {token}")).unwrap_or_default();
            Ok(format!("{} {}{token}", found.access_key_id, found.secret_access_key))
        })
    }

    pub(super) fn settle(&self, decide: impl Fn(&Look<'_>) -> Result<String, Stop>) -> Outcome {
        let env: BTreeMap<String, String> =
            self.env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let (mut known, mut asked) = (Known::default(), Vec::new());
        loop {
            let look = Look { env: &env, now_s: NOW_S, instance_region: self.region, known: &known };
            match decide(&look) {
                Ok(shown) => return Outcome { shown, asked },
                Err(Stop::Failed(failure)) => return Outcome { shown: format!("no: {failure}"), asked },
                Err(Stop::Ask(ask)) => {
                    assert!(!asked.contains(&ask) && asked.len() < 40, "{ask:?} is asked again");
                    asked.push(ask.clone());
                    let answer = self.answer(&ask);
                    known.add(ask, answer);
                }
            }
        }
    }

    fn answer(&self, ask: &Ask) -> Answer {
        let text = |found: Option<&(&str, &str)>| found.map(|(_, text)| Answer::Bytes(text.as_bytes().to_vec()));
        match ask {
            Ask::File(path) if path.ends_with("/denied") || path.starts_with("/denied/") => failed("denied", false),
            Ask::File(path) => text(self.files.iter().find(|(at, _)| at == path)).unwrap_or(Answer::Missing),
            Ask::Command(line) => text(self.commands.iter().find(|(command, _)| command == line))
                .unwrap_or_else(|| failed("it ended with exit status: 3", false)),
            Ask::Http(request) => {
                let line = format!("{} {}", request.method, request.url);
                match self.http.iter().find(|(start, ..)| line == *start) {
                    Some((_, 0, why)) => failed(why, true),
                    Some((_, status, body)) => Answer::Http { status: *status, body: body.as_bytes().to_vec() },
                    None => failed("the connection failed", false),
                }
            }
        }
    }
}

impl Outcome {
    /// The requests, one a line, with their headers and body.
    pub(super) fn requests(&self) -> Vec<&HttpRequest> {
        self.asked.iter().filter_map(|ask| if let Ask::Http(request) = ask { Some(request) } else { None }).collect()
    }
}

fn failed(why: &str, late: bool) -> Answer {
    Answer::Failed { why: why.into(), late, passing: true }
}

/// Runs cases of a rule, a world and the end of what is shown.
pub(super) fn check(cases: &[(&str, World<'_>, &str)]) {
    for (rule, world, expected) in cases {
        let shown = world.credentials().shown;
        assert!(shown.ends_with(expected) && (shown.starts_with("no: ") || shown == *expected), "{rule}: {shown}");
    }
}
