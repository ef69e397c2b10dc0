//! Docker on the simulated host: whether there is one, and what each generation of Compose refuses.

use crate::prelude::*;

use super::World;
use crate::seam::{Effect, Failure};

/// The compose project of the proxy.
pub(super) const PROJECT: &str = "frontend-proxy";

/// A generation of Compose. Both were tried with the proxy's compose file: 1.29.2 and 2.40.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compose {
    /// The program `docker-compose` in Python, which hosts without the plugin have. It refuses more: the default here.
    #[default]
    V1,
    /// The plugin of docker, or its program.
    V2,
}

impl World {
    /// Refuses what only docker can do, where there is none.
    pub(super) fn has_docker_for(&self, effect: &Effect) -> Result<(), Failure> {
        let needs = matches!(
            effect,
            Effect::TestProxy { .. }
                | Effect::ReloadProxy
                | Effect::ProveProxy { .. }
                | Effect::DrainProxy { .. }
                | Effect::ProxyUp { .. }
                | Effect::ProxyDown { .. }
                | Effect::StartContainers { .. }
                | Effect::ProveStopped { must_answer: true, .. }
        );
        if needs && self.no_docker { Err(no_docker(&effect.to_string())) } else { Ok(()) }
    }

    /// Whether Compose takes the file in this folder for a project of this name, to run a container of its service
    /// `nginx` beside one of the proxy's project that runs, or to start it.
    pub(super) fn compose_takes(&self, doing: &str, folder: &str, project: &str, beside: bool) -> Result<(), Failure> {
        let refuse = |why: String| Err(Failure::world(doing, format!("Compose refuses: {why}")));
        let Some(text) = self.tree.text(&format!("{folder}/docker-compose.yml")) else {
            return refuse("there is no compose file".into());
        };
        let versioned = text.lines().any(|line| line.starts_with("version:"));
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        match self.compose {
            Compose::V1 if !versioned => refuse("Unsupported config option for services: 'nginx'".into()),
            // `run` links the container to those of the service that run, and the network is the host's.
            Compose::V1 if beside && project == PROJECT => {
                refuse("conflicting options: host type networking can't be used with links".into())
            }
            Compose::V2 if !project.bytes().all(plain) => refuse(format!("invalid project name {project:?}")),
            _ => Ok(()),
        }
    }
}

/// What is said where there is no docker.
pub(super) fn no_docker(doing: &str) -> Failure {
    Failure::world(doing, "call docker: No such file or directory (os error 2)")
}
