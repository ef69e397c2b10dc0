//! Ports: whether something listens on one, and whether a deploy is ready there.

use std::{
    fs,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use c2_core::{config::Readiness, proxy::project_name, seam::Failure};

use crate::{docker, signals::Signals};

/// The longest single look at a port.
const LOOK: Duration = Duration::from_secs(5);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// How soon somebody who accepts only to hang up has done so: docker's own proxy does when nothing is behind it.
const HANG_UP: Duration = Duration::from_millis(100);
/// The most that is read of an answer.
const ANSWER_BYTES: usize = 64 * 1024;

/// Whether something accepts connections on a port of this machine, or listens there on any of its addresses.
pub(crate) fn listens(port: u16) -> bool {
    connect(port).is_ok() || ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|table| is_in(table, port))
}

/// Whether the kernel's table of sockets (proc(5)) has a listening one on this port.
fn is_in(table: &str, port: u16) -> bool {
    let text = fs::read_to_string(table).unwrap_or_default();
    let wanted = format!(":{port:04X}");
    text.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next().is_some_and(|local| local.ends_with(&wanted)) && words.nth(1) == Some("0A")
    })
}

fn connect(port: u16) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), LOOK)
}

/// Asks a port until it is ready; the failure shows the last answer, the containers and their last lines.
pub(crate) fn wait(port: u16, readiness: &Readiness, folder: &str, signals: &Signals) -> Result<(), Failure> {
    let limit_s = match readiness {
        Readiness::None => return Ok(()),
        Readiness::Tcp(tcp) => tcp.timeout_s.get(),
        Readiness::Http(http) => http.timeout_s.get(),
    };
    let until = Instant::now() + Duration::from_secs(limit_s.into());
    loop {
        let Err(last) = probe(port, readiness) else { return Ok(()) };
        if let Some(signal) = signals.heeded() {
            return Err(Failure::Interrupted(signal));
        }
        if Instant::now() >= until {
            let name = folder.rsplit('/').next().unwrap_or_default();
            let story = docker::project_story(signals, &project_name(name));
            return Err(Failure::World {
                doing: format!("wait until {name} is ready on port {port}"),
                why: format!("not within {limit_s} s; the last look: {last}{story}"),
                hint: None,
            });
        }
        thread::sleep(PAUSE);
    }
}

/// One look.
pub(crate) fn probe(port: u16, readiness: &Readiness) -> Result<(), String> {
    match readiness {
        Readiness::None => Ok(()),
        Readiness::Tcp(_) => accepts(port),
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

fn accepts(port: u16) -> Result<(), String> {
    let mut stream = connect(port).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(HANG_UP)).map_err(|error| error.to_string())?;
    match stream.read(&mut [0]) {
        Ok(0) => Err("the connection was accepted and closed at once".into()),
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
        (None, Ok(())) => Err(io::Error::other("the answer is no HTTP")),
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
    use c2_core::config::{FromText, HttpPath, HttpReadiness, Positive, StatusRange};
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
        let events = HttpReadiness { path, status, timeout_s: Positive::new(5).unwrap() };
        assert_eq!(probe(port, &Readiness::Http(events)), Ok(()));
    }
}
