//! The core's questions answered from the real machine; slow ones side by side.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use c2_core::{
    Ordered,
    s3::Fault,
    seam::{Answer, COMPOSE_FILES, Content, Failure, Folder, Link, Location, Query, RECORD_BYTES, Secret, Stat},
};

use crate::{
    beside, containers,
    files::{self, SMALL_BYTES},
    host::Machine,
    ready,
    s3::{S3, S3Error},
    shared,
};

/// The most fetches at one time, each on a connection of its own.
pub(crate) const SIDE_BY_SIDE: usize = 32;

impl Machine {
    /// The answers, in the order of the questions.
    pub(crate) fn answer_all(&mut self, queries: &[Query]) -> Vec<Answer> {
        let mut objects = remote_side_by_side(&self.s3, queries);
        let mut answer = |query: &Query| match objects.remove(query) {
            Some(answer) => answer,
            None => self.answer_one(query).unwrap_or_else(Answer::Failed),
        };
        queries.iter().map(&mut answer).collect()
    }

    fn answer_one(&mut self, query: &Query) -> Result<Answer, Failure> {
        Ok(match query {
            Query::HostName => Answer::Text(Some(rustix::system::uname().nodename().to_string_lossy().into_owned())),
            Query::InstanceId => Answer::Text(Some(self.s3.aws().instance_id().map_err(|failure| {
                Failure::world("find the id of this instance, which is its label as a slave", failure.to_string())
            })?)),
            Query::Address(interface) => Answer::Text(shared::address(interface)?),
            Query::ServiceTime => Answer::Number(self.s3.aws().now_s()),
            Query::Shared(at) => self.shared(at)?,
            Query::Heeds { probe, absent } => self.heeds(probe, *absent)?,
            Query::Pin(at, _) => Answer::Pin(self.pin(at)?),
            Query::Now | Query::Began => {
                Answer::Number(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs()))
            }
            Query::Nonce | Query::RunId => Answer::Number(random()?),
            Query::Environment(name) => Answer::Text(self.environment.get(name).cloned()),
            Query::Executable => {
                let path = std::env::current_exe().and_then(fs::canonicalize);
                let path = path.map_err(|error| Failure::world("find the path of this program", error.to_string()))?;
                Answer::Text(Some(path.to_string_lossy().into_owned()))
            }
            Query::Content(Location::File(path)) => {
                let read = files::read_small(Path::new(path)).map_err(|error| failed("read", path, &error))?;
                Answer::Content(read.map(|(bytes, mode)| Content { bytes: Secret::new(bytes), mode: Some(mode) }))
            }
            Query::Content(at) => remote(&self.s3, at, SMALL_BYTES),
            Query::Record(at) => remote(&self.s3, at, RECORD_BYTES),
            Query::Releases(at) => Answer::Listing(self.listed(at)?),
            Query::Archive(at, limits) => {
                Answer::Archive(self.fetch(at, *limits, false)?.map(|archive| archive.listing().clone()))
            }
            Query::ArchiveCopy(at, limits) => {
                Answer::Archive(self.fetch(at, *limits, true)?.map(|archive| archive.listing().clone()))
            }
            Query::Member(at, path) => Answer::Content(self.member(at, path)?),
            Query::Folder(path) => Answer::Folder(folder(path)?),
            Query::Stat(path) => Answer::Stat(stat(path).map_err(|error| failed("look at", path, &error))?),
            Query::Link(path) => Answer::Link(link(path)?),
            Query::Intents(path) => {
                Answer::Files(texts(path).map_err(|error| failed("read the intents in", path, &error))?)
            }
            Query::Physical(path) => Answer::Text(physical(path)?),
            Query::ChangedAt(path) => {
                Answer::Number(changed_at(path).map_err(|error| failed("look at", path, &error))?)
            }
            Query::StartCommandRuns => Answer::Flag(self.attended.is_some()),
            Query::ForegroundRuns(folder) => Answer::Flag(self.foreground_runs(folder)),
            Query::Listens(port) => Answer::Flag(ready::listens(*port)),
            Query::Accepts(port) => Answer::Flag(ready::accepts(*port)),
            Query::Standing { folder, port, readiness } => Answer::Standing(self.standing(folder, *port, readiness)?),
            Query::Containers(folder) => {
                Answer::Containers(containers::of_folder(&self.signals, &self.engine, folder)?)
            }
            Query::Proxy(folder) => Answer::Proxy(self.proxy_now(folder)?),
            Query::LogDriver => Answer::Text(Some(self.log_driver()?)),
            Query::Input => {
                let mut bytes = Vec::new();
                let read = io::stdin().lock().take(SMALL_BYTES).read_to_end(&mut bytes);
                read.map_err(|error| Failure::world("read standard input", error.to_string()))?;
                Answer::Content(Some(Content { bytes: Secret::new(bytes), mode: None }))
            }
            Query::HostedZone(name) => {
                crate::resolve::prepare();
                let zone = self.s3.aws().hosted_zone(name);
                Answer::Text(zone.map_err(|failure| aws_failure("ask Route 53", &failure))?)
            }
            Query::TextRecord { zone, name } => {
                crate::resolve::prepare();
                let record = self.s3.aws().text_record(zone, name);
                Answer::TextRecord(record.map_err(|failure| aws_failure("ask Route 53", &failure))?)
            }
            Query::Logins(registries) => {
                crate::resolve::prepare();
                let logins = self.s3.aws().logins(registries);
                Answer::Logins(logins.map_err(|failure| aws_failure("log in to Amazon ECR", &failure))?)
            }
            Query::Fingerprint(path) => Answer::Text(fingerprint(path)?),
        })
    }

    fn member(&self, at: &Location, path: &str) -> Result<Option<Content>, Failure> {
        let pinned = self.archives.iter().find(|((location, _), _)| location == at).map(|(_, archive)| archive);
        let Some(archive) = pinned else { return Ok(None) };
        let bytes = archive.read_member(path, SMALL_BYTES);
        let bytes = bytes.map_err(|error| Failure::world(format!("read {path} of {at}"), error.to_string()))?;
        let mode = archive.listing().find(path).map(|member| member.mode);
        Ok(bytes.map(|bytes| Content { bytes: Secret::new(bytes), mode }))
    }
}

