//! YAML as a syntax: anchors, aliases, merge keys, scalars by the core schema, one document.

use crate::config::{ConfigSource, Parsed, Rejected, ToolConfig};

use super::{good, report, yaml};

fn with(field: &str) -> Result<Parsed<ToolConfig>, Rejected> {
    yaml(&format!("releases: {{localdir: /r}}\n{field}"))
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    for (text, expected) in [
        ("a: [1, 2", "2:1: no valid YAML: while parsing a flow sequence, expected ',' or ']'"),
        ("a: {b: [1, 2}\n", "1:13: no valid YAML: while parsing a flow sequence, expected ',' or ']'"),
        ("a:\n  b: 1\n c: 2\n", "3:2: no valid YAML: while parsing a block mapping, did not find expected key"),
        ("a:\n\tb: 1\n", "2:2: no valid YAML: tabs disallowed within this context (block indentation)"),
        ("a: \"x\nb: 2\n", "1:4: no valid YAML: invalid indentation in quoted scalar"),
        ("a: b: c\n", "1:5: no valid YAML: mapping values are not allowed in this context"),
        ("a: *nope\n", "1:4: no valid YAML: while parsing node, found unknown anchor"),
        ("a: @x\n", "1:4: no valid YAML: unexpected character: `@'"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins, expected only one"),
        ("&a [*a]", "1:5: found an alias inside the value that its anchor names"),
        ("? [a]\n: b\n", "1:3: found an array or object as a key, expected text"),
        ("<<: 5\n", "1:5: found the number 5 behind the merge key <<, expected an object or an array of objects"),
        ("<<: [{a: b}, c]\n", "1:5: found an array behind the merge key <<, expected an object or an array of objects"),
        ("a: !secret x\n", "1:4: found the tag \"!secret\", which is not known here"),
        ("a: !!binary x\n", "1:4: found the tag \"tag:yaml.org,2002:!binary\", which is not known here"),
    ] {
        assert_eq!(report(&yaml(text)), format!("c.yaml:{expected}"), "{text:?}");
    }
}

#[test]
fn an_empty_text_is_no_configuration() {
    for text in ["", "\n", "# only a comment\n", "---\n", "\u{feff}"] {
        let said = report(&yaml(text));
        assert!(said.ends_with(": found null, expected an object with releases"), "{text:?}: {said}");
    }
}

#[test]
fn a_plain_scalar_means_what_the_core_schema_says() {
    for text in ["30", "+30", "030", "0x1e", "0o36", "30.0", "30.", "!!int 30"] {
        assert_eq!(good(with(&format!("drainSecs: {text}"))).drain_s.get(), 30, "{text}");
    }
    for text in ["true", "True", "TRUE", "!!bool true"] {
        assert!(good(with(&format!("requirePins: {text}"))).require_pins, "{text}");
    }
    for text in ["null", "~", "", "Null", "nothing", "'nothing'"] {
        assert_eq!(good(with(&format!("commandTimeoutSecs: {text}"))).command_timeout_s, None, "{text}");
    }
    for (text, found) in [
        ("yes", "\"yes\""),
        ("'true'", "\"true\""),
        ("\"30\"", "\"30\""),
        ("0x1g", "\"0x1g\""),
        ("1_000", "\"1_000\""),
        ("1e", "\"1e\""),
        (".", "\".\""),
        ("1.5", "the number 1.5"),
        (".inf", "the number .inf"),
        ("-.5e3", "the number -.5e3"),
        ("0xffffffffffffffffff", "the number 0xffffffffffffffffff"),
        ("!!str 30", "\"30\""),
        ("! 30", "\"30\""),
        ("[30]", "an array"),
    ] {
        let expected = format!("c.yaml:2:12: drainSecs: found {found}, expected an integer from 0 to 3600");
        let said = report(&with(&format!("drainSecs: {text}")));
        assert_eq!(said.split_once(": ").map(|(_, said)| said), expected.split_once(": ").map(|(_, said)| said));
    }
}

#[test]
fn a_number_where_text_belongs_is_refused_with_the_cure() {
    let expected = "c.yaml:2:21: nginxDockerVersion: found the number 1.21, expected a docker image version (letters, \
                    digits and _ . -, at most 128; @sha256:... may follow); put it in quotes: \"1.21\"";
    assert_eq!(report(&with("nginxDockerVersion: 1.21")), expected);
    assert_eq!(good(with("nginxDockerVersion: '1.21'")).nginx_docker_version.as_str(), "1.21");
    assert_eq!(good(with("nginxDockerVersion: 1.21.3")).nginx_docker_version.as_str(), "1.21.3");
    assert_eq!(good(with("nginxDockerVersion: !!str 1.21")).nginx_docker_version.as_str(), "1.21");
}

#[test]
fn a_key_is_text_whatever_it_looks_like() {
    let config =
        good(with("configSources:\n  8080: {file: /a}\n  true: {file: /b}\n  null: {file: /c}\n  'x y': {file: /d}\n"));
    let names: Vec<&str> = config.config_sources.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["8080", "null", "true", "x y"]);
}

