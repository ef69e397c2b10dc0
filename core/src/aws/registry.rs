//! Docker registries of Amazon ECR, and the logins to them.
//!
//! Source: the page "GetAuthorizationToken" of the ECR API reference, version 2015-09-21.

use super::call::Call;
use super::settings::{Named, is_region};
use super::{Credentials, Look, Service, Settings, Stop, Variant};
use crate::prelude::*;
use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// The most registries that one request may name.
const IN_A_CALL: usize = 10;
/// The name that every login has; the password alone tells who it is.
pub const REGISTRY_USER: &str = "AWS";

/// The registries that logins are for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Registries {
    /// Those of these accounts in this machine's region; without any, that of its own account.
    OfAccounts(Vec<String>),
    /// The one at a host.
    At(RegistryHost),
}

/// The host of a registry, `123456789012.dkr.ecr.eu-west-1.amazonaws.com`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegistryHost {
    /// The number of the account.
    pub account: String,
    /// The region.
    pub region: String,
    /// Which of the registry's hosts it is.
    pub variant: Variant,
}

impl RegistryHost {
    /// Reads a host, as a URL or alone; `None` for one that is not a registry of Amazon ECR. Nothing but a host that
    /// belongs to AWS is taken for one: who asks is given a password for it.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let host = url.strip_prefix("https://").unwrap_or(url);
        let host = host.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let (account, behind) = host.split_at_checked(12).filter(|(account, _)| is_account(account))?;
        // `.dkr.ecr-fips.REGION.`, `.dkr-ecr.REGION.`: the region is the first part behind them.
        let starts = [".dkr.ecr-fips.", ".dkr.ecr.", ".dkr-ecr-fips.", ".dkr-ecr."];
        let (start, rest) = starts.iter().find_map(|start| Some((*start, behind.strip_prefix(start)?)))?;
        let region = rest.split('.').next().filter(|region| !region.is_empty() && is_region(region))?;
        let variant = Variant { fips: start.contains("fips"), dual_stack: start.contains("dkr-") };
        (behind == variant.registries(region)).then(|| Self {
            account: account.to_owned(),
            region: region.to_owned(),
            variant,
        })
    }
}

/// Whether a text is the number of an account.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What lets docker into a registry, as the user [`REGISTRY_USER`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The registry's host.
    pub host: String,
    /// The password; it ends after twelve hours.
    pub password: Secret,
}

/// The logins to registries, in the order in which AWS gives them.
///
/// # Errors
/// When something has to be asked first, or there are none.
pub fn logins(
    look: &Look<'_>,
    settings: &Settings,
    credentials: &Credentials,
    registries: &Registries,
) -> Result<Vec<Login>, Stop> {
    let mut settings = settings.clone();
    let accounts = match registries {
        Registries::OfAccounts(accounts) => accounts.clone(),
        Registries::At(RegistryHost { account, region, variant }) => {
            settings.region = Some(Named { source: "the registry's host".to_string(), value: region.clone() });
            // Only one of AWS's own endpoints has variants.
            if settings.endpoint.is_none() {
                settings.variant.fips |= variant.fips;
                settings.variant.dual_stack |= variant.dual_stack;
            }
            [account.clone()].into()
        }
    };
    let call = Call {
        doing: match accounts.as_slice() {
            [] => "log in to the docker registry of this machine's account".to_string(),
            accounts => format!("log in to the docker registry of {}", accounts.join(", ")),
        },
        service: Service::Ecr,
        target: "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
        settings: &settings,
        credentials,
    };
    if accounts.is_empty() {
        return logins_of(&call, look, json!({}), 1);
    }
    let mut found = Vec::new();
    for part in accounts.chunks(IN_A_CALL) {
        found.extend(logins_of(&call, look, json!({ "registryIds": part }), part.len())?);
    }
    Ok(found)
}

fn logins_of(call: &Call<'_>, look: &Look<'_>, members: Value, wanted: usize) -> Result<Vec<Login>, Stop> {
    let document = call.ask(look, members)?.map_err(|refused| {
        let denied = refused.code == "AccessDeniedException";
        let hint = denied.then_some("give the machine's role ecr:GetAuthorizationToken");
        Stop::Failed(refused.failure(call.doing.clone(), hint))
    })?;
    let given = document.get("authorizationData").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if given.len() != wanted {
        return Err(call.failed(format!("{wanted} logins were asked for, and {} came", given.len())));
    }
    let login = |data: &Value| data.as_object().and_then(login).ok_or(());
    let found: Result<Vec<Login>, ()> = given.iter().map(login).collect();
    found.map_err(|()| call.failed("the answer holds no login in a form that is known".to_string()))
}

/// A login from an endpoint and the base64 of `AWS:password`.
fn login(data: &Map<String, Value>) -> Option<Login> {
    let text = |name: &str| data.get(name)?.as_str();
    let endpoint = text("proxyEndpoint")?;
    let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"))?.trim_end_matches('/');
    let token = STANDARD.decode(text("authorizationToken")?).ok()?;
    let password = token.strip_prefix(REGISTRY_USER.as_bytes())?.strip_prefix(b":")?;
    let is_host = host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    let is_word = !password.is_empty() && password.iter().all(u8::is_ascii_graphic);
    (is_host && is_word).then(|| Login { host: host.to_owned(), password: Secret::new(password.to_vec()) })
}
