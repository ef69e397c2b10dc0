//! A release made ready to be unpacked: judged, its templates rendered, its commands known; nothing is written yet.

use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use serde_json::{Map, Value};

use super::{
    Commands, archive_location,
    compose::{compose_file, new_volumes},
    context, limits, problems, rejected, rejected_filled,
};
use crate::{
    archive::{Limits, Listing},
    config::{self, Pin, ReleaseConfig, ReleasePath, ToolConfig},
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

const RELEASE_JSON: &str = "release.json";
/// The mode of one that was filled: its command lines may hold secrets, and nothing but c2 reads it.
const FILLED_MODE: u32 = 0o600;
/// The file that names the content of a deploy's folder.
const ID_FILE: &str = ".c2-id";

/// A release whose archive was judged, and was found to have the bytes that it must have.
pub(crate) struct Opened {
    /// Where its archive is.
    pub(crate) at: Location,
    /// What its archive holds.
    pub(crate) listing: Arc<Listing>,
    /// The text of its `release.json` as it is stored.
    text: String,
    /// The same, read.
    stored: ReleaseConfig,
    /// What a person should know.
    pub(crate) notes: Vec<String>,
}

/// Judges a release's archive and reads its `release.json`. Where bytes are pinned, it must have these and no others.
pub(crate) fn opened(facts: &Facts, config: &ToolConfig, release: &str, pin: Option<&Pin>) -> Result<Opened, Refusal> {
    open(facts, config, release, pin, if pin.is_some() { Facts::archive_copy } else { Facts::archive })
}

/// The same of a copy that nobody else can write: what its bytes are pinned by is what was judged.
pub(crate) fn opened_copy(
    facts: &Facts,
    config: &ToolConfig,
    release: &str,
    pin: Option<&Pin>,
) -> Result<Opened, Refusal> {
    open(facts, config, release, pin, Facts::archive_copy)
}

/// How an archive is asked for.
type Ask = fn(&Facts, &Location, Limits) -> Result<Option<Arc<Listing>>, Refusal>;

fn open(facts: &Facts, config: &ToolConfig, release: &str, pin: Option<&Pin>, ask: Ask) -> Result<Opened, Refusal> {
    let (at, listing) = archive(facts, config, release, pin, ask)?;
    let text = Members { facts, at: &at, release, listing: &listing }.text(RELEASE_JSON)?;
    let stored = config::release_config(&format!("{release}:{RELEASE_JSON}"), &text);
    let stored = stored.map_err(rejected("read the release's configuration"))?;
    let notes = stored.warnings.iter().map(ToString::to_string).collect();
    Ok(Opened { at, listing, text, stored: stored.value, notes })
}

/// The archive of a release: the object of its name or, when that has other bytes, the version that is pinned.
fn archive(
    facts: &Facts,
    config: &ToolConfig,
    release: &str,
    pin: Option<&Pin>,
    ask: Ask,
) -> Result<(Location, Arc<Listing>), Refusal> {
    let (at, limits) = (archive_location(config, release), limits(config));
    let has_it = |at: &Location, listing: Option<Arc<Listing>>| match (listing, pin) {
        (None, _) => Ok(None),
        (Some(listing), None) => Ok(Some((listing, None))),
        (Some(listing), Some(pin)) => {
            let found = facts.pin(at, limits)?.sha256;
            Ok(Some((listing, (found != pin.sha256).then_some(found))))
        }
    };
    let current = has_it(&at, ask(facts, &at, limits)?)?;
    let mut why = match (&current, pin) {
        (Some((listing, None)), _) => return Ok((at, Arc::clone(listing))),
        (Some((_, Some(found))), Some(pin)) => {
            format!("its bytes have the SHA-256 {found}, but those of {} are asked for", pin.sha256)
        }
        _ => format!("{at} does not exist"),
    };
    if let (Some(version), Location::Object { bucket, key }) = (pin.and_then(|pin| pin.version.as_ref()), &at) {
        let at = Location::Version { bucket: bucket.clone(), key: key.clone(), version: version.clone() };
        // Whoever may fetch releases may not always fetch former versions of them.
        why += &match ask(facts, &at, limits).and_then(|listing| has_it(&at, listing)) {
            Ok(Some((listing, None))) => return Ok((at, listing)),
            Ok(Some((_, Some(found)))) => format!("; those of {at} have {found}"),
            Ok(None) => format!("; {at} does not exist"),
            Err(Refusal::Unknown) => return Err(Refusal::Unknown),
            Err(refusal) => format!("; {refusal}"),
        };
    }
    let hint = match current {
        None => "c2 list-releases shows the releases there are",
        Some(_) => "store the right archive under that name, or start what is there now again to pin it",
    };
    Err(Refusal::no(format!("fetch the release {release}"), why).with_hint(hint))
}

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
    super::partials::gather(path, text, |name| {
        let Some(inside) = super::partials::inside(folder, name) else {
            let why = format!("{path}: the partial {name} is outside the release");
            return Err(Refusal::no(format!("fill the templates of {}", members.release), why));
        };
        members.find(&inside)
    })
}

/// The members of a release's archive.
pub(super) struct Members<'a> {
    facts: &'a Facts,
    at: &'a Location,
    release: &'a str,
    listing: &'a Listing,
}

