//! The configuration of a release.

use crate::config::{Parsed, Readiness, Rejected, ReleaseConfig, ReleasePath, release_config};

use super::{good, report};

fn with(field: &str) -> Result<Parsed<ReleaseConfig>, Rejected> {
    let commands = r#""prestartCommand": "", "startCommand": "start", "stopCommand": "stop""#;
    release_config("release.json", &format!("{{{commands},\n{field}}}"))
}

#[test]
fn a_release_of_the_older_tool_is_read() {
    let config = good(with(r#""templates": ["docker-compose.yml.tpl", "conf/app.conf.tpl"]"#));
    let templates: Vec<&str> = config.templates.iter().map(ReleasePath::as_str).collect();
    assert_eq!(templates, ["docker-compose.yml.tpl", "conf/app.conf.tpl"]);
    assert_eq!((config.start_command.as_str(), config.stop_command.as_str()), ("start", "stop"));
    assert_eq!((config.prestart_command.as_str(), config.config_sources.len(), config.readiness), ("", 0, None));
}

#[test]
fn config_sources_and_readiness_are_read() {
    let config = good(with(r#""templates": [], "configSources": {"defaults": "./conf/defaults.json"}"#));
    let sources: Vec<_> = config.config_sources.iter().map(|(name, path)| (name.as_str(), path.as_str())).collect();
    assert_eq!(sources, [("defaults", "conf/defaults.json")]);
    let readiness = |given: &str| good(with(&format!("\"templates\": [], \"readiness\": {given}"))).readiness;
    assert_eq!(readiness(r#""none""#), Some(Readiness::None));
    assert_eq!(readiness(r#"{"just": "none"}"#), Some(Readiness::None));
    assert_eq!(readiness("null"), None);
    assert!(
        matches!(readiness(r#"{"tcp": {"timeoutSecs": 5}}"#), Some(Readiness::Tcp(tcp)) if tcp.timeout_s.get() == 5)
    );
}

#[test]
fn modes_are_octal_texts() {
    let config = good(with(r#""templates": [], "modes": {"./a/b": "0640", "run": "755"}"#));
    let modes: Vec<_> = config.modes.iter().map(|(path, mode)| (path.as_str(), mode.bits())).collect();
    assert_eq!(modes, [("a/b", 0o640), ("run", 0o755)]);
    for wrong in [r#""""#, r#""64""#, r#""0648""#, r#""4755""#, r#""1777""#, r#""+64""#, r#""rw-""#, "640", "null"] {
        let said = report(&with(&format!(r#""templates": [], "modes": {{"a": {wrong}}}"#)));
        let expected =
            "expected permission bits as octal text (\"0640\": three digits from 0 to 7, perhaps behind a 0)";
        assert!(said.starts_with("release.json:2:33: modes.a: found ") && said.contains(expected), "{said}");
    }
}

#[test]
fn a_missing_field_is_an_error_each() {
    let path = "a path inside the release (relative, not leaving its root, no control characters)";
    let expected = "release.json:1:1: templates: found nothing, expected an array
release.json:1:1: prestartCommand: found nothing, expected a shell command without NUL
release.json:1:1: startCommand: found nothing, expected a shell command without NUL
release.json:1:1: stopCommand: found nothing, expected a shell command without NUL";
    assert_eq!(report(&release_config("release.json", "{}")), expected);
    let expected = format!(
        "release.json:2:15: templates[0]: found \"/a\", expected {path}: it begins with '/'
release.json:2:21: templates[1]: found \"../b\", expected {path}: it leaves the release
release.json:2:29: templates[2]: found null, expected {path}
release.json:2:59: configSources.x: found \"..\", expected {path}: it leaves the release"
    );
    assert_eq!(report(&with(r#""templates": ["/a", "../b", null], "configSources": {"x": ".."}"#)), expected);
}

#[test]
fn two_templates_of_one_output_are_refused_and_one_given_twice_is_one() {
    let config = good(with(r#""templates": ["a.conf.tpl", "./a.conf.tpl", "b"]"#));
    let templates: Vec<&str> = config.templates.iter().map(ReleasePath::as_str).collect();
    assert_eq!(templates, ["a.conf.tpl", "b"]);
    let expected = r#"release.json:2:26: templates[1]: found "x/a.mustache", expected a template with an output of its own: "x/a.tpl" is written to "x/a" too
release.json:2:42: templates[2]: found "x/a", expected a template with an output of its own: "x/a.tpl" is written to "x/a" too"#;
    assert_eq!(report(&with(r#""templates": ["x/a.tpl", "x/a.mustache", "x/a"]"#)), expected);
}

#[test]
fn an_unknown_field_is_a_warning() {
    let said = report(&with(r#""templates": [], "configsources": {}, "dynamicConfigSources": {}"#));
    let expected =
        "warning: release.json:2:18: configsources: unknown field, ignored; nearest known name: configSources
warning: release.json:2:39: dynamicConfigSources: unknown field, ignored";
    assert_eq!(said, expected);
}
