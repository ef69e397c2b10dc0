//! Secrets of AWS Secrets Manager.
//!
//! Source: the page "GetSecretValue" of the Secrets Manager API reference, version 2017-10-17.

use super::call::Call;
use super::retry::asks_for_patience;
use super::settings::Named;
use super::{Credentials, Failure, Look, Service, Settings, Stop};
use crate::prelude::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The errors of an identity that has no permission yet, or is not known everywhere yet.
const NOT_YET: [&str; 4] =
    ["AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException"];

/// The bytes of a secret, by its name or ARN; `None` when there is none of that name. An ARN is asked for in its own
/// region.
///
/// # Errors
/// When something has to be asked first, or the secret is not available; [`Failure::may_pass`] tells whether that may
/// change by itself.
pub fn secret(
    look: &Look<'_>,
    settings: &Settings,
    credentials: &Credentials,
    id: &str,
) -> Result<Option<Vec<u8>>, Stop> {
    let mut settings = settings.clone();
    if let Some(region) = region_of(id) {
        settings.region = Some(Named { source: "the secret's ARN".to_string(), value: region.to_string() });
    }
    let call = Call {
        doing: format!("get the secret {id}"),
        service: Service::SecretsManager,
        target: "secretsmanager.GetSecretValue",
        settings: &settings,
        credentials,
    };
    let document = match call.ask(look, json!({ "SecretId": id }))? {
        Ok(document) => document,
        Err(refused) if refused.code == "ResourceNotFoundException" => return Ok(None),
        Err(refused) => {
            let code = refused.code.as_str();
            let may_pass = NOT_YET.contains(&code) || asks_for_patience(refused.status, code);
            let hint = (refused.code == "AccessDeniedException")
                .then_some("give the machine's role secretsmanager:GetSecretValue on it, and kms:Decrypt on its key");
            return Err(Stop::Failed(Failure { may_pass, ..refused.failure(call.doing, hint) }));
        }
    };
    match (document.get("SecretString"), document.get("SecretBinary")) {
        (Some(Value::String(text)), _) => Ok(Some(text.clone().into_bytes())),
        (_, Some(Value::String(text))) => match STANDARD.decode(text) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(_) => Err(call.failed("its SecretBinary is not base64".to_string())),
        },
        _ => Err(call.failed("the answer holds neither SecretString nor SecretBinary".to_string())),
    }
}

/// The region in an ARN, `arn:partition:service:region:account:resource`.
fn region_of(id: &str) -> Option<&str> {
    id.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}
