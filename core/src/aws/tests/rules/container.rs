//! Credentials of a container's role.
//!
//! Source: the page "Container credential provider" of the AWS SDKs reference; "Task IAM role" of the ECS developer
//! guide; "Learn how EKS Pod Identity grants pods access to AWS services" of the EKS user guide.

use super::{AGENT, CASE, Case, FROM_TASK, OF_TASK, TASK, check};

const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const REFUSED: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor at an address that may be asked: \
                       localhost, 127.0.0.0/8, [::1], 169.254.170.2, 169.254.170.23, [fd00:ec2::23]";

pub(super) const CASES: &[Case<'_>] = &[
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: it is asked for at 169.254.170.2, by a GET",
        env: &[TASK],
        shown: FROM_TASK,
        asked: &[AGENT],
        lacks: &["authorization"],
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: its query is kept",
        env: &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/get-credentials?a=1")],
        http: &[("GET http://169.254.170.2/get-credentials?a=1", 200, OF_TASK)],
        shown: FROM_TASK,
        asked: &["GET http://169.254.170.2/get-credentials?a=1"],
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: one that is no path is refused and nothing asked",
        env: &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ".example.com/c")],
        shown: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with /",
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_FULL_URI: it is used only where the relative one is not set",
        env: &[TASK, (FULL, "http://localhost/other")],
        shown: FROM_TASK,
        asked: &[AGENT],
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_FULL_URI: localhost may be asked, with a port",
        env: &[(FULL, "http://localhost:8080/get-credentials")],
        http: &[("GET http://localhost:8080/get-credentials", 200, OF_TASK)],
        shown: FROM_TASK,
        asked: &["GET http://localhost:8080/get-credentials"],
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_FULL_URI: all of 127.0.0.0/8 may be asked",
        env: &[(FULL, "http://127.8.9.10/c")],
        http: &[("GET http://127.8.9.10/c", 200, OF_TASK)],
        shown: FROM_TASK,
        asked: &["GET http://127.8.9.10/c"],
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_FULL_URI: the address of ECS may be asked",
        env: &[(FULL, "http://169.254.170.2/v2/c")],
        shown: FROM_TASK,
        asked: &[AGENT],
        ..CASE
    },
    Case {
        rule: "EKS Pod Identity: the agent's IPv4 address, with the token of the pod from its file",
        env: &[(FULL, "http://169.254.170.23/v1/credentials"), (TOKEN_FILE, "/agent")],
        http: &[("GET http://169.254.170.23/v1/credentials", 200, OF_TASK)],
        shown: FROM_TASK,
        asked: &["GET http://169.254.170.23/v1/credentials"],
        holds: &[r#"("authorization", "agent.token")"#],
        ..CASE
    },
    Case {
        rule: "EKS Pod Identity: the agent's IPv6 address",
        env: &[(FULL, "http://[fd00:ec2::23]/v1/credentials"), (TOKEN_FILE, "/agent")],
        http: &[("GET http://[fd00:ec2::23]/v1/credentials", 200, OF_TASK)],
        shown: FROM_TASK,
        asked: &["GET http://[fd00:ec2::23]/v1/credentials"],
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_FULL_URI: any host may be asked over https",
        env: &[(FULL, "https://credentials.example.com/c")],
        http: &[("GET https://credentials.example.com/c", 200, OF_TASK)],
        shown: FROM_TASK,
        asked: &["GET https://credentials.example.com/c"],
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_FULL_URI: another host is refused over http, and nobody is asked",
        env: &[(FULL, "http://credentials.example.com/c")],
        shown: REFUSED,
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_FULL_URI: the instance's metadata are no container's",
        env: &[(FULL, "http://169.254.169.254/latest/meta-data/iam/security-credentials/web")],
        shown: REFUSED,
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_CREDENTIALS_FULL_URI: a user before an @ makes no host of this machine",
        env: &[(FULL, "http://localhost@example.com/c")],
        shown: REFUSED,
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_AUTHORIZATION_TOKEN: it is the header Authorization, as it is",
        env: &[TASK, (TOKEN, "Basic abcd")],
        shown: FROM_TASK,
        asked: &[AGENT],
        holds: &[r#"("authorization", "Basic abcd")"#],
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: the file counts before the variable",
        env: &[TASK, (TOKEN, "Basic abcd"), (TOKEN_FILE, "/agent")],
        shown: FROM_TASK,
        asked: &[AGENT],
        holds: &[r#"("authorization", "agent.token")"#],
        lacks: &["abcd"],
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: a file that is not there is an error, and nobody is asked",
        env: &[TASK, (TOKEN, "Basic abcd"), (TOKEN_FILE, "/gone")],
        shown: "container credentials: /gone (named by AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) is not there",
        ..CASE
    },
    Case {
        rule: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: one of several lines is no header",
        env: &[TASK, (TOKEN_FILE, "/split")],
        shown: "container credentials: the token in /split cannot be part of a header",
        ..CASE
    },
    Case {
        rule: "Task IAM role: a document without Expiration holds for good",
        env: &[TASK],
        http: &[(AGENT, 200, r#"{"AccessKeyId":"K","SecretAccessKey":"S","Token":"T"}"#)],
        shown: "K S T",
        asked: &[AGENT],
        ..CASE
    },
];

#[test]
fn a_containers_credentials() {
    check(CASES);
}