/// The objects and secrets among the questions, fetched side by side; one alone is left to the ordinary way.
fn remote_side_by_side(s3: &S3, queries: &[Query]) -> BTreeMap<Query, Answer> {
    let remotely = queries.iter().filter_map(|query| match query {
        Query::Content(at) if !matches!(at, Location::File(_)) => Some((query, at, SMALL_BYTES)),
        Query::Record(at) => Some((query, at, RECORD_BYTES)),
        _ => None,
    });
    let wanted: Vec<(&Query, &Location, u64)> = remotely.collect();
    if wanted.len() < 2 {
        return BTreeMap::new();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut answered = Vec::new();
        while let Some((query, at, limit_bytes)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            answered.push(((*query).clone(), remote(s3, at, *limit_bytes)));
        }
        answered
    };
    thread::scope(|scope| {
        let others = 1..wanted.len().min(SIDE_BY_SIDE);
        let others: Vec<_> = others.filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let own = work();
        others.into_iter().filter_map(|thread| thread.join().ok()).flatten().chain(own).into_map()
    })
}

/// The content of an object of at most so many bytes, or of a secret.
fn remote(s3: &S3, at: &Location, limit_bytes: u64) -> Answer {
    crate::resolve::prepare();
    let doing = format!("fetch {at}");
    let bytes = match at {
        Location::File(_) | Location::Version { .. } => Ok(None),
        Location::Object { bucket, key } => s3
            .get_small(bucket, key, limit_bytes)
            .map(|found| found.map(|small| small.body))
            .map_err(|error| match (s3_failure(&doing, &error), error) {
                (Failure::World { doing, why, .. }, S3Error::Request { fault, .. }) if fault.is_passing() => {
                    Failure::NotYet { doing, why }
                }
                (failure, _) => failure,
            }),
        Location::Secret(id) => s3.aws().secret(id).map_err(|failure| match failure.may_pass {
            true => Failure::NotYet { doing, why: failure.to_string() },
            false => Failure::world(doing, failure.to_string()),
        }),
    };
    let content = |bytes| Content { bytes: Secret::new(bytes), mode: None };
    bytes.map_or_else(Answer::Failed, |bytes| Answer::Content(bytes.map(content)))
}

/// The errors of an identity that has no permission yet, or is not known everywhere yet.
const NOT_YET: [&str; 3] = ["AccessDenied", "InvalidAccessKeyId", "ExpiredToken"];

/// A failure of the S3 client, whose text begins with what could not be done.
pub(crate) fn s3_failure(doing: &str, error: &S3Error) -> Failure {
    let text = error.to_string();
    let why = text.strip_prefix("cannot ").and_then(|text| text.strip_prefix(doing)).unwrap_or(&text);
    let (doing, why) = (doing.to_string(), why.trim_start_matches([':', ' ']).to_string());
    match error {
        S3Error::NoCredentials(_) | S3Error::Request { no_others: Some(_), .. } => Failure::NotYet { doing, why },
        S3Error::Request { fault: Fault::Refused(answer), .. } if NOT_YET.contains(&answer.code.as_str()) => {
            Failure::NotYet { doing, why }
        }
        _ => Failure::World { doing, why, hint: None },
    }
}

