//! Questions to the world and the answers they get.

use crate::prelude::*;
use alloc::{collections::BTreeMap, sync::Arc};
use core::fmt;

use super::{Container, Failure, Folder, Secret, Standing};
use crate::{
    archive::{Limits, Listing},
    aws::{Login, Registries, TextRecord},
    config::{Pin, Readiness},
    nginx::Generation,
};

/// Where something is kept: on this machine, in a bucket, or with the secrets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// A path on this machine.
    File(String),
    /// An S3 object, or the prefix of several.
    Object {
        /// The bucket's name.
        bucket: String,
        /// The key, or the prefix with its trailing `/`.
        key: String,
    },
    /// A version of an S3 object, in a bucket that has versions.
    Version {
        /// The bucket's name.
        bucket: String,
        /// The key.
        key: String,
        /// The version's id.
        version: String,
    },
    /// A secret of AWS Secrets Manager, by its ARN or name.
    Secret(String),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::File(path) => f.write_str(path),
            Location::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Location::Version { bucket, key, version } => write!(f, "s3://{bucket}/{key} (version {version})"),
            Location::Secret(id) => write!(f, "the secret {id}"),
        }
    }
}

/// The longest record of a slave that is read.
pub const RECORD_BYTES: u64 = 2 << 20;

/// A question to the world. Its answer is a fact until a plan may have changed it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Query {
    /// The time. Answer: [`Answer::Number`], seconds since 1970 UTC.
    Now,
    /// The time at which this run began to ask. Answer: [`Answer::Number`], seconds since 1970 UTC.
    Began,
    /// The time by the clocks of the services that were heard so far, else by this machine's. Answer:
    /// [`Answer::Number`], seconds since 1970 UTC.
    ServiceTime,
    /// A fresh random number. Answer: [`Answer::Number`].
    Nonce,
    /// A random number that stays the same for this run. Answer: [`Answer::Number`].
    RunId,
    /// The name of this host. Answer: [`Answer::Text`].
    HostName,
    /// The id of this EC2 instance. Answer: [`Answer::Text`].
    InstanceId,
    /// The IPv4 address of this network interface. Answer: [`Answer::Text`], nothing when it has none.
    Address(String),
    /// A variable of the environment. Answer: [`Answer::Text`].
    Environment(String),
    /// The path of the executable, symlinks resolved. Answer: [`Answer::Text`].
    Executable,
    /// A small file or object, whole. Answer: [`Answer::Content`].
    Content(Location),
    /// A slave's record, of at most [`RECORD_BYTES`]. Answer: [`Answer::Content`].
    Record(Location),
    /// A shared object and its ETag. One that was fetched before is asked for only if it has changed. Answer:
    /// [`Answer::Shared`].
    Shared(Location),
    /// Whether the store heeds conditions on writes, found out by writing an object of its own. Answer:
    /// [`Answer::Text`]: nothing when it does, else how it does not.
    HonorsConditions {
        /// The object to try it on.
        probe: Location,
        /// Whether that there is none is to be tried as a condition too.
        absent: bool,
    },
    /// The bytes of an archive that was fetched as a copy. Answer: [`Answer::Pin`].
    Pin(Location, Limits),
    /// The releases below a folder or a prefix. Answer: [`Answer::Listing`].
    Releases(Location),
    /// A release archive, fetched and judged; pinned for this run. Answer: [`Answer::Archive`].
    Archive(Location, Limits),
    /// The same; of one in a folder a copy is judged, and later unpacked, that nobody else can write: what its bytes are
    /// pinned by must hold for what runs. Answer: [`Answer::Archive`].
    ArchiveCopy(Location, Limits),
    /// A small member of a pinned archive. Answer: [`Answer::Content`].
    Member(Location, String),
    /// A deploy's folder. Answer: [`Answer::Folder`].
    Folder(String),
    /// What is at a path, links followed, without opening it. Answer: [`Answer::Stat`].
    Stat(String),
    /// A symbolic link. Answer: [`Answer::Link`].
    Link(String),
    /// The intents noted in a folder. Answer: [`Answer::Files`].
    Intents(String),
    /// A path with all its symbolic links resolved. Answer: [`Answer::Text`], nothing when it is not there.
    Physical(String),
    /// What tells one change of a folder's entries from the next: its time of modification in nanoseconds. Answer:
    /// [`Answer::Number`], 0 when it is not there.
    ChangedAt(String),
    /// Whether the start command that this run spawned is still running. Answer: [`Answer::Flag`].
    StartCommandRuns,
    /// Whether a start command that a run of this tool left in the foreground of this folder still runs, whoever attends
    /// it. Answer: [`Answer::Flag`].
    ForegroundRuns(String),
    /// Whether something accepts connections on this port of 127.0.0.1. Answer: [`Answer::Flag`].
    Listens(u16),
    /// Whether this port of 127.0.0.1 accepts a connection: more than listening on another address. Answer:
    /// [`Answer::Flag`].
    Accepts(u16),
    /// How a deploy stands. Answer: [`Answer::Standing`].
    Standing {
        /// Its folder.
        folder: String,
        /// Its port.
        port: u16,
        /// What is asked of the port.
        readiness: Readiness,
    },
    /// The containers of the compose projects in this folder, by the label that Compose gives them whatever the project
    /// is called; not those of `docker compose run`. Answer: [`Answer::Containers`].
    Containers(String),
    /// The proxy's container and what it serves, by the folder of its compose project. Answer: [`Answer::Proxy`].
    Proxy(String),
    /// The driver of containers' logs that the docker engine takes by default. Answer: [`Answer::Text`].
    LogDriver,
    /// A short text on standard input, whole. Answer: [`Answer::Content`].
    Input,
    /// Logins to docker registries of Amazon ECR. Answer: [`Answer::Logins`].
    Logins(Registries),
    /// The id of the public zone of Route 53 that a name is in. Answer: [`Answer::Text`].
    HostedZone(String),
    /// The TXT records of a name in a zone of Route 53. Answer: [`Answer::TextRecord`].
    TextRecord {
        /// The zone's id.
        zone: String,
        /// The name, without a final dot.
        name: String,
    },
    /// What tells a file's content from any other; never the content itself. Answer: [`Answer::Text`].
    Fingerprint(String),
}

