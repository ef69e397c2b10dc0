//! What a person asks for: the command and its words, before any configuration is known.

use alloc::{boxed::Box, format, string::String};

use super::{CheckConfig, ExpandTemplate, FetchContext, ListReleases, ShowLog, Start, Status, Stop, Unpack};
use crate::{
    completion::Complete,
    config::{DeployMode, FromText, Percent, ProxyModeConfig, ReleaseName, ToolConfig, default_deploy_name},
    proxy::{Goal, ProxyMode, ProxyStatus},
    seam::{Command, Facts, Outcome, Refusal, Step},
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
    /// `connect <endpoint> <deploy>`
    Connect {
        /// The endpoint.
        endpoint: String,
        /// The deploy.
        deploy: String,
    },
    /// `disconnect <endpoint>`
    Disconnect {
        /// The endpoint.
        endpoint: String,
    },
    /// `split <endpoint> <deploy> --percent N`
    Split {
        /// The endpoint.
        endpoint: String,
        /// The second deploy.
        deploy: String,
        /// The share that goes to it.
        percent: Percent,
    },
    /// `maintenance <endpoint> [--message TEXT]`
    Maintain {
        /// The endpoint.
        endpoint: String,
        /// What its page says.
        message: Option<String>,
    },
    /// `maintenance <endpoint> --off`
    EndMaintenance {
        /// The endpoint.
        endpoint: String,
    },
    /// `restart-frontend-proxy`
    RestartProxy,
    /// `shutdown-frontend-proxy`
    ShutdownProxy,
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
    pub fn command(&self, mut config: ToolConfig) -> Result<Box<dyn Command>, Refusal> {
        // The paths of deploys are compared and cut apart: one folder has one spelling.
        config.deploys_dir = config.deploys_dir.tidied();
        if let DeployMode::Proxy(proxy) = &config.deploy_mode
            && let Some(command) = self.proxy_command(&config, proxy)?
        {
            return Ok(command);
        }
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
            Request::Start { release, as_deploy, force } => {
                let release = release_name("start", release)?;
                Box::new(Start { config, release, as_deploy: as_deploy.clone(), force: *force })
            }
            Request::Stop { deploy, force } => Box::new(Stop { config, deploy: deploy.clone(), force: *force }),
            Request::Status { json, .. } => Box::new(Status { config, json: *json }),
            Request::Connect { .. } => return Err(needs_proxy("connect an endpoint")),
            Request::Disconnect { .. } => return Err(needs_proxy("disconnect an endpoint")),
            Request::Split { .. } => return Err(needs_proxy("split an endpoint")),
            Request::Maintain { .. } => return Err(needs_proxy("put an endpoint into maintenance")),
            Request::EndMaintenance { .. } => return Err(needs_proxy("end the maintenance of an endpoint")),
            Request::RestartProxy => return Err(needs_proxy("restart the proxy")),
            Request::ShutdownProxy => return Err(needs_proxy("shut the proxy down")),
            Request::CheckConfig => Box::new(CheckConfig),
            Request::NotYet { command } => Box::new(NotYet(command.clone())),
            Request::Completion(complete) => Box::new(complete.clone()),
        })
    }

    /// The command, where it does without a configuration or looks for it itself.
    #[must_use]
    pub fn without_config(&self) -> Option<Box<dyn Command>> {
        match self {
            Request::Completion(complete) => Some(Box::new(complete.clone())),
            Request::CheckConfig => Some(Box::new(CheckConfig)),
            Request::NotYet { command } => Some(Box::new(NotYet(command.clone()))),
            _ => None,
        }
    }
}

/// A command that is known and cannot be carried out yet.
#[derive(Clone, Debug)]
struct NotYet(String);

impl Command for NotYet {
    fn next(&self, _: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        Err(Refusal::no(format!("run {}", self.0), "this version of c2 cannot do that yet"))
    }
}

impl Request {
    /// The command behind a proxy; `None` for one that does not care.
    fn proxy_command(&self, config: &ToolConfig, proxy: &ProxyModeConfig) -> Result<Option<Box<dyn Command>>, Refusal> {
        let mut with_force = false;
        let goal = match self {
            Request::Start { release, as_deploy, force } => {
                with_force = *force;
                let release = release_name("start", release)?;
                let name = as_deploy.as_deref().unwrap_or(default_deploy_name(&release));
                let deploy = label(&format!("start the release {release}"), name)
                    .map_err(|refusal| refusal.with_hint("give the deploy a name: start RELEASE NAME"))?;
                Goal::Start { deploy, release, pin: None }
            }
            Request::Stop { deploy, force } => {
                with_force = *force;
                Goal::Stop(label("stop a deploy", deploy)?)
            }
            Request::Connect { endpoint, deploy } => {
                let what = "connect an endpoint";
                Goal::Connect { endpoint: label(what, endpoint)?, deploy: label(what, deploy)? }
            }
            Request::Disconnect { endpoint } => Goal::Disconnect(label("disconnect an endpoint", endpoint)?),
            Request::Split { endpoint, deploy, percent } => {
                let what = "split an endpoint";
                Goal::Split { endpoint: label(what, endpoint)?, deploy: label(what, deploy)?, percent: *percent }
            }
            Request::Maintain { endpoint, message } => {
                let what = "put an endpoint into maintenance";
                let message = message.as_deref().map(|text| label(what, text)).transpose()?;
                Goal::Maintain { endpoint: label(what, endpoint)?, message }
            }
            Request::EndMaintenance { endpoint } => {
                Goal::EndMaintenance(label("end the maintenance of an endpoint", endpoint)?)
            }
            Request::RestartProxy => Goal::Restart,
            Request::ShutdownProxy => Goal::Shutdown,
            Request::Status { show_slaves, json } => {
                shared_state_is_not_yet(proxy)?;
                let (config, proxy) = (config.clone(), proxy.clone());
                return Ok(Some(Box::new(ProxyStatus { config, proxy, show_slaves: *show_slaves, json: *json })));
            }
            _ => return Ok(None),
        };
        if !matches!(goal, Goal::Restart | Goal::Shutdown) {
            shared_state_is_not_yet(proxy)?;
        }
        let (config, proxy) = (config.clone(), proxy.clone());
        Ok(Some(Box::new(ProxyMode { config, proxy, goal, force: with_force })))
    }
}

fn shared_state_is_not_yet(proxy: &ProxyModeConfig) -> Result<(), Refusal> {
    match &proxy.remote_state_s3 {
        None => Ok(()),
        Some(at) => Err(Refusal::no(
            format!("work on the state in {at}"),
            "this version of c2 cannot work on a state in S3 (remoteStateS3) yet",
        )),
    }
}

fn release_name(verb: &str, text: &str) -> Result<ReleaseName, Refusal> {
    ReleaseName::from_text(text).map_err(|why| Refusal::no(format!("{verb} a release"), format!("{why}")))
}

fn needs_proxy(what: &str) -> Refusal {
    Refusal::no(what, "there is no proxy: deployMode is noproxy in the configuration")
}

fn label<T: FromText>(what: &str, text: &str) -> Result<T, Refusal> {
    T::from_text(text).map_err(|why| Refusal::no(what, format!("{why}")))
}
