//! The services of AWS that c2 asks, and AWS's own endpoints of them.
//!
//! Source: `partitions.json` and the endpoint rule sets of the AWS SDKs.

use crate::prelude::*;

/// A group of regions with domains and identities of its own.
struct Partition {
    /// The start of its regions' names.
    start: &'static str,
    domain: &'static str,
    /// The domain of endpoints with IPv6.
    dual_stack: &'static str,
    /// Where its Route 53 is.
    global: &'static str,
}

const PARTITIONS: [Partition; 8] = [
    partition("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1"),
    partition("eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1"),
    partition("us-gov-", "amazonaws.com", "api.aws", "us-gov-west-1"),
    partition("us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"),
    partition("us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1"),
    partition("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1"),
    partition("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1"),
    partition("", "amazonaws.com", "api.aws", "us-east-1"),
];

const fn partition(
    start: &'static str,
    domain: &'static str,
    dual_stack: &'static str,
    global: &'static str,
) -> Partition {
    Partition { start, domain, dual_stack, global }
}

/// The partition of a region.
fn partition_of(region: &str) -> &'static Partition {
    let found = PARTITIONS.iter().find(|partition| region.starts_with(partition.start));
    found.unwrap_or(&PARTITIONS[PARTITIONS.len() - 1])
}

/// A service of AWS that c2 asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Objects.
    S3,
    /// Roles.
    Sts,
    /// Secrets.
    SecretsManager,
    /// Docker registries.
    Ecr,
    /// Names.
    Route53,
}

impl Service {
    /// The name in a host and in a signature.
    pub fn id(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Sts => "sts",
            Self::SecretsManager => "secretsmanager",
            Self::Ecr => "ecr",
            Self::Route53 => "route53",
        }
    }

    /// The name in a profile's `services` section.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::SecretsManager => "secrets_manager",
            Self::Route53 => "route_53",
            other => other.id(),
        }
    }

    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::Sts => "AWS_ENDPOINT_URL_STS",
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::Ecr => "AWS_ENDPOINT_URL_ECR",
            Self::Route53 => "AWS_ENDPOINT_URL_ROUTE_53",
        }
    }

    /// The region that stands for this one: Route 53 has one a partition.
    pub(super) fn global_region(self, region: &str) -> &str {
        if self == Self::Route53 { partition_of(region).global } else { region }
    }
}

/// Which of AWS's own endpoints of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Variant {
    /// The one validated under FIPS 140.
    pub fips: bool,
    /// The one with IPv6 beside IPv4.
    pub dual_stack: bool,
}

impl Variant {
    /// AWS's own endpoint.
    pub fn url(self, service: Service, region: &str) -> String {
        let Partition { start, domain, dual_stack, .. } = partition_of(region);
        let (id, fips) = (service.id(), if self.fips { "-fips" } else { "" });
        let is_common = *domain == "amazonaws.com";
        match (self.dual_stack, service) {
            // Its only endpoint there is validated.
            (false, Service::Route53) if *start == "us-gov-" => format!("https://{id}.us-gov.{domain}"),
            (true, Service::Route53) if *start == "us-gov-" => format!("https://{id}.us-gov.{dual_stack}"),
            (false, Service::Route53) => format!("https://{id}{fips}.{domain}"),
            (true, Service::Route53) if self.fips && !is_common => format!("https://{id}{fips}.{dual_stack}"),
            (true, Service::Route53) => format!("https://{id}{fips}.global.{dual_stack}"),
            (false, Service::Sts) if *start == "us-gov-" => format!("https://{id}.{region}.{domain}"),
            // Its endpoints have both kinds of addresses already.
            (true, Service::SecretsManager) if is_common || !self.fips => {
                format!("https://{id}{fips}.{region}.{domain}")
            }
            (false, Service::Ecr) => format!("https://api.{id}{fips}.{region}.{domain}"),
            (false, _) => format!("https://{id}{fips}.{region}.{domain}"),
            // S3 had its own before the others had any.
            (true, Service::S3) => format!("https://{id}{fips}.dualstack.{region}.{domain}"),
            (true, _) => format!("https://{id}{fips}.{region}.{dual_stack}"),
        }
    }

    /// The end of the hosts of the docker registries of a region, behind the account's number. Source: the ECR page
    /// "Amazon ECR endpoints and quotas", and the hosts that the amazon-ecr-credential-helper knows.
    pub(super) fn registries(self, region: &str) -> String {
        let Partition { domain, dual_stack, .. } = partition_of(region);
        let fips = if self.fips { "-fips" } else { "" };
        match (self.dual_stack, dual_stack.strip_prefix("api.")) {
            (true, Some(parent)) => format!(".dkr-ecr{fips}.{region}.on.{parent}"),
            _ => format!(".dkr.ecr{fips}.{region}.{domain}"),
        }
    }
}
