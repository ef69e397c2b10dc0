//! An S3 server in memory for tests, with versions, conditions and faults drawn from a seed. It checks no signatures,
//! takes every bucket for one that is there, and does each write in one step, whatever becomes of the answer. Keys are
//! percent-encoded throughout, as they come and as listings give them.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The most keys in a page of a listing: few, so that there are pages.
const PAGE_KEYS: usize = 10;
/// How long a slow answer takes.
const SLOW: Duration = Duration::from_millis(50);

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Answers 500 without doing it.
    Error,
    /// Does it and answers 500.
    ErrorAfter,
    /// Answers 503 SlowDown without doing it.
    SlowDown,
    /// Resets the connection without doing it.
    ResetBefore,
    /// Does it and resets the connection.
    ResetAfter,
    /// Does it and sends half of the answer.
    Truncated,
    /// Does it and answers late.
    Slow,
    /// Does it, answers, and resets the connection at the next request.
    Stale,
    /// Answers 409 to a write under a condition without doing it.
    Conflict,
    /// Answers 412 to a write under a condition that may hold, without doing it.
    Precondition,
}

/// The faults that are drawn; the last two are for writes under a condition.
const DRAWN: [Fault; 10] = [
    Fault::Error,
    Fault::ErrorAfter,
    Fault::SlowDown,
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Truncated,
    Fault::Slow,
    Fault::Stale,
    Fault::Conflict,
    Fault::Precondition,
];

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// The bucket, `/` and the key.
    pub(crate) path: String,
    query: String,
    /// The headers with their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// Which connection it came over.
    pub(crate) connection: usize,
    body: Vec<u8>,
}

