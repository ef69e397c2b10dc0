//! A release's commands: as its folder has them, and how they are run.

use crate::{
    config::{self, Readiness, ReleaseConfig, ShellCommand},
    seam::{CommandLine, Effect, Folder, Refusal, Role},
};

/// Whether a folder was unpacked to its end. The id is written last; a folder of the older tool has none and is whole
/// when its `release.json` can be read.
pub(crate) fn is_whole(folder: &Folder) -> bool {
    folder.id.is_some() || release_json(folder, "").is_ok()
}

/// What a release says of how it is run.
#[derive(Clone, Debug)]
pub(crate) struct Commands {
    prestart: CommandLine,
    start: CommandLine,
    stop: CommandLine,
    /// When its deploy counts as ready; `None` for what the tool's configuration says.
    pub(crate) readiness: Option<Readiness>,
}

impl Commands {
    /// Those of a release's configuration; `filled`: it was made from a template.
    pub(crate) fn new(config: &ReleaseConfig, filled: bool) -> Self {
        let line = |command: &ShellCommand| CommandLine::new(command.as_str(), filled);
        Commands {
            prestart: line(&config.prestart_command),
            start: line(&config.start_command),
            stop: line(&config.stop_command),
            readiness: config.readiness.clone(),
        }
    }
}

const DOING: &str = "read the commands of a deploy";

/// The commands in the `release.json` that lies in a folder.
pub(crate) fn release_json(folder: &Folder, path: &str) -> Result<Commands, Refusal> {
    let file = alloc::format!("{path}/release.json");
    let Some(text) = &folder.release_json else {
        return Err(Refusal::no(DOING, alloc::format!("{file} is not there")));
    };
    config::release_config(&file, text).map(|parsed| Commands::new(&parsed.value, folder.filled)).map_err(|error| {
        match folder.filled {
            true => super::rejected_filled(DOING)(error),
            false => super::rejected(DOING)(error),
        }
    })
}

/// How long a start command has to end by itself once a stop command has ended what it waits for, in seconds.
const GRACE_S: u32 = 2;

/// Ends the start command that stays in the foreground of a folder, perhaps after a stop command.
pub(crate) fn end_foreground(folder: &str, stop: Option<&Effect>) -> Effect {
    Effect::EndForeground { folder: folder.into(), grace_s: if stop.is_some() { GRACE_S } else { 0 } }
}

/// How a release's commands are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    /// The longest run of a prestart or stop command in seconds: `commandTimeoutSecs`.
    pub(crate) limit_s: Option<u32>,
    /// The longest run of a start command in seconds: behind a proxy `startTimeoutSecs`.
    pub(crate) start_limit_s: Option<u32>,
    /// Whether a start command may stay in the foreground.
    pub(crate) may_stay: bool,
}

impl Running {
    /// Runs a command of a release; the empty one runs nothing.
    pub(crate) fn run(self, role: Role, commands: &Commands, folder: &str, tolerant: bool) -> Option<Effect> {
        let (command, limit_s) = match role {
            Role::Prestart => (&commands.prestart, self.limit_s),
            Role::Start => (&commands.start, self.start_limit_s),
            Role::Stop => (&commands.stop, self.limit_s),
        };
        let (command, may_stay) = (command.clone(), self.may_stay);
        let is_empty = command.reveal().trim().is_empty();
        (!is_empty).then(|| Effect::Run { role, folder: folder.into(), command, tolerant, limit_s, may_stay })
    }
}
