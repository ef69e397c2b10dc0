//! Sources of credentials as they are: servers, files, commands.

use super::support::{Reply, Request, Server};
use super::{Machine, NOW_S, variables};
use c2_core::aws::Service;
use c2_shell::s3::S3;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
pub(crate) const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// The credentials document with a number in its key, that end at a time.
pub(crate) fn document(n: usize, expires: &str) -> String {
    format!(
        r#"{{"Code":"Success","AccessKeyId":"K{n}","SecretAccessKey":"S{n}","Token":"T{n}","Expiration":"{expires}"}}"#
    )
}

/// The metadata service of an instance with a role and a region.
pub(crate) fn instance(request: &Request, credentials: &str) -> Reply {
    let has_token = request.headers.contains(&"x-aws-ec2-metadata-token: tok".to_owned());
    match (request.method.as_str(), request.target.as_str()) {
        ("PUT", "/latest/api/token") => Reply::ok("tok"),
        _ if !has_token => Reply::new(401, &[], ""),
        ("GET", ROLES) => Reply::ok("web-role\n"),
        ("GET", "/latest/meta-data/iam/security-credentials/web-role") => Reply::ok(credentials),
        ("GET", "/latest/meta-data/placement/region") => Reply::ok("eu-north-1"),
        _ => Reply::new(404, &[], ""),
    }
}

#[test]
fn an_instance_without_any_variable_has_the_credentials_and_the_region_of_its_role() {
    let server = Server::new(|_, request| instance(request, &document(1, "2030-03-17T20:00:00Z")));
    let machine = Machine::new(&[(ENDPOINT, &server.url())]);
    assert_eq!(machine.credentials(), "K1 S1 T1");
    let settings = machine.aws.settings(Service::S3).unwrap();
    let settings = machine.aws.with_region(settings, &machine.aws.credentials().unwrap()).unwrap();
    assert_eq!(settings.url(Service::S3).unwrap(), "https://s3.eu-north-1.amazonaws.com");
}

#[test]
fn the_region_of_the_instance_is_asked_for_once() {
    let server = Server::new(|_, request| instance(request, &document(1, "2030-03-17T20:00:00Z")));
    let machine = Machine::new(&[(ENDPOINT, &server.url())]);
    thread::scope(|scope| {
        for service in [Service::S3, Service::SecretsManager, Service::Ecr, Service::S3] {
            let aws = &machine.aws;
            scope.spawn(move || {
                let settings = aws.settings(service).unwrap();
                let settings = aws.with_region(settings, &aws.credentials().unwrap()).unwrap();
                assert_eq!(settings.region(), Ok("eu-north-1"));
            });
        }
    });
    let asked = |end: &str| server.requests().iter().filter(|request| request.target.ends_with(end)).count();
    // Once with credentials that are asked for anew, too.
    machine.pass(30 * 24 * 3600);
    let settings = machine.aws.settings(Service::S3).unwrap();
    machine.aws.with_region(settings, &machine.aws.credentials().unwrap()).unwrap();
    assert_eq!((asked("/placement/region"), asked("/web-role"), asked("/token")), (1, 2, 3));
}

#[test]
fn threads_that_need_credentials_at_once_ask_once() {
    let server = Server::new(|_, request| instance(request, &document(1, "2030-03-17T20:00:00Z")));
    let machine = Machine::new(&[(ENDPOINT, &server.url())]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(machine.credentials(), "K1 S1 T1"));
        }
    });
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn credentials_are_asked_for_anew_five_minutes_before_they_end() {
    let n = Mutex::new(0);
    let server = Server::new(move |_, request| {
        *n.lock().unwrap() += usize::from(request.target == ROLES);
        // An hour after NOW_S.
        instance(request, &document(*n.lock().unwrap(), "2030-03-17T18:46:40Z"))
    });
    let machine = Machine::new(&[(ENDPOINT, &server.url())]);
    assert_eq!(machine.credentials(), "K1 S1 T1");
    machine.pass(3_299);
    assert_eq!(machine.credentials(), "K1 S1 T1");
    machine.pass(1);
    assert_eq!(machine.credentials(), "K2 S2 T2");
    assert_eq!(NOW_S, 1_900_000_000);
}

