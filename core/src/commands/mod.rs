//! The verbs that are the same in both modes: one verb, one file.

mod await_config;
mod check_config;
mod config_copy;
mod config_on_host;
mod docker_credential;
mod docker_login;
mod expand_template;
mod fetch_context;
mod hold;
mod le_get_certs;
mod le_hook;
mod lets_encrypt;
mod list_releases;
mod load_config;
mod show_log;
mod unpack;

pub(crate) use await_config::AwaitConfig;
pub use check_config::CheckConfig;
pub use config_copy::{copy_config, load_copied_config};
pub use docker_credential::DockerCredential;
pub use docker_login::DockerLogin;
pub use expand_template::ExpandTemplate;
pub use fetch_context::FetchContext;
pub use hold::Hold;
pub use le_get_certs::GetCerts;
pub use le_hook::ChallengeHook;
pub use list_releases::ListReleases;
pub use load_config::{CONFIG_VARIABLE, load_config};
pub use show_log::ShowLog;
pub use unpack::Unpack;

pub(crate) use hold::held;
pub(crate) use list_releases::releases;
