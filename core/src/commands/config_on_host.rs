//! What `check-config` finds on the machine about the paths of a configuration. Where this may not look it says nothing.

use crate::prelude::*;

use crate::{
    config::{ConfigSource, Releases, ToolConfig},
    seam::{Facts, Refusal, Settled as _, Stat},
};

/// What the machine has against a configuration.
pub(super) struct ConfigOnHost {
    /// What makes the check fail.
    pub(super) warnings: Vec<String>,
    /// Advice: an image is checked before its data comes.
    pub(super) notes: Vec<String>,
}

impl ConfigOnHost {
    /// Looks at all paths at once.
    ///
    /// # Errors
    /// Not known yet.
    pub(super) fn look(facts: &Facts, config: &ToolConfig) -> Result<Self, Refusal> {
        let (deploys_dir, log_file) = (config.deploys_dir.as_str(), config.log_file.as_str());
        let in_the_way = in_the_way(facts, deploys_dir);
        let open_to_all = open_to_all(facts, config);
        let log_file = (log_file, stat(facts, log_file));
        let releases = match &config.releases {
            Releases::LocalDir(path) => Some(("releases.localdir".into(), path)),
            Releases::S3(_) => None,
        };
        let sources = config.config_sources.iter().filter_map(|(name, source)| match source {
            ConfigSource::File(path) => Some((format!("configSources.{name}.file"), path)),
            ConfigSource::S3(_) | ConfigSource::AwsSecretArn(_) => None,
        });
        let data: Vec<(String, _, _)> = releases
            .into_iter()
            .chain(sources)
            .map(|(field, path)| (field, path, stat(facts, path.as_str())))
            .collect();

        let mut on_host = ConfigOnHost { warnings: Vec::new(), notes: Vec::new() };
        if let Some(file) = in_the_way? {
            let why = if file == deploys_dir { "it is" } else { "it lies below" };
            on_host.warnings.push(format!("deploysDir: found {deploys_dir}, expected a folder: {why} the file {file}"));
        }
        if let (path, Found::There(Stat { is_folder: true, .. })) = (log_file.0, log_file.1?) {
            on_host.warnings.push(format!("logFile: found {path}, expected the path of a file: it is a folder"));
        }
        on_host.notes.extend(open_to_all?);
        for (field, path, found) in data {
            if let Found::Nothing = found? {
                on_host.notes.push(format!("{field}: {path} is not there yet"));
            }
        }
        Ok(on_host)
    }
}

/// Who may enter a folder may read the files in it whose names he knows.
const ENTER_BY_OTHERS: u32 = 0o001;

/// What is at a path, as far as this may look.
enum Found {
    There(Stat),
    Nothing,
    Hidden,
}

fn stat(facts: &Facts, path: &str) -> Result<Found, Refusal> {
    Ok(match facts.stat(path).known()? {
        Ok(Some(stat)) => Found::There(stat),
        Ok(None) => Found::Nothing,
        Err(_) => Found::Hidden,
    })
}

/// Advice on a folder of deploys that every user may enter while templates fill values of this machine into its files.
fn open_to_all(facts: &Facts, config: &ToolConfig) -> Result<Option<String>, Refusal> {
    let (path, to_be) = (config.deploys_dir.as_str(), config.deploys_dir_mode.bits());
    let what = "what templates fill in from configSources";
    let (mode, text) = match stat(facts, path)? {
        _ if config.config_sources.is_empty() => return Ok(None),
        Found::There(Stat { is_folder: true, mode }) => (
            mode,
            format!(
                "deploysDir: every user of this machine can read {what}: {path} has mode {mode:04o}; chmod o-rwx {path} \
                 keeps the others out"
            ),
        ),
        Found::Nothing => (
            to_be,
            format!(
                "deploysDirMode: every user of this machine could read {what}: {path} would be made with mode \
                 {to_be:04o}; \"0750\" keeps the others out"
            ),
        ),
        Found::There(_) | Found::Hidden => return Ok(None),
    };
    Ok((mode & ENTER_BY_OTHERS != 0).then_some(text))
}

/// The file that is where this folder or one above it should be.
fn in_the_way<'p>(facts: &Facts, path: &'p str) -> Result<Option<&'p str>, Refusal> {
    let ends = path.match_indices('/').map(|(end, _)| end).filter(|end| *end > 0).chain([path.len()]);
    let folders = ends.filter_map(|end| path.get(..end));
    let found: Vec<_> = folders.map(|folder| (folder, stat(facts, folder))).collect();
    for (folder, found) in found {
        if let Found::There(Stat { is_folder: false, .. }) = found? {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}
