//! Who this machine is to AWS and where its services are, decided without a connection, a file or a process.
//!
//! A decision is a function over [`Look`]: it gives a result, or the one question to be answered before it is called
//! again.

mod ask;
mod attempts;
mod call;
mod chain;
mod container;
mod credentials;
mod dns;
mod document;
mod environment;
mod files;
mod metadata;
mod profile;
mod profiles;
mod proxy;
mod quota;
mod redact;
mod registry;
mod retry;
pub mod s3;
mod secret;
mod service;
mod settings;
mod sigv4;
mod skew;
mod sts;
#[cfg(test)]
mod tests;
mod xml;

pub use ask::{Answer, Ask, HttpRequest, Known, Look, Reach, Stop};
pub use attempts::{Attempts, FailedAttempt};
pub use chain::credentials;
pub use credentials::{Credentials, Failure, Tried, have_ended};
pub use dns::{Dns, Taken, TextChange, TextRecord};
pub use files::Location;
pub use metadata::{instance_id, instance_region};
pub use profiles::{Kind, Profiles, Section, Wrong};
pub use proxy::{has_usable_port, proxy};
pub use quota::{Quota, max_attempts};
pub use redact::redact;
pub use registry::{Login, REGISTRY_USER, Registries, RegistryHost, is_account, logins};
pub use secret::secret;
pub use service::{Service, Variant};
pub use settings::{Named, SettingError, Settings, settings};
pub use sigv4::{Request, Signing};
pub use skew::{Heard, is_apart, is_skewed};
