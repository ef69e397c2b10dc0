//! The rules of AWS on credentials, a case each: what is set up, what comes of it, and what was asked for it, in order.
//!
//! Every table names the pages that its rules are from. What is looked for first is `asked`: credentials that come from
//! the right place by way of a wrong one are a wrong answer.

mod assume_role;
mod container;
mod metadata;
mod order;

use super::{OF_SERVICE, OF_STS, ROLE, ROLES, TOKEN, World};
use crate::prelude::*;

/// A rule, and what shows it.
#[derive(Clone, Copy)]
struct Case<'a> {
    /// The rule, beginning with the section or the setting of the page that says it.
    rule: &'a str,
    /// The environment beside `HOME`.
    env: &'a [(&'a str, &'a str)],
    /// `~/.aws/config` and `~/.aws/credentials`.
    config: &'a str,
    credentials: &'a str,
    /// Answers that come before those of [`CLOUD`].
    http: &'a [(&'a str, u16, &'a str)],
    /// `KEY secret token`, or the end of why there are none.
    shown: &'a str,
    /// The requests, `METHOD URL`, in order.
    asked: &'a [&'a str],
    /// What the form or the headers of the last request hold, and what they do not.
    holds: &'a [&'a str],
    lacks: &'a [&'a str],
}

/// A case with nothing set up.
const CASE: Case<'_> =
    Case { rule: "", env: &[], config: "", credentials: "", http: &[], shown: "", asked: &[], holds: &[], lacks: &[] };

/// What the sources give.
const FROM_ENVIRONMENT: &str = "ENVKEY env+secret";
const FROM_STS: &str = "STSKEY sts+secret sts/token";
const FROM_TASK: &str = "TASKKEY task+secret task/token";
const FROM_INSTANCE: &str = "IMDSKEY imds+secret imds/token";

/// The variables that set them up.
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "ENVKEY"), ("AWS_SECRET_ACCESS_KEY", "env+secret")];
const WEB: [(&str, &str); 2] = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/w")];
const TASK: (&str, &str) = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/c");

/// Where they are asked for.
const STS: &str = "POST https://sts.us-east-1.amazonaws.com/";
const AGENT: &str = "GET http://169.254.170.2/v2/c";
const INSTANCE: [&str; 3] = [TOKEN.0, ROLES, ROLE];
const REGION: &str = "GET http://169.254.169.254/latest/meta-data/placement/region";

const OF_TASK: &str = r#"{"RoleArn":"r","AccessKeyId":"TASKKEY","SecretAccessKey":"task+secret","Token":"task/token",
    "Expiration":"2030-03-17T20:00:00Z"}"#;

/// What answers, where a case does not say otherwise.
const CLOUD: [(&str, u16, &str); 10] = [
    TOKEN,
    (ROLES, 200, "web"),
    (ROLE, 200, OF_SERVICE),
    (REGION, 200, "eu-north-1"),
    (AGENT, 200, OF_TASK),
    (STS, 200, OF_STS),
    ("POST https://sts.eu-west-1.amazonaws.com/", 200, OF_STS),
    ("POST https://sts.eu-north-1.amazonaws.com/", 200, OF_STS),
    ("POST https://sts.cn-north-1.amazonaws.com.cn/", 200, OF_STS),
    ("POST http://localhost:4566/", 200, OF_STS),
];

/// Files that variables and profiles name.
const FILES: [(&str, &str); 3] = [("/t", "web.token\n"), ("/agent", "agent.token\n"), ("/split", "a\r\nx-evil: b")];

fn check(cases: &[Case<'_>]) {
    for Case { rule, env, config, credentials, http, shown, asked, holds, lacks } in cases {
        let env = [*env, &[("HOME", "/h")]].concat();
        let files = [("/h/.aws/config", *config), ("/h/.aws/credentials", *credentials)];
        let (files, http) = ([&files[..], &FILES].concat(), [*http, &CLOUD].concat());
        let commands = [("give", r#"{"Version":1,"AccessKeyId":"CMDKEY","SecretAccessKey":"cmd+secret"}"#)];
        let outcome = World { env: &env, files: &files, commands: &commands, http: &http, region: None }.credentials();
        let found = &outcome.shown;
        assert!(found == shown || found.starts_with("no: ") && found.ends_with(shown), "{rule}: {found}");
        let requests = outcome.requests();
        let lines: Vec<String> = requests.iter().map(|request| format!("{} {}", request.method, request.url)).collect();
        assert_eq!(lines, *asked, "{rule}");
        let sent = requests.last().map(|request| format!("{} {:?}", request.body, request.headers)).unwrap_or_default();
        for part in *holds {
            assert!(sent.contains(part), "{rule}: {part} is not in {sent}");
        }
        for part in *lacks {
            assert!(!sent.contains(part), "{rule}: {part} is in {sent}");
        }
    }
}

/// A rule is written down once, and there are as many as this file promises.
#[test]
fn every_case_has_a_rule_of_its_own() {
    let tables = [assume_role::CASES, container::CASES, metadata::CASES, order::CASES];
    let mut rules: Vec<&str> = tables.into_iter().flatten().map(|case| case.rule).collect();
    assert!(rules.iter().all(|rule| rule.contains(": ")), "a rule begins with what says it");
    let count = rules.len();
    rules.sort_unstable();
    rules.dedup();
    assert_eq!(rules.len(), count);
    assert!(count >= 60, "{count}");
}
