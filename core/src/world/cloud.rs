//! The simulated AWS beside the stores: logins to registries.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use crate::{
    aws::{Login, Registries},
    seam::Secret,
};

/// Logins as ECR gives them.
pub(super) fn logins(registries: &Registries) -> Vec<Login> {
    let (accounts, region) = match registries {
        Registries::OfAccounts(accounts) if accounts.is_empty() => (vec!["123456789012".to_string()], "us-east-1"),
        Registries::OfAccounts(accounts) => (accounts.clone(), "us-east-1"),
        Registries::At(host) => (vec![host.account.clone()], host.region.as_str()),
    };
    let login = |account: &String| Login {
        host: format!("{account}.dkr.ecr.{region}.amazonaws.com"),
        password: Secret::new(format!("password-of-{account}-{region}").into_bytes()),
    };
    accounts.iter().map(login).collect()
}
