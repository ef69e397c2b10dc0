//! A simulated host: a file system, stores, an environment, what runs, and faults at any effect.
//!
//! It refuses what the real world refuses, and notes what must never happen ([`World::violations`]).

mod bucket;
mod cloud;
mod docker;
mod effects;
mod follow;
mod foreground;
mod host;
mod lives;
mod proxy;
mod ready;
mod script;
#[cfg(test)]
mod tests;
mod tree;

use crate::prelude::*;
use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use bucket::Object;
pub use docker::Compose;
pub use host::PRINTED;
pub use proxy::Proxy;
pub use ready::Looks;
pub use script::Script;
pub use tree::{Node, Tree};

use crate::{
    archive::{Listing, Member, file_mode},
    aws::TextRecord,
    seam::{
        Answer, COMPOSE_FILES, Content, Failure, Folder, Link, Listed, Location, Query, RECORD_BYTES, Secret, Signal,
        leads_to,
    },
    time::utc,
};

/// How an effect goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedFault {
    /// It fails and did nothing.
    Clean,
    /// It fails, yet it is done.
    Torn,
    /// The process is gone after it.
    Crash,
    /// The process is gone inside it.
    Half,
    /// It says that it succeeded and did nothing (what only a reload of the proxy does).
    Lie,
    /// A signal asks the process to end, noted while the effect is performed.
    Signal,
}

impl InjectedFault {
    /// All of them.
    pub const ALL: [InjectedFault; 6] = [
        InjectedFault::Clean,
        InjectedFault::Torn,
        InjectedFault::Crash,
        InjectedFault::Half,
        InjectedFault::Lie,
        InjectedFault::Signal,
    ];
}

/// A release archive of the simulated stores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Its files by path, with mode and content.
    pub files: BTreeMap<String, (u32, Vec<u8>)>,
    /// When it was last modified.
    pub modified: String,
    /// Why it is refused when it is judged.
    pub broken: Option<String>,
}

