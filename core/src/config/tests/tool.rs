//! The tool's configuration: every field, its default, what it takes and what it refuses.

use crate::prelude::*;

use crate::config::{
    ConfigSource, DeployMode, EndPointType, FromText, Label, ProxyModeConfig, Readiness, Releases, S3Path, SlaveLabel,
    SslCertMode, ToolConfig,
};

use super::{good, json, report, with, with_proxy, yaml};

fn proxy_of(config: ToolConfig) -> ProxyModeConfig {
    match config.deploy_mode {
        DeployMode::Proxy(proxy) => proxy,
        DeployMode::NoProxy => panic!("expected a proxy"),
    }
}

#[test]
fn one_field_is_enough_and_the_others_have_their_defaults() {
    let config = good(json(r#"{"releases": {"localdir": "/r"}}"#));
    let texts = [
        config.deploys_dir.as_str(),
        config.context_cache.as_str(),
        config.log_file.as_str(),
        config.letsencrypt_prefix_dir.as_str(),
        config.letsencrypt_www_dir.as_str(),
        config.auto_cert_name.as_str(),
        config.auto_cert_contact_email.as_str(),
        config.nginx_docker_image.as_str(),
        config.nginx_docker_version.as_str(),
    ];
    let expected = [
        "/opt/deploys",
        "/opt/config",
        "/opt/var/log/camus2.log",
        "/opt",
        "/opt/var/www",
        "camus2cert",
        "",
        "nginx",
        "1.21.3",
    ];
    assert_eq!(texts, expected);
    assert!(matches!(&config.releases, Releases::LocalDir(path) if path.as_str() == "/r"));
    assert_eq!((config.config_sources.len(), &config.deploy_mode), (0, &DeployMode::NoProxy));
    let check = config.health_check.expect("a health check");
    assert_eq!((check.incoming_path.as_str(), check.outgoing_path.as_str()), ("/health-check", "/"));
    assert_eq!(check.endpoint, None);
    let limits = &config.release_limits;
    assert_eq!((limits.max_entries.get(), limits.max_bytes, limits.max_ratio.get()), (50_000, 2_147_483_648, 100));
    assert_eq!((config.strict_templates, config.require_pins, config.command_timeout_s), (true, false, None));
    assert_eq!((config.drain_s.get(), config.slave_heartbeat_s.get()), (30, 120));
    assert_eq!(config.deploys_dir_mode.bits(), 0o755);
    assert!(matches!(config.readiness, Readiness::Tcp(tcp) if tcp.timeout_s.get() == 60));
}

#[test]
fn the_mode_of_the_deploys_dir_is_octal_text_that_lets_its_owner_work_there() {
    let mode = |text: &str| with(&format!("\"deploysDirMode\": {text}"));
    for (text, bits) in [("0750", 0o750), ("755", 0o755), ("0700", 0o700), ("2770", 0o2770), ("2775", 0o2775)] {
        assert_eq!(good(mode(&format!("{text:?}"))).deploys_dir_mode.bits(), bits, "{text}");
    }
    for (text, why) in [
        (r#""""#, "these are not such digits"),
        (r#""75""#, "these are not such digits"),
        (r#""+755""#, "these are not such digits"),
        (r#""0785""#, "these are not such digits"),
        (r#""00755""#, "these are not such digits"),
        (r#""rwxr-xr-x""#, "these are not such digits"),
        (r#""1777""#, "of the special bits only setgid (2) is of use here"),
        (r#""4755""#, "of the special bits only setgid (2) is of use here"),
        (r#""0655""#, "its owner must read, write and enter it (7)"),
        (r#""0000""#, "its owner must read, write and enter it (7)"),
        (r#""0777""#, "every user of the machine could write to it"),
    ] {
        let expected = format!(
            "deploysDirMode: found {text}, expected permission bits of a folder as octal text (\"0750\": three digits \
             from 0 to 7, perhaps behind a 0 or a 2): {why}"
        );
        let said = report(&mode(text));
        assert!(said.ends_with(&expected), "{said}");
    }
    for number in ["755", "493", "null", "true"] {
        let said = report(&mode(number));
        assert!(said.contains("deploysDirMode: found ") && said.contains("as octal text"), "{said}");
    }
}

#[test]
fn a_proxy_needs_its_endpoints_only() {
    let proxy = proxy_of(good(with(r#""deployMode": {"proxy": {"endPoints": {}}}"#)));
    assert_eq!((proxy.end_points.len(), proxy.remote_state_s3, proxy.nginx_conf_template_path), (0, None, None));
    let range = proxy.dynamic_port_range;
    assert_eq!((range.ports().next(), range.ports().last(), range.ports().count()), (Some(8000), Some(8099), 100));
    assert_eq!((proxy.slave_label, proxy.slave_interface_name.as_str()), (SlaveLabel::Ec2InstanceId, "eth0"));
}

const FULL: &str = r#"{
  "deploysDir": "/d", "contextCache": "/c", "logFile": "/l", "letsencryptPrefixDir": "/p", "letsencryptWwwDir": "/w",
  "autoCertName": "cert", "autoCertContactEmail": "ops@example.com",
  "releases": {"s3": "s3://bucket/releases"},
  "configSources": {"a": {"file": "/a.json"}, "b": {"s3": "s3://bucket/b.json"}, "c": {"awsSecretArn": "prod/c"}},
  "deployMode": {"proxy": {
    "endPoints": {
      "main": {"serverNames": ["a.example.com", "*.b.example.com"], "etype": {"httpsWithRedirect": "generated"}},
      "test": {"serverNames": ["t.example.com"], "etype": {"httpsWithRedirect": {"explicit":
        {"sslCertificate": "/cert.pem", "sslCertificateKey": "/key.pem"}}}},
      "plain": {"serverNames": ["_"], "etype": "httpOnly"}
    },
    "remoteStateS3": {"just": "s3://bucket/state"},
    "dynamicPortRange": {"v1": 9000, "v2": 9010},
    "slaveLabel": {"label": "one"}, "slaveInterfaceName": "ens5", "nginxConfTemplatePath": {"just": "/t.conf"}
  }},
  "healthCheck": {"just": {"incomingPath": "/h", "outgoingPath": "/o", "endpoint": {"just": "main"}}},
  "nginxDockerImage": "library/nginx", "nginxDockerVersion": "1.25",
  "strictTemplates": false, "releaseLimits": {"maxEntries": 1, "maxBytes": 2, "maxRatio": 3},
  "commandTimeoutSecs": {"just": 10},
  "readiness": {"http": {"path": "/ready", "status": [200, 204], "timeoutSecs": 5}},
  "drainSecs": 0, "slaveHeartbeatSecs": 299, "requirePins": true, "certbotOpensKeys": true
}"#;

#[test]
fn every_field_is_read() {
    let config = good(json(FULL));
    assert_eq!(config.config_sources.len(), 3);
    let sources: Vec<&ConfigSource> = config.config_sources.values().collect();
    assert!(matches!(
        sources.as_slice(),
        [ConfigSource::File(file), ConfigSource::S3(object), ConfigSource::AwsSecretArn(secret)]
            if file.as_str() == "/a.json" && object.key() == "b.json" && secret.as_str() == "prod/c"
    ));
    assert!(matches!(&config.readiness, Readiness::Http(http) if http.status.to == 204 && http.timeout_s.get() == 5));
    assert_eq!(config.command_timeout_s.map(|limit| limit.get()), Some(10));
    let proxy = proxy_of(config);
    assert_eq!(proxy.remote_state_s3, S3Path::from_text("s3://bucket/state").ok());
    assert_eq!(proxy.slave_label, SlaveLabel::Label(Label::from_text("one").expect("a label")));
    let types: Vec<&EndPointType> = proxy.end_points.values().map(|end_point| &end_point.etype).collect();
    assert!(matches!(
        types.as_slice(),
        [
            EndPointType::HttpsWithRedirect(SslCertMode::Generated),
            EndPointType::HttpOnly,
            EndPointType::HttpsWithRedirect(SslCertMode::Explicit(paths)),
        ] if paths.ssl_certificate_key.as_str() == "/key.pem"
    ));
}

#[test]
fn the_same_configuration_in_yaml_is_the_same() {
    assert_eq!(good(yaml(FULL)), good(json(FULL)), "JSON is YAML too");
    let text = "
deploysDir: /d
releases: {s3: 's3://bucket/releases'}
deployMode:
  proxy:
    endPoints:
      main:
        serverNames:
        - a.example.com
        etype:
          httpsWithRedirect: generated
    remoteStateS3: s3://bucket/state
drainSecs: 7
";
    let same = r#"{"deploysDir": "/d", "releases": {"s3": "s3://bucket/releases"}, "drainSecs": 7, "deployMode": {"proxy":
        {"endPoints": {"main": {"serverNames": ["a.example.com"], "etype": {"httpsWithRedirect": "generated"}}},
        "remoteStateS3": {"just": "s3://bucket/state"}}}}"#;
    assert_eq!(good(yaml(text)), good(json(same)));
}

#[test]
fn what_the_older_tool_took_is_taken() {
    let proxy = |names: &str, more: &str| {
        json(&format!(
            r#"{{"releases": {{"localdir": "/r"}}, {more} "deployMode": {{"proxy": {{"endPoints":
{{"main": {{"serverNames": {names}, "etype": "httpOnly"}}}}}}}}}}"#
        ))
    };
    let check = |incoming: &str, outgoing: &str| {
        format!(r#""healthCheck": {{"incomingPath": "{incoming}", "outgoingPath": "{outgoing}"}},"#)
    };
    for field in [
        r#""letsencryptPrefixDir": "","#.to_string(),
        check("/h", ""),
        check("= /h", "/x"),
        check("^~ /h", "/x"),
        check("~ ^/h", ""),
    ] {
        assert_eq!(report(&proxy(r#"["a.example.com"]"#, &field)), "", "{field}");
    }
    let doubtful = report(&proxy(r#"["a.example.com"]"#, &check("~ ^/h", "/x")));
    let expected = "warning: c.json:1:49: healthCheck: found the regular expression \"~ ^/h\", behind which nginx takes no outgoingPath but the empty one";
    assert_eq!(doubtful, expected);
    let several = proxy(r#"["a.example.com  b.example.com", "c.example.com"]"#, "");
    let expected = "warning: c.json:2:27: deployMode.proxy.endPoints.main.serverNames[0]: found 2 names in one text, expected each in a text of its own";
    assert_eq!(report(&several), expected);
    let names = &proxy_of(several.expect("no errors").value).end_points.into_values().next().expect("one").server_names;
    assert_eq!(
        names.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["a.example.com", "b.example.com", "c.example.com"]
    );
    let expected = "c.json:2:27: deployMode.proxy.endPoints.main.serverNames[0]: found \"b;\", expected a server name (a host name, *.name, name.*, .name, _ or ~regex, one name without blanks): ';' is not allowed";
    assert_eq!(report(&proxy(r#"["a.example.com b;"]"#, "")), expected);
}

#[test]
fn a_maybe_is_nothing_null_just_or_bare() {
    for (given, expected) in [
        (r#""nothing""#, None),
        ("null", None),
        (r#"{"nothing": null}"#, None),
        (r#"{"just": "s3://bucket/state"}"#, Some("s3://bucket/state")),
        (r#""s3://bucket/state""#, Some("s3://bucket/state")),
    ] {
        let proxy = proxy_of(good(with_proxy(&format!("\"remoteStateS3\": {given}"))));
        assert_eq!(proxy.remote_state_s3.map(|path| path.to_string()).as_deref(), expected, "{given}");
    }
    for (given, expected) in [("5", Some(5)), (r#"{"just": 5}"#, Some(5)), ("null", None)] {
        let config = good(with(&format!("\"commandTimeoutSecs\": {given}")));
        assert_eq!(config.command_timeout_s.map(|limit| limit.get()), expected, "{given}");
    }
    for (given, expected) in [
        ("null", false),
        (r#""nothing""#, false),
        (r#"{"incomingPath": "/a", "outgoingPath": "/b"}"#, true),
        (r#"{"just": {"incomingPath": "/a", "outgoingPath": "/b"}}"#, true),
    ] {
        assert_eq!(good(with(&format!("\"healthCheck\": {given}"))).health_check.is_some(), expected, "{given}");
    }
    let named_nothing = r#"{"incomingPath": "/a", "outgoingPath": "/b", "endpoint": {"just": "nothing"}}"#;
    let check = good(with(&format!("\"healthCheck\": {named_nothing}"))).health_check.expect("a health check");
    assert_eq!(check.endpoint.map(|label| label.to_string()).as_deref(), Some("nothing"));
}

#[test]
fn a_branch_without_a_value_is_its_tag_alone_or_with_null() {
    for given in [r#""noproxy""#, r#"{"noproxy": null}"#] {
        assert_eq!(good(with(&format!("\"deployMode\": {given}"))).deploy_mode, DeployMode::NoProxy);
    }
    for given in [r#""none""#, r#"{"none": null}"#] {
        assert_eq!(good(with(&format!("\"readiness\": {given}"))).readiness, Readiness::None);
    }
}

#[test]
fn readiness_has_defaults_of_its_own() {
    let read = |given: &str| good(with(&format!("\"readiness\": {given}"))).readiness;
    assert!(matches!(read(r#"{"tcp": {}}"#), Readiness::Tcp(tcp) if tcp.timeout_s.get() == 60));
    let Readiness::Http(http) = read(r#"{"http": {"path": "/"}}"#) else { panic!("expected http") };
    assert_eq!((http.status.from, http.status.to, http.timeout_s.get()), (200, 399, 60));
}

#[test]
fn an_integer_may_have_a_fraction_of_zeros() {
    for (given, expected) in [("30", 30), ("30.0", 30), ("0", 0), ("3600", 3600)] {
        assert_eq!(good(with(&format!("\"drainSecs\": {given}"))).drain_s.get(), expected, "{given}");
    }
    for (given, expected) in [("18446744073709551615", u64::MAX), ("9007199254740993", 9_007_199_254_740_993)] {
        let config = good(with(&format!("\"releaseLimits\": {{\"maxBytes\": {given}}}")));
        assert_eq!(config.release_limits.max_bytes, expected, "{given}");
    }
}

#[test]
fn the_ports_above_a_deploys_own_are_lengths_of_the_range_apart() {
    let range = proxy_of(good(with_proxy(r#""dynamicPortRange": {"v1": 60000, "v2": 62000}"#))).dynamic_port_range;
    let extras: Vec<Option<u16>> = (1..=4).map(|n| range.extra(61_000, n)).collect();
    assert_eq!(extras, [Some(63_000), Some(65_000), None, None]);
    assert_eq!((range.contains(60_000), range.contains(61_999), range.contains(62_000)), (true, true, false));
    let top = proxy_of(good(with_proxy(r#""dynamicPortRange": {"v1": 65535, "v2": 65536}"#))).dynamic_port_range;
    assert_eq!(top.ports().collect::<Vec<_>>(), [65_535]);
}

#[test]
fn a_wrong_value_is_told_with_its_place_what_was_found_and_what_was_expected() {
    let drain = "expected an integer from 0 to 3600";
    let cases = [
        ("\"deploysDir\": 5", "deploysDir: found the number 5, expected a path (not empty, no control characters); put it in quotes: \"5\"".into()),
        ("\"deploysDir\": true", "deploysDir: found true, expected a path (not empty, no control characters); put it in quotes: \"true\"".into()),
        ("\"deploysDir\": null", "deploysDir: found null, expected a path (not empty, no control characters)".into()),
        ("\"deploysDir\": []", "deploysDir: found an array, expected a path (not empty, no control characters)".into()),
        ("\"deploysDir\": {}", "deploysDir: found an object, expected a path (not empty, no control characters)".into()),
        ("\"deploysDir\": \"\"", "deploysDir: found \"\", expected a path (not empty, no control characters): it is empty".into()),
        ("\"configSources\": []", "configSources: found an array, expected an object".into()),
        ("\"strictTemplates\": \"true\"", "strictTemplates: found \"true\", expected true or false".into()),
        ("\"strictTemplates\": 1", "strictTemplates: found the number 1, expected true or false".into()),
        ("\"drainSecs\": 3601", format!("drainSecs: found the number 3601, {drain}")),
        ("\"drainSecs\": -1", format!("drainSecs: found the number -1, {drain}")),
        ("\"drainSecs\": 1.5", format!("drainSecs: found the number 1.5, {drain}")),
        ("\"drainSecs\": 3e1", format!("drainSecs: found the number 3e1, {drain}")),
        ("\"drainSecs\": 4294967296", format!("drainSecs: found the number 4294967296, {drain}")),
        ("\"drainSecs\": \"30\"", format!("drainSecs: found \"30\", {drain}")),
        ("\"slaveHeartbeatSecs\": 300", "slaveHeartbeatSecs: found the number 300, expected an integer from 1 to 299".into()),
        ("\"slaveHeartbeatSecs\": 0", "slaveHeartbeatSecs: found the number 0, expected an integer from 1 to 299".into()),
        ("\"commandTimeoutSecs\": 0", "commandTimeoutSecs: found the number 0, expected an integer from 1 to 4294967295".into()),
        ("\"commandTimeoutSecs\": {\"just\": \"x\"}", "commandTimeoutSecs.just: found \"x\", expected an integer from 1 to 4294967295".into()),
        ("\"releaseLimits\": 5", "releaseLimits: found the number 5, expected an object".into()),
        ("\"releaseLimits\": {\"maxBytes\": -1}", "releaseLimits.maxBytes: found the number -1, expected an integer, 0 or more".into()),
        ("\"deployMode\": \"noprox\"", "deployMode: found \"noprox\", expected \"noproxy\" or {\"proxy\": ...}; nearest known name: noproxy".into()),
        ("\"deployMode\": \"proxy\"", "deployMode: found \"proxy\" without its value, expected \"noproxy\" or {\"proxy\": ...}".into()),
        ("\"deployMode\": {\"noproxy\": {}}", "deployMode.noproxy: found an object, expected nothing: \"noproxy\" takes no value".into()),
        ("\"deployMode\": {}", "deployMode: found an object of 0 keys, expected \"noproxy\" or {\"proxy\": ...}".into()),
        ("\"deployMode\": {\"noproxy\": null, \"proxy\": {}}", "deployMode: found an object of 2 keys, expected \"noproxy\" or {\"proxy\": ...}".into()),
        ("\"deployMode\": null", "deployMode: found null, expected \"noproxy\" or {\"proxy\": ...}".into()),
        ("\"deployMode\": {\"proxy\": {}}", "deployMode.proxy.endPoints: found nothing, expected an object".into()),
        ("\"healthCheck\": {}", "healthCheck.incomingPath: found nothing, expected a URL path (beginning with /, no blanks, no control characters and none of \" ' ; { } $ \\), perhaps behind = or ^~, or a regular expression behind ~ or ~*\nc.json:2:16: healthCheck.outgoingPath: found nothing, expected a URL path (beginning with /, no blanks, no control characters and none of \" ' ; { } $ \\) or the empty text".into()),
        ("\"healthCheck\": {\"nothing\": 1}", "healthCheck.nothing: found the number 1, expected nothing: \"nothing\" takes no value".into()),
        ("\"readiness\": \"tcp\"", "readiness: found \"tcp\" without its value, expected \"none\" or {\"tcp\": ...} or {\"http\": ...}".into()),
        ("\"readiness\": {\"http\": {\"path\": \"/\", \"status\": [200]}}", "readiness.http.status: found an array of 1 items, expected an array of two HTTP statuses, the lower one first, such as [200, 399]".into()),
        ("\"readiness\": {\"http\": {\"path\": \"/\", \"status\": [99, 200]}}", "readiness.http.status: found the number 99, expected an integer from 100 to 599".into()),
        ("\"readiness\": {\"http\": {\"path\": \"/\", \"status\": [300, 200]}}", "readiness.http.status: found [300, 200], expected an array of two HTTP statuses, the lower one first, such as [200, 399]".into()),
        ("\"configSources\": {\"a/b\": {\"file\": \"/x\"}}", "configSources.\"a/b\": found \"a/b\", expected a config source name (no /, no control characters, not beginning with ., at most 250 bytes): '/' is not allowed".into()),
        ("\"configSources\": {\"a\": {\"fil\": \"/x\"}}", "configSources.a: found \"fil\", expected {\"file\": ...} or {\"s3\": ...} or {\"awsSecretArn\": ...}; nearest known name: file".into()),
        ("\"deployMode\": {\"proxy\": {\"endPoints\": {}, \"dynamicPortRange\": {\"v1\": 8100, \"v2\": 8000}}}", "deployMode.proxy.dynamicPortRange: found v1 8100 and v2 8000, expected v1 below v2 (v2 is excluded)".into()),
        ("\"deployMode\": {\"proxy\": {\"endPoints\": {}, \"dynamicPortRange\": {\"v1\": 0, \"v2\": 65537}}}", "deployMode.proxy.dynamicPortRange.v1: found the number 0, expected an integer from 1 to 65535\nc.json:2:79: deployMode.proxy.dynamicPortRange.v2: found the number 65537, expected an integer from 2 to 65536".into()),
    ];
    for (field, expected) in cases {
        let said = report(&with(field));
        let (place, rest) = said.split_once(": ").expect("a place");
        assert!(place.starts_with("c.json:2:"), "{said}");
        assert_eq!(rest, expected, "{field}");
    }
}

#[test]
fn a_file_with_many_errors_reports_them_all_in_its_own_order() {
    let text = r#"{
  "autoCertName": "-x",
  "releases": {"s3": "bucket/releases"},
  "deployMode": {"proxy": {
    "endPoints": {
      "main": {"serverNames": ["a;b"], "etype": "httpOny"},
      "b c": {"serverNames": []}
    },
    "dynamicPortRnge": {"v1": 1, "v2": 2}
  }},
  "deployDir": "/d",
  "drainSecs": "long"
}"#;
    let label = "a label (letters, digits and . _ - + ~ @ =, not beginning with . or -, at most 128 bytes)";
    let expected = format!(
        r#"c.json:2:19: autoCertName: found "-x", expected a certificate name (letters, digits and _ . -, beginning with a letter or digit, at most 128 bytes): it begins with '-'
c.json:3:22: releases.s3: found "bucket/releases", expected an S3 path (s3://bucket/key): it does not begin with s3://
c.json:6:32: deployMode.proxy.endPoints.main.serverNames[0]: found "a;b", expected a server name (a host name, *.name, name.*, .name, _ or ~regex, one name without blanks): ';' is not allowed
c.json:6:49: deployMode.proxy.endPoints.main.etype: found "httpOny", expected "httpOnly" or {{"httpsWithRedirect": ...}}; nearest known name: httpOnly
c.json:7:7: deployMode.proxy.endPoints."b c": found "b c", expected {label}: ' ' is not allowed
c.json:7:14: deployMode.proxy.endPoints."b c".etype: found nothing, expected "httpOnly" or {{"httpsWithRedirect": ...}}
c.json:12:16: drainSecs: found "long", expected an integer from 0 to 3600
warning: c.json:9:5: deployMode.proxy.dynamicPortRnge: unknown field, ignored; nearest known name: dynamicPortRange
warning: c.json:11:3: deployDir: unknown field, ignored; nearest known name: deploysDir"#
    );
    assert_eq!(report(&json(text)), expected);
}

#[test]
fn an_unknown_field_is_a_warning_with_the_nearest_known_name() {
    let said = report(&with(r#""dynamicConfigs": {"a": [1]}, "logfile": "/x", "a b": 1"#));
    let expected = "warning: c.json:2:1: dynamicConfigs: unknown field, ignored
warning: c.json:2:31: logfile: unknown field, ignored; nearest known name: logFile
warning: c.json:2:48: \"a b\": unknown field, ignored";
    assert_eq!(said, expected);
}

#[test]
fn a_health_check_of_an_endpoint_that_is_not_there_is_a_warning() {
    let check = |endpoint: &str| {
        format!(
            r#""deployMode": {{"proxy": {{"endPoints": {{"main": {{"serverNames": ["a"], "etype": "httpOnly"}}}}}}}},
"healthCheck": {{"incomingPath": "/a", "outgoingPath": "/b", "endpoint": "{endpoint}"}}"#
        )
    };
    good(with(&check("main")));
    let expected = "warning: c.json:3:16: healthCheck: found the endpoint \"mian\", expected one of \
                    deployMode.proxy.endPoints; nearest known name: main";
    assert_eq!(report(&with(&check("mian"))), expected);
}

#[test]
fn a_text_that_is_no_object_is_told_what_is_missing() {
    for (text, found) in [("null", "null"), ("[]", "an array"), ("\"x\"", "\"x\""), ("5", "the number 5")] {
        assert_eq!(report(&json(text)), format!("c.json:1:1: found {found}, expected an object with releases"));
    }
    let missing = r#"c.json:1:1: releases: found nothing, expected {"s3": ...} or {"localdir": ...}"#;
    assert_eq!(report(&json("{}")), missing);
}

#[test]
fn a_certificate_that_no_container_could_mount_is_an_error() {
    let paths = r#"{"sslCertificate": "certs/c.pem", "sslCertificateKey": "/certs/k.pem"}"#;
    let etype = format!(r#"{{"httpsWithRedirect": {{"explicit": {paths}}}}}"#);
    let endpoint = format!(r#"{{"serverNames": ["a.example.com"], "etype": {etype}}}"#);
    let told = report(&with(&format!(r#""deployMode": {{"proxy": {{"endPoints": {{"main": {endpoint}}}}}}}"#)));
    assert!(told.contains("found \"certs/c.pem\", expected a path that begins with a slash"), "{told}");
    assert!(!told.contains("k.pem"), "{told}");
}
