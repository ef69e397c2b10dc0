//! Secrets against a server that answers as Secrets Manager does.

use super::support::{Reply, Request, Server};
use super::{Machine, NOW_S, variables};
use c2_shell::aws::{Aws, Tuning};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ARN: &str = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:db-AbCdEf";
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "SECRETKEY")];

fn machine(server: &Server) -> Machine {
    let url = server.url();
    let own = [("AWS_REGION", "us-west-2"), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str())];
    Machine::new(&[&KEYS[..], &own].concat())
}

/// The secret, or the failure and whether it may pass.
fn got(server: &Server, id: &str) -> Result<Option<String>, (String, bool)> {
    let found = machine(server).aws.secret(id).map_err(|failure| (failure.to_string(), failure.may_pass))?;
    Ok(found.map(|bytes| String::from_utf8(bytes).unwrap()))
}

fn error(name: &str, message: &str) -> Reply {
    Reply::new(400, &[], format!(r#"{{"__type": "{name}", "message": "{message}"}}"#))
}

#[test]
fn a_text_and_bytes_come_as_they_are() {
    let text = Server::new(|_, _| Reply::ok(r#"{"Name": "db", "SecretString": "{\"password\": \"p\"}"}"#));
    assert_eq!(got(&text, "db"), Ok(Some(r#"{"password": "p"}"#.into())));
    let bytes = Server::new(|_, _| Reply::ok(r#"{"Name": "db", "SecretBinary": "eyJhIjoxfQ=="}"#));
    assert_eq!(got(&bytes, "db"), Ok(Some(r#"{"a":1}"#.into())));
    let request = &text.requests()[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/"));
    assert_eq!(request.body, r#"{"SecretId":"db"}"#);
    for line in ["content-type: application/x-amz-json-1.1", "x-amz-target: secretsmanager.getsecretvalue"] {
        assert!(request.headers.contains(&line.to_owned()), "{:?}", request.headers);
    }
}

fn signed_for(request: &Request, scope: &str) -> bool {
    request.headers.iter().any(|line| line.contains(&format!("credential=akidexample/{scope}/aws4_request")))
}

#[test]
fn an_arn_is_asked_for_in_its_own_region() {
    let server = Server::new(|_, _| Reply::ok(r#"{"SecretString": "{}"}"#));
    got(&server, ARN).unwrap();
    got(&server, "db").unwrap();
    assert!(signed_for(&server.requests()[0], "20300317/eu-north-1/secretsmanager"));
    assert!(signed_for(&server.requests()[1], "20300317/us-west-2/secretsmanager"));
}

#[test]
fn a_pause_is_as_long_as_the_service_asks_for() {
    let server = Server::new(|_, _| Reply::new(503, &[("x-amz-retry-after", "4000")], ""));
    let (pauses, url) = (Arc::new(Mutex::new(Vec::new())), server.url());
    let noted = Arc::clone(&pauses);
    let pause = Box::new(move |pause| noted.lock().unwrap().push(pause));
    let aws = Aws::new(
        &variables(&[&KEYS[..], &[("AWS_ENDPOINT_URL", url.as_str())]].concat()),
        Tuning { pause, ..Tuning::default() },
    );
    assert!(aws.secret("db").is_err_and(|failure| failure.may_pass));
    assert_eq!(*pauses.lock().unwrap(), [Duration::from_secs(4); 2]);
}

#[test]
fn only_what_may_pass_by_itself_is_said_to() {
    let missing = Server::new(|_, _| error("ResourceNotFoundException", "no such secret"));
    assert_eq!(got(&missing, "db"), Ok(None));
    for (name, may_pass, requests) in [
        ("com.amazonaws.secretsmanager#AccessDeniedException", true, 1),
        ("UnrecognizedClientException", true, 1),
        ("InvalidRequestException", false, 1),
        ("DecryptionFailure", false, 1),
        ("ThrottlingException", true, 3),
        ("com.amazonaws.x#RequestLimitExceeded", true, 3),
    ] {
        let server = Server::new(move |_, _| error(name, "no, AKIDEXAMPLE and SECRETKEY"));
        let (text, passes) = got(&server, "db").unwrap_err();
        let code = name.rsplit('#').next().unwrap();
        assert!(text.starts_with(&format!("get the secret db: it answered 400 {code}: no, [hidden] and [hidden]")));
        assert_eq!((passes, server.requests().len()), (may_pass, requests), "{text}");
    }
    let nobody = Machine::new(&[("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", "/nonexistent")]);
    assert!(nobody.aws.secret("db").unwrap_err().may_pass, "credentials may come later");
}

#[test]
fn an_answer_that_holds_no_secret_is_refused_and_not_shown() {
    for body in ["<html>", "[]", "{}", r#"{"SecretString": 7}"#, r#"{"SecretBinary": "%%hidden%%"}"#] {
        let server = Server::new(move |_, _| Reply::ok(body));
        let (text, passes) = got(&server, "db").unwrap_err();
        assert!(!text.contains("hidden") && !passes, "{text}");
    }
}

#[test]
fn a_wrong_clock_is_corrected_and_signed_with() {
    let server = Server::new(|_, request| {
        let date = [("date", "Mon, 18 Mar 2030 17:46:40 GMT")];
        match signed_for(request, "20300318/us-west-2/secretsmanager") {
            true => Reply::new(200, &date, r#"{"SecretString": "{}"}"#),
            false => Reply::new(400, &date, r#"{"__type": "InvalidSignatureException"}"#),
        }
    });
    let machine = machine(&server);
    for requests in [2, 3] {
        assert_eq!(machine.aws.secret("db").unwrap(), Some(b"{}".to_vec()));
        assert_eq!(server.requests().len(), requests);
    }
    assert_eq!(NOW_S, 1_900_000_000, "which is a day before");
}

#[test]
fn a_service_is_asked_as_often_as_the_profile_says() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, "[default]\nmax_attempts = 2\n").unwrap();
    let server = Server::new(|_, _| Reply::new(503, &[], ""));
    let url = server.url();
    let own = [("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str()), ("AWS_CONFIG_FILE", config.to_str().unwrap())];
    for (more, requests) in [(&[][..], 2), (&[("AWS_MAX_ATTEMPTS", "4")], 2 + 4)] {
        Machine::new(&[&KEYS[..], &own, more].concat()).aws.secret("db").unwrap_err();
        assert_eq!(server.requests().len(), requests);
    }
}
