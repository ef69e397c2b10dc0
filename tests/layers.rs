//! The folders of the core are layers: each uses only those below it, and no files import each other in a circle.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The layers of the core, from the bottom to the top; those of one line do not use each other.
const LAYERS: &[&[&str]] = &[
    &["prelude"],
    &["hex", "nearest", "ordered", "printable", "secret", "time"],
    &["archive", "aws", "template"],
    &["config"],
    &["nginx"],
    &["seam"],
    &["ready"],
    &["deploy"],
    &["commands", "single"],
    &["proxy"],
    &["fleet"],
    &["request", "world"],
];

/// The parts of the shell, from the bottom to the top.
const PARTS: &[&[&str]] = &[
    &["memory"],
    &["processes"],
    &["files"],
    &["terminal"],
    &["log"],
    &["lock"],
    &["signals"],
    &["system"],
    &["progress"],
    &["call"],
    &["http"],
    &["aws"],
    &["docker"],
    &["proxy"],
    &["release"],
    &["host"],
    &["ending"],
    &["repeat"],
    &["run"],
    &["demo"],
];

/// The files that import each other all the same; ARCHITECTURE.md says why.
const CIRCLES: &[&[&str]] = &[
    &["config/advice.rs", "config/folders.rs", "config/tool.rs", "config/warnings.rs"],
    &["config/master.rs", "config/state.rs"],
];

#[test]
fn each_layer_of_the_core_uses_only_those_below_it() {
    hold(LAYERS, "core/src");
}

#[test]
fn each_part_of_the_shell_uses_only_those_below_it() {
    hold(PARTS, "shell/src");
}

#[track_caller]
fn hold(layers: &[&[&str]], root: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let height = |layer: &str| layers.iter().position(|layers| layers.contains(&layer));
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for file in files(&root) {
        let Some(user) = modules(&root, &file).first().cloned() else { continue };
        let own = height(&user).unwrap_or_else(|| panic!("{user} is in no layer"));
        for path in imports(&root, &file) {
            let used = path.first().cloned().unwrap_or_default();
            // What the root gives out by a name of its own lies at the bottom.
            let at_root =
                used.chars().next().is_some_and(char::is_uppercase) || (path.len() < 2 && height(&used).is_none());
            if used != user && !at_root && height(&used).is_none_or(|used| used >= own) {
                wrong.push(format!("{} uses {}", file.strip_prefix(&root).unwrap().display(), path.join("::")));
            }
        }
        seen.insert(user);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unknown: Vec<_> = layers.iter().flat_map(|layers| layers.iter()).filter(|it| !seen.contains(**it)).collect();
    assert!(unknown.is_empty(), "not there: {unknown:?}");
}

#[test]
fn architecture_is_short_and_names_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    assert!(text.lines().count() < 200, "{} lines", text.lines().count());
    let table = text.split("## Where is it decided that ...").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut rows = 0;
    for row in table.lines().filter(|line| line.contains(".rs` | `")) {
        let cells: Vec<&str> = row.split('`').collect();
        let (file, name) = (cells[1], cells[3]);
        let code = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let is_there = ["fn ", "const "]
            .iter()
            .any(|kind| code.split(&format!("{kind}{name}")).skip(1).any(|rest| rest.starts_with(['(', '<', ':'])));
        assert!(is_there, "{file} decides nothing by the name {name}");
        rows += 1;
    }
    assert!(rows >= 10, "{rows} rows");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for root in ["core/src", "shell/src", "src"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
        let all = files(&root);
        let by_module: BTreeMap<Vec<String>, &PathBuf> = all.iter().map(|file| (modules(&root, file), file)).collect();
        let name = |file: &Path| file.strip_prefix(&root).unwrap().display().to_string();
        let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in &all {
            let own = modules(&root, file);
            for path in imports(&root, file) {
                let used = (0..=path.len()).rev().find_map(|length| by_module.get_key_value(&path[..length]));
                // What a folder's own file says is for those in it to use.
                let Some((module, used)) = used.filter(|(module, _)| !own.starts_with(module)) else { continue };
                if !module.starts_with(&own) {
                    arrows.entry(name(file)).or_default().insert(name(used));
                }
            }
        }
        let circles = circles(&arrows);
        let new: Vec<_> = circles
            .iter()
            .filter(|circle| !CIRCLES.iter().any(|known| circle.iter().map(String::as_str).eq(known.iter().copied())))
            .collect();
        assert!(new.is_empty(), "circles in {}: {new:#?}", root.display());
    }
}

/// The source files below a folder but those of tests.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap();
        if entry.is_dir() && name != "tests" {
            found.extend(files(&entry));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push(entry);
        }
    }
    found
}

/// The modules that lead to a file.
fn modules(root: &Path, file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(root).unwrap().with_extension("");
    let mut names: Vec<String> = inside.iter().map(|name| name.to_str().unwrap().to_string()).collect();
    names.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
    names
}

/// What a file imports of its crate, each as the modules from the root and a name.
fn imports(root: &Path, file: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    let code = code.split("\n#[cfg(all(test, feature = \"world\"))]\nmod tests {").next().unwrap();
    let is_dir = file.file_stem().is_some_and(|stem| stem == "mod" || stem == "lib" || stem == "main");
    let mut own = modules(root, file);
    if !is_dir {
        own.pop();
    }
    let mut found = Vec::new();
    for statement in code.split(';').filter_map(|part| part.split("use ").last().filter(|_| part.contains("use "))) {
        let tree: String = statement.split_whitespace().collect();
        expand(&tree, &[], &mut found);
    }
    let absolute = |path: Vec<String>| match path.first().map(String::as_str) {
        Some("crate") => Some(path[1..].to_vec()),
        Some("super") => {
            let ups = path.iter().take_while(|segment| *segment == "super").count();
            let base = if is_dir { own.len().checked_sub(ups)? } else { (own.len() + 1).checked_sub(ups)? };
            Some([&own[..base], &path[ups..]].concat())
        }
        _ => None,
    };
    found.into_iter().filter_map(absolute).collect()
}

/// The paths of a tree of imports.
fn expand(tree: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let (head, rest) = tree.split_once("::").unwrap_or((tree, ""));
    if let Some(inner) = tree.strip_prefix('{') {
        let (mut depth, mut start) = (0, 0);
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        for (at, character) in inner.char_indices().chain([(inner.len(), ',')]) {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&inner[start..at], before, found);
                    start = at + 1;
                }
                _ => (),
            }
        }
    } else if !head.is_empty() {
        let path = [before, &[head.to_string()]].concat();
        if rest.is_empty() { found.push(path) } else { expand(rest, &path, found) }
    }
}

/// The groups of files each of which leads to every other of its group.
fn circles(arrows: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<BTreeSet<String>> {
    let reach = |from: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(at) = open.pop() {
            open.extend(arrows.get(&at).into_iter().flatten().filter(|to| seen.insert((*to).clone())).cloned());
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = arrows.keys().map(|file| (file, reach(file))).collect();
    let back = |from: &String, to: &String| reached.get(to).is_some_and(|reached| reached.contains(from));
    let group = |(file, to): (&&String, &BTreeSet<String>)| to.iter().filter(|to| back(file, to)).cloned().collect();
    reached.iter().map(group).filter(|group: &BTreeSet<String>| group.len() > 1).collect()
}
