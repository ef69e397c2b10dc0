//! Docker registries: whose host is whose, what is asked, what comes.

use super::World;
use crate::aws::{Credentials, Registries, RegistryHost, Service, Variant, logins, settings};
use crate::prelude::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `account region`, with the variant where there is one.
fn host(url: &str) -> Option<String> {
    RegistryHost::parse(url).map(|RegistryHost { account, region, variant }| {
        let fips = if variant.fips { " fips" } else { "" };
        let dual_stack = if variant.dual_stack { " dual-stack" } else { "" };
        format!("{account} {region}{fips}{dual_stack}")
    })
}

#[test]
fn the_hosts_of_every_partition_and_kind() {
    for (url, expected) in [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
        ("https://123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
        ("https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/", "eu-west-1"),
        ("123456789012.DKR.ecr.eu-west-1.amazonaws.com/app", "eu-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1 fips"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1 fips"),
        ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
        ("123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
        ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("123456789012.dkr-ecr.us-west-2.on.aws", "us-west-2 dual-stack"),
        ("123456789012.dkr-ecr-fips.us-west-2.on.aws", "us-west-2 fips dual-stack"),
        ("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1 dual-stack"),
    ] {
        assert_eq!(host(url), Some(format!("123456789012 {expected}")), "{url}");
    }
}

#[test]
fn no_host_of_somebody_else_is_taken_for_a_registry() {
    for url in [
        "",
        "index.docker.io",
        "https://index.docker.io/v1/",
        "public.ecr.aws",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.example.com",
        "123456789012.dkr.ecr.amazonaws.com",
        "123456789012.dkr.ecr..amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.on.aws",
        "123456789012.dkr-ecr.eu-west-1.amazonaws.com",
        "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
        "1234567890123.dkr.ecr.eu-west-1.amazonaws.com",
        "12345678901a.dkr.ecr.eu-west-1.amazonaws.com",
        "x.123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "example.com/123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "me@123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com@example.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com:8443",
        "http://123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "1234567890\u{e4}.dkr.ecr.eu-west-1.amazonaws.com",
    ] {
        assert_eq!(host(url), None, "{url}");
    }
}

#[test]
fn the_endpoints_of_ecr_and_route_53() {
    let of = |fips, dual_stack, service, region| Variant { fips, dual_stack }.url(service, region);
    for (fips, dual_stack, region, ecr, route53) in [
        (false, false, "eu-west-1", "api.ecr.eu-west-1.amazonaws.com", "route53.amazonaws.com"),
        (true, false, "us-east-1", "api.ecr-fips.us-east-1.amazonaws.com", "route53-fips.amazonaws.com"),
        (false, true, "us-east-1", "ecr.us-east-1.api.aws", "route53.global.api.aws"),
        (true, true, "us-east-1", "ecr-fips.us-east-1.api.aws", "route53-fips.global.api.aws"),
        (false, false, "cn-north-1", "api.ecr.cn-north-1.amazonaws.com.cn", "route53.amazonaws.com.cn"),
        (false, false, "us-gov-east-1", "api.ecr.us-gov-east-1.amazonaws.com", "route53.us-gov.amazonaws.com"),
        (true, false, "us-gov-east-1", "api.ecr-fips.us-gov-east-1.amazonaws.com", "route53.us-gov.amazonaws.com"),
        (false, true, "us-gov-west-1", "ecr.us-gov-west-1.api.aws", "route53.us-gov.api.aws"),
        (false, false, "us-iso-west-1", "api.ecr.us-iso-west-1.c2s.ic.gov", "route53.c2s.ic.gov"),
        (false, false, "eusc-de-east-1", "api.ecr.eusc-de-east-1.amazonaws.eu", "route53.amazonaws.eu"),
    ] {
        assert_eq!(of(fips, dual_stack, Service::Ecr, region), format!("https://{ecr}"));
        assert_eq!(of(fips, dual_stack, Service::Route53, region), format!("https://{route53}"));
    }
    for (region, expected) in
        [("eu-west-1", "us-east-1"), ("cn-north-1", "cn-northwest-1"), ("us-gov-east-1", "us-gov-west-1")]
    {
        assert_eq!(Service::Route53.global_region(region), expected);
        assert_eq!(Service::Ecr.global_region(region), region);
    }
}

/// `HOST password` a line or the failure, and the requests as `URL target body`.
fn asked(registries: &Registries, env: &[(&str, &str)], status: u16, body: &str) -> (String, Vec<String>) {
    let urls =
        ["eu-west-1.amazonaws.com", "cn-north-1.amazonaws.com.cn"].map(|of| format!("POST https://api.ecr.{of}/"));
    let fips = String::from("POST https://api.ecr-fips.eu-west-1.amazonaws.com/");
    let own = String::from("POST http://localhost:4566/");
    let http: Vec<(&str, u16, &str)> =
        urls.iter().chain([&fips, &own]).map(|url| (url.as_str(), status, body)).collect();
    let env = [env, &[("AWS_REGION", "eu-west-1")]].concat();
    let outcome = World { env: &env, http: &http, ..World::default() }.settle(|look| {
        let credentials =
            Credentials { access_key_id: "AKID42".into(), secret_access_key: "SECRET".into(), ..Credentials::none() };
        let found = logins(look, &settings(look, Service::Ecr)?, &credentials, registries)?;
        let line = |login: &crate::aws::Login| {
            format!("{} {}", login.host, core::str::from_utf8(login.password.reveal()).unwrap())
        };
        Ok(found.iter().map(line).collect::<Vec<_>>().join("\n"))
    });
    let requests = outcome.requests().into_iter().map(|request| {
        let header = |name| request.headers.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value);
        assert_eq!(header("x-amz-target"), "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
        let scope = header("authorization").split('/').nth(2).unwrap_or_default().to_string();
        format!("{} {scope} {}", request.url, request.body)
    });
    (outcome.shown.clone(), requests.collect())
}

fn data(accounts: &[&str]) -> String {
    let one = |account: &&str| {
        let token = STANDARD.encode(format!("AWS:pw-{account}"));
        let host = format!("https://{account}.dkr.ecr.eu-west-1.amazonaws.com");
        format!(r#"{{"authorizationToken":"{token}","expiresAt":1.9E9,"proxyEndpoint":"{host}"}}"#)
    };
    format!(r#"{{"authorizationData":[{}]}}"#, accounts.iter().map(one).collect::<Vec<_>>().join(","))
}

#[test]
fn what_is_asked_for_registries_and_what_comes_of_it() {
    let of = |accounts: &[&str]| Registries::OfAccounts(accounts.iter().map(ToString::to_string).collect());
    let (shown, requests) = asked(&of(&[]), &[], 200, &data(&["1"]));
    assert_eq!(shown, "1.dkr.ecr.eu-west-1.amazonaws.com pw-1");
    assert_eq!(requests, ["https://api.ecr.eu-west-1.amazonaws.com/ eu-west-1 {}"]);
    let (shown, requests) = asked(&of(&["1", "2"]), &[], 200, &data(&["1", "2"]));
    assert_eq!(shown, "1.dkr.ecr.eu-west-1.amazonaws.com pw-1\n2.dkr.ecr.eu-west-1.amazonaws.com pw-2");
    assert_eq!(requests, [r#"https://api.ecr.eu-west-1.amazonaws.com/ eu-west-1 {"registryIds":["1","2"]}"#]);
    let many: Vec<String> = (10..31).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (shown, requests) = asked(&of(&many), &[], 200, &data(&many[..10]));
    assert_eq!(requests.len(), 3, "ten, ten and one");
    assert!(shown.ends_with("1 logins were asked for, and 10 came"), "{shown}");
}

#[test]
fn a_registry_is_asked_for_in_its_own_region_and_partition_and_kind() {
    let at = |url| Registries::At(RegistryHost::parse(url).unwrap());
    let answer = data(&["123456789012"]);
    for (url, env, expected) in [
        (
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            None,
            "https://api.ecr.cn-north-1.amazonaws.com.cn/ cn-north-1",
        ),
        (
            "123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com",
            None,
            "https://api.ecr-fips.eu-west-1.amazonaws.com/ eu-west-1",
        ),
        (
            "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com",
            Some(("AWS_ENDPOINT_URL_ECR", "http://localhost:4566")),
            "http://localhost:4566/ us-west-2",
        ),
    ] {
        let (shown, requests) = asked(&at(url), env.as_slice(), 200, &answer);
        assert!(shown.ends_with("pw-123456789012"), "{shown}");
        assert_eq!(requests, [format!(r#"{expected} {{"registryIds":["123456789012"]}}"#)]);
    }
}

#[test]
fn an_answer_without_a_login_is_refused_and_not_shown() {
    let with = |token: &str, endpoint: &str| {
        let token = STANDARD.encode(token);
        format!(r#"{{"authorizationData":[{{"authorizationToken":"{token}","proxyEndpoint":"{endpoint}"}}]}}"#)
    };
    let unknown = "the answer holds no login in a form that is known";
    for (body, expected) in [
        (with("AWS:hidden", "https://-evil.example.com"), unknown),
        (with("AWS:hidden", "https://a b"), unknown),
        (with("AWS:hidden", "ftp://a"), unknown),
        (with("Hidden:hidden", "https://a"), unknown),
        (with("AWS:", "https://a"), unknown),
        (with("AWS:hidden hidden", "https://a"), unknown),
        ("{}".into(), "1 logins were asked for, and 0 came"),
        (r#"{"authorizationData":[{}]}"#.into(), unknown),
        ("hidden".into(), "https://api.ecr.eu-west-1.amazonaws.com: the response is not a JSON object"),
    ] {
        let (shown, _) = asked(&Registries::OfAccounts(Vec::new()), &[], 200, &body);
        assert_eq!(shown, format!("no: log in to the docker registry of this machine's account: {expected}"));
    }
    let refused = r#"{"__type":"AccessDeniedException","message":"not for AKID42"}"#;
    let (shown, _) = asked(&Registries::OfAccounts(Vec::new()), &[], 400, refused);
    let end =
        "it answered 400 AccessDeniedException: not for [hidden]; give the machine's role ecr:GetAuthorizationToken";
    assert!(shown.ends_with(end), "{shown}");
}
