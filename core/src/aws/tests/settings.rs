//! Region, endpoints, where the files are.

use super::World;
use crate::aws::{Kind, Location, Profiles, Service, settings};
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// `URL region` for S3 and for STS, with a config file.
fn urls(env: &[(&str, &str)], config: &str) -> (String, String) {
    let env = [env, &[("HOME", "/h")]].concat();
    let world = World { env: &env, files: &[("/h/.aws/config", config)], ..World::default() };
    let of = |service| {
        let shown = world.settle(|look| {
            let settings = settings(look, service)?;
            let found = settings.url(service).and_then(|url| Ok(format!("{url} {}", settings.region()?)));
            Ok(found.unwrap_or_else(|error| error.to_string()))
        });
        shown.shown
    };
    (of(Service::S3), of(Service::Sts))
}

#[test]
fn endpoints_in_the_order_of_the_sdks() {
    const OWN: (&str, &str) = ("S3_ENDPOINT", "http://own:1");
    const OF_S3: (&str, &str) = ("AWS_ENDPOINT_URL_S3", "http://s3:1");
    const OF_STS: (&str, &str) = ("AWS_ENDPOINT_URL_STS", "http://sts:1");
    const OF_ALL: (&str, &str) = ("AWS_ENDPOINT_URL", "http://all:1");
    const IGNORE: (&str, &str) = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let profile = "[default]\nendpoint_url = http://profile:1\nservices = mine\n[services mine]\ns3 =\n  \
                   endpoint_url = http://service:1\n";
    let (s3, sts) = ("https://s3.us-east-1.amazonaws.com", "https://sts.us-east-1.amazonaws.com");
    for (rule, env, config, expected_s3, expected_sts) in [
        ("none is set", &[][..], "", s3, sts),
        ("the tool's own is first, for S3 alone", &[OWN, OF_S3, OF_STS, OF_ALL], "", "http://own:1", "http://sts:1"),
        ("that of a service is next", &[OF_S3, OF_ALL], profile, "http://s3:1", "http://all:1"),
        ("AWS_ENDPOINT_URL counts before the profile", &[OF_ALL], profile, "http://all:1", "http://all:1"),
        ("services of the profile", &[], profile, "http://service:1", "http://profile:1"),
        ("endpoint_url of the profile", &[], "[default]\nendpoint_url=http://p:1", "http://p:1", "http://p:1"),
        (
            "another section of services does not count",
            &[],
            "[default]\n[services mine]\ns3 =\n endpoint_url=http://x:1",
            s3,
            sts,
        ),
        ("all but the tool's own can be ignored", &[IGNORE, OWN, OF_S3, OF_ALL], profile, "http://own:1", sts),
        ("ignored by the profile", &[OF_ALL], "[default]\nignore_configured_endpoint_urls = TRUE", s3, sts),
        (
            "not ignored",
            &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false"), OF_ALL],
            "",
            "http://all:1",
            "http://all:1",
        ),
    ] {
        let expected = (format!("{expected_s3} us-east-1"), format!("{expected_sts} us-east-1"));
        assert_eq!(urls(env, config), expected, "{rule}");
    }
}

#[test]
fn regions_in_the_order_of_the_sdks() {
    let profile = "[default]\nregion = eu-central-1\n[profile p]\nregion = eu-west-3";
    for (rule, env, expected) in [
        ("AWS_REGION is first", &[("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-2")][..], "eu-west-1"),
        ("AWS_DEFAULT_REGION of the AWS CLI is next", &[("AWS_DEFAULT_REGION", "eu-west-2")], "eu-west-2"),
        ("the profile is last", &[], "eu-central-1"),
        ("the profile is the one that AWS_PROFILE names", &[("AWS_PROFILE", "p")], "eu-west-3"),
        ("a profile that is not there says nothing", &[("AWS_PROFILE", "q")], "us-east-1"),
    ] {
        let expected = format!("https://s3.{expected}.amazonaws.com {expected}");
        assert_eq!(urls(env, profile).0, expected, "{rule}");
    }
    let wrong = "region of the AWS profile is \"evil/\", but an AWS region is a name like eu-west-1";
    assert_eq!(urls(&[], "[default]\nregion = evil/").0, wrong);
}

