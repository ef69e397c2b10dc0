//! A release made ready to be unpacked: judged, its templates rendered, its commands known; nothing is written yet.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    Commands,
    compose::{compose_file, new_volumes},
    context,
    members::{Members, RELEASE_JSON, utf8, utf8_of},
    opened::{Opened, opened},
    partials, problems, rejected_filled,
};
use crate::{
    config::{self, Pin, ReleasePath, ToolConfig},
    seam::{Content, Facts, Location, Modes, Refusal, Rendered},
    template::{self, Strictness},
};

/// A release made ready.
pub(crate) struct Prepared {
    /// Where its archive is.
    pub(crate) archive: Location,
    /// Its commands, from the rendered `release.json` where that is a template.
    pub(crate) config: Commands,
    /// The text of `release.json` as it will be on disk.
    pub(crate) release_json: String,
    /// Its rendered templates.
    pub(crate) rendered: Vec<Rendered>,
    /// The permission bits of its other files and folders, where they are not the archive's.
    pub(crate) modes: Modes,
    /// Whether its folder will hold a compose file.
    pub(crate) compose: bool,
    /// Whether its folder will hold a template of its `release.json`.
    pub(crate) filled: bool,
    /// What a person should know.
    pub(crate) notes: Vec<String>,
}

/// The mode of one that was filled: its command lines may hold secrets, and nothing but c2 reads it.
const FILLED_MODE: u32 = 0o600;
/// The file that names the content of a deploy's folder.
const ID_FILE: &str = ".c2-id";
/// Judges a release and renders its templates with these values and its own config sources.
pub(crate) fn prepare(
    facts: &Facts,
    config: &ToolConfig,
    release: &str,
    pin: Option<&Pin>,
    values: Result<Map<String, Value>, Refusal>,
) -> Result<Prepared, Refusal> {
    let opened = opened(facts, config, release, pin);
    let (opened, mut values) = (opened?, values?);
    let Opened { at, listing, text, stored, mut notes } = opened;
    let members = Members { facts, at: &at, release, listing: &listing };

    let outputs = stored.templates.iter().map(|path| template::output_path(path.as_str()));
    if listing.find(ID_FILE).is_some() || outputs.into_iter().any(|path| path == ID_FILE) {
        return Err(Refusal::no(format!("unpack the release {release}"), format!("its archive holds {ID_FILE}"))
            .with_hint("c2 keeps a file of that name in each deploy's folder: leave it out of the archive"));
    }
    let own = members.all(stored.config_sources.values().map(ReleasePath::as_str));
    let templates = members.all(stored.templates.iter().map(ReleasePath::as_str));
    let (own, templates) = (own?, templates?);
    for (name, path) in &stored.config_sources {
        let value =
            context::value(&format!("the release's config source {name} ({release}:{path})"), &own[path.as_str()])?;
        if values.contains_key(name.as_str()) {
            notes
                .push(format!("the release's config source {name} is ignored: the configuration has one of that name"));
        } else {
            values.insert(name.to_string(), value);
        }
    }
    let strictness = if config.strict_templates { Strictness::Strict } else { Strictness::Lenient };
    let mut rendered = render(&members, &templates, &Value::Object(values), strictness)?;
    let modes = members.modes(&stored, &mut rendered)?;
    let filled = listing.find(&format!("{RELEASE_JSON}.tpl")).is_some();
    let (config, release_json) = match rendered.iter().find(|file| file.path == RELEASE_JSON) {
        None => (stored, text),
        Some(file) => {
            let text = utf8(&format!("{release}:{RELEASE_JSON}"), file.bytes.reveal())?.to_owned();
            let config = config::release_config(&format!("{release}:{RELEASE_JSON} (rendered)"), &text);
            (config.map_err(rejected_filled("read the release's configuration"))?.value, text)
        }
    };
    let compose = compose_file(&members, &rendered)?;
    notes.extend(compose.as_ref().and_then(new_volumes));
    let compose = compose.is_some();
    let config = Commands::new(&config, filled);
    Ok(Prepared { archive: at, config, release_json, rendered, modes, compose, filled, notes })
}

/// Renders all templates, or reports the problems of all of them.
fn render(
    members: &Members<'_>,
    templates: &BTreeMap<String, Content>,
    values: &Value,
    strictness: Strictness,
) -> Result<Vec<Rendered>, Refusal> {
    let text = |path: &String, content| utf8_of(&format!("{}:{path}", members.release), content);
    let partials: Vec<_> =
        templates.iter().map(|(path, content)| partials_of(members, path, text(path, content)?)).collect();
    let (mut rendered, mut found, mut open) = (Vec::new(), Vec::new(), None);
    for ((path, content), partials) in templates.iter().zip(partials) {
        let partials = match partials {
            Ok(partials) => partials,
            Err(Refusal::No { why, .. }) => {
                found.push(why);
                continue;
            }
            Err(refusal) => {
                open = Some(refusal);
                continue;
            }
        };
        match template::render(template::Source { path, text: text(path, content)? }, &partials, values, strictness) {
            Ok(text) => rendered.push(Rendered {
                path: template::output_path(path).to_string(),
                mode: match template::output_path(path) {
                    RELEASE_JSON => FILLED_MODE,
                    _ => members.listing.find(path).map_or(0o644, |member| member.mode),
                },
                bytes: crate::seam::Secret::new(text.into_bytes()),
            }),
            Err(problems) => found.extend(problems.iter().map(ToString::to_string)),
        }
    }
    if let Some(refusal) = open {
        return Err(refusal);
    }
    if found.is_empty() {
        Ok(rendered)
    } else {
        Err(problems(&format!("fill the templates of {}", members.release))(found))
    }
}

/// The partials that a template mentions, and those that they mention, by the names in the tags.
fn partials_of(members: &Members<'_>, path: &str, text: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    partials::gather(path, text, |name| {
        let Some(inside) = partials::inside(folder, name) else {
            let why = format!("{path}: the partial {name} is outside the release");
            return Err(Refusal::no(format!("fill the templates of {}", members.release), why));
        };
        members.find(&inside)
    })
}
