//! The configuration of certificates through DNS: where it is, and read. That of the tool is not needed.

use alloc::{format, string::ToString};

use super::{
    load_config::{above_executable, place},
    prepare::utf8,
    rejected,
};
use crate::{
    config::{LetsEncryptConfig, Syntax, lets_encrypt_config},
    seam::{Facts, Location, Refusal},
};

/// The variable that names it.
const VARIABLE: &str = "HX_LETSENCRYPT_CONFIG";

/// What certbot and its hooks are told.
///
/// # Errors
/// There is none, or everything that is wrong with it.
pub(super) fn config(facts: &Facts) -> Result<LetsEncryptConfig, Refusal> {
    const DOING: &str = "read the configuration of certificates";
    let at = match facts.environment(VARIABLE)?.filter(|name| !name.is_empty()) {
        Some(name) => place(&name, &format!("find the configuration of certificates that {VARIABLE} names"))?,
        None => Location::File(format!("{}/etc/letsencrypt-aws.json", above_executable(facts)?)),
    };
    let Some(content) = facts.content(&at)? else {
        let hint = format!("write it, or name another file or s3://bucket/key by {VARIABLE}");
        return Err(Refusal::no(DOING, format!("{at} is not there")).with_hint(hint));
    };
    let file = at.to_string();
    let text = utf8(&file, content.bytes.reveal())?;
    // Names without an extension are in use.
    let syntax = Syntax::of_path(&file).unwrap_or(Syntax::Json);
    Ok(lets_encrypt_config(&file, text, syntax).map_err(rejected(DOING))?.value)
}

#[cfg(all(test, feature = "world"))]
mod tests {
    use super::*;
    use crate::{
        commands::GetCerts,
        seam::{End, drive},
        world::{Object, World},
    };

    const JSON: &str = r#"{"certbotPath": "/usr/bin/certbot", "basedir": "/opt/le", "email": "o@example.com", "domains": ["a.example.com"]}"#;
    const YAML: &str =
        "certbotPath: /usr/bin/certbot\nbasedir: &base /opt/le\nemail: o@example.com\ndomains:\n- a.example.com\n";

    fn calls(name: &str, text: &str) -> Result<usize, String> {
        let mut world = World::default();
        world.environment.insert(VARIABLE.into(), name.into());
        match name.strip_prefix("s3://bucket/") {
            Some(key) => {
                let at = Location::Object { bucket: "bucket".into(), key: key.into() };
                world.objects.insert(at, Object { bytes: text.into(), ..Object::default() });
            }
            None => world.tree.write(name, 0o644, text.as_bytes()),
        }
        match drive(&GetCerts, &mut world, &mut Facts::default()) {
            End::Reported(report) if report.failed.is_none() => Ok(world.calls.len()),
            End::Refused(refusal) => Err(refusal.to_string()),
            end => panic!("{end:?}"),
        }
    }

    #[test]
    fn it_is_json_or_yaml_by_its_extension_in_a_file_or_in_s3() {
        for (name, text) in [
            ("/etc/le.json", JSON),
            ("/etc/le.yaml", YAML),
            ("/etc/le.yml", YAML),
            ("/etc/le", JSON),
            ("s3://bucket/etc/le.json", JSON),
            ("s3://bucket/etc/le.yaml", YAML),
        ] {
            assert_eq!(calls(name, text), Ok(1), "{name}");
        }
        let why = calls("/etc/le.json", YAML).unwrap_err();
        assert!(why.contains("/etc/le.json:1:1: no valid JSON"), "{why}");
        let why = calls("s3://bucket/le.json", YAML).unwrap_err();
        assert!(why.contains("s3://bucket/le.json:1:1: no valid JSON"), "{why}");
        let why = calls("s3://bucket", JSON).unwrap_err();
        assert!(why.starts_with("find the configuration of certificates that HX_LETSENCRYPT_CONFIG names: "), "{why}");
    }
}
