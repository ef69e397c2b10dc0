//! What the core may stand on, that nothing in the tree brings an async runtime, and that no file grows too long.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Everything that the core is built with, its dependencies' dependencies included. A new name here is a new way to
/// the world: look at what it does before it is added. `serde_derive` is only locked (serde keeps its version equal);
/// through `libc`, on ARM alone, `cpufeatures` asks which instructions an ARM processor has.
const CORE: [&str; 47] = [
    "arraydeque",
    "arrayvec",
    "base64",
    "beef",
    "block-buffer",
    "cfg-if",
    "cmov",
    "cpufeatures",
    "crypto-common",
    "ctutils",
    "der",
    "digest",
    "fnv",
    "hmac",
    "hybrid-array",
    "itoa",
    "jiff",
    "jiff-core",
    "jiff-static",
    "lazy_static",
    "libc",
    "log",
    "logos",
    "logos-codegen",
    "logos-derive",
    "memchr",
    "percent-encoding",
    "portable-atomic",
    "portable-atomic-util",
    "proc-macro2",
    "quote",
    "ramhorns",
    "regex-syntax",
    "saphyr-parser",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_json",
    "sha2",
    "strsim",
    "syn 2",
    "syn 3",
    "thiserror",
    "thiserror-impl",
    "typenum",
    "unicode-ident",
    "zmij",
];

/// What code of the core cannot name when it is built alone. Beside the shell, jiff is built with a clock.
const WORLD: [&str; 3] = ["std::", "extern crate std", "::now("];

const ASYNC: [&str; 8] =
    ["tokio", "async-std", "smol", "futures-executor", "hyper", "async-executor", "async-global-executor", "mio"];

const MOST_LINES: usize = 400;

#[test]
fn the_core_stands_on_pinned_packages_alone() {
    let packages = locked();
    let (mut found, mut open) = (BTreeSet::new(), vec!["c2-core".to_string()]);
    while let Some(name) = open.pop() {
        for dependency in &packages[&name] {
            if found.insert(dependency.clone()) {
                open.push(dependency.clone());
            }
        }
    }
    // Its own tests have it with the simulated host.
    let found: BTreeSet<String> = found.iter().filter(|name| *name != "c2-core").map(|name| major(name)).collect();
    assert_eq!(found, CORE.map(String::from).into());

    let manifest = fs::read_to_string(root().join("core/Cargo.toml")).unwrap();
    let sections: Vec<&str> = manifest.lines().filter(|line| line.ends_with("dependencies]")).collect();
    assert_eq!(sections, ["[dependencies]", "[dev-dependencies]"], "the core has one list of dependencies");
    let own =
        manifest.lines().skip_while(|line| *line != "[dev-dependencies]").skip(1).take_while(|line| !line.is_empty());
    assert_eq!(
        own.collect::<Vec<_>>(),
        [r#"c2-core = { path = ".", features = ["world"] }"#],
        "and its tests have no other"
    );
}

#[test]
fn no_async_runtime_is_in_the_tree() {
    let found: Vec<String> =
        locked().into_keys().filter(|name| ASYNC.contains(&name.split(' ').next().unwrap_or(name))).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_core_is_built_without_the_standard_library() {
    let lib = fs::read_to_string(root().join("core/src/lib.rs")).unwrap();
    assert!(lib.lines().any(|line| line == "#![cfg_attr(not(test), no_std)]"));
    let mut found = Vec::new();
    for file in sources("core/src") {
        let name = file.file_name().unwrap().to_str().unwrap();
        if file.iter().any(|part| part == "tests") || name == "tests.rs" || name.ends_with("_tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let lines = lines.filter(|line| WORLD.iter().any(|name| line.contains(name)));
        found.extend(lines.map(|line| format!("{}: {line}", file.display())));
    }
    assert!(found.is_empty(), "the core has no world to call: {found:#?}");
}

/// So that it could be a crate of its own. Inside it, S3 stands on the identity, which knows nothing of S3.
#[test]
fn the_aws_part_uses_nothing_of_the_core_but_what_lies_below_it() {
    const BELOW: [&str; 6] = ["aws", "hex", "prelude", "printable", "secret", "time"];
    let mut found = Vec::new();
    for file in sources("core/src/aws") {
        let is_s3 = file.starts_with(root().join("core/src/aws/s3"));
        for line in fs::read_to_string(&file).unwrap().lines().filter(|line| !line.trim_start().starts_with("//")) {
            let is_above = line.split("crate::").skip(1).any(|rest| {
                !BELOW.contains(&rest.split(|c: char| !c.is_alphanumeric()).next().unwrap())
                    || !is_s3 && rest.starts_with("aws::s3")
            });
            // Only modules of tests are deeper than their file.
            let leaves = line.contains(if is_s3 { "super::super::super" } else { "super::super" });
            if is_above || leaves || !is_s3 && line.contains("super::s3") {
                found.push(format!("{}: {line}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "it knows what stands above it: {found:#?}");
}

#[test]
fn no_source_file_is_longer_than_a_person_reads() {
    let mut long = Vec::new();
    for file in ["src", "core", "shell", "tests"].into_iter().flat_map(sources) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        if lines > MOST_LINES {
            long.push(format!("{}: {lines}", file.display()));
        }
    }
    assert!(long.is_empty(), "more than {MOST_LINES} lines: {long:#?}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The packages of `Cargo.lock` with what each depends on. Of a package that is there in several versions the name is
/// `name version`, as the lock itself has it.
fn locked() -> BTreeMap<String, Vec<String>> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let packages: Vec<&str> = lock.split("[[package]]\n").skip(1).collect();
    let value = |package: &str, key: &str| -> String {
        let line = package.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap();
        line.split('"').nth(1).unwrap().to_string()
    };
    let count = |name: &str| packages.iter().filter(|package| value(package, "name") == name).count();
    let packages = packages.iter().map(|package| {
        let (name, version) = (value(package, "name"), value(package, "version"));
        let list = package.split_once("dependencies = [").map_or("", |(_, list)| list);
        let dependencies = list.split('"').skip(1).step_by(2).map(String::from).collect();
        (if count(&name) > 1 { format!("{name} {version}") } else { name }, dependencies)
    });
    packages.collect()
}

/// `syn 2.0.119` as `syn 2`.
fn major(name: &str) -> String {
    name.split('.').next().unwrap_or(name).to_string()
}

/// All Rust sources below a folder.
fn sources(folder: &str) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}
