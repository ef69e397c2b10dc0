//! The partials of a template: which it needs, and where they are.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::utf8;
use crate::{
    seam::{Content, Facts, Location, Refusal},
    template,
};

/// The texts of all partials that a template reaches, by the names in the tags. Missing ones are left out: what they
/// mean is the renderer's to say. The partials of one level are all asked for at once.
pub(crate) fn gather(
    path: &str,
    text: &str,
    find: impl Fn(&str) -> Result<Option<Content>, Refusal>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut known = BTreeMap::new();
    let mut open = names(path, text);
    while !open.is_empty() {
        let asked: Vec<_> = open.into_iter().map(|name| (find(&name), name)).collect();
        open = vec![];
        for (answer, name) in asked {
            let Some(content) = answer? else { continue };
            let text = utf8(&format!("the partial {name} of {path}"), content.bytes.reveal())?.to_string();
            open.extend(names(&name, &text));
            known.insert(name, text);
        }
        open.retain(|name| !known.contains_key(name));
        open.sort();
        open.dedup();
    }
    Ok(known)
}

/// The partials of a template that is a file of this machine; none is outside its folder.
pub(crate) fn template_partials(facts: &Facts, path: &str, text: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
    gather(path, text, |name| match inside("", name) {
        Some(below) => facts.content(&Location::File(format!("{folder}/{below}"))),
        None => {
            let why = format!("the partial {name} is outside the template's folder");
            Err(Refusal::no(format!("fill the template {path}"), why))
        }
    })
}

/// The partials that a text mentions; one that is not a template mentions none, and the renderer says what is wrong.
fn names(path: &str, text: &str) -> Vec<String> {
    template::partial_names(template::Source { path, text }).unwrap_or_default()
}

/// The path of a partial relative to a template's folder; `None` when it leads outside of what the folder is in.
pub(crate) fn inside(folder: &str, name: &str) -> Option<String> {
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    if name.starts_with('/') {
        return None;
    }
    for segment in name.split('/') {
        match segment {
            "" | "." => (),
            ".." => drop(segments.pop()?),
            segment => segments.push(segment),
        }
    }
    (!segments.is_empty()).then(|| segments.join("/"))
}
