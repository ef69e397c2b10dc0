//! Credentials of an instance's role, and where they are asked for.
//!
//! Source: the page "IMDS credential provider" of the AWS SDKs reference; "Use the Instance Metadata Service to access
//! instance metadata" of the EC2 user guide. The first version of the service, without a token, is never used, as with
//! `ec2_metadata_v1_disabled`.

use super::{CASE, Case, FROM_INSTANCE, INSTANCE, ROLE, ROLES, TOKEN, check};

const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
const OVER_IPV6: &str = "PUT http://[fd00:ec2::254]/latest/api/token";
const LOCAL: &str = "PUT http://127.0.0.1:1338/latest/api/token";
const SWITCHED_OFF: &str = "instance metadata: AWS_EC2_METADATA_DISABLED is true; \
                            set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role";

pub(super) const CASES: &[Case<'_>] = &[
    Case {
        rule: "IMDSv2: a token is asked for, with it the role, then the role's credentials",
        shown: FROM_INSTANCE,
        asked: &INSTANCE,
        holds: &[r#"("x-aws-ec2-metadata-token", "TOKEN==")"#],
        ..CASE
    },
    Case {
        rule: "IMDSv2: the token is asked for six hours, the longest that there is",
        http: &[(TOKEN.0, 500, "")],
        shown: "it answered 500 when asked for a token",
        asked: &[TOKEN.0],
        holds: &[r#"("x-aws-ec2-metadata-token-ttl-seconds", "21600")"#],
        ..CASE
    },
    Case {
        rule: "ec2_metadata_v1_disabled: a token that is refused (403) is not done without",
        http: &[(TOKEN.0, 403, "")],
        shown: "it answered 403 when asked for a token; the instance's metadata is switched off",
        asked: &[TOKEN.0],
        ..CASE
    },
    Case {
        rule: "ec2_metadata_v1_disabled: a service without tokens (404) is not used",
        http: &[(TOKEN.0, 404, "")],
        shown: "it answered 404 when asked for a token",
        asked: &[TOKEN.0],
        ..CASE
    },
    Case {
        rule: "ec2_metadata_v1_disabled: a service that takes no PUT (405) is not used",
        http: &[(TOKEN.0, 405, "")],
        shown: "it answered 405 when asked for a token",
        asked: &[TOKEN.0],
        ..CASE
    },
    Case {
        rule: "AWS_EC2_METADATA_DISABLED: true, and nothing is asked",
        env: &[(DISABLED, "true")],
        shown: SWITCHED_OFF,
        ..CASE
    },
    Case {
        rule: "AWS_EC2_METADATA_DISABLED: true in capitals",
        env: &[(DISABLED, "True")],
        shown: SWITCHED_OFF,
        ..CASE
    },
    Case {
        rule: "AWS_EC2_METADATA_DISABLED: false, the default",
        env: &[(DISABLED, "false")],
        shown: FROM_INSTANCE,
        asked: &INSTANCE,
        ..CASE
    },
    Case {
        rule: "AWS_EC2_METADATA_DISABLED: nothing but true switches it off",
        env: &[(DISABLED, "1")],
        shown: FROM_INSTANCE,
        asked: &INSTANCE,
        ..CASE
    },
    Case {
        rule: "AWS_EC2_METADATA_SERVICE_ENDPOINT: another place, its final slash taken off",
        env: &[(ENDPOINT, "http://127.0.0.1:1338/")],
        shown: "instance metadata at http://127.0.0.1:1338: the connection failed; set AWS_ACCESS_KEY_ID and \
                AWS_SECRET_ACCESS_KEY, or give the machine a role",
        asked: &[LOCAL],
        ..CASE
    },
    Case {
        rule: "AWS_EC2_METADATA_SERVICE_ENDPOINT: https is a place too",
        env: &[(ENDPOINT, "https://metadata.example.com")],
        http: &[("PUT https://metadata.example.com/latest/api/token", 404, "")],
        shown: "instance metadata at https://metadata.example.com: it answered 404 when asked for a token",
        asked: &["PUT https://metadata.example.com/latest/api/token"],
        ..CASE
    },
    Case {
        rule: "AWS_EC2_METADATA_SERVICE_ENDPOINT: what is no URL is an error, and nothing is asked",
        env: &[(ENDPOINT, "169.254.169.254")],
        shown: "instance metadata: AWS_EC2_METADATA_SERVICE_ENDPOINT is not an http URL",
        ..CASE
    },
    Case {
        rule: "ec2_metadata_service_endpoint: the profile names the place",
        config: "[default]\nec2_metadata_service_endpoint = http://127.0.0.1:1338",
        http: &[(LOCAL, 404, "")],
        shown: "it answered 404 when asked for a token",
        asked: &[LOCAL],
        ..CASE
    },
    Case {
        rule: "ec2_metadata_service_endpoint: the variable counts before the profile",
        env: &[(ENDPOINT, "http://127.0.0.1:1338")],
        config: "[default]\nec2_metadata_service_endpoint = http://127.0.0.1:1339",
        http: &[(LOCAL, 404, "")],
        shown: "it answered 404 when asked for a token",
        asked: &[LOCAL],
        ..CASE
    },
    Case {
        rule: "ec2_metadata_service_endpoint: another profile's does not count",
        config: "[profile other]\nec2_metadata_service_endpoint = http://127.0.0.1:1338",
        shown: FROM_INSTANCE,
        asked: &INSTANCE,
        ..CASE
    },
    Case {
        rule: "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: IPv6",
        env: &[(MODE, "IPv6")],
        http: &[(OVER_IPV6, 404, "")],
        shown: "instance metadata at http://[fd00:ec2::254]: it answered 404 when asked for a token",
        asked: &[OVER_IPV6],
        ..CASE
    },
    Case {
        rule: "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: IPv4, the default",
        env: &[(MODE, "IPv4")],
        shown: FROM_INSTANCE,
        asked: &INSTANCE,
        ..CASE
    },
    Case {
        rule: "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: anything else is an error, and nothing is asked",
        env: &[(MODE, "dual")],
        shown: "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor IPv6",
        ..CASE
    },
    Case {
        rule: "ec2_metadata_service_endpoint_mode: the profile's, where no variable says otherwise",
        config: "[default]\nec2_metadata_service_endpoint_mode = IPv6",
        http: &[(OVER_IPV6, 404, "")],
        shown: "it answered 404 when asked for a token",
        asked: &[OVER_IPV6],
        ..CASE
    },
    Case {
        rule: "ec2_metadata_service_endpoint_mode: the variable counts before the profile's mode",
        env: &[(MODE, "IPv4")],
        config: "[default]\nec2_metadata_service_endpoint_mode = IPv6",
        shown: FROM_INSTANCE,
        asked: &INSTANCE,
        ..CASE
    },
    Case {
        rule: "ec2_metadata_service_endpoint_mode: an endpoint counts before any mode, also the profile's",
        env: &[(MODE, "IPv6")],
        config: "[default]\nec2_metadata_service_endpoint = http://127.0.0.1:1338",
        http: &[(LOCAL, 404, "")],
        shown: "it answered 404 when asked for a token",
        asked: &[LOCAL],
        ..CASE
    },
    Case {
        rule: "IAM roles for Amazon EC2: an instance has one role, and the first line names it",
        http: &[(ROLES, 200, "web\nother\n")],
        shown: FROM_INSTANCE,
        asked: &INSTANCE,
        ..CASE
    },
    Case {
        rule: "IAM roles for Amazon EC2: an instance without a role is said to be one",
        http: &[(ROLES, 404, "")],
        shown: "the instance has no role; give the instance a role (an instance profile); \
                a new one takes a while to arrive",
        asked: &[TOKEN.0, ROLES],
        ..CASE
    },
    Case {
        rule: "IAM roles for Amazon EC2: a Code that is not Success is an error",
        http: &[(ROLE, 200, r#"{"Code":"InstanceProfileNotFound","Message":"it was deleted"}"#)],
        shown: "role web: it answered InstanceProfileNotFound: it was deleted",
        asked: &INSTANCE,
        ..CASE
    },
    Case {
        rule: "static stability: credentials that have ended are used, as the service may be late with new ones",
        http: &[(
            ROLE,
            200,
            r#"{"Code":"Success","AccessKeyId":"K","SecretAccessKey":"S","Token":"T","Expiration":"2020-01-01T00:00:00Z"}"#,
        )],
        shown: "K S T",
        asked: &INSTANCE,
        ..CASE
    },
];

#[test]
fn an_instances_credentials() {
    check(CASES);
}
