//! A release's archive, judged: the one that is asked for, with the bytes that it must have.

use crate::prelude::*;
use alloc::sync::Arc;

use super::{
    archive_location, limits,
    members::{Members, RELEASE_JSON},
    rejected,
};
use crate::{
    archive::{Limits, Listing},
    config::{self, Pin, ReleaseConfig, ToolConfig},
    seam::{Facts, Location, Refusal, Settled as _},
};

/// A release whose archive was judged, and was found to have the bytes that it must have.
pub(crate) struct Opened {
    /// Where its archive is.
    pub(crate) at: Location,
    /// What its archive holds.
    pub(crate) listing: Arc<Listing>,
    /// The text of its `release.json` as it is stored.
    pub(super) text: String,
    /// The same, read.
    pub(super) stored: ReleaseConfig,
    /// What a person should know.
    pub(crate) notes: Vec<String>,
}

/// Judges a release's archive and reads its `release.json`. Where bytes are pinned, it must have these and no others.
pub(crate) fn opened(facts: &Facts, config: &ToolConfig, release: &str, pin: Option<&Pin>) -> Result<Opened, Refusal> {
    open(facts, config, release, pin, if pin.is_some() { Facts::archive_copy } else { Facts::archive })
}

/// The same for a private copy: the bytes that are judged are the bytes that are pinned.
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
        why += &match ask(facts, &at, limits).and_then(|listing| has_it(&at, listing)).known()? {
            Ok(Some((listing, None))) => return Ok((at, listing)),
            Ok(Some((_, Some(found)))) => format!("; those of {at} have {found}"),
            Ok(None) => format!("; {at} does not exist"),
            Err(refusal) => format!("; {refusal}"),
        };
    }
    let hint = match current {
        None => "c2 list-releases shows the releases there are",
        Some(_) => "store the right archive under that name, or start what is there now again to pin it",
    };
    Err(Refusal::no(format!("fetch the release {release}"), why).with_hint(hint))
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
