//! What of a release's compose file a person should know before it is started.

use crate::prelude::*;

use super::{
    node::{Node, Value},
    yaml,
};

/// The volumes that Compose names after the project, and so after the deploy: another deploy has them new, and empty
/// (Compose specification, "volumes": neither `name` nor `external`). None where the file names its project itself, or
/// cannot be read.
#[must_use]
pub fn volumes_of_the_project(text: &str) -> Vec<String> {
    let Ok(tree) = yaml::tree(text) else { return Vec::new() };
    let Some(Value::Object(volumes)) = tree.get("volumes").map(|volumes| &volumes.value) else { return Vec::new() };
    if tree.get("name").is_some() {
        return Vec::new();
    }
    let is_named = |volume: &Node| match volume.get("external").map(|external| &external.value) {
        None | Some(Value::Null | Value::Bool(false)) => volume.get("name").is_some(),
        Some(_) => true,
    };
    volumes.iter().filter(|entry| !is_named(&entry.value)).map(|entry| entry.key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_with_neither_a_name_nor_another_owner_are_those_of_the_project() {
        let text = "volumes:\n  data:\n  cache: {driver: local}\n  kept: {name: app-data}\n  theirs: {external: true}\n  \
                    old: {external: {name: old-data}}\n  own: {external: false}\n";
        assert_eq!(volumes_of_the_project(text), ["data", "cache", "own"]);
        assert!(volumes_of_the_project(&alloc::format!("name: app\n{text}")).is_empty(), "all deploys share them");
        for none in ["", "services: {}", "volumes: [a]", "volumes: 3", "volumes: {a: {}", "\u{0}"] {
            assert!(volumes_of_the_project(none).is_empty(), "{none:?}");
        }
    }
}
