//! A case: a configuration, a host, a command. One folder each: `testdata/<command>/<case>/case.json`.

use std::{collections::BTreeMap, fs, path::PathBuf};

use c2_core::{
    commands::CONFIG_VARIABLE,
    config::{Syntax, ToolConfig, tool_config},
    seam::{Command, Location},
    world::{Object, Release, Script, World},
};
use serde_json::{Map, Value, json};

use super::{proxied, words};

/// A case as its file has it.
#[derive(Clone, Debug)]
pub struct Case {
    /// `<command>/<case>`.
    pub name: String,
    pub folder: PathBuf,
    pub value: Value,
}

/// The folder of the cases of proxy mode.
const PROXIED: &str = "proxy";

/// All cases, in order, those of proxy mode last.
pub fn all_cases() -> Vec<Case> {
    cases().into_iter().chain(proxied_cases()).collect()
}

/// All cases without a proxy, in order.
pub fn cases() -> Vec<Case> {
    let found = cases_in(|command| command != PROXIED);
    assert!(found.len() > 20, "the cases of testdata were not found");
    found
}

/// The cases of proxy mode, in order.
pub fn proxied_cases() -> Vec<Case> {
    let found = cases_in(|command| command == PROXIED);
    assert!(found.len() > 5, "the cases of testdata were not found");
    found
}

fn cases_in(wanted: impl Fn(&str) -> bool) -> Vec<Case> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut found = Vec::new();
    for command in sorted(&root) {
        if !wanted(command.file_name().unwrap().to_str().unwrap()) {
            continue;
        }
        for folder in sorted(&command) {
            let Ok(text) = fs::read_to_string(folder.join("case.json")) else { continue };
            let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            let name = folder.strip_prefix(&root).unwrap().display().to_string();
            found.push(Case { name, folder, value });
        }
    }
    found
}

