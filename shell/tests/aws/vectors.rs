//! The cases that AWS ships with its own crates, read from cargo's registry folder where they are fetched to.
//!
//! `tests/install` fetches them. Where they are missing, nothing is checked, unless `C2_WANT_AWS_VECTORS` is set, as
//! `tests/run` does for all tests: then they fail.

use c2_core::aws::{Credentials, Heard, Kind, Location, Profiles, Request, Signing, is_skewed};
use c2_core::hex;
use c2_core::time::parse_utc;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

// The crates with their versions: `tests/install` reads them here.
pub(crate) const RUNTIME: &str = "aws-runtime-1.10.2";
const SIGNING: &str = "aws-sigv4-1.6.4";

/// The fetched source of a crate.
pub(crate) fn fetched(name: &str) -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    found(name, &home.unwrap_or_default(), env::var_os("C2_WANT_AWS_VECTORS").is_some()).unwrap()
}

/// The source of a crate that was fetched into cargo's folder.
///
/// # Errors
/// It is wanted, and missing.
fn found(name: &str, home: &Path, wanted: bool) -> Result<Option<PathBuf>, String> {
    let registries = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    let found = registries.map(|registry| registry.path().join(name)).find(|path| path.is_dir());
    let told = format!("{name} is not fetched into {}: tests/install does that", home.display());
    match (found, wanted) {
        (None, true) => Err(told),
        (None, false) => {
            println!("nothing is checked: {told}");
            Ok(None)
        }
        (found, _) => Ok(found),
    }
}

#[test]
fn cases_that_are_missing_where_they_are_wanted_are_a_failure() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(found(RUNTIME, home.path(), false), Ok(None));
    assert!(found(RUNTIME, home.path(), true).is_err_and(|told| told.starts_with(RUNTIME)));
    let (older, source) = ("registry/src/index/aws-runtime-1.9.9", format!("registry/src/index/{RUNTIME}"));
    fs::create_dir_all(home.path().join(older)).unwrap();
    assert!(found(RUNTIME, home.path(), true).is_err());
    fs::create_dir_all(home.path().join(&source)).unwrap();
    assert_eq!(found(RUNTIME, home.path(), true), Ok(Some(home.path().join(source))));
}

pub(crate) fn cases(path: &Path) -> Vec<Value> {
    let document: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    document["tests"].as_array().unwrap().clone()
}

#[test]
fn profile_files_are_read_as_aws_reads_them() {
    let Some(folder) = fetched(RUNTIME) else { return };
    let all = cases(&folder.join("test-data/profile-parser-tests.json"));
    for case in &all {
        let mut profiles = Profiles::default();
        let mut add = |kind, name: &str| profiles.add(kind, case["input"][name].as_str().unwrap_or_default());
        let added = add(Kind::Config, "configFile").and_then(|()| add(Kind::Credentials, "credentialsFile"));
        let name = &case["name"];
        match (case["output"]["errorContaining"].as_str(), added) {
            (None, added) => {
                assert_eq!(added, Ok(()), "{name}");
                assert_eq!(json!(profiles.profiles), case["output"]["config"]["profiles"], "{name}");
                if let Some(sessions) = case["output"]["config"].get("sso_sessions") {
                    assert_eq!(json!(profiles.sso_sessions), *sessions, "{name}");
                }
            }
            (Some(expected), Err(wrong)) => {
                assert!(wrong.why.contains(&expected.to_lowercase()), "{name}: {wrong:?}");
            }
            (Some(_), Ok(())) => panic!("{name} is no error"),
        }
    }
    println!("{} cases", all.len());
    assert!(all.len() >= 50);
}

#[test]
fn a_wrong_clock_is_corrected_as_aws_corrects_it() {
    let Some(folder) = fetched(RUNTIME) else { return };
    let all = cases(&folder.join("test-data/clock-skew-test-cases.json"));
    let time = |attempt: &Value, name: &str| parse_utc(attempt[name].as_str().unwrap()).unwrap();
    for case in &all {
        let name = &case["description"];
        for operation in case["operations"].as_array().unwrap() {
            let mut skew_s = operation["initialClientSkew"].as_i64().unwrap();
            let attempts = operation["attempts"].as_array().unwrap();
            let most = operation["maxAttempts"].as_u64().unwrap_or(3);
            for (made, attempt) in (1..).zip(attempts) {
                let (sent_s, received_s) = (time(attempt, "clientTimeAtSend"), time(attempt, "clientTimeAtReceive"));
                let (signed_s, took_s) = (sent_s.saturating_add_signed(skew_s), received_s - sent_s);
                assert_eq!(signed_s, time(attempt, "expectedSigningTime"), "{name}");
                let headers = &attempt["response"]["headers"];
                let date = headers["Date"].as_str();
                let told_s = Heard { took_s, date, cached: headers.get("Age").is_some() }.service_s();
                let ahead_of = |own_s: u64| told_s.map(|told_s| told_s.cast_signed() - own_s.cast_signed());
                skew_s = ahead_of(received_s).unwrap_or(skew_s);
                let code = attempt["response"]["errorCode"].as_str().unwrap_or_default();
                let again = made < most && is_skewed(code, ahead_of(signed_s + took_s).unwrap_or_default());
                assert_eq!(again, (made as usize) < attempts.len(), "{name}");
            }
            assert_eq!(skew_s, operation["expectedClientSkew"].as_i64().unwrap(), "{name}");
        }
    }
    println!("{} cases", all.len());
    assert!(all.len() >= 10);
}

