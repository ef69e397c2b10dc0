//! What a person asks for: the command and its words, before any configuration is known.

use crate::prelude::*;

pub mod completion;
mod dispatch;
pub mod help;
mod proxied;

use completion::Complete;
pub use dispatch::Dispatch;

use crate::{
    commands::{
        AwaitConfig, ChallengeHook, CheckConfig, DockerCredential, DockerLogin, ExpandTemplate, FetchContext, GetCerts,
        Hold, ListReleases, ShowLog, Unpack,
    },
    config::{DeployMode, FromText, Hundredths, Percent, Pin, Positive, ReleaseName, Sha256, ToolConfig},
    deploy::{EitherName, ZIP, archive_location, is_zip, limits},
    printable::is_direction_mark,
    seam::{Command, Memo, Refusal, RolloutVerb},
    single::{Reconcile, Restart, Start, Status, Stop},
};

/// How a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether its plans are only printed.
    pub dry_run: bool,
    /// The longest wait for the lock.
    pub lock_wait_s: u32,
    /// The share of the machines that take a change of the shared state up; else all of them do.
    pub rollout: Option<Hundredths>,
    /// Whether a store is written to that ignores conditions.
    pub unsafe_store: bool,
}

impl Options {
    /// The options of a command for which none are given.
    pub const DEFAULT: Options = Options { dry_run: false, lock_wait_s: 60, rollout: None, unsafe_store: false };
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
    /// `start <release> [<asdeploy>] [--force] [--sha256 HEX]`
    Start {
        /// The release.
        release: String,
        /// The deploy's name.
        as_deploy: Option<String>,
        /// Whether a stop command that fails is only reported.
        force: bool,
        /// The hash that its archive must have.
        sha256: Option<String>,
    },
    /// `restart <deploy> [--force]`
    Restart {
        /// The deploy.
        deploy: String,
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
    /// `generate-ssl-certificate`
    GenerateCertificate,
    /// `status [--show-slaves] [--json-output] [--table]`
    Status {
        /// Whether the slaves are shown.
        show_slaves: bool,
        /// Whether it prints JSON.
        json: bool,
        /// Whether it prints a table of the slaves.
        table: bool,
    },
    /// `slave-update [--repeat SECS]`
    SlaveUpdate {
        /// The time between two looks; without it one is taken.
        repeat_s: Option<Positive>,
        /// What the round before has kept.
        kept: Option<Memo>,
        /// Why the configuration cannot be read any more; it is followed as it was.
        misconfigured: Option<String>,
    },
    /// `reconcile [--repeat SECS]`
    Reconcile {
        /// The time between two looks; without it one is taken.
        repeat_s: Option<Positive>,
        /// What the round before has kept.
        kept: Option<Memo>,
        /// Why the configuration cannot be read any more; it is followed as it was.
        misconfigured: Option<String>,
    },
    /// `hold [--why TEXT]`, `hold --off`
    Hold {
        /// Why; `None`: it ends.
        why: Option<String>,
    },
    /// `slave-flush`
    SlaveFlush,
    /// `rollout status`
    RolloutStatus,
    /// `rollout advance PERCENT`, `rollout finish`, `rollout abort`
    RolloutChange(RolloutVerb),
    /// `rollout run --stages LIST [--bake SECS] [--max-failures N] [--stage-timeout SECS]`
    RolloutRun {
        /// The shares of the machines.
        stages: Vec<Hundredths>,
        /// How long all of them must do well.
        bake_s: u32,
        /// How many may fail.
        max_failures: u32,
        /// How long they are waited for.
        timeout_s: u32,
    },
    /// `check-config`
    CheckConfig,
    /// `aws-docker-login-cmd [REGISTRY_ID...] [--print]`
    DockerLogin(DockerLogin),
    /// `docker-credential get|list|store|erase`
    DockerCredential(DockerCredential),
    /// `le-get-certs`
    GetCerts,
    /// `le-auth-hook`, `le-cleanup-hook`
    ChallengeHook(ChallengeHook),
    /// `--bash-completion-index N --bash-completion-word W ...`: the candidates for a word.
    Completion(Complete),
}

impl Request {
    /// The command, made for this configuration.
    ///
    /// # Errors
    /// A word that is not a valid name, a command that needs a proxy where there is none, or a share of a fleet where there
    /// is none.
    pub fn command(&self, config: ToolConfig, options: &Options) -> Result<Box<dyn Command>, Refusal> {
        let named = self.named(config.clone(), options)?;
        let mut zip = self.clone();
        let (at, copy) = match &mut zip {
            Request::Start { release, sha256, .. } if !is_zip(release) => {
                let at = archive_location(&config, release);
                release.push_str(ZIP);
                ((at, archive_location(&config, release)), sha256.is_some() || config.shared_state().is_some())
            }
            _ => return Ok(named),
        };
        let (limits, Ok(zip)) = (limits(&config), zip.named(config, options)) else { return Ok(named) };
        Ok(Box::new(EitherName { named: (named, at.0), zip: (zip, at.1), limits, copy }))
    }