#[test]
fn credentials_go_on_being_used_while_new_ones_cannot_be_had_also_after_their_end() {
    let gone = Arc::new(AtomicBool::new(false));
    let is_gone = Arc::clone(&gone);
    let n = Mutex::new(0);
    let server = Server::new(move |_, request| match is_gone.load(Ordering::SeqCst) {
        true => Reply::new(500, &[], ""),
        false => {
            *n.lock().unwrap() += usize::from(request.target == ROLES);
            instance(request, &document(*n.lock().unwrap(), "2030-03-17T18:46:40Z"))
        }
    });
    let machine = Machine::new(&[(ENDPOINT, &server.url())]);
    assert_eq!(machine.credentials(), "K1 S1 T1");
    gone.store(true, Ordering::SeqCst);
    machine.pass(3_400);
    assert_eq!(machine.credentials(), "K1 S1 T1");
    machine.pass(24 * 3_600);
    assert_eq!(machine.credentials(), "K1 S1 T1", "the service decides whether they have ended");
    let asked = server.requests().len();
    machine.pass(59);
    assert_eq!(
        (machine.credentials().as_str(), server.requests().len()),
        ("K1 S1 T1", asked),
        "a minute is left in peace"
    );
    gone.store(false, Ordering::SeqCst);
    machine.pass(1);
    assert_eq!(machine.credentials(), "K2 S2 T2");
}

#[test]
fn a_metadata_service_that_no_longer_takes_its_token_is_asked_for_another_one() {
    // It began again after it gave out the first.
    let server = Server::new(|n, request| {
        let has = |token: &str| request.headers.contains(&format!("x-aws-ec2-metadata-token: {token}"));
        match (request.method.as_str(), n) {
            ("PUT", _) => Reply::ok(format!("tok{n}")),
            _ if has("tok0") && n > 1 => Reply::new(401, &[], ""),
            _ if !has("tok0") && !has("tok3") => Reply::new(401, &[], ""),
            (_, _) if request.target == ROLES => Reply::ok("web-role\n"),
            _ => Reply::ok(document(1, "2030-03-17T20:00:00Z")),
        }
    });
    assert_eq!(Machine::new(&[(ENDPOINT, &server.url())]).credentials(), "K1 S1 T1");
    assert_eq!(server.requests().iter().filter(|request| request.method == "PUT").count(), 2);
}

