//! Profiles: keys, commands, roles by way of others.

use super::{NOW_S, OF_SERVICE, OF_STS, ROLE, ROLES, TOKEN, World, check};
use crate::prelude::*;

const STS: (&str, u16, &str) = ("POST https://sts.us-east-1.amazonaws.com/", 200, OF_STS);
const ENV: [(&str, &str); 2] = [("HOME", "/h/"), ("AWS_PROFILE", "p")];
const PRINTED: &str =
    r#"{"Version":1,"AccessKeyId":"CMDKEY","SecretAccessKey":"cmd+secret","SessionToken":"cmd/token"}"#;

/// What comes of a config file with a profile p; what else there is stays the same.
fn config(text: &str) -> String {
    let files = [("/h/.aws/config", text), ("/t", "web.token")];
    let commands = [("give --secret x", PRINTED), ("lie", r#"{"Version":2}"#), ("noise", "secret+noise")];
    let http = [STS, TOKEN, (ROLES, 200, "web"), (ROLE, 200, OF_SERVICE)];
    let shown = World { env: &ENV, files: &files, commands: &commands, http: &http, region: None }.credentials().shown;
    let before = "no: the environment: it lacks AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
                  web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; ";
    shown.strip_prefix(before).unwrap_or(&shown).into()
}

#[test]
fn what_a_profile_gives() {
    let keys = "aws_access_key_id=K\naws_secret_access_key=S";
    for (rule, text, expected) in [
        ("keys", &*format!("[profile p]\n{keys}"), "K S"),
        ("aws_session_token", &format!("[profile p]\n{keys}\naws_session_token=T"), "K S T"),
        ("a key alone is an error", "[profile p]\naws_access_key_id=K", "profile p: it has no aws_secret_access_key"),
        (
            "a secret alone is an error",
            "[profile p]\naws_secret_access_key=S",
            "profile p: it has no aws_access_key_id",
        ),
        ("credential_process", "[profile p]\ncredential_process = give --secret x", "CMDKEY cmd+secret cmd/token"),
        ("keys count before a command", &format!("[profile p]\ncredential_process=lie\n{keys}"), "K S"),
        (
            "a command must print version 1",
            "[profile p]\ncredential_process = lie",
            "profile p: its credential_process lie: what it prints has no \"Version\": 1; \
             run it by hand to see what it says",
        ),
        (
            "what a command prints is never shown",
            "[profile p]\ncredential_process = noise",
            "profile p: its credential_process noise: the response is not a JSON object; run it by hand to see what it says",
        ),
        (
            "the arguments of a command are never shown",
            "[profile p]\ncredential_process = TOKEN=x no --secret x",
            "profile p: its credential_process no: it ended with exit status: 3; run it by hand to see what it says",
        ),
        (
            "web_identity_token_file with role_arn",
            "[profile p]\nweb_identity_token_file = /t\nrole_arn = R",
            "STSKEY sts+secret sts/token",
        ),
        (
            "web_identity_token_file counts before source_profile",
            "[profile p]\nweb_identity_token_file = /t\nrole_arn = R\nsource_profile = gone",
            "STSKEY sts+secret sts/token",
        ),
        (
            "web_identity_token_file wants role_arn",
            "[profile p]\nweb_identity_token_file = /t",
            "profile p: it has web_identity_token_file, but no role_arn",
        ),
        (
            "a profile that AWS_PROFILE names must be there",
            "[profile q]",
            "profile p: there is no profile p in /h/.aws/config and /h/.aws/credentials; \
             AWS_PROFILE names it: check the name, or unset it",
        ),
        (
            "the file's faults are said by their line",
            "[profile p]\nsecret",
            "/h/.aws/config: line 2: expected an '=' sign defining a property",
        ),
        (
            "a profile without credentials lets the chain go on",
            "[profile p]\nregion = us-east-1",
            "IMDSKEY imds+secret imds/token",
        ),
    ] {
        assert_eq!(config(text), expected, "{rule}");
    }
    for property in ["sso_session = s", "sso_start_url = https://x", "login_session = arn"] {
        let name = property.split(' ').next().unwrap();
        let shown = config(&format!("[profile p]\n{property}"));
        let hint = "credential_process = aws configure export-credentials --profile p";
        assert!(shown.starts_with(&format!("profile p: it has {name}, which c2 does not use; ")), "{shown}");
        assert!(shown.ends_with(hint), "{shown}");
    }
}

#[test]
fn roles_by_way_of_others() {
    let keys = "aws_access_key_id=K\naws_secret_access_key=S";
    let sts = "STSKEY sts+secret sts/token";
    for (rule, text, expected) in [
        ("source_profile with keys", &*format!("[profile p]\nrole_arn=R\nsource_profile=q\n[profile q]\n{keys}"), sts),
        (
            "source_profile may be the profile itself",
            &format!("[profile p]\nrole_arn=R\nsource_profile=p\n{keys}"),
            sts,
        ),
        (
            "source_profile with a command",
            "[profile p]\nrole_arn=R\nsource_profile=q\n[profile q]\ncredential_process=give --secret x",
            sts,
        ),
        (
            "a chain of roles",
            &format!(
                "[profile p]\nrole_arn=R\nsource_profile=q\n[profile q]\nrole_arn=Q\nsource_profile=r\n[profile r]\n{keys}"
            ),
            sts,
        ),
        (
            "of a source profile the keys count before its role",
            &format!("[profile p]\nrole_arn=R\nsource_profile=q\n[profile q]\nrole_arn=Q\nsource_profile=gone\n{keys}"),
            sts,
        ),
        (
            "credential_source = Ec2InstanceMetadata",
            "[profile p]\nrole_arn=R\ncredential_source=Ec2InstanceMetadata",
            sts,
        ),
        (
            "credential_source = Environment",
            "[profile p]\nrole_arn=R\ncredential_source=Environment",
            "profile p: its credential_source Environment: it lacks AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            "credential_source = EcsContainer",
            "[profile p]\nrole_arn=R\ncredential_source=EcsContainer",
            "profile p: its credential_source EcsContainer: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor \
             AWS_CONTAINER_CREDENTIALS_FULL_URI is set",
        ),
        (
            "no other credential_source",
            "[profile p]\nrole_arn=R\ncredential_source=Moon",
            "profile p: its credential_source Moon is none of Environment, Ec2InstanceMetadata, EcsContainer",
        ),
        (
            "source_profile and credential_source exclude each other",
            "[profile p]\nrole_arn=R\ncredential_source=Environment\nsource_profile=q",
            "profile p: it has both source_profile and credential_source",
        ),
        (
            "a role needs one of them",
            &format!("[profile p]\nrole_arn=R\n{keys}"),
            "profile p: it has role_arn, but neither source_profile nor credential_source",
        ),
        (
            "source_profile must be there",
            "[profile p]\nrole_arn=R\nsource_profile=q",
            "profile p: its source_profile q is not there",
        ),
        (
            "source profiles must not lead back",
            "[profile p]\nrole_arn=R\nsource_profile=q\n[profile q]\nrole_arn=Q\nsource_profile=p",
            "profile p: its source profiles lead back to it: p -> q -> p",
        ),
        (
            "source_profile must have credentials",
            "[profile p]\nrole_arn=R\nsource_profile=q\n[profile q]\nregion=x",
            "profile p: its source gives no credentials: profile q has no credentials",
        ),
        (
            "mfa_serial needs a person",
            &format!("[profile p]\nrole_arn=R\nmfa_serial=M\nsource_profile=q\n[profile q]\n{keys}"),
            "profile p: its mfa_serial wants a code; c2 runs without a person: \
             use a role that needs no code, or short-lived keys",
        ),
    ] {
        assert_eq!(config(text), expected, "{rule}");
    }
}

#[test]
fn a_role_is_asked_for_with_all_that_the_profile_says() {
    let text = "[profile p]\nrole_arn=arn:aws:iam::1:role/R\nsource_profile=q\nexternal_id=x&y\nrole_session_name=me\n\
        duration_seconds=900\nregion=eu-central-1\n[profile q]\naws_access_key_id=K\naws_secret_access_key=S\n\
        aws_session_token=T";
    let files = [("/h/.aws/config", text)];
    let http = [("POST https://sts.eu-central-1.amazonaws.com/", 200, OF_STS)];
    let outcome = World { env: &ENV, files: &files, http: &http, ..World::default() }.credentials();
    let request = outcome.requests()[0];
    assert_eq!(
        request.body,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2FR&RoleSessionName=me\
         &DurationSeconds=900&ExternalId=x%26y"
    );
    let header = |name| request.headers.iter().find(|(found, _)| *found == name).unwrap().1.as_str();
    assert_eq!(header("x-amz-security-token"), "T");
    assert_eq!(header("x-amz-date"), "20300317T174640Z");
    let scope = "AWS4-HMAC-SHA256 Credential=K/20300317/eu-central-1/sts/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=";
    assert!(header("authorization").starts_with(scope), "{}", header("authorization"));
}

#[test]
fn a_session_without_a_name_is_named_after_c2_and_the_time() {
    let text = "[profile p]\nrole_arn=R\nsource_profile=p\naws_access_key_id=K\naws_secret_access_key=S";
    let outcome =
        World { env: &ENV, files: &[("/h/.aws/config", text)], http: &[STS], ..World::default() }.credentials();
    assert!(outcome.requests()[0].body.contains(&format!("&RoleSessionName=c2-{NOW_S}")));
}

#[test]
fn what_sts_refuses_is_shown_without_the_keys() {
    let text = "[profile p]\nrole_arn=R\nsource_profile=p\naws_access_key_id=AKID42\naws_secret_access_key=sec+ret";
    let body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User AKID42 may not sts:AssumeRole with \
                sec+ret</Message></Error></ErrorResponse>";
    let http = [("POST https://sts.us-east-1.amazonaws.com/", 403, body)];
    check(&[(
        "no secret is shown",
        World { env: &ENV, files: &[("/h/.aws/config", text)], http: &http, ..World::default() },
        "profile p, role R: https://sts.us-east-1.amazonaws.com: it answered 403 AccessDenied: \
         User [hidden] may not sts:AssumeRole with [hidden]",
    )]);
}

#[test]
fn the_credentials_file_counts_before_the_config_file() {
    let files = [
        ("/h/.aws/config", "[profile p]\naws_access_key_id=C\naws_secret_access_key=CS\nregion=r"),
        ("/h/.aws/credentials", "[p]\naws_access_key_id=K\naws_secret_access_key=S"),
    ];
    check(&[("the credentials file wins", World { env: &ENV, files: &files, ..World::default() }, "K S")]);
}

#[test]
fn a_home_that_may_not_be_read_is_passed_over_and_a_file_that_is_named_is_not() {
    let world = |env| World { env, ..World::default() };
    check(&[
        (
            "the default place is optional",
            world(&[("HOME", "/denied"), ("AWS_EC2_METADATA_DISABLED", "true")]),
            "instance metadata: AWS_EC2_METADATA_DISABLED is true; \
             set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role",
        ),
        (
            "AWS_CONFIG_FILE is meant",
            world(&[("AWS_CONFIG_FILE", "/x/denied")]),
            "/x/denied: it cannot be read: denied (AWS_CONFIG_FILE names it)",
        ),
    ]);
}