impl Members<'_> {
    /// A member's content, where the archive has it.
    pub(super) fn find(&self, path: &str) -> Result<Option<Content>, Refusal> {
        match self.listing.find(path) {
            Some(member) if !member.folder => self.facts.member(self.at, path),
            _ => Ok(None),
        }
    }

    /// The text of a member that must be there.
    fn text(&self, path: &str) -> Result<String, Refusal> {
        match self.find(path)? {
            Some(content) => Ok(utf8(&format!("{}:{path}", self.release), content.bytes.reveal())?.to_owned()),
            None => {
                let what = format!("read {path} of the release {}", self.release);
                let refusal = Refusal::no(what, "the archive holds no such file");
                let mut members = self.listing.members().iter();
                let deeper = members.find_map(|member| member.path.strip_suffix(path)?.strip_suffix('/'));
                Err(match deeper {
                    Some(folder) => refusal.with_hint(format!("there is one in {folder}: pack what is in that folder")),
                    None => refusal,
                })
            }
        }
    }

    /// The permission bits that `release.json` gives: those of rendered files are put into them.
    fn modes(&self, config: &ReleaseConfig, rendered: &mut [Rendered]) -> Result<Modes, Refusal> {
        let (mut modes, mut problems) = (Modes::new(), Vec::new());
        for (path, mode) in &config.modes {
            let (path, bits) = (path.as_str(), mode.bits());
            let file = rendered.iter_mut().find(|file| file.path == path);
            let is_folder = match (&file, self.listing.find(path)) {
                (None, None) => {
                    problems.push(format!("{path} is not in the archive"));
                    continue;
                }
                (Some(_), _) => false,
                (None, Some(member)) => member.folder,
            };
            match file {
                // c2 and whoever runs the release must get at what they need.
                _ if is_folder && bits & 0o700 != 0o700 => problems.push(format!("{path} would get {bits:04o}")),
                _ if bits & 0o400 == 0 => problems.push(format!("{path} would get {bits:04o}")),
                Some(file) => file.mode = bits,
                None => drop(modes.insert(path.to_string(), bits)),
            }
        }
        match problems.is_empty() {
            true => Ok(modes),
            false => Err(Refusal::no(
                format!("give files of {} the modes of release.json", self.release),
                problems.join(", "),
            )
            .with_hint("their owner must be able to read files, and to read, change and enter folders")),
        }
    }

    /// The contents of members that must be there, all asked for at once and all missing ones named at once.
    fn all<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Result<BTreeMap<String, Content>, Refusal> {
        let asked: Vec<_> = paths.map(|path| (path, self.find(path))).collect();
        let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
        for (path, answer) in asked {
            match answer? {
                Some(content) => drop(found.insert(path.to_string(), content)),
                None => missing.push(path),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let what = format!("read the files that {}:{RELEASE_JSON} names", self.release);
        Err(Refusal::no(what, format!("not in the archive: {}", missing.join(", "))))
    }
}

/// The text of a file.
fn utf8_of<'a>(what: &str, content: &'a Content) -> Result<&'a str, Refusal> {
    utf8(what, content.bytes.reveal())
}

/// The text of these bytes.
pub(crate) fn utf8<'a>(what: &str, bytes: &'a [u8]) -> Result<&'a str, Refusal> {
    core::str::from_utf8(bytes).map_err(|error| {
        let why = format!("{what} is not UTF-8 (byte {})", error.valid_up_to());
        Refusal::no("read a text", why).with_hint("store it as UTF-8")
    })
}

#[cfg(all(test, feature = "world"))]
mod tests {
    use super::*;
    use crate::{
        config::{FromText, Sha256, Syntax, tool_config},
        seam::settle,
        world::{Release, World},
    };

    fn release(text: &str, broken: Option<&str>) -> Release {
        let files = [(RELEASE_JSON.to_string(), (0o644, text.as_bytes().to_vec()))].into();
        Release { files, modified: String::new(), broken: broken.map(String::from) }
    }

    #[test]
    fn that_a_pinned_version_cannot_be_had_is_said_beside_what_there_is_in_its_place() {
        let config = r#"{"releases": {"s3": "s3://bkt/releases"}}"#;
        let config = tool_config("config.json", config, Syntax::Json).unwrap().value;
        let at = archive_location(&config, "a.zip");
        let version =
            Location::Version { bucket: "bkt".into(), key: "releases/a.zip".into(), version: "v1".to_string() };
        let sha256 = Sha256::from_text(&"49d7".repeat(16)).unwrap();
        let pin = Pin { sha256, size: None, version: Some("v1".into()) };
        let found = release("another", None).pin().sha256;
        let of_other_bytes = format!("its bytes have the SHA-256 {found}, but those of {} are asked for", pin.sha256);
        for (current, of_version, expected) in [
            (
                Some(release("another", None)),
                Some(release("", Some("answered 403 AccessDenied"))),
                format!("{of_other_bytes}; judge the archive {version}: answered 403 AccessDenied"),
            ),
            (Some(release("another", None)), None, format!("{of_other_bytes}; {version} does not exist")),
            (
                Some(release("another", None)),
                Some(release("another", None)),
                format!("{of_other_bytes}; those of {version} have {found}"),
            ),
            (None, None, format!("{at} does not exist; {version} does not exist")),
        ] {
            let mut world = World::default();
            world.releases.extend(current.map(|release| (at.clone(), release)));
            world.releases.extend(of_version.map(|release| (version.clone(), release)));
            let opened = settle(&mut world, &mut Facts::default(), |facts| opened(facts, &config, "a.zip", Some(&pin)));
            let refusal = opened.err().unwrap();
            assert_eq!(refusal.to_string(), format!("fetch the release a.zip: {expected}"));
        }
    }
}