#[test]
fn a_metadata_service_that_takes_no_token_at_all_is_asked_for_two() {
    let server = Server::new(|n, request| match request.method.as_str() {
        "PUT" => Reply::ok(format!("tok{n}")),
        _ => Reply::new(401, &[], ""),
    });
    let shown = Machine::new(&[(ENDPOINT, &server.url())]).credentials();
    assert!(shown.ends_with("it answered 401 when asked for the role"), "{shown}");
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn credentials_that_seem_to_have_ended_are_used_as_the_clock_may_be_wrong() {
    let server = Server::new(|_, request| instance(request, &document(1, "2020-01-01T00:00:00Z")));
    assert_eq!(Machine::new(&[(ENDPOINT, &server.url())]).credentials(), "K1 S1 T1");
}

#[test]
fn a_metadata_service_that_fails_at_first_is_asked_again() {
    let server = Server::new(|n, request| match n {
        0 => Reply::new(503, &[], ""),
        1 => Reply::reset(),
        _ => instance(request, &document(1, "2030-03-17T20:00:00Z")),
    });
    assert_eq!(Machine::new(&[(ENDPOINT, &server.url())]).credentials(), "K1 S1 T1");
}

#[test]
fn a_metadata_service_that_gives_no_token_in_time_may_be_behind_a_hop_too_many() {
    let server = Server::new(|_, _| Reply::reset().then_stall());
    let shown = Machine::new(&[(ENDPOINT, &server.url())]).credentials();
    assert!(shown.contains(": no answer within 1 s; set AWS_ACCESS_KEY_ID and "), "{shown}");
    assert!(shown.contains(", or give the machine a role; if c2 runs in a container, "), "{shown}");
    assert!(server.requests().iter().all(|request| request.method == "PUT"));
}

#[test]
fn s3_is_signed_with_the_credentials_of_the_instance_and_asks_for_them_once() {
    let metadata = Server::new(|_, request| instance(request, &document(1, "2130-03-17T20:00:00Z")));
    let store = Server::new(|_, _| Reply::ok("12345"));
    let s3 = S3::new(&variables(&[(ENDPOINT, &metadata.url()), ("S3_ENDPOINT", &store.url())]));
    for _ in 0..3 {
        assert!(s3.get_small("bucket", "k", 5).unwrap().is_some());
    }
    assert_eq!(metadata.requests().len(), 3);
    for request in store.requests() {
        assert!(request.query("X-Amz-Credential").unwrap().starts_with("K1%2F"));
        assert!(request.query("X-Amz-Credential").unwrap().contains("%2Fus-east-1%2Fs3"));
        assert_eq!(request.query("X-Amz-Security-Token"), Some("T1"));
    }
}

#[test]
fn s3_without_credentials_names_every_source_and_is_not_asked() {
    let store = Server::new(|_, _| Reply::ok(""));
    let s3 = S3::new(&variables(&[("S3_ENDPOINT", &store.url()), ("AWS_EC2_METADATA_DISABLED", "true")]));
    let error = s3.get_small("bucket", "k", 5).unwrap_err().to_string();
    assert!(error.starts_with("no AWS credentials: the environment: it lacks AWS_ACCESS_KEY_ID and "), "{error}");
    for source in ["; web identity: ", "; profile: ", "; container credentials: ", "; instance metadata: "] {
        assert!(error.contains(source), "{source} {error}");
    }
    assert_eq!(store.requests().len(), 0);
}

#[test]
fn an_agents_token_is_read_from_its_file_for_each_request() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "first\n").unwrap();
    let server = Server::new(|n, _| Reply::ok(document(n, "2030-03-17T18:46:40Z")));
    let machine = Machine::new(&[
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{}/creds", server.url())),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.to_str().unwrap()),
    ]);
    assert_eq!(machine.credentials(), "K0 S0 T0");
    fs::write(&token, "second\n").unwrap();
    machine.pass(3_400);
    assert_eq!(machine.credentials(), "K1 S1 T1");
    let requests = server.requests();
    assert!(requests[0].headers.contains(&"authorization: first".to_owned()));
    assert!(requests[1].headers.contains(&"authorization: second".to_owned()));
}

#[test]
fn a_profile_takes_a_role_on_with_what_a_command_prints() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let printed = r#"{"Version": 1, "AccessKeyId": "CMDKEY", "SecretAccessKey": "cmd+secret"}"#;
    let text = format!(
        "[profile deploy]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = base\nregion = eu-west-1\n\
         [profile base]\ncredential_process = pwd >&2; echo '{printed}'\n"
    );
    fs::write(&config, text).unwrap();
    let answer = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>STSKEY</AccessKeyId>\
        <SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>\
        <Expiration>2030-03-17T19:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let server = Server::new(move |_, _| Reply::ok(answer));
    let machine = Machine::new(&[
        ("AWS_PROFILE", "deploy"),
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_ENDPOINT_URL_STS", &server.url()),
    ]);
    assert_eq!(machine.credentials(), "STSKEY S T");
    let request = &server.requests()[0];
    assert!(
        request.body.starts_with("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2FR&")
    );
    let signed = "authorization: aws4-hmac-sha256 credential=cmdkey/20300317/eu-west-1/sts/aws4_request, ";
    assert!(request.headers.iter().any(|line| line.starts_with(signed)), "{:?}", request.headers);
}

#[test]
fn a_command_that_fails_shows_neither_its_arguments_nor_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    fs::write(&file, "[default]\ncredential_process = echo S3CRET; echo S3CRET >&2; exit 7 S3CRET\n").unwrap();
    let shown = Machine::new(&[("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap())]).credentials();
    let expected = "profile default: its credential_process echo: it ended with exit status: 7; \
                    run it by hand to see what it says";
    assert!(shown.ends_with(expected) && !shown.contains("S3CRET"), "{shown}");
}
