//! The order of the chain, and the sources in the environment.

use super::{OF_SERVICE, OF_STS, ROLE, ROLES, TOKEN, World, check};
use crate::prelude::*;

const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "ENVKEY"), ("AWS_SECRET_ACCESS_KEY", "env+secret"), ("AWS_SESSION_TOKEN", "env/token")];
const WEB: [(&str, &str); 2] = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/w")];
const HOME: (&str, &str) = ("HOME", "/home/a");
const RELATIVE: (&str, &str) = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/c");
const FILES: [(&str, &str); 2] = [
    ("/t", "web.identity.token\n"),
    ("/home/a/.aws/credentials", "[default]\naws_access_key_id = FILEKEY\naws_secret_access_key = file+secret\n"),
];
const HTTP: [(&str, u16, &str); 5] = [
    TOKEN,
    (ROLES, 200, "web\n"),
    (ROLE, 200, OF_SERVICE),
    ("POST https://sts.us-east-1.amazonaws.com/", 200, OF_STS),
    ("GET http://169.254.170.2/v2/c", 200, r#"{"AccessKeyId":"TASKKEY","SecretAccessKey":"task+secret","Token":"t"}"#),
];

fn all_but(names: &[&str]) -> Vec<(&'static str, &'static str)> {
    let all = KEYS.into_iter().chain(WEB).chain([HOME, RELATIVE]);
    all.filter(|(name, _)| !names.contains(name)).collect()
}

#[test]
fn each_source_counts_before_those_behind_it() {
    let mut without = Vec::new();
    for (taken_away, expected) in [
        (&[][..], "ENVKEY env+secret env/token"),
        (&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "STSKEY sts+secret sts/token"),
        (&["AWS_WEB_IDENTITY_TOKEN_FILE"], "FILEKEY file+secret"),
        (&["HOME"], "TASKKEY task+secret t"),
        (&["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], "IMDSKEY imds+secret imds/token"),
    ] {
        without.extend(taken_away);
        let env = all_but(&without);
        let world = World { env: &env, files: &FILES, http: &HTTP, ..World::default() };
        assert_eq!(world.credentials().shown, expected);
    }
}

#[test]
fn a_source_that_suffices_lets_nothing_else_be_asked() {
    let world = World { env: &all_but(&[]), files: &FILES, http: &HTTP, ..World::default() };
    assert_eq!(world.credentials().asked, []);
}

#[test]
fn every_source_is_named_with_why_it_gave_nothing() {
    let world = World { env: &[HOME], ..World::default() };
    assert_eq!(
        world.credentials().shown,
        "no: the environment: it lacks AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
         web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; \
         profile: there is no profile default in /home/a/.aws/config and /home/a/.aws/credentials; \
         container credentials: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor \
         AWS_CONTAINER_CREDENTIALS_FULL_URI is set; \
         instance metadata at http://169.254.169.254: the connection failed; \
         set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role"
    );
    let disabled = World { env: &[("AWS_EC2_METADATA_DISABLED", "TRUE")], ..World::default() };
    let shown = disabled.credentials().shown;
    assert!(shown.contains("there is no profile default in the home folder, which HOME does not name; "), "{shown}");
    let end = "instance metadata: AWS_EC2_METADATA_DISABLED is true; \
               set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role";
    assert!(shown.ends_with(end), "{shown}");
}

#[test]
fn the_environment() {
    let env = |env| World { env, ..World::default() };
    check(&[
        ("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY suffice", env(&KEYS[..2]), "ENVKEY env+secret"),
        ("AWS_SESSION_TOKEN goes with them", env(&KEYS), "ENVKEY env+secret env/token"),
        (
            "an empty variable is as good as none",
            env(&[KEYS[0], KEYS[1], ("AWS_SESSION_TOKEN", " ")]),
            "ENVKEY env+secret",
        ),
        (
            "half a pair is an error (PartialCredentialsError of the AWS CLI)",
            env(&KEYS[..1]),
            "no: the environment: it has AWS_ACCESS_KEY_ID, but lacks AWS_SECRET_ACCESS_KEY",
        ),
        (
            "half a pair is an error, also the secret half",
            env(&[KEYS[1], HOME]),
            "no: the environment: it has AWS_SECRET_ACCESS_KEY, but lacks AWS_ACCESS_KEY_ID",
        ),
    ]);
}

#[test]
fn web_identity() {
    let sts = |status, body| [("POST https://sts.us-east-1.amazonaws.com/", status, body)];
    let refused = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code>\
        <Message>Not web.identity.token</Message></Error></ErrorResponse>";
    let world = |http| World { env: &WEB, files: &FILES, http, ..World::default() };
    let start = "web identity, role arn:aws:iam::1:role/w: https://sts.us-east-1.amazonaws.com: ";
    check(&[
        ("AssumeRoleWithWebIdentity gives the role", world(&sts(200, OF_STS)), "STSKEY sts+secret sts/token"),
        (
            "the role goes with the token file",
            World { env: &WEB[..1], ..World::default() },
            "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not",
        ),
        (
            "the token file must be there",
            World { env: &WEB, ..World::default() },
            "web identity, role arn:aws:iam::1:role/w: the token file /t is not there",
        ),
        (
            "the token must be there",
            World { env: &WEB, files: &[("/t", " \n")], ..World::default() },
            "there is no token in /t",
        ),
        (
            "what STS says is shown without the token",
            world(&sts(400, refused)),
            &alloc::format!("{start}it answered 400 InvalidIdentityToken: Not [hidden]"),
        ),
        (
            "nor with it as it was sent",
            World {
                env: &WEB,
                files: &[("/t", "web/identity+token")],
                http: &sts(400, &refused.replace("web.identity.token", "WebIdentityToken=web%2Fidentity%2Btoken")),
                ..World::default()
            },
            &alloc::format!("{start}it answered 400 InvalidIdentityToken: Not [hidden]"),
        ),
        (
            "what is no answer of STS is said",
            world(&sts(502, "<html><br></html>")),
            &alloc::format!("{start}it answered 502 without saying why"),
        ),
        (
            "an answer without credentials is said",
            world(&sts(200, "<AssumeRoleResponse></AssumeRoleResponse>")),
            &alloc::format!("{start}its answer has no AccessKeyId"),
        ),
    ]);
}

#[test]
fn a_token_goes_to_sts_unsigned_and_whole() {
    let env = [WEB[0], WEB[1], ("AWS_ROLE_SESSION_NAME", "s=1"), ("AWS_REGION", "eu-west-1")];
    let http = [("POST https://sts.eu-west-1.amazonaws.com/", 200, OF_STS)];
    let outcome = World { env: &env, files: &FILES, http: &http, ..World::default() }.credentials();
    let request = outcome.requests()[0];
    assert_eq!(
        request.body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fw\
         &RoleSessionName=s%3D1&WebIdentityToken=web.identity.token"
    );
    assert_eq!(request.headers, [("content-type", "application/x-www-form-urlencoded".into())]);
}
