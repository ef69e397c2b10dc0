//! Where a bucket is: its endpoint, the style of its URLs and the region that requests are signed for.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use core::fmt;

/// The variables that name an endpoint, the strongest first: the tool's own, then those of the AWS SDKs.
const ENDPOINT_VARIABLES: [&str; 3] = ["S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
/// The variables that name a region, the strongest first.
const REGION_VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const DEFAULT_REGION: &str = "us-east-1";

/// Domains of the partitions beside `amazonaws.com`, by the start of their regions' names.
/// Source: `partitions.json` of the AWS SDKs.
const PARTITIONS: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
];

/// How a bucket appears in the URLs of its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// `https://host/bucket/key`: an overridden endpoint, and names that cannot be part of a host under AWS's certificate.
    Path,
    /// `https://bucket.host/key`: what AWS wants.
    VirtualHost,
}

/// Where and how requests for one bucket are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `http[s]://host[:port]`, without the bucket and without a final slash.
    pub endpoint: String,
    /// How the bucket joins the endpoint.
    pub addressing: Addressing,
    /// The bucket, a name without `/`.
    pub bucket: String,
    /// The region that requests are signed for.
    pub region: String,
}

impl Address {
    /// Whether the connection is encrypted, so that root certificates are needed.
    pub fn is_tls(&self) -> bool {
        self.endpoint.starts_with("https:")
    }
}

/// Why no request can be made, found before one is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressError {
    /// A variable names an endpoint that is none.
    Endpoint {
        /// The variable.
        variable: &'static str,
        /// Its value, without what stands before an `@`.
        value: String,
    },
    /// A variable names a region that cannot be one.
    Region {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// The name is none of a bucket.
    Bucket {
        /// The name.
        bucket: String,
    },
    /// A URL cannot carry the key.
    Key {
        /// The key.
        key: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint { variable, value } => {
                write!(f, "{variable} is {value:?}, but an S3 endpoint is http[s]://host[:port]")
            }
            Self::Region { variable, value } => {
                write!(f, "{variable} is {value:?}, but an AWS region is a name like eu-west-1")
            }
            Self::Bucket { bucket } => {
                write!(f, "{bucket:?} is no name of an S3 bucket: 3 to 255 letters, digits, '.', '_' and '-'")
            }
            Self::Key { key, why } => write!(f, "the S3 key {key:?} cannot be asked for: {why}"),
        }
    }
}

impl core::error::Error for AddressError {}

/// Finds the address of `bucket` from the variables in `env`; an empty variable counts as absent.
///
/// # Errors
/// When the bucket's name, or a variable that decides, is not what it should be.
pub fn address(env: &BTreeMap<String, String>, bucket: &str) -> Result<Address, AddressError> {
    if !is_bucket_name(bucket) {
        return Err(AddressError::Bucket { bucket: bucket.to_owned() });
    }
    let region = match first_set(env, &REGION_VARIABLES) {
        None => DEFAULT_REGION,
        Some((_, region)) if is_region(region) => region,
        Some((variable, region)) => return Err(AddressError::Region { variable, value: region.to_owned() }),
    };
    let (endpoint, addressing) = match first_set(env, &ENDPOINT_VARIABLES) {
        Some((variable, url)) => (endpoint(variable, url)?, Addressing::Path),
        None if is_host_label(bucket) => (aws_endpoint(region), Addressing::VirtualHost),
        None => (aws_endpoint(region), Addressing::Path),
    };
    Ok(Address { endpoint, addressing, bucket: bucket.to_owned(), region: region.to_owned() })
}

fn first_set<'a>(env: &'a BTreeMap<String, String>, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
    names.iter().find_map(|name| {
        let value = env.get(*name)?.trim();
        (!value.is_empty()).then_some((*name, value))
    })
}

fn aws_endpoint(region: &str) -> String {
    let domain = PARTITIONS.iter().find(|(start, _)| region.starts_with(start)).map_or("amazonaws.com", |(_, d)| d);
    format!("https://s3.{region}.{domain}")
}

fn endpoint(variable: &'static str, url: &str) -> Result<String, AddressError> {
    let parts = url.split_once("://").map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
    match parts {
        Some((scheme, rest)) if matches!(scheme.as_str(), "http" | "https") => {
            let authority = rest.strip_suffix('/').unwrap_or(rest);
            if is_authority(authority) {
                return Ok(format!("{scheme}://{authority}"));
            }
        }
        _ => {}
    }
    // What stands before an @ is a password more often than not.
    let value = url.rsplit_once('@').map_or_else(|| url.to_owned(), |(_, behind)| format!("...@{behind}"));
    Err(AddressError::Endpoint { variable, value })
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host_is_good = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<core::net::Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')),
    };
    host_is_good && port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

