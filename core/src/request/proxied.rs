//! What a request means behind a proxy: on the state of this machine, or on the one that a fleet shares.

use crate::prelude::*;

use super::{Options, Request, label, needs_shared, pin, release_name};
use crate::{
    config::{
        DeployName, FromText, NewDeployName, ProxyModeConfig, ReleaseName, S3Path, ToolConfig, default_deploy_name,
    },
    fleet::{MasterChange, MasterStatus, RolloutChange, RolloutRun, RolloutStatus, SlaveFlush, SlaveUpdate},
    proxy::{
        Connect, Disconnect, EndMaintenance, GenerateCertificate, Goal, Maintain, ProxyMode, ProxyStatus, Restart,
        Shutdown, Split, Start, StartAgain, Stop,
    },
    seam::{Command, Refusal},
};

type Boxed = Box<dyn Command>;

impl Request {
    /// The command behind a proxy; `None` for one that does not care.
    pub(super) fn proxy_command(
        &self,
        config: &ToolConfig,
        proxy: &ProxyModeConfig,
        options: &Options,
    ) -> Result<Option<Boxed>, Refusal> {
        let base = proxy.remote_state_s3.as_ref();
        if let Some(command) = self.fleet_command(config, proxy, base, options)? {
            return Ok(Some(command));
        }
        if let Request::GenerateCertificate = self {
            let (config, proxy) = (config.clone(), proxy.clone());
            return Ok(Some(Box::new(GenerateCertificate { config, proxy })));
        }
        let Some(goal) = self.goal()? else { return Ok(None) };
        let force = matches!(
            self,
            Request::Start { force: true, .. }
                | Request::Restart { force: true, .. }
                | Request::Stop { force: true, .. }
        );
        let is_of_this_machine = matches!(goal, Goal::Restart(_) | Goal::Shutdown(_));
        let (config, proxy) = (config.clone(), proxy.clone());
        Ok(Some(match base {
            Some(base) if !is_of_this_machine => {
                let Options { rollout, unsafe_store, .. } = *options;
                Box::new(MasterChange { base: base.clone(), config, proxy, goal, rollout, unsafe_store, force })
            }
            _ => Box::new(ProxyMode { config, proxy, goal, force }),
        }))
    }

    /// The verb of proxy mode that a request is for; `None` for another request.
    fn goal(&self) -> Result<Option<Goal>, Refusal> {
        Ok(Some(match self {
            Request::Start { release, as_deploy, sha256, .. } => {
                let release = release_name("start", release)?;
                let name = as_deploy.as_deref().unwrap_or(default_deploy_name(&release));
                let deploy: NewDeployName = label(&format!("start the release {release}"), name)
                    .map_err(|refusal| refusal.with_hint("give the deploy a name: c2 start RELEASE NAME"))?;
                Goal::Start(Start { deploy: deploy.into(), release, pin: pin("start", sha256.as_deref())? })
            }
            Request::Restart { deploy, .. } => {
                Goal::StartAgain(StartAgain { deploy: deploy_name("restart a deploy", deploy)? })
            }
            Request::Stop { deploy, .. } => Goal::Stop(Stop { deploy: deploy_name("stop a deploy", deploy)? }),
            Request::Connect { endpoint, deploy } => {
                let what = "connect an endpoint";
                Goal::Connect(Connect { endpoint: label(what, endpoint)?, deploy: deploy_name(what, deploy)? })
            }
            Request::Disconnect { endpoint } => {
                Goal::Disconnect(Disconnect { endpoint: label("disconnect an endpoint", endpoint)? })
            }
            Request::Split { endpoint, deploy, percent } => {
                let what = "split an endpoint";
                Goal::Split(Split {
                    endpoint: label(what, endpoint)?,
                    deploy: deploy_name(what, deploy)?,
                    percent: *percent,
                })
            }
            Request::Maintain { endpoint, message } => {
                let what = "put an endpoint into maintenance";
                let message = message.as_deref().map(|text| label(what, text)).transpose()?;
                Goal::Maintain(Maintain { endpoint: label(what, endpoint)?, message })
            }
            Request::EndMaintenance { endpoint } => Goal::EndMaintenance(EndMaintenance {
                endpoint: label("end the maintenance of an endpoint", endpoint)?,
            }),
            Request::RestartProxy => Goal::Restart(Restart),
            Request::ShutdownProxy => Goal::Shutdown(Shutdown),
            // Named one by one: a verb that is added is either here or above.
            Request::ListReleases
            | Request::ShowLog
            | Request::FetchContext { .. }
            | Request::Unpack { .. }
            | Request::ExpandTemplate { .. }
            | Request::GenerateCertificate
            | Request::Status { .. }
            | Request::SlaveUpdate { .. }
            | Request::Reconcile { .. }
            | Request::SlaveFlush
            | Request::RolloutStatus
            | Request::RolloutChange(_)
            | Request::RolloutRun { .. }
            | Request::Hold { .. }
            | Request::CheckConfig
            | Request::DockerLogin(_)
            | Request::DockerCredential(_)
            | Request::GetCerts
            | Request::ChallengeHook(_)
            | Request::Completion(_) => return Ok(None),
        }))
    }

