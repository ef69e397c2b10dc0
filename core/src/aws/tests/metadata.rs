//! Credentials and region of an instance.

use super::{OF_SERVICE, OF_STS, ROLE, ROLES, TOKEN, World};
use crate::aws::{Reach, Service, credentials, instance_id, settings};
use crate::prelude::*;

const REGION: &str = "GET http://169.254.169.254/latest/meta-data/placement/region";

fn shown(http: &[(&str, u16, &str)]) -> String {
    let shown = World { http, ..World::default() }.credentials().shown;
    shown.split_once("instance metadata at http://169.254.169.254: ").map_or(&*shown, |(_, why)| why).into()
}

#[test]
fn the_answers_of_the_service() {
    let token_fails = |status, body| shown(&[(TOKEN.0, status, body)]);
    let roles = |status, body| shown(&[TOKEN, (ROLES, status, body)]);
    let role = |status, body| shown(&[TOKEN, (ROLES, 200, "web"), (ROLE, status, body)]);
    let no_role = "the instance has no role; give the instance a role (an instance profile); \
                   a new one takes a while to arrive";
    for (rule, shown, expected) in [
        ("a role's credentials", role(200, OF_SERVICE), "IMDSKEY imds+secret imds/token"),
        (
            "a role has one line",
            shown(&[TOKEN, (ROLES, 200, "web\r\nother"), (ROLE, 200, OF_SERVICE)]),
            "IMDSKEY imds+secret imds/token",
        ),
        ("404 is no role", roles(404, ""), no_role),
        ("an empty list is no role", roles(200, ""), no_role),
        (
            "what is no name of a role is not asked for",
            roles(200, "../x"),
            "it answered with something that is not the name of a role",
        ),
        ("another status is said", roles(500, ""), "it answered 500 when asked for the role"),
        ("401 is said", role(401, ""), "it answered 401 when asked for the credentials of role web"),
        (
            "AssumeRoleUnauthorizedAccess",
            role(200, r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"}"#),
            "role web: it answered AssumeRoleUnauthorizedAccess: EC2 cannot assume the role; \
             the role must trust ec2.amazonaws.com: see its trust policy",
        ),
        ("no JSON", role(200, "oops"), "role web: the response is not a JSON object"),
        ("IMDSv1 is never used", token_fails(404, ""), "it answered 404 when asked for a token"),
        (
            "403 is switched off",
            token_fails(403, ""),
            "it answered 403 when asked for a token; the instance's metadata is switched off",
        ),
        ("a token is a word", token_fails(200, "two words"), "it answered with something that is not a token"),
        ("a token is there", token_fails(200, ""), "it answered with something that is not a token"),
        (
            "no token in time may be the hop limit",
            token_fails(0, "no answer within 1 s"),
            "no answer within 1 s; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role; \
             if c2 runs in a container, let the instance's metadata answer it: \
             aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2",
        ),
    ] {
        assert_eq!(shown, expected, "{rule}");
    }
}

#[test]
fn a_token_of_six_hours_goes_with_each_request_and_no_proxy_sees_it() {
    let outcome =
        World { http: &[TOKEN, (ROLES, 200, "web"), (ROLE, 200, OF_SERVICE)], ..World::default() }.credentials();
    let headers = outcome.requests().iter().map(|request| format!("{:?}", request.headers)).collect::<Vec<_>>();
    let with_token = r#"[("x-aws-ec2-metadata-token", "TOKEN==")]"#;
    assert_eq!(headers, [r#"[("x-aws-ec2-metadata-token-ttl-seconds", "21600")]"#, with_token, with_token]);
    assert!(outcome.requests().iter().all(|request| request.reach == Reach::Metadata));
}

#[test]
fn where_the_service_is() {
    const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    const MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
    for (env, config, expected) in [
        (&[][..], "", "http://169.254.169.254/"),
        (&[(MODE, "IPv4")], "", "http://169.254.169.254/"),
        (&[(MODE, "ipv6")], "", "http://[fd00:ec2::254]/"),
        (&[(MODE, "IPv6"), (ENDPOINT, "http://127.0.0.1:1338/")], "", "http://127.0.0.1:1338/"),
        (&[], "ec2_metadata_service_endpoint_mode = IPv6", "http://[fd00:ec2::254]/"),
        (&[], "ec2_metadata_service_endpoint = http://127.0.0.1:1", "http://127.0.0.1:1/"),
        (
            &[(ENDPOINT, "http://127.0.0.1:2")],
            "ec2_metadata_service_endpoint = http://127.0.0.1:1",
            "http://127.0.0.1:2/",
        ),
    ] {
        let (env, config) = ([env, &[("HOME", "/h")]].concat(), format!("[default]\n{config}"));
        let outcome = World { env: &env, files: &[("/h/.aws/config", &config)], ..World::default() }.credentials();
        assert_eq!(outcome.requests()[0].url, format!("{expected}latest/api/token"));
    }
    for (env, end) in [
        ((MODE, "IPv5"), "instance metadata: AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor IPv6"),
        ((ENDPOINT, "127.0.0.1"), "instance metadata: AWS_EC2_METADATA_SERVICE_ENDPOINT is not an http URL"),
    ] {
        let outcome = World { env: &[env], ..World::default() }.credentials();
        assert!(outcome.shown.ends_with(end) && outcome.requests().is_empty(), "{}", outcome.shown);
    }
}

#[test]
fn the_instances_region_counts_when_the_credentials_are_the_instances_and_nothing_else_says_one() {
    const OURS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "K"), ("AWS_SECRET_ACCESS_KEY", "S")];
    let answers = [TOKEN, (ROLES, 200, "web"), (ROLE, 200, OF_SERVICE), (REGION, 200, "eu-north-1")];
    for (env, http, expected) in [
        (&[][..], &answers[..], "eu-north-1"),
        (&[], &answers[..3], "us-east-1"),
        (&[("AWS_REGION", "eu-west-1")], &answers, "eu-west-1"),
        (&[("S3_ENDPOINT", "http://127.0.0.1:1")], &answers, "us-east-1"),
        (&OURS, &answers, "us-east-1"),
    ] {
        let outcome = World { env, http, ..World::default() }.settle(|look| {
            let from_metadata = credentials(look)?.from_metadata;
            let settings = settings(look, Service::S3)?.with_region(look, from_metadata)?;
            Ok(settings.region().unwrap().into())
        });
        assert_eq!(outcome.shown, expected);
        let asked = outcome.requests().iter().any(|request| request.url.ends_with("/region"));
        assert_eq!(asked, env.is_empty(), "{env:?}");
    }
}

#[test]
fn a_region_that_was_asked_for_before_is_not_asked_for_again_for_a_role_either() {
    let config = "[default]\nrole_arn=R\ncredential_source=Ec2InstanceMetadata";
    let http = [TOKEN, (ROLES, 200, "web"), (ROLE, 200, OF_SERVICE), (REGION, 200, "eu-north-1")];
    let sts = ("POST https://sts.eu-north-1.amazonaws.com/", 200, OF_STS);
    for (region, asked) in [(None, true), (Some("eu-north-1"), false)] {
        let files = [("/h/.aws/config", config)];
        let world = World {
            env: &[("HOME", "/h")],
            files: &files,
            http: &[&http[..], &[sts]].concat(),
            region,
            ..World::default()
        };
        let outcome = world.credentials();
        assert_eq!(outcome.shown, "STSKEY sts+secret sts/token");
        assert_eq!(outcome.requests().iter().any(|request| request.url.ends_with("/region")), asked);
    }
}

#[test]
fn the_instances_id_is_asked_for_with_a_token_unless_the_service_is_not_to_be_asked() {
    let http = [TOKEN, ("GET http://169.254.169.254/latest/meta-data/instance-id", 200, "i-0123\n")];
    let of = |env| World { env, http: &http, ..World::default() }.settle(instance_id);
    assert_eq!(of(&[]).shown, "i-0123");
    let off = of(&[("AWS_EC2_METADATA_DISABLED", "True")]);
    assert!(
        off.shown.contains("AWS_EC2_METADATA_DISABLED is true") && off.shown.contains("slaveLabel"),
        "{}",
        off.shown
    );
    assert_eq!(off.requests().len(), 0);
}
