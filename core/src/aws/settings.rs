//! Region and endpoints as the environment and the profile set them.
//!
//! Source: the pages "AWS Region", "Service-specific endpoints" and "Dual-stack and FIPS endpoints" of the AWS SDKs
//! reference.

use super::profiles::nested;
use super::{Failure, Look, Service, Stop, Variant, metadata};
use crate::prelude::*;
use core::fmt;

const DEFAULT_REGION: &str = "us-east-1";

/// A value and what it came from, a variable or a property of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Where it came from, for a person.
    pub source: String,
    /// The value.
    pub value: String,
}

/// What is set for one service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The region; `None` when none is set.
    pub region: Option<Named>,
    /// The URL to use in place of AWS's own.
    pub endpoint: Option<Named>,
    /// What AWS's own endpoint shall be.
    pub variant: Variant,
}

/// Finds what is set for a service.
///
/// # Errors
/// When a file has to be read first, or cannot be, or a switch is neither true nor false.
pub fn settings(look: &Look<'_>, service: Service) -> Result<Settings, Stop> {
    let region = match named(look, "AWS_REGION").or_else(|| named(look, "AWS_DEFAULT_REGION")) {
        Some(region) => Some(region),
        None => of_profile(look, "region")?,
    };
    let own = if service == Service::S3 { named(look, "S3_ENDPOINT") } else { None };
    let endpoint = match own {
        Some(own) => Some(own),
        None if look.switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")? => None,
        None => match named(look, service.variable()).or_else(|| named(look, "AWS_ENDPOINT_URL")) {
            Some(endpoint) => Some(endpoint),
            None => endpoint_of_profile(look, service)?,
        },
    };
    let variant = Variant {
        fips: look.switch("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
        dual_stack: look.switch("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?,
    };
    Ok(Settings { region, endpoint, variant })
}

/// A setting that cannot be used, found before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingError {
    /// An endpoint that is none.
    Endpoint {
        /// Where it came from.
        source: String,
        /// The value, without what stands before an `@`.
        value: String,
    },
    /// A region that cannot be one.
    Region {
        /// Where it came from.
        source: String,
        /// The value.
        value: String,
    },
    /// An endpoint of one's own together with a choice between those of AWS.
    Both {
        /// Where the endpoint came from.
        source: String,
    },
    /// FIPS where there is none: S3 in China. Source: the endpoint rules for S3 that come with the AWS SDKs.
    NoFips {
        /// The region.
        region: String,
    },
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint { source, value } => {
                write!(f, "{source} is {value:?}, but an endpoint is http[s]://host[:port]")
            }
            Self::Region { source, value } => {
                write!(f, "{source} is {value:?}, but an AWS region is a name like eu-west-1")
            }
            Self::Both { source } => write!(
                f,
                "{source} names an endpoint, but AWS_USE_FIPS_ENDPOINT or AWS_USE_DUALSTACK_ENDPOINT (or the profile) \
                 wants one of AWS's own: set one or the other"
            ),
            Self::NoFips { region } => {
                write!(f, "AWS_USE_FIPS_ENDPOINT (or the profile) wants FIPS, which S3 has not in {region}")
            }
        }
    }
}

impl Settings {
    /// The region that requests are signed for; us-east-1 when none is set.
    ///
    /// # Errors
    /// When it cannot be one.
    pub fn region(&self) -> Result<&str, SettingError> {
        match &self.region {
            None => Ok(DEFAULT_REGION),
            Some(Named { value, .. }) if is_region(value) => Ok(value),
            Some(Named { source, value }) => Err(SettingError::Region { source: source.clone(), value: value.clone() }),
        }
    }

    /// The region that requests to a service are signed for: of one that has a single region, that one.
    ///
    /// # Errors
    /// When the region that is set cannot be one.
    pub fn signing_region(&self, service: Service) -> Result<&str, SettingError> {
        Ok(service.global_region(self.region()?))
    }

    /// The endpoint, `http[s]://host[:port]`.
    ///
    /// # Errors
    /// When it, or the region it depends on, is not what it should be.
    pub fn url(&self, service: Service) -> Result<String, SettingError> {
        match &self.endpoint {
            None => {
                let region = self.region()?;
                if self.variant.fips && service == Service::S3 && region.starts_with("cn-") {
                    return Err(SettingError::NoFips { region: region.to_owned() });
                }
                Ok(self.variant.url(service, region))
            }
            Some(Named { source, .. }) if self.variant != Variant::default() => {
                Err(SettingError::Both { source: source.clone() })
            }
            Some(named) => own_endpoint(named),
        }
    }

    /// Finds the region where none is set: that of the instance when the credentials are the instance's and AWS itself
    /// is asked, else us-east-1.
    ///
    /// # Errors
    /// When something has to be asked first.
    pub fn with_region(mut self, look: &Look<'_>, from_metadata: bool) -> Result<Self, Stop> {
        if self.region.is_none() && from_metadata && self.endpoint.is_none() {
            let source = "the region in the instance metadata".to_owned();
            self.region = metadata::region(look)?.map(|region| Named { source, value: region.to_owned() });
        }
        Ok(self)
    }
}

fn own_endpoint(Named { source, value }: &Named) -> Result<String, SettingError> {
    if let Some((scheme, rest)) = value.split_once("://") {
        let scheme = scheme.to_ascii_lowercase();
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if matches!(scheme.as_str(), "http" | "https") && is_authority(authority) {
            return Ok(format!("{scheme}://{authority}"));
        }
    }
    // What stands before an @ is a password more often than not.
    let value = value.rsplit_once('@').map_or_else(|| value.clone(), |(_, behind)| format!("...@{behind}"));
    Err(SettingError::Endpoint { source: source.clone(), value })
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

pub(super) fn is_region(region: &str) -> bool {
    region.len() <= 64 && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl Look<'_> {
    /// A setting from the environment, else from the profile.
    pub(super) fn setting(&self, variable: &'static str, property: &str) -> Result<Option<Named>, Stop> {
        named(self, variable).map_or_else(|| of_profile(self, property), |named| Ok(Some(named)))
    }

    fn switch(&self, variable: &'static str, property: &str) -> Result<bool, Stop> {
        match self.setting(variable, property)? {
            None => Ok(false),
            Some(Named { value, .. }) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(Named { value, .. }) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(Named { source, .. }) => Err(Stop::Failed(Failure::new(source, "it is neither true nor false", None))),
        }
    }
}

fn named(look: &Look<'_>, variable: &'static str) -> Option<Named> {
    look.variable(variable).map(|value| Named { source: variable.to_owned(), value: value.to_owned() })
}

fn of_profile(look: &Look<'_>, property: &str) -> Result<Option<Named>, Stop> {
    let (profile, _) = look.profile()?;
    let value = profile.as_ref().and_then(|profile| profile.get(property)).filter(|value| !value.is_empty());
    Ok(value.map(|value| Named { source: format!("{property} of the AWS profile"), value: value.clone() }))
}

/// `endpoint_url` of the service in the profile's `services` section, else of the profile.
fn endpoint_of_profile(look: &Look<'_>, service: Service) -> Result<Option<Named>, Stop> {
    let (profile, profiles) = look.profile()?;
    let section = profile.as_ref().and_then(|profile| profiles.services.get(profile.get("services")?));
    match section.and_then(|section| nested(section.get(service.key())?, "endpoint_url")) {
        Some(url) => {
            let source = format!("endpoint_url of {} in the AWS profile's services", service.id());
            Ok(Some(Named { source, value: url.to_string() }))
        }
        None => of_profile(look, "endpoint_url"),
    }
}
