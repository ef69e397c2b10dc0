//! The schema files and the code name the same fields, defaults and branches.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use serde_json::Value;

use crate::config::decode::{Branch, Field};
use crate::config::ports::PortPair;
use crate::config::{
    ConfigSource, Deploy, DeployMode, EndPoint, EndPointType, HealthCheckConfig, HttpReadiness, LetsEncryptConfig,
    Maintenance, ProxyModeConfig, Readiness, ReleaseConfig, ReleaseLimits, Releases, Rollout, SlaveLabel, SlaveState,
    SlaveStatus, Split, SslCertMode, SslCertPaths, State, TcpReadiness, ToolConfig, Verbosity, Write,
};

/// Field to default, `None` for a required one.
type Record = BTreeMap<String, Option<Value>>;
/// Tag to whether the branch has a value.
type Union = BTreeMap<String, bool>;

#[derive(Debug, PartialEq)]
struct Schema {
    records: BTreeMap<String, Record>,
    unions: BTreeMap<String, Union>,
}

const READINESS: &[(&str, &[Field])] =
    &[("TcpReadiness", TcpReadiness::FIELDS), ("HttpReadiness", HttpReadiness::FIELDS)];

const CONFIG: &[(&str, &[Field])] = &[
    ("ToolConfig", ToolConfig::FIELDS),
    ("ProxyModeConfig", ProxyModeConfig::FIELDS),
    ("EndPoint", EndPoint::FIELDS),
    ("SslCertPaths", SslCertPaths::FIELDS),
    ("HealthCheckConfig", HealthCheckConfig::FIELDS),
    ("ReleaseLimits", ReleaseLimits::FIELDS),
];

const CONFIG_UNIONS: &[(&str, &[Branch])] = &[
    ("Releases", Releases::BRANCHES),
    ("ConfigSource", ConfigSource::BRANCHES),
    ("DeployMode", DeployMode::BRANCHES),
    ("SlaveLabel", SlaveLabel::BRANCHES),
    ("EndPointType", EndPointType::BRANCHES),
    ("SslCertMode", SslCertMode::BRANCHES),
    ("Readiness", Readiness::BRANCHES),
];

const RELEASE: &[(&str, &[Field])] = &[("ReleaseConfig", ReleaseConfig::FIELDS)];

const LETS_ENCRYPT: &[(&str, &[Field])] = &[("LetsEncryptConfig", LetsEncryptConfig::FIELDS)];

const LETS_ENCRYPT_UNIONS: &[(&str, &[Branch])] = &[("Verbosity", Verbosity::BRANCHES)];

const STATE: &[(&str, &[Field])] = &[
    ("State", State::FIELDS),
    ("Deploy", Deploy::FIELDS),
    ("Split", Split::FIELDS),
    ("Maintenance", Maintenance::FIELDS),
    ("Write", Write::FIELDS),
    ("Rollout", Rollout::FIELDS),
    ("SlaveState", SlaveState::FIELDS),
];

const STATE_UNIONS: &[(&str, &[Branch])] = &[("SlaveStatus", SlaveStatus::BRANCHES)];

#[test]
fn the_adl_files_and_the_code_say_the_same() {
    assert_eq!(adl(include_str!("../../../../schema/config.adl")), code(&[CONFIG, READINESS], CONFIG_UNIONS));
    assert_eq!(adl(include_str!("../../../../schema/release.adl")), code(&[RELEASE], &[]));
    assert_eq!(adl(include_str!("../../../../schema/state.adl")), code(&[STATE], STATE_UNIONS));
    let lets_encrypt = code(&[LETS_ENCRYPT], LETS_ENCRYPT_UNIONS);
    assert_eq!(adl(include_str!("../../../../schema/letsencrypt.adl")), lets_encrypt);
}

