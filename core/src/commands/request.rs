//! What a person asks for: the command and its words, before any configuration is known.

use alloc::{boxed::Box, format, string::String};

use super::{CheckConfig, ExpandTemplate, FetchContext, ListReleases, ShowLog, Start, Status, Stop, Unpack};
use crate::{
    completion::Complete,
    config::{DeployMode, FromText, ReleaseName, ToolConfig},
    seam::{Command, Refusal},
};

/// How a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether its plans are only printed.
    pub dry_run: bool,
    /// The longest wait for the lock.
    pub lock_wait_s: u32,
}

impl Options {
    /// The options of a command for which none are given.
    pub const DEFAULT: Options = Options { dry_run: false, lock_wait_s: 60 };
}

/// A command and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `list-releases`
    ListReleases,
    /// `show-log`
    ShowLog,
    /// `fetch-context [--retry]`
    FetchContext {
        /// Whether it waits for what does not exist yet.
        retry: bool,
    },
    /// `unpack <release> <todir>`
    Unpack {
        /// The release.
        release: String,
        /// The folder.
        to: String,
    },
    /// `expand-template <templatePath> <destPath>`
    ExpandTemplate {
        /// The template.
        template: String,
        /// The file to write.
        to: String,
    },
    /// `start <release> [<asdeploy>] [--force]`
    Start {
        /// The release.
        release: String,
        /// The deploy's name.
        as_deploy: Option<String>,
        /// Whether a stop command that fails is only reported.
        force: bool,
    },
    /// `stop <deploy> [--force]`
    Stop {
        /// The deploy.
        deploy: String,
        /// Whether a stop command that fails is only reported.
        force: bool,
    },
    /// `status [--show-slaves] [--json-output]`
    Status {
        /// Whether the slaves are shown.
        show_slaves: bool,
        /// Whether it prints JSON.
        json: bool,
    },
    /// `check-config`
    CheckConfig,
    /// A command that is known and cannot be carried out yet.
    NotYet {
        /// Its name.
        command: String,
    },
    /// `--bash-completion-index N --bash-completion-word W ...`: the candidates for a word.
    Completion(Complete),
}

impl Request {
    /// The command, made for this configuration.
    ///
    /// # Errors
    /// A word that is no valid name, or a command that cannot be carried out yet.
    pub fn command(&self, config: ToolConfig) -> Result<Box<dyn Command>, Refusal> {
        let proxy = matches!(config.deploy_mode, DeployMode::Proxy(_));
        Ok(match self {
            Request::ListReleases => Box::new(ListReleases { config }),
            Request::ShowLog => Box::new(ShowLog { config }),
            Request::FetchContext { retry } => Box::new(FetchContext { config, retry: *retry }),
            Request::Unpack { release, to } => {
                Box::new(Unpack { config, release: release_name("unpack", release)?, to: to.clone() })
            }
            Request::ExpandTemplate { template, to } => {
                Box::new(ExpandTemplate { config, template: template.clone(), to: to.clone() })
            }
            Request::Start { release, as_deploy, force } if !proxy => {
                let release = release_name("start", release)?;
                Box::new(Start { config, release, as_deploy: as_deploy.clone(), force: *force })
            }
            Request::Stop { deploy, force } if !proxy => {
                Box::new(Stop { config, deploy: deploy.clone(), force: *force })
            }
            Request::Status { json, .. } if !proxy => Box::new(Status { config, json: *json }),
            Request::Start { .. } => return Err(without_proxy("start")),
            Request::Stop { .. } => return Err(without_proxy("stop")),
            Request::Status { .. } => return Err(without_proxy("status")),
            Request::CheckConfig => Box::new(CheckConfig),
            Request::NotYet { command } => {
                return Err(Refusal::no(format!("run {command}"), "this version of c2 cannot do that yet"));
            }
            Request::Completion(complete) => Box::new(complete.clone()),
        })
    }

    /// The command, where it does without a configuration or looks for it itself.
    #[must_use]
    pub fn without_config(&self) -> Option<Box<dyn Command>> {
        match self {
            Request::Completion(complete) => Some(Box::new(complete.clone())),
            Request::CheckConfig => Some(Box::new(CheckConfig)),
            _ => None,
        }
    }
}

fn release_name(verb: &str, text: &str) -> Result<ReleaseName, Refusal> {
    ReleaseName::from_text(text).map_err(|why| Refusal::no(format!("{verb} a release"), format!("{why}")))
}

fn without_proxy(command: &str) -> Refusal {
    Refusal::no(
        format!("{command} behind a proxy"),
        "deployMode is proxy in the configuration, and this version of c2 only works with noproxy yet",
    )
}