fn sorted(folder: &PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

impl Case {
    /// The configuration, all its paths below `root`.
    pub fn config_text(&self, root: &str) -> String {
        let mut config = json!({
            "deploysDir": format!("{root}/opt/deploys"),
            "contextCache": format!("{root}/opt/config"),
            "logFile": format!("{root}/opt/var/log/camus2.log"),
            "releases": { "localdir": format!("{root}/srv/releases") },
        });
        if let Some(own) = self.value["config"].as_object() {
            config.as_object_mut().unwrap().extend(own.clone());
        }
        // A field a line: where an error is does not depend on the root.
        format!("{config:#}").replace("{root}", root)
    }

    pub fn config(&self, root: &str) -> ToolConfig {
        let parsed = tool_config("config.json", &self.config_text(root), Syntax::Json);
        parsed.unwrap_or_else(|rejected| panic!("{}: {rejected}", self.name)).value
    }

    /// The words of the command line.
    pub fn words(&self, root: &str) -> Vec<String> {
        let words = self.value["command"].as_array().unwrap_or_else(|| panic!("{}: no command", self.name));
        words.iter().map(|word| word.as_str().unwrap().replace("{root}", root)).collect()
    }

    /// The command that the program runs for the words.
    pub fn command(&self) -> Box<dyn Command> {
        words::dispatched(&mut self.world(), &self.words(""))
    }

    /// The simulated host that the case sets out from.
    pub fn world(&self) -> World {
        match self.name.split_once('/') {
            Some((PROXIED, _)) => proxied::world(self),
            _ => self.world_below(""),
        }
    }

    /// The same host; the texts of its files name paths below `root`.
    pub fn world_below(&self, root: &str) -> World {
        let mut world = World { clock: 1_700_000_000, nonce: 100, ..World::default() };
        let host = &self.value["host"];
        world.tree.make_folder("/opt/deploys", 0o755);
        for (name, release) in entries(&host["releases"]) {
            world.releases.insert(self.release_at(&name), release_of(&name, &release));
        }
        for (name, release) in entries(&host["deployed"]) {
            deploy(&mut world, &name, &release);
        }
        for (path, mode) in entries(&host["folders"]) {
            world.tree.make_folder(&path, octal(&mode));
            world.tree.set_mode(&path, octal(&mode));
        }
        for (path, content) in entries(&host["files"]) {
            let (mode, text) = file_of(&content);
            world.tree.write(&path, mode, text.replace("{root}", root).as_bytes());
        }
        self.put_config(&mut world, root);
        for (path, target) in entries(&host["links"]) {
            world.tree.link(&path, target.as_str().unwrap(), 1_600_000_000);
        }
        self.put_objects(&mut world);
        world
    }

    /// The configuration, and the variable that names it.
    pub fn put_config(&self, world: &mut World, root: &str) {
        world.environment.insert(CONFIG_VARIABLE.into(), format!("{root}/config.json"));
        world.tree.write("/config.json", 0o644, self.config_text(root).as_bytes());
    }

    /// What lies in buckets and among secrets, besides releases.
    pub fn put_objects(&self, world: &mut World) {
        for (path, object) in entries(&self.value["host"]["objects"]) {
            let at = match path.split_once('/') {
                Some((bucket, key)) if !path.starts_with("arn:") => {
                    Location::Object { bucket: bucket.into(), key: key.into() }
                }
                _ => Location::Secret(path.clone()),
            };
            let bytes = object["text"].as_str().unwrap().as_bytes().to_vec();
            let appears = world.clock + object["after"].as_u64().unwrap_or(0);
            world.objects.insert(
                at,
                Object { bytes, appears, denied: object["denied"].as_bool().unwrap_or(false), modified: 0 },
            );
        }
    }

    /// Where a release of the store is: in the usual folder, or in the bucket that the configuration names.
    fn release_at(&self, name: &str) -> Location {
        match self.value["config"]["releases"]["s3"].as_str() {
            None => Location::File(format!("/srv/releases/{name}")),
            Some(base) => {
                let (bucket, prefix) = base.trim_start_matches("s3://").split_once('/').unwrap();
                Location::Object { bucket: bucket.into(), key: format!("{}/{name}", prefix.trim_end_matches('/')) }
            }
        }
    }
}

/// The mode and text of a file: its text alone, or both.
fn file_of(value: &Value) -> (u32, String) {
    match value {
        Value::String(text) => (0o644, text.clone()),
        other => (octal(&other["mode"]), other["text"].as_str().unwrap().to_string()),
    }
}

fn octal(mode: &Value) -> u32 {
    u32::from_str_radix(mode.as_str().unwrap(), 8).unwrap()
}

/// The entries of an object, or none.
pub fn entries(value: &Value) -> BTreeMap<String, Value> {
    value.as_object().map(|map: &Map<String, Value>| map.clone().into_iter().collect()).unwrap_or_default()
}

/// A release: its commands by the names of [`Script`], a `version`, whatever files it has besides.
pub fn release_of(name: &str, value: &Value) -> Release {
    let script = |role: &str, default: Script| match value[role].as_str() {
        Some("none") => String::new(),
        named => named.map_or(default, script_of).line().to_string(),
    };
    let mut release_json = json!({
        "templates": value.get("templates").cloned().unwrap_or(json!([])),
        "prestartCommand": script("prestart", Script::Nothing),
        "startCommand": script("start", Script::StrictStart),
        "stopCommand": script("stop", Script::StrictStop),
    });
    for field in ["configSources", "modes"].into_iter().filter(|field| value.get(field).is_some()) {
        release_json[field] = value[field].clone();
    }
    let mut files = BTreeMap::new();
    files.insert("release.json".to_string(), (0o644, release_json.to_string().into_bytes()));
    let version = value["version"].as_str().unwrap_or(name);
    files.insert("version".to_string(), (0o644, version.as_bytes().to_vec()));
    for (path, content) in entries(&value["files"]) {
        match content {
            Value::Null => drop(files.remove(&path)),
            other => {
                let (mode, text) = file_of(&other);
                files.insert(path, (mode, text.into_bytes()));
            }
        }
    }
    let modified = value["modified"].as_str().unwrap_or("2024").to_string();
    Release { files, modified, broken: value["broken"].as_str().map(Into::into) }
}

fn script_of(name: &str) -> Script {
    match name {
        "nothing" => Script::Nothing,
        "start" => Script::Start,
        "strict-start" => Script::StrictStart,
        "stop" => Script::Stop,
        "strict-stop" => Script::StrictStop,
        "foreground" => Script::Foreground,
        "fails-late" => Script::FailsLate,
        "fail" => Script::Fail,
        "killed" => Script::Killed,
        "stop-killed" => Script::StopKilled,
        other => panic!("no script is called {other}"),
    }
}

/// A deploy that is on disk. `live`: `current` names it, and it runs unless `running` is false; `foreground`: its start
/// command is still there, and perhaps the run that attends it. It has an id unless the
/// older tool made it (`old`), and lies in the deploys folder unless `at` says where.
fn deploy(world: &mut World, name: &str, value: &Value) {
    let release = release_of(name, value);
    let home = value["at"].as_str().map_or_else(|| format!("/opt/deploys/{name}"), str::to_string);
    for (path, (mode, bytes)) in &release.files {
        world.tree.write(&format!("{home}/{path}"), *mode, bytes);
    }
    if !value["old"].as_bool().unwrap_or(false) {
        let id = value["id"].as_str().map_or_else(|| format!("id-of-{name}"), str::to_string);
        let release = value["release"].as_str().map_or_else(|| format!("{name}.zip"), str::to_string);
        world.tree.write(&format!("{home}/.c2-id"), 0o644, format!("{id}\n{release}\n").as_bytes());
    }
    let live = value["live"].as_bool().unwrap_or(false);
    if live {
        world.tree.link("/opt/deploys/current", &home, 1_600_000_000);
    }
    if value["running"].as_bool().unwrap_or(live) {
        let version = world.tree.text(&format!("{home}/version")).unwrap();
        if value["foreground"].as_bool().unwrap_or(false) {
            world.foreground.insert(home.clone());
        }
        world.running.insert(home, version);
    }
}
