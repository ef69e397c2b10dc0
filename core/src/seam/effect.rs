//! Described changes: what the shell performs, and which facts each one makes true.

use crate::prelude::*;
use alloc::collections::BTreeMap;
use core::fmt;

use super::{Answer, CommandLine, Content, Folder, Intent, Link, Location, ProxyNow, Query, Secret};
use crate::{archive::Limits, aws::TextChange, aws::s3::Condition, config::Readiness, nginx::Generation};

/// Which of a release's commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `prestartCommand`.
    Prestart,
    /// `startCommand`.
    Start,
    /// `stopCommand`.
    Stop,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Prestart => "prestart",
            Role::Start => "start",
            Role::Stop => "stop",
        })
    }
}

/// A file that was rendered from a template of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its path inside the release.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
    /// Its content.
    pub bytes: Secret,
}

/// Permission bits by the path inside the release.
pub type Modes = BTreeMap<String, u32>;

/// A described change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Remove a file or a folder with all below it; none there is fine.
    Remove(String),
    /// Unpack a pinned archive into a folder that does not exist yet, then the rendered files, then the id.
    Unpack {
        /// The archive.
        archive: Location,
        /// The limits it was judged by.
        limits: Limits,
        /// The new folder.
        to: String,
        /// What the folder will be; without an id none is written.
        holds: Folder,
        /// The files rendered from its templates.
        rendered: Vec<Rendered>,
        /// The permission bits of other files and folders than by the archive.
        modes: Modes,
    },
    /// Replace the files of a pinned archive one by one in a folder that keeps its others.
    UnpackOver {
        /// The archive.
        archive: Location,
        /// The limits it was judged by.
        limits: Limits,
        /// The folder.
        to: String,
        /// What the folder will be.
        holds: Folder,
        /// The files rendered from its templates.
        rendered: Vec<Rendered>,
        /// The permission bits of other files and folders than by the archive.
        modes: Modes,
    },
    /// Give an id to a whole folder that has none: one of the older tool.
    Identify {
        /// The folder.
        folder: String,
        /// The id.
        id: String,
    },
    /// Exchange the folders unless `live_dir` already holds what `id` names; `None`: it shall not exist.
    Exchange {
        /// The folder beside.
        staged: String,
        /// The folder in its place.
        live_dir: String,
        /// What `live_dir` shall hold.
        id: Option<String>,
    },
    /// Rename a folder to a name that is free.
    Rename {
        /// Its name now.
        from: String,
        /// Its name then.
        to: String,
    },
    /// Make a symbolic link, or make it point elsewhere.
    Link {
        /// Where the link is.
        at: String,
        /// Its target.
        to: String,
    },
    /// Remove a symbolic link; none there is fine.
    Unlink(String),
    /// Run a command of a release in its folder.
    Run {
        /// Which of its commands.
        role: Role,
        /// The folder.
        folder: String,
        /// The command line for `sh`.
        command: CommandLine,
        /// Whether its failure is only reported.
        tolerant: bool,
        /// The longest it may take.
        limit_s: Option<u32>,
        /// Whether a start command may stay in the foreground; else its end is waited for.
        may_stay: bool,
    },
    /// Stay with the start command that this run spawned until it ends.
    Attend {
        /// What [`Query::ChangedAt`] said of the intents when it was left alone: while it says so, no other run has
        /// begun a change. `None`: it could not be found out.
        as_of: Option<u64>,
        /// The folder it runs in.
        folder: String,
    },
    /// End a start command that stays in the foreground of a folder, whoever attends it, with all processes of its
    /// group; none that runs is fine.
    EndForeground {
        /// The folder.
        folder: String,
        /// How long it may take to end by itself before it is asked to, as when its containers were stopped.
        grace_s: u32,
    },
    /// Start containers that have ended, as they are (`docker start`).
    StartContainers {
        /// The folder of their compose project.
        folder: String,
        /// Their ids, in the order in which they are started.
        ids: Vec<String>,
    },
    /// Find out that no container of the compose projects in this folder runs on.
    ProveStopped {
        /// The folder.
        folder: String,
        /// Whether an engine that does not answer is a failure; else it is taken for one without any.
        must_answer: bool,
    },
    /// Replace a file atomically; its folder is made when it is missing.
    WriteFile {
        /// The path.
        path: String,
        /// The content.
        bytes: Secret,
        /// Its permission bits.
        mode: u32,
        /// The permission bits of a folder that has to be made.
        folder_mode: u32,
        /// Whether it outlasts a power failure: not so what nothing reads after one.
        durable: bool,
    },
    /// Write an object on a condition, by a single request.
    Put {
        /// The object.
        at: Location,
        /// Its content.
        bytes: Secret,
        /// When it is written.
        condition: Condition,
    },
    /// Delete an object; none there is fine.
    Delete(Location),
    /// Note an intent.
    Intend {
        /// The intent's file.
        path: String,
        /// The intent.
        intent: Intent,
    },
    /// Remove the note of an intent.
    Forget(String),
    /// Make a folder and those above it; one that is there is fine.
    MakeFolder(String),
    /// Look at a deploy until it is ready ([`crate::ready`]).
    WaitReady {
        /// The port.
        port: u16,
        /// When it counts as ready.
        readiness: Readiness,
        /// The deploy's folder, whose containers and log a failure shows.
        folder: String,
        /// Whether it must be ready; else one look is taken and only reported.
        demanded: bool,
    },
    /// Try the candidate of the proxy's configuration with `nginx -t`.
    TestProxy {
        /// The folder of the proxy's compose project.
        folder: String,
        /// The compose project of the throw-away container that it is tried in; `None`: inside the running one.
        project: Option<String>,
    },
    /// Signal the proxy to reload its configuration.
    ReloadProxy,
    /// Make sure that the proxy serves this and nothing older.
    ProveProxy {
        /// The folder of the proxy's compose project.
        folder: String,
        /// Whether the configuration answers what it serves; else the age of the workers is the proof.
        marked: bool,
        /// What is to be served.
        served: Generation,
    },
    /// Wait until the workers that may still pass requests to a deploy are gone, at most so long.
    DrainProxy {
        /// The deploy's folder: what was made before it does not know the deploy.
        folder: String,
        /// The longest wait.
        limit_s: u32,
    },
    /// Start the proxy.
    ProxyUp {
        /// The folder of its compose project.
        folder: String,
        /// What tells the compose file.
        project: String,
        /// Whether a container that is there is re-created.
        recreate: bool,
    },
    /// Call a program of this machine, without a shell.
    Call {
        /// The program, found on the `PATH` unless it is a path.
        program: String,
        /// Its arguments; never a secret.
        arguments: Vec<String>,
        /// What it reads from standard input.
        input: Secret,
        /// The longest it may take.
        limit_s: u32,
        /// Whether what it prints goes to standard error; else only what it says of a failure is shown.
        shown: bool,
    },
    /// Change the TXT records of a name in a zone of Route 53.
    ChangeText {
        /// The zone's id.
        zone: String,
        /// The name, without a final dot.
        name: String,
        /// What becomes of them.
        change: TextChange,
        /// How long it is waited for at most until all name servers have it; `None`: not at all.
        wait_s: Option<u32>,
    },
    /// Stop the proxy and remove its container.
    ProxyDown {
        /// The folder of its compose project.
        folder: String,
    },
}

