//! What is known of the world so far, and what has been asked and is not known yet.

use crate::prelude::*;
use alloc::{collections::BTreeMap, sync::Arc};
use core::cell::RefCell;

use super::{
    Answer, Container, Content, Folder, Link, Listed, Location, ProxyNow, Query, Refusal, Shared, Standing, Stat,
};
use crate::{
    archive::{Limits, Listing},
    aws::{Login, Registries, TextRecord},
    config::{Pin, Readiness},
};

/// The answers that a command decides on.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    known: BTreeMap<Query, Answer>,
    noted: RefCell<Vec<Query>>,
}

impl Facts {
    /// The answer to a query. An unknown one is noted beside the result, so that a caller that goes on
    /// after the error has it asked all the same.
    fn ask(&self, query: Query) -> Result<&Answer, Refusal> {
        match self.known.get(&query) {
            Some(Answer::Failed(failure)) => Err(Refusal::World(failure.clone())),
            Some(answer) => Ok(answer),
            None => {
                let mut noted = self.noted.borrow_mut();
                if !noted.contains(&query) {
                    noted.push(query);
                }
                Err(Refusal::Unknown)
            }
        }
    }

    /// Takes the queries that were noted since the last call.
    pub fn take_noted(&mut self) -> Vec<Query> {
        core::mem::take(self.noted.get_mut())
    }

    /// Learns an answer.
    pub fn learn(&mut self, query: Query, answer: Answer) {
        self.known.insert(query, answer);
    }

    /// Forgets what a plan may have changed.
    pub fn forget_volatile(&mut self) {
        self.known.retain(|query, _| query.survives_a_plan());
    }

    /// Forgets these, so that they are asked again.
    pub fn forget(&mut self, queries: &[Query]) {
        self.known.retain(|query, _| !queries.contains(query));
    }
}

/// The answer is not one to this question: a mistake of this program.
#[cold]
#[inline(never)]
fn of_another_kind(question: &str) -> Refusal {
    Refusal::no("ask this machine", alloc::format!("the answer to {question} is of another kind: this is a bug of c2"))
}

macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident($($parameter:ident: $type:ty),*) -> $result:ty = $query:expr => $variant:ident;)*) => {
        /// The questions, each with its accessor; they fail with [`Refusal::Unknown`] while there is no answer.
        impl Facts {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// Not known yet, or not available.
                pub fn $name(&self, $($parameter: $type),*) -> Result<$result, Refusal> {
                    match self.ask($query)? {
                        Answer::$variant(value) => Ok(value.clone()),
                        _ => Err(of_another_kind(stringify!($name))),
                    }
                }
            )*
        }
    };
}

