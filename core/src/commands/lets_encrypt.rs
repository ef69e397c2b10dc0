//! The configuration of certificates through DNS: where it is, and read. That of the tool is not needed.

use super::load_config::above_executable;
use crate::{
    config::{LetsEncryptConfig, lets_encrypt_config},
    deploy::{rejected, utf8},
    seam::{Facts, Location, Refusal},
};

/// The variable that names it.
const VARIABLE: &str = "HX_LETSENCRYPT_CONFIG";

/// What certbot and its hooks are told.
///
/// # Errors
/// There is none, or everything that is wrong with it.
pub(super) fn config(facts: &Facts) -> Result<LetsEncryptConfig, Refusal> {
    let path = match facts.environment(VARIABLE)?.filter(|path| !path.is_empty()) {
        Some(path) => path,
        None => format!("{}/etc/letsencrypt-aws.json", above_executable(facts)?),
    };
    let Some(content) = facts.content(&Location::File(path.clone()))? else {
        let hint = format!("write it, or name another file by {VARIABLE}");
        return Err(
            Refusal::no("read the configuration of certificates", format!("{path} is not there")).with_hint(hint)
        );
    };
    let text = utf8(&path, content.bytes.reveal())?;
    let parsed = lets_encrypt_config(&path, text).map_err(rejected("read the configuration of certificates"))?;
    Ok(parsed.value)
}