/// A failure of AWS, with every source of credentials that was looked at.
pub(crate) fn aws_failure(doing: &str, failure: &c2_core::aws::Failure) -> Failure {
    Failure::world(doing, failure.to_string())
}

fn failed(doing: &str, path: &str, error: &io::Error) -> Failure {
    Failure::world(format!("{doing} {path}"), error.to_string())
}

fn random() -> Result<u64, Failure> {
    beside::random().map_err(|error| Failure::world("get a random number", error.to_string()))
}

fn folder(path: &str) -> Result<Option<Folder>, Failure> {
    let at = Path::new(path);
    match fs::metadata(at) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("look at", path, &error)),
        Ok(metadata) if !metadata.is_dir() => return Err(Failure::world(format!("look at {path}"), "it is no folder")),
        Ok(_) => (),
    }
    let text = |name: &str| {
        let read = files::read_small(&at.join(name))?;
        Ok::<_, io::Error>(read.and_then(|(bytes, _)| String::from_utf8(bytes).ok()))
    };
    let unread = |name: &str, error: io::Error| failed("read", &format!("{path}/{name}"), &error);
    let stamp = text(files::ID_FILE).map_err(|error| unread(files::ID_FILE, error))?;
    let release_json = match text("release.json") {
        // One that was filled is its owner's to read; whoever asks for the status sees by the stamp what is there.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && stamp.is_some() => None,
        read => read.map_err(|error| unread("release.json", error))?,
    };
    let compose = COMPOSE_FILES.iter().any(|name| at.join(name).exists());
    let filled = at.join("release.json.tpl").exists();
    Ok(Some(Folder { compose, filled, release_json, ..Folder::of_stamp(stamp.as_deref()) }))
}

/// The SHA-256 of a file, in hexadecimal digits.
fn fingerprint(path: &str) -> Result<Option<String>, Failure> {
    let read = files::read_small(Path::new(path)).map_err(|error| failed("read", path, &error))?;
    Ok(read.map(|(bytes, _)| {
        let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
        c2_core::hex(digest.as_ref())
    }))
}

fn physical(path: &str) -> Result<Option<String>, Failure> {
    match fs::canonicalize(path) {
        Ok(path) => Ok(Some(path.to_string_lossy().into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("resolve the links of", path, &error)),
    }
}

fn changed_at(path: &str) -> io::Result<u64> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        found => {
            let found = found?;
            let nanoseconds = found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec());
            Ok(u64::try_from(nanoseconds).unwrap_or(0))
        }
    }
}

/// Whether there is nothing at a path, or a loop of links: not that the path could not be followed.
fn leads_nowhere(error: &io::Error) -> bool {
    let nowhere = [rustix::io::Errno::NOENT, rustix::io::Errno::NOTDIR, rustix::io::Errno::LOOP];
    nowhere.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn stat(path: &str) -> io::Result<Option<Stat>> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(Stat { is_folder: found.is_dir(), mode: found.mode() & 0o7777 })),
        Err(error) if leads_nowhere(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn link(path: &str) -> Result<Option<Link>, Failure> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| failed("read the link", path, &error))?,
    };
    if !metadata.is_symlink() {
        return Err(Failure::World {
            doing: format!("read the link {path}"),
            why: "it is no symbolic link".into(),
            hint: Some("move what is there out of the way".into()),
        });
    }
    let target = fs::read_link(path).map_err(|error| failed("read the link", path, &error))?;
    let Some(target) = target.to_str() else {
        return Err(Failure::world(format!("read the link {path}"), "its target is not UTF-8"));
    };
    let leads = match fs::metadata(path) {
        Ok(metadata) => metadata.is_dir(),
        Err(error) if leads_nowhere(&error) => false,
        Err(error) => return Err(failed("follow the link", path, &error)),
    };
    Ok(Some(Link { target: target.into(), leads, since: u64::try_from(metadata.mtime()).unwrap_or(0) }))
}

/// The small files in a folder, by name; no folder is none. What begins with a dot was never finished.
fn texts(folder: &str) -> io::Result<BTreeMap<String, String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other?,
    };
    let mut texts = BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", entry.path().display()));
        if !name.starts_with('.')
            && let Some((bytes, _)) = files::read_small(&entry.path()).map_err(named)?
        {
            texts.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    Ok(texts)
}
