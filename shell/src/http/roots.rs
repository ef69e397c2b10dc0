//! The root certificates for https: those of the machine, none compiled in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs};
use ureq::tls::{Certificate, PemItem, parse_pem};

/// The variables that name a bundle, the strongest first: the AWS SDKs' own, then OpenSSL's.
const VARIABLES: [&str; 2] = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"];
/// Where distributions keep their bundle: Debian and Alpine, Fedora and Amazon Linux, SUSE, RHEL, BSD.
const PLACES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Why there are no root certificates.
#[derive(Debug)]
pub struct RootsError {
    /// The file, or all files that were looked for.
    pub paths: Vec<PathBuf>,
    /// The variable that names the file, if one does.
    pub variable: Option<&'static str>,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for RootsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot read the root certificates for https from ")?;
        for (n, path) in self.paths.iter().enumerate() {
            write!(f, "{}{}", if n == 0 { "" } else { ", " }, path.display())?;
        }
        match self.variable {
            Some(variable) => write!(f, " (named by {variable}): {}", self.why),
            None => write!(f, ": {}; install ca-certificates or set AWS_CA_BUNDLE", self.why),
        }
    }
}

/// Reads the first bundle there is, and says which. A bundle that a variable names is the only one looked at.
///
/// # Errors
/// [`RootsError`] when there is none, or none of its sections is a certificate.
pub(super) fn roots(env: &BTreeMap<String, String>) -> Result<(PathBuf, Vec<Certificate<'static>>), RootsError> {
    let named = VARIABLES.iter().find_map(|name| Some((*name, env.get(*name).filter(|path| !path.trim().is_empty())?)));
    if let Some((variable, path)) = named {
        let path = PathBuf::from(path);
        return match certificates(&path) {
            Ok(roots) => Ok((path, roots)),
            Err(why) => Err(RootsError { paths: vec![path], variable: Some(variable), why }),
        };
    }
    let found = PLACES.iter().find_map(|path| Some((PathBuf::from(path), certificates(Path::new(path)).ok()?)));
    found.ok_or_else(|| RootsError {
        paths: PLACES.iter().map(PathBuf::from).collect(),
        variable: None,
        why: "none of them is there and holds a certificate".to_owned(),
    })
}

/// The certificates of a bundle; sections that are broken or something else are left out, as everywhere.
fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let pem = fs::read(path).map_err(|error| error.to_string())?;
    let certificates: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() { Err("there is no certificate in it".to_owned()) } else { Ok(certificates) }
}
