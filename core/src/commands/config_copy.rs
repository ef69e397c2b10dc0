//! The last good copy of a configuration in S3: a machine that follows comes up by it after a boot while the store is away.

use crate::prelude::*;

use sha2::{Digest as _, Sha256};

use super::load_config::{location, named};
use crate::{
    config::{Parsed, Syntax, ToolConfig, tool_config},
    deploy::{rejected, utf8},
    hex::hex,
    seam::{Effect, Facts, Location, Refusal},
};

/// Where the copies are kept: they may hold what is not for all.
const FOLDER: &str = "/var/lib/c2";

/// What keeps a copy of the configuration; `None` where it is a file, or the copy is the same.
///
/// # Errors
/// The configuration or the copy cannot be read.
pub fn copy_config(facts: &Facts) -> Result<Option<Effect>, Refusal> {
    let Some((name, copy)) = copy(facts)? else { return Ok(None) };
    let (now, kept) = (facts.content(&location(&name)?), facts.content(&Location::File(copy.clone())));
    let (Some(now), kept) = (now?, kept?) else { return Ok(None) };
    let is_kept = kept.is_some_and(|kept| kept.bytes == now.bytes);
    let bytes = now.bytes.clone();
    let write = Effect::WriteFile { path: copy, bytes, mode: 0o600, folder_mode: 0o700, durable: true };
    Ok((!is_kept).then_some(write))
}

/// The copy of the configuration, as it was read last.
///
/// # Errors
/// The configuration is a file, there is no copy of it, or that is not right.
pub fn load_copied_config(facts: &Facts) -> Result<Parsed<ToolConfig>, Refusal> {
    let doing = "read the copy of the configuration";
    let none = || Refusal::no(doing, "there is none");
    let (_, copy) = copy(facts)?.ok_or_else(none)?;
    let content = facts.content(&Location::File(copy.clone()))?.ok_or_else(none)?;
    let syntax = Syntax::of_path(&copy).map_err(|error| Refusal::no(doing, error.to_string()))?;
    tool_config(&copy, utf8(doing, content.bytes.reveal())?, syntax).map_err(rejected(doing))
}

/// The object that is the configuration, and the file that its copy is kept in.
fn copy(facts: &Facts) -> Result<Option<(String, String)>, Refusal> {
    let object = named(facts)?.filter(|name| name.starts_with("s3://"));
    Ok(object.map(|name| {
        let extension = if Syntax::of_path(&name) == Ok(Syntax::Json) { "json" } else { "yaml" };
        let file = format!("{FOLDER}/{}.{extension}", hex(&Sha256::digest(name.as_bytes())));
        (name, file)
    }))
}

#[cfg(test)]
mod tests {
    use super::{super::load_config, *};
    use crate::{
        seam::{Host as _, settle},
        world::{Object, World},
    };

    const CONFIG: &str = r#"{"releases": {"localdir": "/srv/releases"}, "logFile": "/var/log/a"}"#;

    fn machine(name: &str) -> World {
        let mut world = World::default();
        world.environment.insert("CAMUS2_CONFIG".into(), name.into());
        let at = Location::Object { bucket: "bkt".into(), key: "c2.json".into() };
        world.objects.insert(at, Object { bytes: CONFIG.into(), ..Object::default() });
        world
    }

    #[test]
    fn a_configuration_in_a_store_that_is_away_is_read_from_its_copy() {
        let mut world = machine("s3://bkt/c2.json");
        assert!(settle(&mut world, &mut Facts::default(), load_copied_config).is_err(), "there is none yet");
        let kept = settle(&mut world, &mut Facts::default(), copy_config).unwrap().unwrap();
        world.perform(&kept).unwrap();
        assert_eq!(settle(&mut world, &mut Facts::default(), copy_config), Ok(None), "it is the same");
        world.cut_off = true;
        assert!(matches!(settle(&mut world, &mut Facts::default(), load_config), Err(Refusal::World(_))));
        let read = settle(&mut world, &mut Facts::default(), load_copied_config).unwrap();
        assert_eq!(read.value.log_file.as_str(), "/var/log/a");
    }

    #[test]
    fn another_configuration_has_another_copy_and_a_file_has_none() {
        let mut world = machine("s3://bkt/c2.json");
        let kept = settle(&mut world, &mut Facts::default(), copy_config).unwrap().unwrap();
        world.perform(&kept).unwrap();
        for other in ["s3://bkt/other.json", "/etc/c2.json"] {
            world.environment.insert("CAMUS2_CONFIG".into(), other.into());
            assert!(settle(&mut world, &mut Facts::default(), load_copied_config).is_err(), "{other}");
            assert_eq!(settle(&mut world, &mut Facts::default(), copy_config), Ok(None), "{other}");
        }
    }
}
