//! Each part of the shell uses only those below it: no circle of files or folders, and nothing that knows the machine but
//! those who run it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The files and folders of `src`, the lowest first.
const ORDER: &str = "memory processes files terminal log lock signals system progress call http aws docker proxy \
                     release host ending repeat run demo";

#[test]
fn each_part_uses_only_those_below_it() {
    let order: Vec<&str> = ORDER.split_whitespace().collect();
    let mut seen = BTreeSet::new();
    let mut upwards = Vec::new();
    for path in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        let below = path.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
        let part = Path::new(below.iter().next().unwrap()).file_stem().unwrap().to_str().unwrap();
        if part == "lib" {
            continue;
        }
        let rank = |part: &str| order.iter().position(|known| *known == part);
        let own = rank(part).unwrap_or_else(|| panic!("{part} has no place in ORDER"));
        seen.insert(order[own]);
        for used in used(&fs::read_to_string(&path).unwrap()) {
            match rank(&used) {
                Some(other) if other <= own => (),
                _ => upwards.push(format!("{} uses {used}", below.display())),
            }
        }
    }
    assert_eq!(upwards, [""; 0]);
    assert_eq!(seen, order.into_iter().collect(), "ORDER names what is not there");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of sources").flatten().map(|entry| entry.path());
    let found = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The parts that a source names behind `crate::`, alone or in braces.
fn used(source: &str) -> BTreeSet<String> {
    let word = |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_string();
    let mut parts = BTreeSet::new();
    for behind in source.split("crate::").skip(1) {
        let Some(group) = behind.strip_prefix('{') else {
            parts.insert(word(behind));
            continue;
        };
        let (mut depth, mut begins) = (1, true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => begins = true,
                c if begins && depth == 1 && !c.is_whitespace() => {
                    parts.insert(word(&group[at..]));
                    begins = false;
                }
                _ => (),
            }
            if depth == 0 {
                break;
            }
        }
    }
    parts
}
