//! Ports: whether something listens on one, and whether a deploy is ready there.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use c2_core::{
    config::Readiness,
    ready::{Status, cure, limits_s},
    seam::{COMPOSE_FILES, Container, Failure, Reason, Standing},
};

use super::listener;
use crate::{docker::Docker, progress::Progress, signals::Signals};

/// The longest single look at a port.
const LOOK: Duration = Duration::from_secs(5);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// How soon somebody who accepts only to hang up has done so: docker's own proxy does when nothing is behind it.
const HANG_UP: Duration = Duration::from_millis(100);
/// The most that is read of an answer.
const ANSWER_BYTES: usize = 64 * 1024;

/// Whether something accepts connections on a port of this machine.
pub(crate) fn accepts(port: u16) -> bool {
    connect(port).is_ok()
}

/// Whether something accepts connections on a port of this machine, or listens there on any of its addresses.
pub(crate) fn listens(port: u16) -> bool {
    accepts(port) || !listener::sockets(port).is_empty()
}

fn connect(port: u16) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), LOOK)
}

/// What looks at deploys have found so far.
pub(crate) struct Looks {
    docker: Rc<Docker>,
    signals: Rc<Signals>,
    progress: Rc<Progress>,
    /// By folder and port.
    found: BTreeMap<(String, u16), Found>,
}

/// What the looks of this process have found of a deploy.
struct Found {
    /// What was found last: whether its port is good, and its containers without their ages.
    last: (bool, Result<Vec<Container>, Reason>),
    since: Instant,
    changed: bool,
}

impl Looks {
    /// No look was taken yet.
    pub(crate) fn new(docker: &Rc<Docker>, signals: &Rc<Signals>, progress: &Rc<Progress>) -> Self {
        let (docker, signals, progress) = (Rc::clone(docker), Rc::clone(signals), Rc::clone(progress));
        Looks { docker, signals, progress, found: BTreeMap::new() }
    }

