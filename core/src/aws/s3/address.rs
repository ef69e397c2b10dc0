//! Where a bucket is: its endpoint, the style of its URLs and the region that requests are signed for.

use crate::aws::{Service, SettingError, Settings};
use crate::prelude::*;
use core::fmt;

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
    /// The endpoint or the region is not what it should be.
    Setting(SettingError),
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
            Self::Setting(error) => error.fmt(f),
            Self::Bucket { bucket } => {
                write!(f, "{bucket:?} is not the name of an S3 bucket: 3 to 255 letters, digits, '.', '_' and '-'")
            }
            Self::Key { key, why } => write!(f, "the S3 key {key:?} cannot be asked for: {why}"),
        }
    }
}

impl core::error::Error for AddressError {}

impl From<SettingError> for AddressError {
    fn from(error: SettingError) -> Self {
        Self::Setting(error)
    }
}

/// Finds the address of `bucket` from what is set for S3.
///
/// # Errors
/// When the bucket's name, or a setting that decides, is not what it should be.
pub fn address(settings: &Settings, bucket: &str) -> Result<Address, AddressError> {
    if !is_bucket_name(bucket) {
        return Err(AddressError::Bucket { bucket: bucket.to_owned() });
    }
    let addressing = match settings.endpoint {
        None if is_host_label(bucket) => Addressing::VirtualHost,
        _ => Addressing::Path,
    };
    let (endpoint, region) = (settings.url(Service::S3)?, settings.region()?.to_owned());
    Ok(Address { endpoint, addressing, bucket: bucket.to_owned(), region })
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
    use crate::aws::{Known, Look, settings};
    fn find(variables: &[(&str, &str)], bucket: &str) -> Result<Address, AddressError> {
        let env = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let look = Look { env: &env, now_s: 0, instance_region: None, known: &Known::default() };
        let settings = settings(&look, Service::S3).map_err(|_| "no file is needed").unwrap();
        address(&settings, bucket)
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
            assert!(matches!(ok, Err(AddressError::Setting(SettingError::Endpoint { .. }))), "{url}: {ok:?}");
        }
        assert_eq!(
            shown(&[("AWS_ENDPOINT_URL", "http://me:secret@minio:9000")], "releases"),
            "AWS_ENDPOINT_URL is \"...@minio:9000\", but an endpoint is http[s]://host[:port]"
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
