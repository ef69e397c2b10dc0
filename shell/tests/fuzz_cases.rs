//! Replays what was found by fuzzing: every input of `testdata/fuzz/<target>/` and every seed of the fuzz targets.
#![allow(missing_docs, unreachable_pub, reason = "the checks are a library of the fuzz targets")]

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../fuzz/src/lib.rs"]
mod properties;

/// Replays the inputs of a target; says which one it is at before that one can fail.
#[track_caller]
fn replay(target: &str, check: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut inputs: Vec<PathBuf> = Vec::new();
    for folder in ["testdata/fuzz", "fuzz/seeds"].map(|folder| root.join(folder).join(target)) {
        let entries = fs::read_dir(folder).into_iter().flatten();
        inputs.extend(entries.map(|entry| entry.expect("the folder can be read").path()));
    }
    inputs.sort();
    assert!(!inputs.is_empty(), "the target {target} has no inputs");
    for path in inputs {
        println!("replays {}", path.display());
        check(&fs::read(&path).expect("an input can be read"));
    }
}

#[test]
fn configurations_are_read_without_a_panic_and_mean_the_same_in_both_syntaxes() {
    replay("config", properties::config::check);
}

#[test]
fn releases_and_states_are_read_without_a_panic_and_survive_being_written() {
    replay("release_json", properties::release_json::check);
}

#[test]
fn templates_are_rendered_or_refused_without_a_panic() {
    replay("template", properties::template::check);
}

#[test]
fn listings_are_read_or_refused_without_a_panic() {
    replay("listing", properties::listing::check);
}

#[test]
fn files_are_judged_as_archives_without_a_panic() {
    replay("zip", properties::zip::check);
}

#[test]
fn accepted_archives_are_unpacked_as_they_were_judged() {
    replay("unpack", properties::unpack::check);
}
