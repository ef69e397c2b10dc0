//! The configuration: where it is looked for, and read.

use crate::prelude::*;

use crate::{
    config::{FromText, Parsed, Rejected, S3Path, Syntax, ToolConfig, tool_config},
    deploy::{rejected, utf8},
    seam::{Facts, Location, Refusal},
};

/// The variable that names the configuration; the option `--config` is put into it.
pub const CONFIG_VARIABLE: &str = "CAMUS2_CONFIG";

/// The configuration with what is doubtful about it.
///
/// # Errors
/// None was found (every path tried is named), or everything that is wrong with the one that was.
pub fn load_config(facts: &Facts) -> Result<Parsed<ToolConfig>, Refusal> {
    read_config(facts)?.map_err(rejected("read the configuration"))
}

/// The configuration as it was read, right or wrong.
///
/// # Errors
/// None was found, or it could not be read.
pub(super) fn read_config(facts: &Facts) -> Result<Result<Parsed<ToolConfig>, Rejected>, Refusal> {
    let (at, syntax, bytes) = find(facts)?;
    let file = at.to_string();
    let text = utf8(&format!("the configuration {file}"), &bytes)?;
    Ok(tool_config(&file, text, syntax))
}

fn find(facts: &Facts) -> Result<(Location, Syntax, Vec<u8>), Refusal> {
    let named = named(facts)?;
    let candidates = match &named {
        Some(name) => vec![location(name)?],
        None => {
            let parent = above_executable(facts)?;
            ["json", "yaml"].map(|extension| Location::File(format!("{parent}/etc/camus2.{extension}"))).into()
        }
    };
    let asked: Vec<_> = candidates.iter().map(|at| (at, facts.content(at))).collect();
    for (at, answer) in asked {
        if let Some(content) = answer? {
            let syntax = Syntax::of_path(&at.to_string())
                .map_err(|error| Refusal::no(format!("read the configuration {at}"), error.to_string()))?;
            return Ok((at.clone(), syntax, content.bytes.reveal().to_vec()));
        }
    }
    let tried: Vec<String> = candidates.iter().map(ToString::to_string).collect();
    let hint = match named {
        Some(_) => format!("--config or {CONFIG_VARIABLE} names it: make that a file or s3://bucket/key that exists"),
        None => format!("write one of them, or name another file or s3://bucket/key by --config or {CONFIG_VARIABLE}"),
    };
    Err(Refusal::no("find the configuration", format!("none of these exists: {}", tried.join(", "))).with_hint(hint))
}

/// What the environment names as the configuration.
///
/// # Errors
/// It is not known yet.
pub(super) fn named(facts: &Facts) -> Result<Option<String>, Refusal> {
    Ok(facts.environment(CONFIG_VARIABLE)?.filter(|name| !name.is_empty()))
}

/// The folder above the one that the executable is in.
///
/// # Errors
/// It is not known yet, or cannot be found out.
pub(super) fn above_executable(facts: &Facts) -> Result<String, Refusal> {
    let path = facts.executable()?.unwrap_or_default();
    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
    Ok(folder.rsplit_once('/').map_or("..", |(parent, _)| parent).into())
}

/// The place that the environment names.
///
/// # Errors
/// It is not a place in S3.
pub(super) fn location(name: &str) -> Result<Location, Refusal> {
    if !name.starts_with("s3://") {
        return Ok(Location::File(name.to_string()));
    }
    let doing = || format!("find the configuration that --config or {CONFIG_VARIABLE} names");
    let path = S3Path::from_text(name).map_err(|error| Refusal::no(doing(), error.to_string()))?;
    Ok(Location::Object { bucket: path.bucket().into(), key: path.key().into() })
}