#[test]
fn aliases_stand_for_their_anchors_values() {
    let text =
        "configSources:\n  a: &source {file: &path /a}\n  b: *source\n  c: {file: *path}\n  &key d: {file: *key}\n";
    let config = good(with(text));
    let paths: Vec<&str> = config
        .config_sources
        .values()
        .map(|source| match source {
            ConfigSource::File(path) => path.as_str(),
            _ => "",
        })
        .collect();
    assert_eq!(paths, ["/a", "/a", "/a", "d"]);
}

#[test]
fn a_merge_key_brings_what_is_not_given_and_an_earlier_source_wins() {
    let text = "
configSources:
  a: {file: /own}
  <<: [{a: {file: /1}, b: {file: /1}}, {b: {file: /2}, c: {file: /2}}]
  d: {file: /own}
  <<: {e: {file: /3}}
  '<<': {file: /quoted}
";
    let config = good(with(text));
    let sources: Vec<String> =
        config.config_sources.iter().map(|(name, source)| format!("{name} {source:?}")).collect();
    let expected = ["<< /quoted", "a /own", "b /1", "c /2", "d /own", "e /3"]
        .map(|line| line.split_once(' ').expect("two words"))
        .map(|(name, path)| format!("{name} File(FilePath({path:?}))"));
    assert_eq!(sources, expected);
}

#[test]
fn shared_endpoints_of_a_common_file_are_read() {
    let text = "
common: &https
  etype: {httpsWithRedirect: generated}
releases: {s3: s3://bucket/releases}
deployMode:
  proxy:
    endPoints:
      main: {<<: *https, serverNames: [a.example.com]}
      test:
        <<: *https
        serverNames: [t.example.com]
        etype: httpOnly
";
    let result = yaml(text);
    assert_eq!(report(&result), "warning: c.yaml:2:1: common: unknown field, ignored");
    let config = result.expect("no errors").value;
    let said = format!("{:?}", config.deploy_mode);
    assert!(said.contains("HttpsWithRedirect(Generated)") && said.contains("HttpOnly"), "{said}");
}

#[test]
fn an_error_in_an_anchors_value_is_told_at_the_anchor_for_each_place_of_use() {
    let text = "releases: {localdir: /r}\nconfigSources:\n  a: &a {fil: /x}\n  b: *a\n";
    let rest =
        "found \"fil\", expected {\"file\": ...} or {\"s3\": ...} or {\"awsSecretArn\": ...}; nearest known name: file";
    let expected = format!("c.yaml:3:10: configSources.a: {rest}\nc.yaml:3:10: configSources.b: {rest}");
    assert_eq!(report(&yaml(text)), expected);
}

#[test]
fn of_a_key_given_twice_the_last_one_counts_also_over_a_merged_one() {
    let text = "x-a: &a {logFile: /m, drainSecs: 9}\nreleases: {localdir: /r}\n<<: *a\ndrainSecs: 1\n'drainSecs': 2\n";
    let read = yaml(text);
    let expected =
        "warning: c.yaml:5:1: drainSecs: this key is there twice, first at line 4, column 1; only this one counts";
    assert_eq!(report(&read), expected);
    let config = read.expect("no errors").value;
    assert_eq!((config.drain_s.get(), config.log_file.as_str()), (2, "/m"));
}

#[test]
fn long_and_quoted_texts_are_read() {
    for (text, expected) in [
        ("logFile: >-\n  /var/log/c2\n", "/var/log/c2"),
        ("logFile: \"/\\u00e4\\x41\"\n", "/äA"),
        ("logFile: '/it''s'\n", "/it's"),
        ("logFile: /a b # comment\n", "/a b"),
        ("logFile:\n  /a\n", "/a"),
    ] {
        assert_eq!(good(with(text)).log_file.as_str(), expected);
    }
    good(yaml("%YAML 1.2\n---\nreleases: {localdir: /r}\n...\n"));
    good(yaml("\u{feff}releases: {localdir: /r}\r\ndrainSecs: 5\r\n"));
}