#[test]
fn fips_and_dual_stack() {
    const FIPS: (&str, &str) = ("AWS_USE_FIPS_ENDPOINT", "true");
    const DUAL: (&str, &str) = ("AWS_USE_DUALSTACK_ENDPOINT", "TRUE");
    const CHINA: (&str, &str) = ("AWS_REGION", "cn-north-1");
    const GOV: (&str, &str) = ("AWS_REGION", "us-gov-west-1");
    for (env, config, s3, sts) in [
        (&[FIPS][..], "", "s3-fips.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com"),
        (&[DUAL], "", "s3.dualstack.us-east-1.amazonaws.com", "sts.us-east-1.api.aws"),
        (&[FIPS, DUAL], "", "s3-fips.dualstack.us-east-1.amazonaws.com", "sts-fips.us-east-1.api.aws"),
        (
            &[],
            "[default]\nuse_fips_endpoint=true",
            "s3-fips.us-east-1.amazonaws.com",
            "sts-fips.us-east-1.amazonaws.com",
        ),
        (
            &[("AWS_USE_FIPS_ENDPOINT", "false")],
            "[default]\nuse_fips_endpoint=true",
            "s3.us-east-1.amazonaws.com",
            "sts.us-east-1.amazonaws.com",
        ),
        (&[CHINA], "", "s3.cn-north-1.amazonaws.com.cn", "sts.cn-north-1.amazonaws.com.cn"),
        (&[CHINA, DUAL], "", "s3.dualstack.cn-north-1.amazonaws.com.cn", "sts.cn-north-1.api.amazonwebservices.com.cn"),
        (&[GOV, FIPS], "", "s3-fips.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.amazonaws.com"),
        (&[GOV, DUAL], "", "s3.dualstack.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.api.aws"),
    ] {
        let (found_s3, found_sts) = urls(env, config);
        assert!(found_s3.starts_with(&format!("https://{s3} ")), "{found_s3}");
        assert!(found_sts.starts_with(&format!("https://{sts} ")), "{found_sts}");
    }
    let both = urls(&[FIPS, ("AWS_ENDPOINT_URL", "http://x")], "").0;
    assert!(both.starts_with("AWS_ENDPOINT_URL names an endpoint, but AWS_USE_FIPS_ENDPOINT or "), "{both}");
    let (s3, sts) = urls(&[CHINA, FIPS], "");
    assert_eq!(s3, "AWS_USE_FIPS_ENDPOINT (or the profile) wants FIPS, which S3 has not in cn-north-1");
    assert!(sts.starts_with("https://sts-fips.cn-north-1.amazonaws.com.cn "), "{sts}");
    let neither = urls(&[("AWS_USE_FIPS_ENDPOINT", "1")], "").0;
    assert_eq!(neither, "no: AWS_USE_FIPS_ENDPOINT: it is neither true nor false");
}

#[test]
fn where_the_files_are() {
    let at = |env: &[(&str, &str)]| {
        let env: BTreeMap<String, String> = env.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        let Location { config, credentials, profile } = Location::new(&env);
        format!("{} {} {profile}", config.unwrap_or_default(), credentials.unwrap_or_default())
    };
    assert_eq!(at(&[("HOME", "/h")]), "/h/.aws/config /h/.aws/credentials default");
    assert_eq!(at(&[]), "  default");
    let tilde =
        [("HOME", "/h"), ("AWS_CONFIG_FILE", "~/c"), ("AWS_SHARED_CREDENTIALS_FILE", "/s"), ("AWS_PROFILE", "p")];
    assert_eq!(at(&tilde), "/h/c /s p");
}

#[test]
fn files_by_the_rules_of_all_aws_tools() {
    let read = |kind, text: &str| {
        let mut profiles = Profiles::default();
        profiles.add(kind, text).map(|()| profiles)
    };
    let config = |text| read(Kind::Config, text);
    let found = config("\u{feff}[profile a]\r\nK = v # c\r\n s = 1\r\n[default]\nx=1\n[profile default]\ny=2").unwrap();
    assert_eq!(format!("{:?}", found.profiles), r#"{"a": {"k": "v\ns = 1"}, "default": {"y": "2"}}"#);
    assert_eq!(config("[a]\nk=v\n[profile b c]\nk=v").unwrap(), Profiles::default());
    assert_eq!(read(Kind::Credentials, "[profile a]\nk=v").unwrap(), Profiles::default());
    for (text, line, why) in [
        ("\nk=v", 2, "expected a profile definition, [profile name]"),
        ("[profile a", 1, "a profile definition must end with ']'"),
        ("[default]\nk", 2, "expected an '=' sign defining a property"),
        ("[default]\n=v", 2, "the property did not have a name"),
        ("[default]\ns3 =\n x", 3, "expected an '=' sign defining a sub-property"),
        ("[default]\n k=v", 2, "expected a property definition, found continuation"),
    ] {
        let wrong = config(text).unwrap_err();
        assert_eq!((wrong.line, wrong.why), (line, why), "{text}");
    }
}