#[test]
fn the_json_schemas_and_the_code_say_the_same() {
    // JSON Schema has no Pair of its own, and its files cannot share definitions as ADL modules do.
    let pair: &[(&str, &[Field])] = &[("PortRange", PortPair::FIELDS)];
    let readiness: &[(&str, &[Branch])] = &[("Readiness", Readiness::BRANCHES)];
    let config = code(&[CONFIG, READINESS, pair], CONFIG_UNIONS);
    assert_eq!(json_schema(include_str!("../../../../schema/config.schema.json")), config);
    let release = code(&[RELEASE, READINESS], readiness);
    assert_eq!(json_schema(include_str!("../../../../schema/release.schema.json")), release);
    assert_eq!(json_schema(include_str!("../../../../schema/state.schema.json")), code(&[STATE], STATE_UNIONS));
    let lets_encrypt = code(&[LETS_ENCRYPT], LETS_ENCRYPT_UNIONS);
    assert_eq!(json_schema(include_str!("../../../../schema/letsencrypt.schema.json")), lets_encrypt);
}

fn code(records: &[&[(&str, &[Field])]], unions: &[(&str, &[Branch])]) -> Schema {
    let field = |field: &Field| (field.name.to_string(), field.default.map(parsed));
    let record = |(name, fields): &(&str, &[Field])| (name.to_string(), fields.iter().map(field).collect());
    let branch = |branch: &Branch| (branch.tag.to_string(), branch.has_value);
    let union = |(name, branches): &(&str, &[Branch])| (name.to_string(), branches.iter().map(branch).collect());
    Schema {
        records: records.iter().copied().flatten().map(record).collect(),
        unions: unions.iter().map(union).collect(),
    }
}

/// Reads what these files use of ADL: one `Type name = default;` a line within `struct Name {` or `union Name {`.
fn adl(text: &str) -> Schema {
    let mut schema = Schema { records: BTreeMap::new(), unions: BTreeMap::new() };
    let mut open: Option<(bool, String)> = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (words.as_slice(), &open) {
            (["struct", name, "{"], None) => {
                schema.records.insert(name.to_string(), Record::new());
                open = Some((true, name.to_string()));
            }
            (["union", name, "{"], None) => {
                schema.unions.insert(name.to_string(), Union::new());
                open = Some((false, name.to_string()));
            }
            (["};"], Some(_)) => open = None,
            (_, Some((is_record, name))) => {
                let declared = line.strip_suffix(';').expect("a field ends in ;");
                let (declared, default) = declared.split_once(" = ").map_or((declared, None), |(a, b)| (a, Some(b)));
                let (of_type, field) = declared.rsplit_once(' ').expect("a type and a name");
                if *is_record {
                    schema.records.entry(name.clone()).or_default().insert(field.into(), default.map(parsed));
                } else {
                    schema.unions.entry(name.clone()).or_default().insert(field.into(), of_type != "Void");
                }
            }
            (["module" | "import" | "type" | "};", ..], None) => {}
            _ => panic!("not understood: {line}"),
        }
    }
    schema
}

/// A definition with `properties` is a record, one with `anyOf` a union.
fn json_schema(text: &str) -> Schema {
    let root = parsed(text);
    let mut schema = Schema { records: BTreeMap::new(), unions: BTreeMap::new() };
    for (name, definition) in root["$defs"].as_object().expect("definitions") {
        if let Some(properties) = definition["properties"].as_object() {
            let required: Vec<&str> =
                definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let field = |(name, field): (&String, &Value)| {
                assert_ne!(required.contains(&name.as_str()), field.get("default").is_some(), "{name}");
                (name.clone(), field.get("default").cloned())
            };
            schema.records.insert(name.clone(), properties.iter().map(field).collect());
        } else if let Some(branches) = definition["anyOf"].as_array() {
            let branch = |branch: &Value| match branch["required"][0].as_str() {
                Some(tag) => (tag.to_string(), true),
                None => (branch["enum"][0].as_str().expect("a tag").to_string(), false),
            };
            schema.unions.insert(name.clone(), branches.iter().map(branch).collect());
        }
    }
    schema
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("valid JSON")
}
