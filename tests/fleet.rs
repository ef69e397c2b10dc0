//! Many processes of the real binary on one state in a bucket that fails again and again: no update is lost, no port is
//! given twice, and none says that it failed which was done.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(missing_docs, unreachable_pub, reason = "the tests of the shell use more of it")]
#[path = "../shell/tests/support/faulty_s3.rs"]
mod faulty_s3;
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
    thread,
};

use c2_core::config::{State, state};
use faulty_s3::FaultyS3;
use serde_json::json;
use support::part::is_whole;

/// How many faults of a hundred requests.
const PERCENT: u64 = 30;

/// How many seeds, and updates of each writer: those of the part that is always run, and all.
const SEEDS: (u64, u64) = (2, 5);
const UPDATES: (u64, u64) = (20, 50);

/// `C2_TEST_SEEDS` and `C2_TEST_UPDATES` take another number of them.
fn setting(name: &str, (part, all): (u64, u64)) -> u64 {
    let given = std::env::var(name).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(if is_whole() { all } else { part })
}

#[test]
fn of_many_writers_none_is_lost_whatever_the_store_does() {
    let (seeds, updates) = (setting("C2_TEST_SEEDS", SEEDS), setting("C2_TEST_UPDATES", UPDATES));
    println!("{seeds} of {} seeds, {updates} of {} updates by each of 8 writers", SEEDS.1, UPDATES.1);
    let seeds: Vec<u64> = (0..seeds).collect();
    // Writers mostly wait: several seeds go side by side.
    for part in seeds.chunks(5) {
        thread::scope(|scope| part.iter().for_each(|seed| drop(scope.spawn(|| writers(*seed, updates)))));
    }
}

/// Eight writers on one store with the faults of this seed.
fn writers(seed: u64, updates: u64) {
    let folder = tempfile::tempdir().unwrap();
    let server = FaultyS3::start(seed, PERCENT);
    release(folder.path());
    configure(folder.path());
    thread::scope(|scope| {
        for writer in 0..8 {
            let (url, folder) = (server.url(), folder.path());
            scope.spawn(move || write(&url, folder, writer, updates));
        }
    });
    let found = server.object("bucket", "fleet/master/state.json").unwrap();
    let found = state("state.json", std::str::from_utf8(&found).unwrap()).unwrap().value;
    check(&found, updates);
    println!("seed {seed}: faults {:?}", server.faults());
}

/// Starts some deploys and stops every third of them again. What ends well must hold.
fn write(url: &str, folder: &Path, writer: u64, updates: u64) {
    for update in 0..updates {
        let deploy = format!("w{writer}-{update}");
        run(url, folder, &["start", "a.zip", &deploy]);
        if update % 3 == 2 {
            run(url, folder, &["stop", &deploy]);
        }
    }
}

#[test]
fn a_start_on_a_shared_state_touches_only_the_log_and_its_dry_run_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = FaultyS3::start(0, 0);
    release(folder.path());
    configure(folder.path());
    server.store("bucket", "releases/a.zip", fs::read(folder.path().join("a.zip")).unwrap());
    let config = fs::read_to_string(folder.path().join("camus2.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
    config["releases"] = json!({ "s3": "s3://bucket/releases" });
    let names = || {
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<BTreeSet<String>>()
    };
    for deploys in [folder.path().join("deploys"), "/proc/nowhere/deploys".into()] {
        config["deploysDir"] = json!(deploys);
        fs::write(folder.path().join("camus2.json"), config.to_string()).unwrap();
        let before = names();
        for temporary in ["/tmp", "/proc/nowhere"] {
            let start = |further: &[&str]| {
                let words = [&["start", "a.zip"], further].concat();
                let ended = c2(&server.url(), folder.path()).args(words).env("TMPDIR", temporary).output().unwrap();
                assert!(ended.status.success(), "{deploys:?} {temporary}: {ended:?}");
            };
            start(&["--dry-run"]);
            assert_eq!(names(), before, "{deploys:?} {temporary}");
            start(&[]);
            assert!(names().remove("log"));
            fs::remove_file(folder.path().join("log")).unwrap();
            assert_eq!(names(), before, "{deploys:?} {temporary}");
        }
    }
}

/// The binary, with this store.
fn c2(url: &str, folder: &Path) -> Command {
    let mut c2 = Command::new(env!("CARGO_BIN_EXE_c2"));
    c2.env_clear()
        .envs([("S3_ENDPOINT", url), ("AWS_ACCESS_KEY_ID", "AK"), ("AWS_SECRET_ACCESS_KEY", "SK")])
        .env("CAMUS2_CONFIG", folder.join("camus2.json"));
    c2
}

/// Runs the binary until it ends well: it may give up when nothing more can be had of the store, and says so.
fn run(url: &str, folder: &Path, words: &[&str]) {
    for _ in 0..20 {
        let ended = c2(url, folder).args(words).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        if ended.status.success() {
            return;
        }
        // Of an earlier try that it did not know to be done.
        if words[0] == "stop" && told.contains("there is no deploy") {
            return;
        }
        let honest = ["tried 3 times", "it is not known whether", "not done within"];
        assert!(honest.iter().any(|text| told.contains(text)), "{words:?}: {told}");
    }
    panic!("{words:?}: the store was never good enough");
}

fn check(found: &State, updates: u64) {
    let expected: Vec<String> = (0..8)
        .flat_map(|writer| {
            (0..updates).filter(|update| update % 3 != 2).map(move |update| format!("w{writer}-{update}"))
        })
        .collect();
    let labels: Vec<String> = found.deploys.keys().map(ToString::to_string).collect();
    let mut sorted = expected.clone();
    sorted.sort();
    assert_eq!(labels, sorted);
    let ports: BTreeMap<u16, &str> =
        found.deploys.values().map(|deploy| (deploy.port.0, deploy.label.as_str())).collect();
    assert_eq!(ports.len(), labels.len(), "a port was given twice");
}

fn release(folder: &Path) {
    let mut archive = zip::ZipWriter::new(fs::File::create(folder.join("a.zip")).unwrap());
    archive.start_file("release.json", zip::write::SimpleFileOptions::default()).unwrap();
    let text = r#"{"templates": [], "prestartCommand": "", "startCommand": "true", "stopCommand": "true"}"#;
    std::io::Write::write_all(&mut archive, text.as_bytes()).unwrap();
    archive.finish().unwrap();
}

fn configure(folder: &Path) {
    let proxy =
        json!({ "endPoints": {}, "remoteStateS3": "s3://bucket/fleet", "dynamicPortRange": {"v1": 8000, "v2": 9000} });
    let config = json!({
        "deploysDir": folder.join("deploys"),
        "contextCache": folder.join("cache"),
        "logFile": folder.join("log"),
        "releases": { "localdir": folder },
        "deployMode": { "proxy": proxy },
    });
    fs::write(folder.join("camus2.json"), config.to_string()).unwrap();
}
