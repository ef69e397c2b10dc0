//! When credentials are asked for again, and when a request is.

use super::failed;
use crate::aws::{Answer, Ask, Credentials, Reach, pause_ms};
use alloc::format;

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
fn only_what_passes_is_asked_again_and_twice_at_most() {
    let http = |status, body: &str| Answer::Http { status, body: body.into() };
    let again = |attempt, answer: &Answer| pause_ms(Reach::Service, attempt, 3, answer, u64::MAX).is_some();
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
        assert!(again(1, &passing) && again(2, &passing) && !again(3, &passing));
    }
    let hopeless = Answer::Failed { why: "x".into(), late: false, passing: false };
    for lasting in [http(200, ""), http(404, ""), http(403, ""), http(400, "<Code>ExpiredToken</Code>"), hopeless] {
        assert!(!again(1, &lasting));
    }
    let passing = failed("x", false);
    let tries = |reach, most| (1..20).take_while(|n| pause_ms(reach, *n, most, &passing, 0).is_some()).count() + 1;
    assert_eq!((tries(Reach::Service, 1), tries(Reach::Service, 7)), (1, 7));
    assert_eq!((tries(Reach::Metadata, 7), tries(Reach::Container, 1)), (3, 3));
    assert!((0..100).all(|random| pause_ms(Reach::Metadata, 1, 9, &failed("x", true), random * 37) < Some(200)));
}