    /// The command on what is named, by just that name.
    fn named(&self, mut config: ToolConfig, options: &Options) -> Result<Box<dyn Command>, Refusal> {
        // The paths of deploys are compared and cut apart: one folder has one spelling.
        config.deploys_dir = config.deploys_dir.tidied();
        if options.rollout.is_some() && config.shared_state().is_none() {
            return Err(needs_shared("roll a change out"));
        }
        if let DeployMode::Proxy(proxy) = &config.deploy_mode
            && let Some(command) = self.proxy_command(&config, proxy, options)?
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
            Request::Start { release, as_deploy, force, sha256 } => {
                let (release, pin) = (release_name("start", release)?, pin("start", sha256.as_deref())?);
                Box::new(Start { config, release, as_deploy: as_deploy.clone(), force: *force, pin })
            }
            Request::Restart { deploy, force } => Box::new(Restart { config, deploy: deploy.clone(), force: *force }),
            Request::Stop { deploy, force } => Box::new(Stop { config, deploy: deploy.clone(), force: *force }),
            Request::Status { json, .. } => Box::new(Status { config, json: *json }),
            Request::Connect { .. } => return Err(needs_proxy("connect an endpoint")),
            Request::Disconnect { .. } => return Err(needs_proxy("disconnect an endpoint")),
            Request::Split { .. } => return Err(needs_proxy("split an endpoint")),
            Request::Maintain { .. } => return Err(needs_proxy("put an endpoint into maintenance")),
            Request::EndMaintenance { .. } => return Err(needs_proxy("end the maintenance of an endpoint")),
            Request::RestartProxy => return Err(needs_proxy("restart the proxy")),
            Request::ShutdownProxy => return Err(needs_proxy("shut the proxy down")),
            Request::GenerateCertificate => return Err(needs_proxy("obtain a certificate")),
            Request::SlaveUpdate { .. } => return Err(needs_proxy("follow a master")),
            Request::Reconcile { kept, repeat_s, .. } => {
                Box::new(Reconcile { config, kept: kept.clone(), repeats: repeat_s.is_some() })
            }
            Request::SlaveFlush => return Err(needs_proxy("remove the records of slaves")),
            Request::RolloutStatus | Request::RolloutChange(_) | Request::RolloutRun { .. } => {
                return Err(needs_proxy("roll a change out"));
            }
            Request::Hold { why } => Box::new(Hold { config, why: why.clone() }),
            Request::CheckConfig => Box::new(CheckConfig),
            Request::DockerLogin(login) => Box::new(login.clone()),
            Request::DockerCredential(verb) => Box::new(*verb),
            Request::GetCerts => Box::new(GetCerts),
            Request::ChallengeHook(hook) => Box::new(*hook),
            Request::Completion(complete) => Box::new(complete.clone()),
        })
    }

    /// The time between two rounds of a command that goes on for ever, in seconds.
    #[must_use]
    pub fn period_s(&self) -> Option<Positive> {
        match self {
            Request::SlaveUpdate { repeat_s, .. } | Request::Reconcile { repeat_s, .. } => *repeat_s,
            _ => None,
        }
    }

    /// The next round of such a command.
    #[must_use]
    pub fn round(&self, kept: Option<Memo>, misconfigured: Option<String>) -> Request {
        let repeat_s = self.period_s();
        match self {
            Request::Reconcile { .. } => Request::Reconcile { repeat_s, kept, misconfigured },
            _ => Request::SlaveUpdate { repeat_s, kept, misconfigured },
        }
    }

    /// What comes before the configuration is read: a wait for it, where one was asked for.
    pub(super) fn before_config(&self) -> Option<Box<dyn Command>> {
        matches!(self, Request::FetchContext { retry: true }).then(|| Box::new(AwaitConfig) as Box<dyn Command>)
    }

    /// The command, where it does without a configuration or looks for it itself.
    pub(super) fn without_config(&self) -> Option<Box<dyn Command>> {
        match self {
            Request::Completion(complete) => Some(Box::new(complete.clone())),
            Request::CheckConfig => Some(Box::new(CheckConfig)),
            Request::DockerLogin(login) => Some(Box::new(login.clone())),
            Request::DockerCredential(verb) => Some(Box::new(*verb)),
            Request::GetCerts => Some(Box::new(GetCerts)),
            Request::ChallengeHook(hook) => Some(Box::new(*hook)),
            _ => None,
        }
    }
}

