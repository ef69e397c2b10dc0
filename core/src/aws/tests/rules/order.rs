//! The order of the chain.
//!
//! Source: the page "Standardized credential providers" of the AWS SDKs reference, section "Understand the credential
//! provider chain", and those of its pages that a rule names.

use super::{
    AGENT, CASE, Case, FROM_ENVIRONMENT, FROM_INSTANCE, FROM_STS, FROM_TASK, INSTANCE, KEYS, STS, TASK, WEB, check,
};

const FILE: &str = "[default]\naws_access_key_id = FILEKEY\naws_secret_access_key = file+secret";
const FROM_FILE: &str = "FILEKEY file+secret";

pub(super) const CASES: &[Case<'_>] = &[
    Case {
        rule: "chain: the environment's keys count before a web identity",
        env: &[KEYS[0], KEYS[1], WEB[0], WEB[1]],
        shown: FROM_ENVIRONMENT,
        ..CASE
    },
    Case {
        rule: "chain: the environment's keys count before a profile",
        env: &KEYS,
        credentials: FILE,
        shown: FROM_ENVIRONMENT,
        ..CASE
    },
    Case {
        rule: "AWS_PROFILE: it does not make its profile count before the environment's keys",
        env: &[KEYS[0], KEYS[1], ("AWS_PROFILE", "default")],
        credentials: FILE,
        shown: FROM_ENVIRONMENT,
        ..CASE
    },
    Case {
        rule: "chain: the environment's keys count before a container's role",
        env: &[KEYS[0], KEYS[1], TASK],
        shown: FROM_ENVIRONMENT,
        ..CASE
    },
    Case {
        rule: "chain: the environment's keys count before an instance's role, which is not even asked",
        env: &KEYS,
        shown: FROM_ENVIRONMENT,
        ..CASE
    },
    Case {
        rule: "chain: a web identity counts before a profile",
        env: &WEB,
        credentials: FILE,
        shown: FROM_STS,
        asked: &[STS],
        holds: &["Action=AssumeRoleWithWebIdentity", "WebIdentityToken=web.token"],
        lacks: &["authorization"],
        ..CASE
    },
    Case {
        rule: "chain: a web identity counts before a container's role",
        env: &[WEB[0], WEB[1], TASK],
        shown: FROM_STS,
        asked: &[STS],
        ..CASE
    },
    Case {
        rule: "chain: a web identity counts before an instance's role",
        env: &WEB,
        shown: FROM_STS,
        asked: &[STS],
        ..CASE
    },
    Case {
        rule: "chain: a profile counts before a container's role",
        env: &[TASK],
        credentials: FILE,
        shown: FROM_FILE,
        ..CASE
    },
    Case { rule: "chain: a profile counts before an instance's role", credentials: FILE, shown: FROM_FILE, ..CASE },
    Case {
        rule: "chain: a container's role counts before an instance's",
        env: &[TASK],
        shown: FROM_TASK,
        asked: &[AGENT],
        ..CASE
    },
    Case { rule: "chain: an instance's role is the last resort", shown: FROM_INSTANCE, asked: &INSTANCE, ..CASE },
    Case {
        rule: "chain: a profile that sets other things than credentials lets the search go on",
        env: &[TASK],
        config: "[default]\nregion = eu-west-1\noutput = json",
        shown: FROM_TASK,
        asked: &[AGENT],
        ..CASE
    },
    Case {
        rule: "chain: a file without the default profile lets the search go on",
        env: &[TASK],
        config: "[profile other]\naws_access_key_id = K\naws_secret_access_key = S",
        shown: FROM_TASK,
        asked: &[AGENT],
        ..CASE
    },
    Case {
        rule: "chain: variables that are empty are not set, and the search goes on",
        env: &[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", " "), ("AWS_WEB_IDENTITY_TOKEN_FILE", ""), TASK],
        shown: FROM_TASK,
        asked: &[AGENT],
        ..CASE
    },
    Case {
        rule: "AWS_PROFILE: a profile that is named and not there ends the search",
        env: &[("AWS_PROFILE", "gone"), TASK],
        credentials: FILE,
        shown: "profile gone: there is no profile gone in /h/.aws/config and /h/.aws/credentials; \
                AWS_PROFILE names it: check the name, or unset it",
        ..CASE
    },
    Case {
        rule: "AWS_PROFILE: the profile that it names counts in the default one's place",
        env: &[("AWS_PROFILE", "other")],
        credentials: "[default]\naws_access_key_id = K\naws_secret_access_key = S\n\
                      [other]\naws_access_key_id = FILEKEY\naws_secret_access_key = file+secret",
        shown: FROM_FILE,
        ..CASE
    },
    Case {
        rule: "AssumeRoleWithWebIdentity: a web identity that STS refuses ends the search",
        env: &[WEB[0], WEB[1], TASK],
        credentials: FILE,
        http: &[(
            STS,
            400,
            "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>old</Message></Error></ErrorResponse>",
        )],
        shown: "it answered 400 ExpiredTokenException: old",
        asked: &[STS],
        ..CASE
    },
    Case {
        rule: "AWS_ROLE_ARN: a web identity without a role ends the search",
        env: &[WEB[0], TASK],
        shown: "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not",
        ..CASE
    },
    Case {
        rule: "AWS_ROLE_ARN: alone it sets nothing up",
        env: &[WEB[1], TASK],
        shown: FROM_TASK,
        asked: &[AGENT],
        ..CASE
    },
    Case {
        rule: "credential_process: a profile whose command fails ends the search",
        env: &[TASK],
        config: "[default]\ncredential_process = fail",
        shown: "profile default: its credential_process fail: it ended with exit status: 3; \
                run it by hand to see what it says",
        ..CASE
    },
    Case {
        rule: "container: an agent that refuses ends the search",
        env: &[TASK],
        http: &[(AGENT, 403, "")],
        shown: "container credentials: http://169.254.170.2/v2/c: it answered 403",
        asked: &[AGENT],
        ..CASE
    },
    Case {
        rule: "AWS_SESSION_TOKEN: alone it sets nothing up",
        env: &[("AWS_SESSION_TOKEN", "t"), TASK],
        shown: FROM_TASK,
        asked: &[AGENT],
        ..CASE
    },
];

#[test]
fn the_order_of_the_chain() {
    check(CASES);
}
