//! An HTTP server for tests that answers what it is told to, and breaks connections where it is told to.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    bytes: Vec<u8>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// Closes the connection in order.
    Close,
    /// Resets the connection.
    Reset,
    /// Sends nothing more, and keeps the connection until the client closes it.
    Stall,
}

impl Reply {
    /// A whole answer with its length.
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len().to_string();
        Self::raw(status, &[headers, &[("content-length", &length)]].concat(), body)
    }

    /// An answer with just these headers, whatever they claim about the body.
    pub(crate) fn raw(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let mut bytes = format!("HTTP/1.1 {status} Status\r\nconnection: close\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(body.as_ref());
        Self { bytes, end: End::Close }
    }

    /// A success.
    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::new(200, &[], body)
    }

    /// An error document of S3 that echoes the request, as careless servers do.
    pub(crate) fn error(status: u16, code: &str, request: &Request) -> Self {
        let target = request.target.replace('&', "&amp;");
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>No to {target}</Message>\
             <RequestId>REQ1</RequestId></Error>"
        );
        Self::new(status, &[("x-amz-request-id", "REQ1")], body)
    }

    /// The same answer with another header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let line = format!("{name}: {value}\r\n");
        let first_end = self.bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        self.bytes.splice(first_end..first_end, line.into_bytes());
        self
    }

    /// The same answer without its last bytes.
    pub(crate) fn short_of(mut self, bytes: usize) -> Self {
        self.bytes.truncate(self.bytes.len() - bytes);
        self
    }

    /// The same answer, and then a reset instead of an end.
    pub(crate) fn then_reset(self) -> Self {
        Self { end: End::Reset, ..self }
    }

    /// The same answer, and then silence.
    pub(crate) fn then_stall(self) -> Self {
        Self { end: End::Stall, ..self }
    }

    /// A reset instead of an answer.
    pub(crate) fn reset() -> Self {
        Self { bytes: Vec::new(), end: End::Reset }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// The lines of the head in lower case, from the first header on.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The value of a query parameter, percent-encoded as it came.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

type Answering = dyn Fn(usize, &Request) -> Reply + Send + Sync;

/// A server on a free port of 127.0.0.1; it stops when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stopping: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers request number n (the first is 0) with what `answer` says.
    pub(crate) fn new(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stopping = Arc::new(AtomicBool::new(false));
        let answer: Arc<Answering> = Arc::new(answer);
        let accepting = thread::spawn({
            let (requests, stopping) = (Arc::clone(&requests), Arc::clone(&stopping));
            move || {
                for stream in listener.incoming() {
                    if stopping.load(Ordering::SeqCst) {
                        return;
                    }
                    let (requests, answer) = (Arc::clone(&requests), Arc::clone(&answer));
                    thread::spawn(move || serve(stream.unwrap(), &requests, &*answer));
                }
            }
        });
        Self { address, requests, stopping, accepting: Some(accepting) }
    }

    /// Answers the first request with the first reply and so on, and all beyond the last one with status 599.
    pub(crate) fn scripted(replies: Vec<Reply>) -> Self {
        Self::new(move |n, _| replies.get(n).cloned().unwrap_or_else(|| Reply::new(599, &[], "the script is over")))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting thread; if that fails, it is gone already.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// Serves one request. What goes wrong on the connection is what the test is about, so it ends quietly.
fn serve(mut stream: TcpStream, requests: &Mutex<Vec<Request>>, answer: &Answering) {
    // All but the last byte: closing a socket with unread bytes resets the connection.
    let Some(mut request) = read_head(&mut stream) else { return };
    let length = request.headers.iter().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse::<usize>().ok()).unwrap_or_default();
    if length > 0 {
        let mut body = vec![0; length];
        if stream.read_exact(&mut [0; 1]).and_then(|()| stream.read_exact(&mut body)).is_err() {
            return;
        }
        request.body = String::from_utf8_lossy(&body).into_owned();
    }
    let n = {
        let mut requests = requests.lock().unwrap();
        requests.push(request.clone());
        requests.len() - 1
    };
    let reply = answer(n, &request);
    if reply.end != End::Reset && length == 0 {
        let _ = stream.read(&mut [0; 1]);
    }
    let _ = stream.write_all(&reply.bytes);
    if reply.end == End::Stall {
        let _ = stream.read(&mut [0; 1]);
    }
}

fn read_head(stream: &mut TcpStream) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next()?.split(' ');
    Some(Request {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        headers: lines.map(str::to_lowercase).collect(),
        body: String::new(),
    })
}