/// The simulated host.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Files, folders and links.
    pub tree: Tree,
    /// Release archives of folders and buckets.
    pub releases: BTreeMap<Location, Release>,
    /// The copies of archives that this run has judged: what becomes of the archives does not change them.
    pub copies: BTreeMap<Location, Release>,
    /// An archive that somebody writes over in place, once this run has asked and done so much.
    pub written_over: Option<(usize, Location, Release)>,
    /// Other objects of buckets.
    pub objects: BTreeMap<Location, Object>,
    /// Whether the stores ignore conditions on writes.
    pub heedless: bool,
    /// Whether the stores do not answer.
    pub cut_off: bool,
    /// The name of the host.
    pub name: String,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// What runs: the folder it was started from, and its version.
    pub running: BTreeMap<String, String>,
    /// The ports that what runs accepts connections on, by folder.
    pub accepting: BTreeMap<String, u16>,
    /// When what runs, or has ended, was started, by folder, in milliseconds since 1970.
    pub started: BTreeMap<String, u64>,
    /// When the engine started a container again that had ended, by folder and service, in milliseconds since 1970.
    pub started_again: BTreeMap<(String, &'static str), u64>,
    /// What has ended by itself, by folder and service: with which status, and when.
    pub ended: BTreeMap<(String, &'static str), (i64, u64)>,
    /// How often the job of a folder's release was begun, ever.
    pub job_runs: BTreeMap<String, u32>,
    /// When the machine was last booted, in milliseconds since 1970.
    pub booted_ms: u64,
    /// What the looks of this run have found, by folder.
    pub looks: BTreeMap<String, Looks>,
    /// The ports that others listen on.
    pub foreign: BTreeSet<u16>,
    /// The ports that were found to accept connections since what holds them was started.
    pub proven: BTreeSet<u16>,
    /// The proxy's container.
    pub proxy: Option<Proxy>,
    /// The generation of Compose that there is.
    pub compose: Compose,
    /// Whether there is no docker at all.
    pub no_docker: bool,
    /// The driver of logs that docker takes by default, where it is not `json-file`.
    pub log_driver: Option<String>,
    /// Whether a client holds a connection to the workers that accept: they stay when others take their place.
    pub held: bool,
    /// The workers of older configurations that stay: the ports that each may pass requests to.
    pub staying: Vec<BTreeSet<u16>>,
    /// The ports that workers of an older configuration may still pass requests to.
    pub undrained: BTreeSet<u16>,
    /// The routes to dead or unproven ports that a reboot has left: where they are, the endpoint and the port.
    pub inherited: BTreeSet<(&'static str, String, u16)>,
    /// The start command of this run that is still running: its folder and how it will end.
    pub attended: Option<(String, Result<(), i32>)>,
    /// The folders in whose foreground a start command stays, whether or not the run that spawned it is still there.
    pub foreground: BTreeSet<String>,
    /// Seconds since 1970.
    pub clock: u64,
    /// What the clock is ahead of those seconds.
    pub clock_ms: u64,
    /// The last random number given out.
    pub nonce: u64,
    /// The faults of this run: the number of the effect, counted from 1, and the kind.
    pub faults: Vec<(usize, InjectedFault)>,
    /// How many effects this run has performed.
    pub performed: usize,
    /// The number of the effect that first started a release in this run.
    pub started_at: Option<usize>,
    /// How many questions this run has asked.
    pub asked: usize,
    /// The question of this run that the world does not answer, counted from 1.
    pub unanswered: Option<usize>,
    /// Whether the effects' claims are taken for true; else each is checked while nothing goes wrong.
    pub trusts_claims: bool,
    /// What must never happen, and did.
    pub violations: BTreeSet<String>,
    /// What this run's tolerated commands failed with.
    pub tolerated: Vec<Failure>,
    /// The public zones of Route 53: name to id.
    pub zones: BTreeMap<String, String>,
    /// The TXT records in DNS, by zone and name.
    pub records: BTreeMap<(String, String), TextRecord>,
    /// What is on standard input.
    pub input: String,
    /// The programs that were called, ever: the effect as it prints, and what they were given to read.
    pub calls: Vec<(String, Vec<u8>)>,
    /// How often an intent was noted or removed, ever.
    pub changes: u64,
    /// Whether the lock is held.
    pub locked: bool,
    /// Whether signals are only noted.
    pub deferred: bool,
    /// Whether a noted signal ends a command that runs.
    pub forwards_signals: bool,
    /// The signal that was noted.
    pub signalled: Option<Signal>,
}

impl World {
    /// Makes it ready for the next run, with these faults.
    pub fn begin(&mut self, faults: &[(usize, InjectedFault)]) {
        self.faults = faults.to_vec();
        (self.performed, self.asked, self.started_at, self.unanswered) = (0, 0, None, None);
        (self.locked, self.deferred, self.signalled) = (false, false, None);
        self.attended = None;
        self.looks.clear();
        self.tolerated.clear();
        self.copies.clear();
    }

    /// The archive as this run has it: its copy, else as it lies there.
    pub(super) fn archive(&self, at: &Location) -> Option<&Release> {
        self.copies.get(at).or_else(|| self.releases.get(at))
    }

    /// Somebody writes over an archive between this moment and the one before.
    fn write_over(&mut self) {
        let is_now = |(moment, ..): &mut (usize, Location, Release)| *moment == self.asked + self.performed;
        if let Some((_, at, release)) = self.written_over.take_if(is_now) {
            self.releases.insert(at, release);
        }
    }

    fn answer_one(&mut self, query: &Query) -> Answer {
        self.asked += 1;
        self.write_over();
        // What the shell knows by itself is never in doubt.
        let known =
            matches!(query, Query::Now | Query::Began | Query::RunId | Query::Environment(_) | Query::StartCommandRuns);
        if self.unanswered == Some(self.asked) && !known {
            return failed(format!("{query:?}"), "injected");
        }
        match query {
            Query::Now | Query::Began | Query::ServiceTime => Answer::Number(self.clock),
            Query::HostName => Answer::Text(Some(self.name.clone())),
            Query::InstanceId => Answer::Text(Some(format!("i-{}", self.name))),
            Query::Address(interface) => Answer::Text((interface == "eth0").then(|| "10.0.0.1".to_string())),
            Query::Nonce | Query::RunId => {
                self.nonce += 1;
                Answer::Number(self.nonce)
            }
            Query::Environment(name) => Answer::Text(self.environment.get(name).cloned()),
            Query::Executable => Answer::Text(Some("/opt/bin/c2".to_string())),
            Query::Content(Location::File(path)) => match self.tree.get(path) {
                Some(Node::File { mode, bytes }) => {
                    Answer::Content(Some(Content { bytes: Secret::new(bytes.to_vec()), mode: Some(*mode) }))
                }
                Some(_) => failed(format!("read {path}"), "it is a folder"),
                None => Answer::Content(None),
            },
            Query::Content(at) | Query::Record(at) => match self.object(at) {
                Ok(Some(object)) if matches!(query, Query::Record(_)) && object.bytes.len() as u64 > RECORD_BYTES => {
                    failed(format!("fetch {at}"), format!("it is longer than {RECORD_BYTES} bytes"))
                }
                Ok(object) => {
                    let content = |object: &Object| Content { bytes: Secret::new(object.bytes.clone()), mode: None };
                    Answer::Content(object.map(content))
                }
                Err(failure) => Answer::Failed(failure),
            },
            Query::Shared(at) => match self.object(at) {
                Ok(object) => Answer::Shared(object.map(Object::shared)),
                Err(failure) => Answer::Failed(failure),
            },
            Query::HonorsConditions { .. } => {
                Answer::Text(self.heedless.then(|| "it wrote what it must not".to_string()))
            }
            Query::Pin(at, _) => match self.archive(at) {
                Some(release) => Answer::Pin(release.pin()),
                None => failed(format!("hash {at}"), "it was not fetched"),
            },
            Query::Releases(at) => Answer::Listing(self.listed(at)),
            Query::Archive(at, _) | Query::ArchiveCopy(at, _) => {
                let is_copied = matches!(query, Query::ArchiveCopy(..)) || !matches!(at, Location::File(_));
                if let (true, Some(release)) = (is_copied, self.archive(at)) {
                    self.copies.insert(at.clone(), release.clone());
                }
                match self.archive(at) {
                    None => Answer::Archive(None),
                    Some(Release { broken: Some(why), .. }) => failed(format!("judge the archive {at}"), why),
                    Some(release) => Answer::Archive(Some(Arc::new(listing(release)))),
                }
            }
            Query::Member(at, path) => {
                let file = self.archive(at).and_then(|release| release.files.get(path));
                let content =
                    |(mode, bytes): &(u32, Vec<u8>)| Content { bytes: Secret::new(bytes.clone()), mode: Some(*mode) };
                Answer::Content(file.map(content))
            }
            Query::Folder(path) => self.folder(path),
            Query::Stat(path) => Answer::Stat(self.tree.stat(path)),
            Query::Link(path) => match self.tree.get(path) {
                Some(Node::Link { target, since }) => {
                    let leads = matches!(self.tree.get(&leads_to(path, target)), Some(Node::Folder { .. }));
                    Answer::Link(Some(Link { target: target.clone(), since: *since, leads }))
                }
                Some(_) => Answer::Failed(Failure::World {
                    doing: format!("read the link {path}"),
                    why: "it is not a symbolic link".into(),
                    hint: Some("move what is there out of the way".into()),
                }),
                None => Answer::Link(None),
            },
            Query::Intents(folder) => Answer::Files(self.tree.texts(folder)),
            Query::Physical(path) => Answer::Text(self.tree.get(path).is_some().then(|| path.clone())),
            Query::ChangedAt(_) => Answer::Number(self.changes),
            Query::StartCommandRuns => Answer::Flag(self.attended.is_some()),
            Query::ForegroundRuns(folder) => Answer::Flag(self.foreground_runs(folder)),
            Query::Listens(port) | Query::Accepts(port) => Answer::Flag(self.listens(*port)),
            Query::Standing { folder, port, readiness } => Answer::Standing(self.standing(folder, *port, readiness)),
            Query::Containers(folder) => Answer::Containers(self.containers(folder)),
            Query::Proxy(_) | Query::LogDriver if self.no_docker => Answer::Failed(docker::no_docker("ask docker")),
            Query::Proxy(folder) => Answer::Proxy(self.proxy_now(folder)),
            Query::LogDriver => Answer::Text(Some(self.log_driver.clone().unwrap_or_else(|| "json-file".to_string()))),
            Query::Input => {
                let bytes = Secret::new(self.input.clone().into_bytes());
                Answer::Content(Some(Content { bytes, mode: None }))
            }
            Query::HostedZone(name) => Answer::Text(self.zone_of(name)),
            Query::TextRecord { zone, name } => {
                Answer::TextRecord(self.records.get(&(zone.clone(), name.clone())).cloned())
            }
            Query::Logins(registries) => Answer::Logins(cloud::logins(registries)),
            Query::Fingerprint(path) => Answer::Text(self.tree.text(path)),
        }
    }

    fn folder(&self, path: &str) -> Answer {
        match self.tree.get(path) {
            None => Answer::Folder(None),
            Some(Node::Folder { .. }) => {
                let text = |name: &str| self.tree.text(&format!("{path}/{name}"));
                Answer::Folder(Some(Folder {
                    compose: COMPOSE_FILES.iter().any(|name| self.tree.get(&format!("{path}/{name}")).is_some()),
                    filled: self.tree.get(&format!("{path}/release.json.tpl")).is_some(),
                    release_json: text("release.json"),
                    ..Folder::of_stamp(text(".c2-id").as_deref())
                }))
            }
            Some(_) => failed(format!("look at {path}"), "it is not a folder"),
        }
    }

    fn listed(&self, at: &Location) -> Vec<Listed> {
        let below = |location: &Location| match (at, location) {
            (Location::File(folder), Location::File(path)) => {
                path.strip_prefix(&format!("{folder}/")).map(ToString::to_string)
            }
            (Location::Object { bucket, key }, Location::Object { bucket: its, key: path }) if bucket == its => {
                path.strip_prefix(key.as_str()).map(ToString::to_string)
            }
            _ => None,
        };
        let releases = self.releases.iter().filter_map(|(location, release)| {
            Some(Listed { name: below(location)?, modified: release.modified.clone() })
        });
        let objects = self.objects.iter().filter_map(|(location, object)| {
            // With a fraction, as S3 has it.
            let dated = || utc(object.modified).replace('Z', ".000Z");
            let modified = if object.modified == 0 { String::new() } else { dated() };
            Some(Listed { name: below(location)?, modified })
        });
        releases.chain(objects).collect()
    }

    fn note(&mut self, violation: String) {
        self.violations.insert(violation);
    }
}

fn failed(doing: impl Into<String>, why: impl Into<String>) -> Answer {
    Answer::Failed(Failure::world(doing, why))
}

fn listing(release: &Release) -> Listing {
    let mut members: BTreeMap<String, Member> = BTreeMap::new();
    for (path, (mode, bytes)) in &release.files {
        for (end, _) in path.match_indices('/') {
            let folder = path.get(..end).unwrap_or_default().to_string();
            let member =
                Member { path: folder.clone(), folder: true, mode: 0o755, modified_s: 0, bytes: 0, content: None };
            members.insert(folder, member);
        }
        let bytes = bytes.len() as u64;
        let mode = file_mode(*mode);
        let member = Member { path: path.clone(), folder: false, mode, modified_s: 0, bytes, content: None };
        members.insert(path.clone(), member);
    }
    Listing::new(members.into_values().collect())
}
