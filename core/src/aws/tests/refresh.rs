//! When credentials are asked for again, and when a request is.

use super::failed;
use crate::aws::{Answer, Ask, Credentials};
#[test]
fn credentials_are_asked_for_anew_five_minutes_before_they_end_but_not_at_once() {
    let at = |expires_s| Credentials { expires_s, ..Credentials::none() }.refresh_at_s(1_000);
    assert_eq!(at(None), None);
    assert_eq!(at(Some(4_600)), Some(4_300));
    assert_eq!(at(Some(1_300)), Some(1_060));
    assert_eq!(at(Some(0)), Some(1_060));
}

#[test]
fn neither_credentials_nor_questions_show_what_is_secret() {
    let secret = Credentials {
        access_key_id: "AKID".into(),
        secret_access_key: "SECRET".into(),
        session_token: Some("TOKEN".into()),
        ..Credentials::none()
    };
    assert_eq!(format!("{secret:?}"), "Credentials(hidden, end at None)");
    assert_eq!(format!("{:?}", Ask::Command("give --password x".into())), "command of 17 bytes");
}

#[test]
fn only_what_passes_is_asked_again() {
    let http = |status, body: &str| Answer::Http { status, body: body.into() };
    for passing in [
        failed("x", false),
        http(500, ""),
        http(503, ""),
        http(429, ""),
        http(400, "<Error><Code>IDPCommunicationError</Code>"),
        http(400, "<Error><Code>ThrottlingException</Code>"),
        http(400, "<Error><Code>RequestLimitExceeded</Code>"),
        http(400, r#"{"__type": "com.amazonaws.x#ThrottlingException", "message": "m"}"#),
        http(400, r#"{"__type":"TooManyRequestsException"}"#),
        http(400, r#"{"__type":"com.amazonaws.x#RequestTimeout"}"#),
    ] {
        assert!(passing.failed(None).passing);
    }
    let hopeless = Answer::Failed { why: "x".into(), late: false, passing: false };
    for lasting in [http(200, ""), http(404, ""), http(403, ""), http(400, "<Code>ExpiredToken</Code>"), hopeless] {
        assert!(!lasting.failed(None).passing);
    }
}
