//! The simulated AWS beside the stores: logins to registries, texts in DNS.

use crate::prelude::*;

use super::World;
use crate::{
    aws::{Login, Registries, TextChange},
    seam::{Effect, Failure, Secret},
};

impl World {
    /// The zone that a name is in, the smallest one.
    pub(super) fn zone_of(&self, name: &str) -> Option<String> {
        let parents = name.match_indices('.').map(|(at, _)| &name[at + 1..]);
        core::iter::once(name).chain(parents).find_map(|parent| self.zones.get(parent).cloned())
    }

    pub(super) fn change_text(
        &mut self,
        effect: &Effect,
        zone: &str,
        name: &str,
        change: &TextChange,
    ) -> Result<(), Failure> {
        let at = (zone.to_string(), name.to_string());
        match change {
            TextChange::Upsert(record) => drop(self.records.insert(at, record.clone())),
            TextChange::Delete(record) => match self.records.get(&at) {
                Some(found) if found != record => return Err(Failure::Conflict { doing: effect.to_string() }),
                _ => drop(self.records.remove(&at)),
            },
        }
        Ok(())
    }
}

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