impl Query {
    /// Whether a plan, done or failed, leaves the answer as it is.
    #[must_use]
    pub fn survives_a_plan(&self) -> bool {
        matches!(
            self,
            Query::Environment(_)
                | Query::Executable
                | Query::Archive(..)
                | Query::ArchiveCopy(..)
                | Query::Member(..)
                | Query::Pin(..)
                | Query::Began
                | Query::RunId
                | Query::HostName
                | Query::InstanceId
                | Query::HonorsConditions { .. }
                | Query::LogDriver
                // It is read once.
                | Query::Input
                // They hold for twelve hours.
                | Query::Logins(_)
                // Asked once, then only when it is explicitly forgotten: a run goes by one state of it.
                | Query::Shared(_)
        )
    }
}

/// What the world said. "Not available" is an answer too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// A text, or nothing there.
    Text(Option<String>),
    /// A small file's, object's or member's content, or nothing there.
    Content(Option<Content>),
    /// What a store holds, in no particular order.
    Listing(Vec<Listed>),
    /// What a judged archive holds, or nothing there.
    Archive(Option<Arc<Listing>>),
    /// A folder, or nothing there.
    Folder(Option<Folder>),
    /// What is at a path, or nothing there: a file in place of a folder above it is nothing, too.
    Stat(Option<Stat>),
    /// A link, or nothing there.
    Link(Option<Link>),
    /// Small text files by name.
    Files(BTreeMap<String, String>),
    /// The proxy's container.
    Proxy(ProxyNow),
    /// A shared object, or nothing there.
    Shared(Option<Shared>),
    /// Containers, by name.
    Containers(Vec<Container>),
    /// How a deploy stands.
    Standing(Standing),
    /// The bytes of an archive.
    Pin(Pin),
    /// The TXT records of a name, or none there.
    TextRecord(Option<TextRecord>),
    /// Logins to docker registries.
    Logins(Vec<Login>),
    /// It is not available.
    Failed(Failure),
}

/// A small file, object or member, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its bytes; they may hold a secret.
    pub bytes: Secret,
    /// Its permission bits, where it has some.
    pub mode: Option<u32>,
}

/// A shared object, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its ETag.
    pub etag: String,
}

/// One release of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name below the store's folder or prefix.
    pub name: String,
    /// When it was last modified: a text that sorts by time.
    pub modified: String,
}

/// The names that Compose looks for, see its command-line reference.
pub const COMPOSE_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// The proxy's container as it is found.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ProxyNow {
    /// Whether there is a container, running or not.
    pub exists: bool,
    /// Whether it runs.
    pub running: bool,
    /// Whether it is paused: it does not run, and has its ports.
    pub paused: bool,
    /// Whether it mounts the folder that is on disk now.
    pub mounted: bool,
    /// What tells the compose file that it was made from; one of the older tool has none.
    pub project: Option<String>,
    /// What it serves, where that is known.
    pub serves: Option<Generation>,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Its permission bits.
    pub mode: u32,
}

/// A symbolic link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its target as written.
    pub target: String,
    /// When it was made, seconds since 1970 UTC.
    pub since: u64,
    /// Whether it leads to a folder that is there.
    pub leads: bool,
}