impl Effect {
    /// The facts that this effect makes true, given those before it.
    pub fn claims(&self, ask: &mut dyn FnMut(&Query) -> Answer) -> Vec<(Query, Answer)> {
        match self {
            Effect::Remove(path) => vec![(Query::Folder(path.clone()), Answer::Folder(None))],
            Effect::Unpack { to, holds, .. } => vec![(Query::Folder(to.clone()), Answer::Folder(Some(holds.clone())))],
            Effect::UnpackOver { to, holds, .. } => {
                let id = folder(ask, to).and_then(|folder| folder.id);
                vec![(Query::Folder(to.clone()), Answer::Folder(Some(Folder { id, ..holds.clone() })))]
            }
            Effect::Identify { folder: path, id } => match folder(ask, path) {
                Some(found) if found.id.is_none() => {
                    let found = Folder { id: Some(id.clone()), ..found };
                    vec![(Query::Folder(path.clone()), Answer::Folder(Some(found)))]
                }
                _ => vec![],
            },
            Effect::Exchange { staged, live_dir, id } => {
                let (beside, there) = (folder(ask, staged), folder(ask, live_dir));
                let holds = match (&there, id) {
                    (None, None) => true,
                    (Some(Folder { id: Some(held), .. }), Some(id)) => held == id,
                    _ => false,
                };
                if holds {
                    return vec![];
                }
                let exchanged = [(staged, there), (live_dir, beside)];
                exchanged.map(|(path, folder)| (Query::Folder(path.clone()), Answer::Folder(folder))).into()
            }
            Effect::Rename { from, to } => {
                let moved = folder(ask, from);
                vec![
                    (Query::Folder(from.clone()), Answer::Folder(None)),
                    (Query::Folder(to.clone()), Answer::Folder(moved)),
                ]
            }
            Effect::Link { at, to } => {
                let since = match ask(&Query::Now) {
                    Answer::Number(now) => now,
                    _ => 0,
                };
                let leads = folder(ask, &leads_to(at, to)).is_some();
                vec![(Query::Link(at.clone()), Answer::Link(Some(Link { target: to.clone(), since, leads })))]
            }
            Effect::Unlink(at) => vec![(Query::Link(at.clone()), Answer::Link(None))],
            Effect::WriteFile { path, bytes, mode, .. } => {
                let content = Content { bytes: bytes.clone(), mode: Some(*mode) };
                vec![(Query::Content(Location::File(path.clone())), Answer::Content(Some(content)))]
            }
            Effect::Intend { path, intent } => {
                let (folder, name) = split(path);
                let mut intents = intents(ask, folder);
                intents.insert(name.to_string(), intent.to_text());
                vec![(Query::Intents(folder.to_string()), Answer::Files(intents))]
            }
            Effect::Forget(path) => {
                let (folder, name) = split(path);
                let mut intents = intents(ask, folder);
                intents.remove(name);
                vec![(Query::Intents(folder.to_string()), Answer::Files(intents))]
            }
            Effect::ChangeText { zone, name, change, .. } => {
                let now = match change {
                    TextChange::Upsert(record) => Some(record.clone()),
                    TextChange::Delete(_) => None,
                };
                let query = Query::TextRecord { zone: zone.clone(), name: name.clone() };
                vec![(query, Answer::TextRecord(now))]
            }
            Effect::Run { .. }
            | Effect::Put { .. }
            | Effect::Delete(_)
            | Effect::MakeFolder(_)
            | Effect::Call { .. }
            | Effect::TestProxy { .. }
            | Effect::ReloadProxy
            | Effect::StartContainers { .. }
            | Effect::ProveStopped { .. }
            | Effect::DrainProxy { .. } => vec![],
            Effect::WaitReady { readiness: Readiness::None, .. } => vec![],
            Effect::WaitReady { port, demanded: true, .. } => vec![(Query::Listens(*port), Answer::Flag(true))],
            Effect::WaitReady { .. } => vec![],
            Effect::ProveProxy { folder, served, .. } => {
                let now = ProxyNow { running: true, serves: Some(served.clone()), ..proxy(ask, folder) };
                vec![(Query::Proxy(folder.clone()), Answer::Proxy(now))]
            }
            Effect::ProxyUp { folder, project, .. } => {
                let serves = proxy(ask, folder).serves;
                let project = Some(project.clone());
                let now = ProxyNow { exists: true, running: true, paused: false, mounted: true, project, serves };
                vec![(Query::Proxy(folder.clone()), Answer::Proxy(now))]
            }
            Effect::ProxyDown { folder } => {
                vec![(Query::Proxy(folder.clone()), Answer::Proxy(ProxyNow::default()))]
            }
            Effect::Attend { .. } => vec![(Query::StartCommandRuns, Answer::Flag(false))],
            Effect::EndForeground { folder, .. } => vec![(Query::ForegroundRuns(folder.clone()), Answer::Flag(false))],
        }
    }
}

fn folder(ask: &mut dyn FnMut(&Query) -> Answer, path: &str) -> Option<Folder> {
    match ask(&Query::Folder(path.to_string())) {
        Answer::Folder(folder) => folder,
        _ => None,
    }
}

fn intents(ask: &mut dyn FnMut(&Query) -> Answer, folder: &str) -> BTreeMap<String, String> {
    match ask(&Query::Intents(folder.to_string())) {
        Answer::Files(files) => files,
        _ => BTreeMap::new(),
    }
}

fn proxy(ask: &mut dyn FnMut(&Query) -> Answer, folder: &str) -> ProxyNow {
    match ask(&Query::Proxy(folder.to_string())) {
        Answer::Proxy(now) => now,
        _ => ProxyNow::default(),
    }
}

/// The path that a link at this path with this target leads to.
pub(crate) fn leads_to(at: &str, target: &str) -> String {
    let target = target.trim_end_matches('/');
    if target.starts_with('/') { target.into() } else { alloc::format!("{}/{target}", split(at).0) }
}

/// A path's folder and its last segment.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or((".", path))
}