    /// The commands that are about a fleet, and `status`.
    fn fleet_command(
        &self,
        config: &ToolConfig,
        proxy: &ProxyModeConfig,
        base: Option<&S3Path>,
        options: &Options,
    ) -> Result<Option<Boxed>, Refusal> {
        let shared = |what: &str| base.cloned().ok_or_else(|| needs_shared(what));
        let (config, proxy, unsafe_store) = (config.clone(), proxy.clone(), options.unsafe_store);
        Ok(Some(match self {
            Request::Status { show_slaves, json, table } => match base {
                Some(base) => {
                    let base = base.clone();
                    Box::new(MasterStatus { proxy, base, show_slaves: *show_slaves, json: *json, table: *table })
                }
                None => Box::new(ProxyStatus { config, proxy, show_slaves: *show_slaves, json: *json }),
            },
            Request::SlaveUpdate { kept, repeat_s, misconfigured } => {
                let (base, kept, repeat_s) = (Some(shared("follow a master")?), kept.clone(), *repeat_s);
                Box::new(SlaveUpdate { config, proxy, base, kept, repeat_s, misconfigured: misconfigured.clone() })
            }
            Request::Reconcile { .. } if base.is_some() => {
                let why = "the state is kept in S3 (remoteStateS3): this machine follows it";
                return Err(Refusal::no("bring back what should be live", why).with_hint("run c2 slave-update"));
            }
            Request::Reconcile { kept, repeat_s, misconfigured } => {
                let (base, kept, repeat_s) = (None, kept.clone(), *repeat_s);
                Box::new(SlaveUpdate { config, proxy, base, kept, repeat_s, misconfigured: misconfigured.clone() })
            }
            Request::SlaveFlush => Box::new(SlaveFlush { base: shared("remove the records of slaves")? }),
            Request::RolloutStatus => Box::new(RolloutStatus { proxy, base: shared("show the rollout")? }),
            Request::RolloutChange(verb) => {
                Box::new(RolloutChange { base: shared(&format!("{verb}"))?, verb: *verb, unsafe_store })
            }
            Request::RolloutRun { stages, bake_s, max_failures, timeout_s } => Box::new(RolloutRun {
                proxy,
                base: shared("run the rollout")?,
                stages: stages.clone(),
                bake_s: *bake_s,
                max_failures: *max_failures,
                timeout_s: *timeout_s,
                unsafe_store,
            }),
            _ => return Ok(None),
        }))
    }
}

/// The deploy that a person names, perhaps by the path of its release.
fn deploy_name(what: &str, name: &str) -> Result<DeployName, Refusal> {
    let release = ReleaseName::from_text(name).ok().filter(|_| name.contains('/'));
    label(what, release.as_ref().map_or(name, default_deploy_name))
}