impl Seen {
    /// The value of a query parameter, with slashes as a path has them.
    fn query(&self, name: &str) -> Option<String> {
        let value = self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.replace("%2F", "/"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    fn is_conditional_write(&self) -> bool {
        self.method == "PUT" && (self.headers.contains_key("if-match") || self.headers.contains_key("if-none-match"))
    }
}

/// One version of an object; a mark of its deletion has no body.
struct Version {
    id: String,
    /// With quotes; like that of S3 it tells the bytes, not the version.
    etag: String,
    modified: String,
    body: Option<Vec<u8>>,
}

/// What is stored, by the path of the object with its bucket, and what was asked for.
#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<Version>>,
    /// The number of all writes so far.
    writes: u64,
    seen: Vec<Seen>,
    given: Vec<Option<Fault>>,
    faults: BTreeMap<Fault, usize>,
}

/// A server on a free port of 127.0.0.1; it stops when dropped.
pub(crate) struct FaultyS3 {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stopping: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl FaultyS3 {
    /// Starts a server where `percent` of a hundred requests go wrong, which ones and how being drawn from the seed and
    /// the number of the request.
    pub(crate) fn start(seed: u64, percent: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let stopping = Arc::new(AtomicBool::new(false));
        let accepting = thread::spawn({
            let (state, stopping) = (Arc::clone(&state), Arc::clone(&stopping));
            move || {
                for (connection, stream) in listener.incoming().enumerate() {
                    if stopping.load(Ordering::SeqCst) {
                        return;
                    }
                    let state = Arc::clone(&state);
                    // What goes wrong on the connection is what the test is about, so it ends quietly.
                    thread::spawn(move || serve(&mut stream?, connection, &state, seed, percent));
                }
            }
        });
        Self { address, state, stopping, accepting: Some(accepting) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets the next requests go wrong so, or not, before any fault is drawn.
    pub(crate) fn give(&self, faults: &[Option<Fault>]) {
        self.state.lock().unwrap().given.extend(faults);
    }

    /// How often each fault happened.
    pub(crate) fn faults(&self) -> BTreeMap<Fault, usize> {
        self.state.lock().unwrap().faults.clone()
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// The bytes of an object.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        self.state.lock().unwrap().latest(&format!("{bucket}/{key}"))?.body.clone()
    }

    /// The bytes of all versions of an object, the oldest first, without the marks of deletions.
    pub(crate) fn versions(&self, bucket: &str, key: &str) -> Vec<Vec<u8>> {
        let state = self.state.lock().unwrap();
        let versions = state.objects.get(&format!("{bucket}/{key}"));
        versions.into_iter().flatten().filter_map(|version| version.body.clone()).collect()
    }

    /// Stores an object.
    pub(crate) fn store(&self, bucket: &str, key: &str, body: impl AsRef<[u8]>) {
        self.state.lock().unwrap().add(&format!("{bucket}/{key}"), Some(body.as_ref().to_vec()));
    }
}

impl Drop for FaultyS3 {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting thread; if that fails, it is gone already.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl State {
    fn latest(&self, path: &str) -> Option<&Version> {
        self.objects.get(path)?.last().filter(|version| version.body.is_some())
    }

    fn add(&mut self, path: &str, body: Option<Vec<u8>>) -> &Version {
        self.writes += 1;
        let n = self.writes;
        let mut hash = DefaultHasher::new();
        body.hash(&mut hash);
        let modified = format!("2024-05-06T{:02}:{:02}:{:02}.000Z", n / 3600 % 24, n / 60 % 60, n % 60);
        let version = Version { id: format!("v{n}"), etag: format!("\"{:016x}-1\"", hash.finish()), modified, body };
        let versions = self.objects.entry(path.to_owned()).or_default();
        versions.push(version);
        &versions[versions.len() - 1]
    }

    /// The fault of a request, from those that were given or from the seed.
    fn draw(&mut self, request: &Seen, seed: u64, percent: u64) -> Option<Fault> {
        let fault = if self.given.is_empty() {
            let mut hash = DefaultHasher::new();
            (seed, self.seen.len()).hash(&mut hash);
            let random = hash.finish();
            let kinds = DRAWN.len() - if request.is_conditional_write() { 0 } else { 2 };
            (random % 100 < percent).then(|| DRAWN[usize::try_from(random / 100).unwrap() % kinds])
        } else {
            self.given.remove(0)
        };
        if let Some(fault) = fault {
            *self.faults.entry(fault).or_default() += 1;
        }
        fault
    }

    /// Does what is asked for.
    fn answer(&mut self, request: &Seen) -> Answer {
        let path = &request.path;
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        match (request.method.as_str(), key) {
            ("GET", "") => self.list(bucket, request),
            ("GET" | "HEAD", _) => self.get(path, request),
            ("PUT", _) => self.put(path, request),
            ("DELETE", _) => {
                if self.latest(path).is_some() {
                    self.add(path, None);
                }
                Answer::new(204)
            }
            _ => Answer::error(501, "NotImplemented"),
        }
    }

    fn get(&self, path: &str, request: &Seen) -> Answer {
        let id = request.query("versionId");
        let (found, code) = match &id {
            None => (self.latest(path), "NoSuchKey"),
            Some(id) => (self.objects.get(path).and_then(|all| all.iter().find(|one| one.id == *id)), "NoSuchVersion"),
        };
        let Some(version) = found else { return Answer::error(404, code) };
        let Some(body) = &version.body else { return Answer::error(405, "MethodNotAllowed") };
        let matches = |given: &str| given.split(',').any(|given| given.trim().trim_start_matches("W/") == version.etag);
        if request.header("if-none-match").is_some_and(matches) {
            return Answer::new(304).with("ETag", &version.etag);
        }
        Answer { body: body.clone(), ..Answer::new(200) }
            .with("ETag", &version.etag)
            .with("x-amz-version-id", &version.id)
    }

    fn put(&mut self, path: &str, request: &Seen) -> Answer {
        let there = self.latest(path);
        match (request.header("if-match"), request.header("if-none-match"), there) {
            (Some(_), _, None) => return Answer::error(404, "NoSuchKey"),
            (Some(etag), _, Some(version)) if etag != version.etag => return Answer::error(412, "PreconditionFailed"),
            (None, Some("*"), Some(_)) => return Answer::error(412, "PreconditionFailed"),
            (None, Some(other), _) if other != "*" => return Answer::error(501, "NotImplemented"),
            _ => (),
        }
        let version = self.add(path, Some(request.body.clone()));
        Answer::new(200).with("ETag", &version.etag).with("x-amz-version-id", &version.id)
    }

    /// A page of a listing; the token for the next one is the last key.
    fn list(&self, bucket: &str, request: &Seen) -> Answer {
        let prefix = format!("{bucket}/{}", request.query("prefix").unwrap_or_default());
        let after = request.query("continuation-token").map(|token| format!("{bucket}/{token}"));
        let mut paths = self.objects.keys().filter(|path| {
            path.starts_with(&prefix) && after.as_ref().is_none_or(|after| *path > after) && self.latest(path).is_some()
        });
        let page: Vec<_> = paths.by_ref().take(PAGE_KEYS).collect();
        let key = |path: &str| path[bucket.len() + 1..].to_owned();
        let mut text = format!("<ListBucketResult><Name>{bucket}</Name><EncodingType>url</EncodingType>");
        let next = page.last().filter(|_| paths.next().is_some());
        let _ = write!(text, "<KeyCount>{}</KeyCount><IsTruncated>{}</IsTruncated>", page.len(), next.is_some());
        if let Some(last) = next {
            let _ = write!(text, "<NextContinuationToken>{}</NextContinuationToken>", key(last));
        }
        for (path, version) in page.iter().filter_map(|path| Some((path, self.latest(path)?))) {
            let (modified, etag) = (&version.modified, version.etag.replace('"', "&quot;"));
            let (key, size) = (key(path), version.body.as_ref().map_or(0, Vec::len));
            let _ = write!(text, "<Contents><Key>{key}</Key><LastModified>{modified}</LastModified>");
            let _ = write!(text, "<ETag>{etag}</ETag><Size>{size}</Size></Contents>");
        }
        text.push_str("</ListBucketResult>");
        Answer { body: text.into_bytes(), ..Answer::new(200) }
    }
}

struct Answer {
    status: u16,
    headers: String,
    body: Vec<u8>,
}

impl Answer {
    fn new(status: u16) -> Self {
        Self { status, headers: "x-amz-request-id: REQ1\r\n".to_owned(), body: Vec::new() }
    }

    fn error(status: u16, code: &str) -> Self {
        let body = format!("<Error><Code>{code}</Code><Message>No.</Message><RequestId>REQ1</RequestId></Error>");
        Self { body: body.into_bytes(), ..Self::new(status) }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.headers, "{name}: {value}\r\n");
        self
    }

    fn bytes(&self, is_head: bool) -> Vec<u8> {
        let length = match self.status {
            204 | 304 => String::new(),
            _ => format!("content-length: {}\r\n", self.body.len()),
        };
        let mut bytes = format!("HTTP/1.1 {} Status\r\n{}{length}\r\n", self.status, self.headers).into_bytes();
        if !is_head {
            bytes.extend(&self.body);
        }
        bytes
    }
}

/// Serves one connection until it ends or a fault ends it.
fn serve(stream: &mut TcpStream, connection: usize, state: &Mutex<State>, seed: u64, percent: u64) -> io::Result<()> {
    let mut is_stale = false;
    loop {
        let request = read_request(stream, connection)?;
        if is_stale {
            return Ok(());
        }
        let (fault, answer) = {
            let mut state = state.lock().unwrap();
            let fault = state.draw(&request, seed, percent);
            state.seen.push(request.clone());
            let answer = match fault {
                Some(Fault::Error) => Answer::error(500, "InternalError"),
                Some(Fault::SlowDown) => Answer::error(503, "SlowDown"),
                Some(Fault::Conflict) => Answer::error(409, "ConditionalRequestConflict"),
                Some(Fault::Precondition) => Answer::error(412, "PreconditionFailed"),
                Some(Fault::ResetBefore) => return Ok(()),
                _ => state.answer(&request),
            };
            (fault, answer)
        };
        let mut bytes = answer.bytes(request.method == "HEAD");
        match fault {
            Some(Fault::ResetAfter) => return Ok(()),
            Some(Fault::ErrorAfter) => bytes = Answer::error(500, "InternalError").bytes(request.method == "HEAD"),
            Some(Fault::Truncated) => bytes.truncate(bytes.len() / 2),
            Some(Fault::Slow) => thread::sleep(SLOW),
            Some(Fault::Stale) => is_stale = true,
            _ => (),
        }
        stream.read_exact(&mut [0; 1])?;
        stream.write_all(&bytes)?;
        if fault == Some(Fault::Truncated) {
            return Ok(());
        }
    }
}

/// Reads a request but for its last byte, which is there and not taken: closing a socket with unread bytes resets the
/// connection.
fn read_request(stream: &mut TcpStream, connection: usize) -> io::Result<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers: BTreeMap<_, _> = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    if let Some(last) = body.last_mut() {
        // The last byte of the head goes first, and that of the body stays.
        stream.read_exact(std::slice::from_mut(last))?;
        stream.read_exact(&mut body[..length - 1])?;
        stream.peek(&mut body[length - 1..])?;
    } else {
        stream.peek(&mut [0; 1])?;
    }
    let (method, path, query) = (method.to_owned(), path[path.len().min(1)..].to_owned(), query.to_owned());
    Ok(Seen { method, path, query, headers, connection, body })
}