    /// How a deploy stands, by one look.
    pub(crate) fn standing(&mut self, folder: &str, port: u16, readiness: &Readiness) -> Result<Standing, Failure> {
        let containers = match self.docker.containers(folder) {
            Err(Failure::Interrupted(signal)) => return Err(Failure::Interrupted(signal)),
            containers => containers.map_err(|failure| Reason::from(&failure)),
        };
        let asked = probe(port, readiness);
        let last = (asked.is_ok(), containers.clone().map(|all| all.into_iter().map(without_age).collect()));
        let at = (folder.to_string(), port);
        let found = match self.found.remove(&at) {
            Some(found) if found.last == last => found,
            before => Found { last, since: Instant::now(), changed: before.is_some() },
        };
        let same_ms = u64::try_from(found.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Who has the port is found among all processes: not where the looks themselves say enough.
        let says_enough = same_ms >= u64::from(limits_s(readiness).1) * 1_000;
        let standing = Standing {
            listener_age_ms: match &containers {
                Ok(containers) if !containers.is_empty() || asked.is_err() => None,
                _ if says_enough => None,
                _ => listener::age_ms(port),
            },
            port: asked,
            containers,
            compose: COMPOSE_FILES.iter().any(|name| Path::new(folder).join(name).exists()),
            same_ms,
            changed: found.changed,
        };
        self.found.insert(at, found);
        Ok(standing)
    }

    /// Looks once at a deploy; that it is not ready yet is only told.
    pub(crate) fn look(&mut self, port: u16, readiness: &Readiness, folder: &str) -> Result<(), Failure> {
        let standing = self.standing(folder, port, readiness)?;
        let status = Status::of(&standing, readiness);
        if let (false, Some(why)) = (matches!(status, Status::Settling { .. }), status.why()) {
            let doing = format!("look whether {folder} is ready on port {port}");
            self.progress.trouble(&Failure::world(doing, format!("not yet: {}", why.full)));
        }
        Ok(())
    }

    /// Looks at a deploy until it is ready; the failure shows the last look, the containers and their last lines.
    pub(crate) fn wait(&mut self, port: u16, readiness: &Readiness, folder: &str) -> Result<(), Failure> {
        let begun = Instant::now();
        loop {
            let standing = self.standing(folder, port, readiness)?;
            let status = Status::of(&standing, readiness);
            let Some(why) = status.why() else { return Ok(()) };
            if let Some(signal) = self.signals.heeded() {
                return Err(Failure::Interrupted(signal));
            }
            let waited_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            if status.is_over(waited_ms, readiness, &standing) {
                let name = folder.rsplit('/').next().unwrap_or_default();
                let why = why.map(|why| format!("not within {} s; the last look: {why}", waited_ms / 1_000));
                let story = self.docker.last_lines(standing.containers.as_deref().unwrap_or_default());
                return Err(Failure::Called {
                    doing: format!("wait until {name} is ready on port {port}"),
                    why: Reason { full: format!("{}{story}", why.full), ..why },
                    hint: cure(&standing, port),
                });
            }
            thread::sleep(PAUSE);
        }
    }
}

fn without_age(container: Container) -> Container {
    Container { age_ms: None, ..container }
}

/// One look.
pub(crate) fn probe(port: u16, readiness: &Readiness) -> Result<(), String> {
    match readiness {
        Readiness::None => Ok(()),
        Readiness::Tcp(_) => stays(port),
        Readiness::Http(http) => {
            let answer = get(port, "localhost", http.path.as_str(), Part::Head).map_err(|error| error.to_string())?;
            let range = http.status;
            match answer.status {
                status if (range.from..=range.to).contains(&status) => Ok(()),
                status => Err(format!("{} was answered with status {status}", http.path)),
            }
        }
    }
}

/// Whether a connection is accepted and kept.
fn stays(port: u16) -> Result<(), String> {
    let mut stream = connect(port).map_err(|error| format!("nothing accepts on port {port} ({error})"))?;
    stream.set_read_timeout(Some(HANG_UP)).map_err(|error| error.to_string())?;
    match stream.read(&mut [0]) {
        Ok(0) => Err(format!("a connection to port {port} is closed at once, as where nothing listens behind it")),
        Ok(_) => Ok(()),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// An answer to a GET.
#[derive(Debug)]
pub(crate) struct Answered {
    /// Its status.
    pub(crate) status: u16,
    /// Its body, where it is text and short.
    pub(crate) body: String,
}

/// How much of an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its head: what comes behind may never end.
    Head,
    /// All of it.
    Whole,
}

/// Gets a path from a port of this machine.
pub(crate) fn get(port: u16, host: &str, path: &str, part: Part) -> io::Result<Answered> {
    let mut stream = connect(port)?;
    stream.set_write_timeout(Some(LOOK))?;
    // By one write: several small ones wait for each other.
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: c2\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    let read = read(&mut stream, part, &mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let status = text.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.get(..3)?.parse().ok());
    match (status, read) {
        (Some(status), _) => {
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_string();
            Ok(Answered { status, body })
        }
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(io::Error::other("the answer is not HTTP")),
    }
}

/// Reads an answer, for as long as a look may take.
fn read(stream: &mut TcpStream, part: Part, bytes: &mut Vec<u8>) -> io::Result<()> {
    let until = Instant::now() + LOOK;
    let mut buffer = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", LOOK.as_secs())));
        }
        stream.set_read_timeout(Some(left))?;
        let length = match stream.read(&mut buffer) {
            // A signal, or the end of what is left: with a time limit a read ends at either (signal(7)).
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => continue,
            read => read?,
        };
        bytes.extend(buffer.get(..length).unwrap_or_default());
        let is_enough = part == Part::Head && bytes.windows(4).any(|window| window == b"\r\n\r\n");
        if length == 0 || is_enough || bytes.len() >= ANSWER_BYTES {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use c2_core::config::{FromText, HttpPath, HttpReadiness, Positive, Settle, StatusRange};
    use std::net::TcpListener;

    #[test]
    fn an_answer_that_never_ends_is_ready_by_its_head() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while sent.is_ok() {
                thread::sleep(Duration::from_millis(20));
                sent = stream.write_all(b"data: on and on\n\n");
            }
        });
        let path = HttpPath::from_text("/events").unwrap();
        let status = StatusRange { from: 200, to: 399 };
        let events = HttpReadiness { path, status, timeout_s: Positive::new(5).unwrap(), settle_s: Settle::LEAST };
        assert_eq!(probe(port, &Readiness::Http(events)), Ok(()));
    }
}
