//! The configuration of certificates through DNS.

use crate::config::{Domain, HostedZoneId, LetsEncryptConfig, Parsed, Rejected, Verbosity, lets_encrypt_config};

use super::{check, good, report};

fn with(fields: &str) -> Result<Parsed<LetsEncryptConfig>, Rejected> {
    lets_encrypt_config(
        "le.json",
        &format!("{{\"certbotPath\": \"/usr/bin/certbot\", \"basedir\": \"/le\",\n{fields}}}"),
    )
}

#[test]
fn a_configuration_of_the_older_tool_is_read() {
    let config = good(with(
        r#""awsHostedZoneId": "Z0123456789ABC", "email": "a@b.example", "domains": ["*.b.example", "b.example"]"#,
    ));
    assert_eq!((config.certbot_path.as_str(), config.basedir.as_str()), ("/usr/bin/certbot", "/le"));
    assert_eq!(config.aws_hosted_zone_id.as_ref().map(HostedZoneId::bare), Some("Z0123456789ABC"));
    let domains: Vec<&str> = config.domains.iter().map(Domain::as_str).collect();
    assert_eq!((domains, config.verbosity), (vec!["*.b.example", "b.example"], Verbosity::Quiet));
    let noisy = good(with(r#""email": "a@b", "domains": ["b"], "verbosity": "noisy""#));
    assert_eq!((noisy.verbosity, noisy.aws_hosted_zone_id), (Verbosity::Noisy, None));
}

#[test]
fn no_domain_and_no_address_are_refused() {
    let expected = "le.json:2:10: email: found none, expected the address that warnings go to
le.json:2:25: domains: found none, expected at least one domain";
    assert_eq!(report(&with(r#""email": "", "domains": []"#)), expected);
}

#[test]
fn ids_of_zones_and_domains() {
    check::<HostedZoneId>(
        &["Z", "Z0123456789ABC", "/hostedzone/Z1"],
        &[("", "it is empty"), ("z1", "'z' is not allowed"), ("/change/C1", "'/' is not allowed")],
    );
    let long = format!("{}.example", "a".repeat(64));
    let label = format!("\"{}\" is not a part of a name", "a".repeat(64));
    check::<Domain>(
        &["example.com", "*.example.com", "_x.example.com", "localhost", "1.2"],
        &[
            ("", "\"\" is not a part of a name"),
            ("a..b", "\"\" is not a part of a name"),
            ("-a.b", "\"-a\" is not a part of a name"),
            ("a.*.b", "'*' is not allowed"),
            ("a b", "' ' is not allowed"),
            (&long, &label),
        ],
    );
}