#[test]
fn profile_files_are_where_aws_looks_for_them() {
    let Some(folder) = fetched(RUNTIME) else { return };
    let all = cases(&folder.join("test-data/file-location-tests.json"));
    let linux: Vec<_> = all.iter().filter(|case| case["platform"] == "linux").collect();
    for case in &linux {
        let environment = case["environment"].as_object().unwrap().iter();
        let environment: BTreeMap<_, _> =
            environment.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        let found = Location::new(&environment);
        assert_eq!(json!(found.config), case["configLocation"], "{}", case["name"]);
        assert_eq!(json!(found.credentials), case["credentialsLocation"], "{}", case["name"]);
        if let Some(profile) = case.get("profile") {
            assert_eq!(json!(found.profile), *profile, "{}", case["name"]);
        }
    }
    println!("{} cases", linux.len());
    assert!(linux.len() >= 4);
}

#[test]
fn requests_are_signed_as_aws_signs_them() {
    let Some(folder) = fetched(SIGNING) else { return };
    let suite = fs::read_dir(folder.join("aws-signing-test-suite/v4")).unwrap();
    let mut folders: Vec<_> = suite.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let (mut passed, mut failed) = (0, Vec::new());
    // The two without a context sign at other times and for other services.
    for folder in folders.iter().filter(|folder| folder.join("context.json").is_file()) {
        if signs(folder) { passed += 1 } else { failed.push(folder.file_name().unwrap().to_owned()) }
    }
    println!("{passed} passed");
    assert_eq!(failed, Vec::<std::ffi::OsString>::new());
    assert_eq!(passed, 38);
}

fn signs(folder: &Path) -> bool {
    let context: Value = serde_json::from_slice(&fs::read(folder.join("context.json")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let request = fs::read_to_string(folder.join("request.txt")).unwrap();
    let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap();
    let (method, target) = first.trim_end_matches(" HTTP/1.1").split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // What is signed as S3 wants it is encoded once; the client encodes once what it is given.
    let mut path = decoded(path);
    if context["normalize"] == true {
        path = normal(&path);
    }
    let query: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    let query = query.iter().map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let query: Vec<_> = query.map(|(name, value)| (decoded(name), decoded(value))).collect();
    let query: Vec<_> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        match (line.split_once(':'), line.starts_with(' '), headers.last_mut()) {
            (_, true, Some((_, value))) => *value += &format!("\n{line}"),
            (Some((name, value)), ..) => headers.push((name.to_owned(), value.to_owned())),
            _ => (),
        }
    }
    if context["sign_body"] == true {
        let hash = hex(digest(&SHA256, body.as_bytes()).as_ref());
        headers.push(("x-amz-content-sha256".to_owned(), hash));
    }
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let omitted = context["omit_session_token"] == true;
    let credentials = Credentials {
        access_key_id: text(&context["credentials"]["access_key_id"]).unwrap(),
        secret_access_key: text(&context["credentials"]["secret_access_key"]).unwrap(),
        session_token: text(&context["credentials"]["token"]).filter(|_| !omitted),
        expires_s: None,
        from_metadata: false,
    };
    let signing = Signing {
        credentials: &credentials,
        region: context["region"].as_str().unwrap(),
        service: context["service"].as_str().unwrap(),
        now_s: parse_utc(context["timestamp"].as_str().unwrap()).unwrap(),
    };
    let added =
        signing.headers(&Request { method, path: &path, query: &query, headers: &headers, body: body.as_bytes() });
    let authorization = &added.iter().find(|(name, _)| *name == "authorization").unwrap().1;
    let signature = fs::read_to_string(folder.join("header-signature.txt")).unwrap();
    authorization.ends_with(&format!("Signature={}", signature.trim()))
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, behind @ ..] = rest {
        let code = if *first == b'%' { behind.get(..2) } else { None };
        match code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()) {
            Some(byte) => (bytes, rest) = ([bytes, vec![byte]].concat(), &behind[2..]),
            None => (bytes, rest) = ([bytes, vec![*first]].concat(), behind),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A path without `.`, `..` and empty segments, as all of the client's are.
fn normal(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => (),
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let end = if path.ends_with(['/', '.']) && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}