questions! {
    /// Seconds since 1970 UTC.
    now() -> u64 = Query::Now => Number;
    /// The time at which this run began to ask, seconds since 1970 UTC.
    began() -> u64 = Query::Began => Number;
    /// The time by the clocks of the services that were heard so far, seconds since 1970 UTC.
    service_time() -> u64 = Query::ServiceTime => Number;
    /// A random number that stays the same for this run.
    run_id() -> u64 = Query::RunId => Number;
    /// The name of this host.
    host_name() -> Option<String> = Query::HostName => Text;
    /// The id of this EC2 instance.
    instance_id() -> Option<String> = Query::InstanceId => Text;
    /// The IPv4 address of a network interface.
    address(interface: &str) -> Option<String> = Query::Address(interface.to_string()) => Text;
    /// A shared object and its ETag.
    shared(at: &Location) -> Option<Shared> = Query::Shared(at.clone()) => Shared;
    /// How the store does not heed conditions on writes; `None` when it does.
    honors_conditions(probe: &Location, absent: bool) -> Option<String> = Query::HonorsConditions { probe: probe.clone(), absent } => Text;
    /// The bytes of an archive that was asked for as a copy before.
    pin(at: &Location, limits: Limits) -> Pin = Query::Pin(at.clone(), limits) => Pin;
    /// A fresh random number.
    nonce() -> u64 = Query::Nonce => Number;
    /// A variable of the environment.
    environment(name: &str) -> Option<String> = Query::Environment(name.to_string()) => Text;
    /// The path of the executable.
    executable() -> Option<String> = Query::Executable => Text;
    /// A small file or object.
    content(at: &Location) -> Option<Content> = Query::Content(at.clone()) => Content;
    /// A slave's record.
    record(at: &Location) -> Option<Content> = Query::Record(at.clone()) => Content;
    /// The releases of a store.
    releases(at: &Location) -> Vec<Listed> = Query::Releases(at.clone()) => Listing;
    /// A release archive, judged.
    archive(at: &Location, limits: Limits) -> Option<Arc<Listing>> = Query::Archive(at.clone(), limits) => Archive;
    /// The same; of one in a folder a copy, whose bytes no one else can change.
    archive_copy(at: &Location, limits: Limits) -> Option<Arc<Listing>> = Query::ArchiveCopy(at.clone(), limits) => Archive;
    /// A small member of an archive that was asked for before.
    member(at: &Location, path: &str) -> Option<Content> = Query::Member(at.clone(), path.to_string()) => Content;
    /// A deploy's folder.
    folder(path: &str) -> Option<Folder> = Query::Folder(path.to_string()) => Folder;
    /// What is at a path.
    stat(path: &str) -> Option<Stat> = Query::Stat(path.to_string()) => Stat;
    /// A symbolic link.
    link(path: &str) -> Option<Link> = Query::Link(path.to_string()) => Link;
    /// The texts of the intents noted in a folder, by name.
    intents(folder: &str) -> BTreeMap<String, String> = Query::Intents(folder.to_string()) => Files;
    /// A path with all its symbolic links resolved.
    physical(path: &str) -> Option<String> = Query::Physical(path.to_string()) => Text;
    /// What tells one change of a folder's entries from the next.
    changed_at(path: &str) -> u64 = Query::ChangedAt(path.to_string()) => Number;
    /// Whether the start command that this run spawned is still running.
    start_command_runs() -> bool = Query::StartCommandRuns => Flag;
    /// Whether a start command that stays in the foreground of this folder still runs.
    foreground_runs(folder: &str) -> bool = Query::ForegroundRuns(folder.to_string()) => Flag;
    /// Whether something accepts connections on this port of 127.0.0.1.
    listens(port: u16) -> bool = Query::Listens(port) => Flag;
    /// Whether a port of this machine accepts a connection.
    accepts(port: u16) -> bool = Query::Accepts(port) => Flag;
    /// How a deploy stands.
    standing(folder: &str, port: u16, readiness: &Readiness) -> Standing = Query::Standing { folder: folder.to_string(), port, readiness: readiness.clone() } => Standing;
    /// The containers of the compose projects in a folder.
    containers(folder: &str) -> Vec<Container> = Query::Containers(folder.to_string()) => Containers;
    /// The proxy's container, by the folder of its compose project.
    proxy(folder: &str) -> ProxyNow = Query::Proxy(folder.to_string()) => Proxy;
    /// The driver of containers' logs that the docker engine takes by default.
    log_driver() -> Option<String> = Query::LogDriver => Text;
    /// A short text on standard input.
    input() -> Option<Content> = Query::Input => Content;
    /// Logins to docker registries of Amazon ECR.
    logins(registries: &Registries) -> Vec<Login> = Query::Logins(registries.clone()) => Logins;
    /// The id of the public zone of Route 53 that a name is in.
    hosted_zone(name: &str) -> Option<String> = Query::HostedZone(name.to_string()) => Text;
    /// The TXT records of a name in a zone of Route 53.
    text_record(zone: &str, name: &str) -> Option<TextRecord> =
        Query::TextRecord { zone: zone.to_string(), name: name.to_string() } => TextRecord;
    /// What tells a file's content from any other.
    fingerprint(path: &str) -> Option<String> = Query::Fingerprint(path.to_string()) => Text;
}