fn is_region(region: &str) -> bool {
    region.len() <= 64 && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The widest rule that ever held: names from before 2018 in us-east-1 have capitals, `_` and up to 255 characters.
/// Source: the S3 page "General purpose bucket naming rules".
fn is_bucket_name(bucket: &str) -> bool {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (3..=255).contains(&bucket.len())
        && bucket.bytes().all(is_name)
        && bucket.bytes().any(|b| b.is_ascii_alphanumeric())
}

/// Whether the name can stand before the endpoint's host under its wildcard certificate, which covers one label.
fn is_host_label(bucket: &str) -> bool {
    bucket.len() <= 63
        && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !bucket.starts_with('-')
        && !bucket.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(variables: &[(&str, &str)], bucket: &str) -> Result<Address, AddressError> {
        let env = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        address(&env, bucket)
    }

    fn shown(variables: &[(&str, &str)], bucket: &str) -> String {
        match find(variables, bucket) {
            Ok(a) => format!("{:?} {} {}", a.addressing, a.endpoint, a.region),
            Err(error) => format!("{error}"),
        }
    }

    #[test]
    fn aws_is_addressed_by_virtual_host_in_the_region_of_the_environment() {
        assert_eq!(shown(&[], "releases"), "VirtualHost https://s3.us-east-1.amazonaws.com us-east-1");
        let both = [("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-2")];
        assert_eq!(shown(&both, "releases"), "VirtualHost https://s3.eu-west-1.amazonaws.com eu-west-1");
        assert_eq!(shown(&both[1..], "r-1"), "VirtualHost https://s3.eu-west-2.amazonaws.com eu-west-2");
        assert_eq!(shown(&[("AWS_REGION", " ")], "r-1"), "VirtualHost https://s3.us-east-1.amazonaws.com us-east-1");
    }

    #[test]
    fn other_partitions_have_their_own_domains() {
        for (region, host) in [
            ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", "s3.us-gov-west-1.amazonaws.com"),
            ("us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", "s3.us-isob-east-1.sc2s.sgov.gov"),
            ("eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(find(&[("AWS_REGION", region)], "bucket").unwrap().endpoint, format!("https://{host}"));
        }
    }

    #[test]
    fn names_that_no_certificate_covers_are_addressed_by_path() {
        let long = "a".repeat(64);
        for bucket in ["Releases", "re_leases", "re.leases", "releases-", "-releases", &long] {
            assert_eq!(shown(&[], bucket), "Path https://s3.us-east-1.amazonaws.com us-east-1", "{bucket}");
        }
    }

    #[test]
    fn an_overridden_endpoint_is_addressed_by_path_and_the_tools_own_variable_is_first() {
        let all = [
            ("S3_ENDPOINT", "http://127.0.0.1:8333"),
            ("AWS_ENDPOINT_URL_S3", "HTTPS://s3.example.com/"),
            ("AWS_ENDPOINT_URL", "https://[::1]:9000"),
        ];
        assert_eq!(shown(&all, "releases"), "Path http://127.0.0.1:8333 us-east-1");
        assert_eq!(shown(&all[1..], "releases"), "Path https://s3.example.com us-east-1");
        assert_eq!(shown(&all[2..], "releases"), "Path https://[::1]:9000 us-east-1");
        let empty = [("S3_ENDPOINT", ""), ("AWS_ENDPOINT_URL", "http://minio")];
        assert_eq!(shown(&empty, "releases"), "Path http://minio us-east-1");
        assert!(!find(&empty, "releases").unwrap().is_tls());
        assert!(find(&[], "releases").unwrap().is_tls());
    }

    #[test]
    fn an_endpoint_that_is_none_is_refused_without_its_password() {
        for url in [
            "minio:9000",
            "ftp://minio",
            "http://",
            "http:///x",
            "http://minio/path",
            "http://minio?x",
            "http://mi nio",
            "http://minio:",
            "http://minio:65536",
            "http://minio:+1",
            "http://minio:1:2",
            "http://[::1",
            "http://[x]:1",
            "http://m\u{e4}",
        ] {
            let ok = find(&[("S3_ENDPOINT", url)], "releases");
            assert!(matches!(ok, Err(AddressError::Endpoint { variable: "S3_ENDPOINT", .. })), "{url}: {ok:?}");
        }
        assert_eq!(
            shown(&[("AWS_ENDPOINT_URL", "http://me:secret@minio:9000")], "releases"),
            "AWS_ENDPOINT_URL is \"...@minio:9000\", but an S3 endpoint is http[s]://host[:port]"
        );
    }

    #[test]
    fn a_region_or_bucket_that_cannot_be_one_is_refused() {
        assert_eq!(
            shown(&[("AWS_REGION", "evil.example.com/")], "releases"),
            "AWS_REGION is \"evil.example.com/\", but an AWS region is a name like eu-west-1"
        );
        for bucket in ["", "a", "..", "...", "a/b", "a b", "arn:aws:s3:::x", "b\u{fc}cket", "a\n\n"] {
            assert_eq!(find(&[], bucket), Err(AddressError::Bucket { bucket: bucket.into() }));
        }
    }
}