fn release_name(verb: &str, text: &str) -> Result<ReleaseName, Refusal> {
    let refused = |why| Refusal::no(format!("{verb} a release"), why);
    // One that is deployed already, or lies in the store, is shown with its marks escaped.
    if text.contains(is_direction_mark) {
        return Err(refused(format!(
            "found {text:?}, expected a name without marks that change the direction of text"
        )));
    }
    ReleaseName::from_text(text).map_err(|why| refused(format!("{why}")))
}

fn needs_proxy(what: &str) -> Refusal {
    Refusal::no(what, "there is no proxy: deployMode is noproxy in the configuration")
}

fn needs_shared(what: &str) -> Refusal {
    Refusal::no(what, "no state is shared: remoteStateS3 is not set in the configuration")
        .with_hint("set deployMode.proxy.remoteStateS3 to s3://BUCKET/PREFIX, for the slaves too")
}

/// What `--sha256` pins.
fn pin(verb: &str, sha256: Option<&str>) -> Result<Option<Pin>, Refusal> {
    let sha256 = sha256.map(|text| Sha256::from_text(&text.to_ascii_lowercase()));
    let sha256 =
        sha256.transpose().map_err(|why| Refusal::no(format!("{verb} a release by its hash"), format!("{why}")))?;
    Ok(sha256.map(|sha256| Pin { sha256, size: None, version: None }))
}

fn label<T: FromText>(what: &str, text: &str) -> Result<T, Refusal> {
    T::from_text(text).map_err(|why| Refusal::no(what, format!("{why}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Syntax, tool_config};

    /// How a command of this request ends before it begins, for a release that a share of the slaves is to take up.
    fn refusal(request: &Request, deploy_mode: &str) -> Option<Refusal> {
        let text = format!(r#"{{"releases": {{"localdir": "/srv/releases"}}, "deployMode": {deploy_mode}}}"#);
        let config = tool_config("config.json", &text, Syntax::Json).unwrap().value;
        request.command(config, &Options { rollout: Hundredths::new(10), ..Options::DEFAULT }).err()
    }

    #[test]
    fn a_new_release_whose_name_changes_the_direction_of_text_is_refused() {
        for mark in ['\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'] {
            let name = format!("a{mark}piz.exe");
            let start = Request::Start { release: name.clone(), as_deploy: None, force: false, sha256: None };
            for request in [start, Request::Unpack { release: name.clone(), to: "/tmp/a".into() }] {
                let text = r#"{"releases": {"localdir": "/srv/releases"}}"#;
                let config = tool_config("config.json", text, Syntax::Json).unwrap().value;
                let refused = request.command(config, &Options::DEFAULT).err().expect("it is refused");
                let escaped = mark.escape_unicode();
                let expected = format!("a release: found \"a{escaped}piz.exe\", expected a name without marks");
                assert!(format!("{refused}").contains(&expected), "{refused}");
            }
            assert!(ReleaseName::from_text(&name).is_ok(), "a state that has it stays readable");
        }
    }

    #[test]
    fn a_share_of_the_slaves_is_refused_wherever_no_state_is_shared() {
        let start = Request::Start { release: "a.zip".into(), as_deploy: None, force: false, sha256: None };
        for request in [start, Request::Stop { deploy: "a".into(), force: false }] {
            let of_mode = |mode| refusal(&request, mode);
            let expected = Some(needs_shared("roll a change out"));
            assert_eq!(of_mode(r#""noproxy""#), expected, "{request:?}");
            assert_eq!(of_mode(r#"{"proxy": {"endPoints": {}}}"#), expected, "{request:?}");
            assert_eq!(
                of_mode(r#"{"proxy": {"endPoints": {}, "remoteStateS3": "s3://bkt/fleet"}}"#),
                None,
                "{request:?}"
            );
        }
    }
}
