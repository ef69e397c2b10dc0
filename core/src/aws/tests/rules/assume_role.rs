//! Roles that a profile takes on.
//!
//! Source: the page "Assume role credential provider" of the AWS SDKs reference; "AssumeRole" and
//! "AssumeRoleWithWebIdentity" of the STS API reference; "AWS Region", "Service-specific endpoints" and "Dual-stack and
//! FIPS endpoints" of the AWS SDKs reference for where STS is asked.

use super::{AGENT, CASE, Case, FROM_ENVIRONMENT, FROM_STS, INSTANCE, KEYS, REGION, STS, TASK, check};

/// A profile with a role by way of the profile `base`, and `base` with keys; a case puts more behind `base`.
const BASE: &str = "[default]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = base\n\
                    [profile base]\naws_access_key_id = BASEKEY\naws_secret_access_key = base+secret\n";
const FROM_BASE: &str = "Credential=BASEKEY/";
const IN_EU_WEST_1: &str = "POST https://sts.eu-west-1.amazonaws.com/";
const OF_TOKEN: &str = "[default]\nrole_arn = arn:aws:iam::1:role/R\nweb_identity_token_file = /t\n";

pub(super) const CASES: &[Case<'_>] = &[
    Case {
        rule: "source_profile: the role is asked for with the keys of the profile that it names",
        config: BASE,
        shown: FROM_STS,
        asked: &[STS],
        holds: &["Action=AssumeRole&", "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2FR", FROM_BASE],
        ..CASE
    },
    Case {
        rule: "source_profile: the profile may be in the credentials file",
        config: "[default]\nrole_arn = R\nsource_profile = base",
        credentials: "[base]\naws_access_key_id = BASEKEY\naws_secret_access_key = base+secret",
        shown: FROM_STS,
        asked: &[STS],
        holds: &[FROM_BASE],
        ..CASE
    },
    Case {
        rule: "source_profile: the role counts before keys in the profile with the role",
        config: "[default]\nrole_arn = R\nsource_profile = base\naws_access_key_id = OWN\naws_secret_access_key = own\n\
                 [profile base]\naws_access_key_id = BASEKEY\naws_secret_access_key = base+secret",
        shown: FROM_STS,
        asked: &[STS],
        holds: &[FROM_BASE],
        lacks: &["OWN"],
        ..CASE
    },
    Case {
        rule: "source_profile: a profile that names itself gives its own keys",
        config: "[default]\nrole_arn = R\nsource_profile = default\naws_access_key_id = BASEKEY\naws_secret_access_key = s",
        shown: FROM_STS,
        asked: &[STS],
        holds: &[FROM_BASE],
        ..CASE
    },
    Case {
        rule: "source_profile: one that is not there is an error, and STS is not asked",
        config: "[default]\nrole_arn = R\nsource_profile = gone",
        shown: "profile default: its source_profile gone is not there",
        ..CASE
    },
    Case {
        rule: "source_profile: profiles that lead back to each other are an error",
        config: "[default]\nrole_arn = R\nsource_profile = a\n[profile a]\nrole_arn = A\nsource_profile = b\n\
                 [profile b]\nrole_arn = B\nsource_profile = a",
        shown: "profile a: its source profiles lead back to it: default -> a -> b -> a",
        ..CASE
    },
    Case {
        rule: "source_profile: one without credentials is an error; the instance's role is not taken for it",
        config: "[default]\nrole_arn = R\nsource_profile = base\n[profile base]\nregion = eu-west-1",
        shown: "profile default: its source gives no credentials: profile base has no credentials",
        ..CASE
    },
    Case {
        rule: "source_profile: role chaining, each role asked for with the one before",
        config: "[default]\nrole_arn = R\nsource_profile = middle\n[profile middle]\nrole_arn = M\nsource_profile = base\n\
                 [profile base]\naws_access_key_id = BASEKEY\naws_secret_access_key = base+secret",
        shown: FROM_STS,
        asked: &[STS, STS],
        holds: &["RoleArn=R&", "Credential=STSKEY/", r#"("x-amz-security-token", "sts/token")"#],
        ..CASE
    },
    Case {
        rule: "source_profile: a session token of the source goes with the request",
        config: "[default]\nrole_arn = R\nsource_profile = base\n[profile base]\naws_access_key_id = BASEKEY\n\
                 aws_secret_access_key = s\naws_session_token = base/token",
        shown: FROM_STS,
        asked: &[STS],
        holds: &[r#"("x-amz-security-token", "base/token")"#],
        ..CASE
    },
    Case {
        rule: "source_profile: the source may be a credential_process",
        config: "[default]\nrole_arn = R\nsource_profile = base\n[profile base]\ncredential_process = give",
        shown: FROM_STS,
        asked: &[STS],
        holds: &["Credential=CMDKEY/"],
        ..CASE
    },
    Case {
        rule: "source_profile: the source may be a web identity, asked for first",
        config: "[default]\nrole_arn = R\nsource_profile = base\n\
                 [profile base]\nrole_arn = W\nweb_identity_token_file = /t",
        shown: FROM_STS,
        asked: &[STS, STS],
        holds: &["Action=AssumeRole&", "RoleArn=R&", "Credential=STSKEY/"],
        ..CASE
    },
    Case {
        rule: "source_profile: the source may be a role by way of a credential_source",
        env: &[TASK],
        config: "[default]\nrole_arn = R\nsource_profile = base\n\
                 [profile base]\nrole_arn = B\ncredential_source = EcsContainer",
        shown: FROM_STS,
        asked: &[AGENT, STS, STS],
        holds: &["RoleArn=R&", "Credential=STSKEY/"],
        ..CASE
    },
    Case {
        rule: "credential_source: EcsContainer asks the container's agent",
        env: &[TASK],
        config: "[default]\nrole_arn = R\ncredential_source = EcsContainer",
        shown: FROM_STS,
        asked: &[AGENT, STS],
        holds: &["Credential=TASKKEY/"],
        ..CASE
    },
    Case {
        rule: "credential_source: EcsContainer without an agent is an error; the instance is not asked",
        config: "[default]\nrole_arn = R\ncredential_source = EcsContainer",
        shown: "its credential_source EcsContainer: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor \
                AWS_CONTAINER_CREDENTIALS_FULL_URI is set",
        ..CASE
    },
    Case {
        rule: "credential_source: Ec2InstanceMetadata asks the instance, and STS in its region where none is set",
        config: "[default]\nrole_arn = R\ncredential_source = Ec2InstanceMetadata",
        shown: FROM_STS,
        asked: &[INSTANCE[0], INSTANCE[1], INSTANCE[2], REGION, "POST https://sts.eu-north-1.amazonaws.com/"],
        holds: &["Credential=IMDSKEY/20300317/eu-north-1/sts/"],
        ..CASE
    },
    Case {
        rule: "credential_source: Ec2InstanceMetadata in a container asks the instance all the same",
        env: &[TASK, ("AWS_REGION", "eu-west-1")],
        config: "[default]\nrole_arn = R\ncredential_source = Ec2InstanceMetadata",
        shown: FROM_STS,
        asked: &[INSTANCE[0], INSTANCE[1], INSTANCE[2], IN_EU_WEST_1],
        ..CASE
    },
    Case {
        rule: "credential_source: Environment without keys is an error; nothing else is taken for it",
        env: &[TASK],
        config: "[default]\nrole_arn = R\ncredential_source = Environment",
        shown: "its credential_source Environment: it lacks AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ..CASE
    },
    Case {
        rule: "credential_source: with keys in the environment these come first in the chain, and no role is taken on",
        env: &KEYS,
        config: "[default]\nrole_arn = R\ncredential_source = Environment",
        shown: FROM_ENVIRONMENT,
        ..CASE
    },
    Case {
        rule: "credential_source: no fourth value",
        config: "[default]\nrole_arn = R\ncredential_source = Lambda",
        shown: "its credential_source Lambda is none of Environment, Ec2InstanceMetadata, EcsContainer",
        ..CASE
    },
    Case {
        rule: "credential_source: not together with source_profile",
        config: "[default]\nrole_arn = R\ncredential_source = Ec2InstanceMetadata\nsource_profile = base",
        shown: "profile default: it has both source_profile and credential_source",
        ..CASE
    },
    Case {
        rule: "role_arn: it needs a source",
        config: "[default]\nrole_arn = R",
        shown: "profile default: it has role_arn, but neither source_profile nor credential_source",
        ..CASE
    },
    Case {
        rule: "role_session_name: it names the session",
        config: "[default]\nrole_arn = R\nsource_profile = default\naws_access_key_id = K\naws_secret_access_key = S\n\
                 role_session_name = deploy@host",
        shown: FROM_STS,
        asked: &[STS],
        holds: &["RoleSessionName=deploy%40host"],
        ..CASE
    },
    Case {
        rule: "role_session_name: without one the session has a name of its own",
        config: BASE,
        shown: FROM_STS,
        asked: &[STS],
        holds: &["RoleSessionName=c2-1900000000"],
        ..CASE
    },
    Case {
        rule: "external_id: it goes with the request",
        config: "[default]\nrole_arn = R\nsource_profile = default\naws_access_key_id = K\naws_secret_access_key = S\n\
                 external_id = a/b",
        shown: FROM_STS,
        asked: &[STS],
        holds: &["ExternalId=a%2Fb"],
        ..CASE
    },
    Case {
        rule: "external_id: that of the source is for the source's role alone",
        config: "[default]\nrole_arn = R\nsource_profile = base\n[profile base]\nrole_arn = B\nsource_profile = keys\n\
                 external_id = theirs\n[profile keys]\naws_access_key_id = K\naws_secret_access_key = S",
        shown: FROM_STS,
        asked: &[STS, STS],
        holds: &["RoleArn=R&"],
        lacks: &["ExternalId"],
        ..CASE
    },
    Case {
        rule: "duration_seconds: it goes with the request",
        config: "[default]\nrole_arn = R\nsource_profile = default\naws_access_key_id = K\naws_secret_access_key = S\n\
                 duration_seconds = 43200",
        shown: FROM_STS,
        asked: &[STS],
        holds: &["DurationSeconds=43200"],
        ..CASE
    },
    Case {
        rule: "duration_seconds: without it STS has its own hour",
        config: BASE,
        shown: FROM_STS,
        asked: &[STS],
        lacks: &["DurationSeconds"],
        ..CASE
    },
    Case {
        rule: "mfa_serial: a code that nobody is there to type is an error, and STS is not asked",
        config: "[default]\nrole_arn = R\nsource_profile = default\naws_access_key_id = K\naws_secret_access_key = S\n\
                 mfa_serial = arn:aws:iam::1:mfa/me",
        shown: "profile default: its mfa_serial wants a code; c2 runs without a person: \
                use a role that needs no code, or short-lived keys",
        ..CASE
    },
    Case {
        rule: "web_identity_token_file: the role is asked for unsigned, with the token of the file",
        config: OF_TOKEN,
        shown: FROM_STS,
        asked: &[STS],
        holds: &["Action=AssumeRoleWithWebIdentity", "WebIdentityToken=web.token"],
        lacks: &["authorization", "ExternalId"],
        ..CASE
    },
    Case {
        rule: "web_identity_token_file: the profile's region says where",
        config: "[default]\nrole_arn = R\nweb_identity_token_file = /t\nregion = eu-west-1",
        shown: FROM_STS,
        asked: &[IN_EU_WEST_1],
        ..CASE
    },
    Case {
        rule: "AssumeRole: what STS refuses is said with its code",
        config: BASE,
        http: &[(
            STS,
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>BASEKEY may not</Message></Error></ErrorResponse>",
        )],
        shown: "it answered 403 AccessDenied: [hidden] may not",
        asked: &[STS],
        ..CASE
    },
    Case {
        rule: "region: STS is asked in the region of the profile with the role",
        config: "[default]\nrole_arn = R\nsource_profile = default\naws_access_key_id = K\naws_secret_access_key = S\n\
                 region = eu-west-1",
        shown: FROM_STS,
        asked: &[IN_EU_WEST_1],
        holds: &["Credential=K/20300317/eu-west-1/sts/"],
        ..CASE
    },
    Case {
        rule: "region: that of the source profile does not count",
        config: "[default]\nrole_arn = R\nsource_profile = base\n[profile base]\naws_access_key_id = K\n\
                 aws_secret_access_key = S\nregion = eu-west-1",
        shown: FROM_STS,
        asked: &[STS],
        ..CASE
    },
    Case {
        rule: "AWS_REGION: it counts before the profile's",
        env: &[("AWS_REGION", "eu-west-1")],
        config: "[default]\nrole_arn = R\nsource_profile = default\naws_access_key_id = K\naws_secret_access_key = S\n\
                 region = eu-north-1",
        shown: FROM_STS,
        asked: &[IN_EU_WEST_1],
        ..CASE
    },
    Case {
        rule: "AWS_REGION: another partition has an STS of its own",
        env: &[("AWS_REGION", "cn-north-1")],
        config: BASE,
        shown: FROM_STS,
        asked: &["POST https://sts.cn-north-1.amazonaws.com.cn/"],
        holds: &["/cn-north-1/sts/"],
        ..CASE
    },
    Case {
        rule: "AWS_ENDPOINT_URL_STS: it says where STS is",
        env: &[("AWS_ENDPOINT_URL_STS", "http://localhost:4566"), ("AWS_ENDPOINT_URL", "http://localhost:1")],
        config: BASE,
        shown: FROM_STS,
        asked: &["POST http://localhost:4566/"],
        ..CASE
    },
    Case {
        rule: "services: endpoint_url of sts in the profile's section says where STS is",
        config: "[default]\nrole_arn = R\nsource_profile = default\naws_access_key_id = K\naws_secret_access_key = S\n\
                 services = mine\n[services mine]\nsts =\n  endpoint_url = http://localhost:4566\n",
        shown: FROM_STS,
        asked: &["POST http://localhost:4566/"],
        ..CASE
    },
    Case {
        rule: "AWS_USE_FIPS_ENDPOINT: STS is asked at its validated endpoint",
        env: &[("AWS_USE_FIPS_ENDPOINT", "true")],
        config: BASE,
        http: &[("POST https://sts-fips.us-east-1.amazonaws.com/", 200, super::OF_STS)],
        shown: FROM_STS,
        asked: &["POST https://sts-fips.us-east-1.amazonaws.com/"],
        ..CASE
    },
];

#[test]
fn roles_that_profiles_take_on() {
    check(CASES);
}
