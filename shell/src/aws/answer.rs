//! What the chain of credentials asks, answered: files, commands, requests.

use super::{Aws, random};
use crate::http::{fault, retry_after_ms};
use c2_core::aws::{Answer, Ask, Attempts, HttpRequest, Reach};
use c2_core::s3::Fault;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use ureq::http::Response;
use ureq::{Body, RequestBuilder};

/// The most that is read of anything.
const MAX_BYTES: u64 = 256 << 10;
/// How long a command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

impl Aws {
    pub(super) fn answer(&self, ask: &Ask) -> Answer {
        match ask {
            Ask::File(path) => file(path),
            Ask::Command(line) => command(line).map_or_else(failed, Answer::Bytes),
            Ask::Http(request) => self.http_answer(request),
        }
    }

    /// Makes a request a few times, with pauses.
    fn http_answer(&self, request: &HttpRequest) -> Answer {
        let is_service = request.reach == Reach::Service;
        let most = match if is_service { self.max_attempts() } else { Ok(1) } {
            Ok(most) => most,
            Err(failure) => return failed(failure.to_string()),
        };
        let mut attempts = Attempts::at(request.reach, most);
        loop {
            let (answer, asked_ms) = self.send(request);
            if matches!(answer, Answer::Http { status: 200..=299, .. }) {
                attempts.succeeded(&mut self.quota());
            }
            let pause_ms = attempts.pause_ms(&answer.failed(asked_ms), &mut self.quota(), random());
            let Some(pause_ms) = pause_ms else { return answer };
            (self.tuning().pause)(Duration::from_millis(pause_ms));
        }
    }

    /// The answer, and how long it asks to wait before another try, in milliseconds.
    fn send(&self, request: &HttpRequest) -> (Answer, Option<u64>) {
        let is_service = request.reach == Reach::Service;
        let agent = match self.http.agent(&self.env, &request.url, is_service) {
            Ok(agent) => agent,
            Err(error) => return (failed(error.to_string()), None),
        };
        let (limits, sent) = (limits(request.reach), self.moment());
        let answered = match request.method {
            "GET" => with(agent.get(&request.url), request, limits).call(),
            "PUT" => with(agent.put(&request.url), request, limits).send(&request.body),
            _ => with(agent.post(&request.url), request, limits).send(&request.body),
        };
        let read = answered.and_then(|mut response: Response<Body>| {
            // What answers from this very host has the clock that may be wrong.
            if is_service {
                self.hear(sent, &response);
            }
            let asked_ms = retry_after_ms(&response);
            let mut body = Vec::new();
            response.body_mut().as_reader().take(MAX_BYTES).read_to_end(&mut body)?;
            Ok((Answer::Http { status: response.status().as_u16(), body }, asked_ms))
        });
        read.unwrap_or_else(|error| (self.request_failed(error, &request.url, limits), None))
    }

    fn request_failed(&self, error: ureq::Error, url: &str, limits: Option<(Duration, Duration)>) -> Answer {
        let late = match &error {
            ureq::Error::Timeout(_) => true,
            ureq::Error::Io(error) => error.kind() == io::ErrorKind::TimedOut,
            _ => false,
        };
        match (late, limits) {
            (true, Some((_, answer))) => {
                Answer::Failed { why: format!("no answer within {} s", answer.as_secs()), late, passing: true }
            }
            _ => {
                // Limits of their own have those that no proxy is asked for.
                let proxy = if limits.is_none() { self.proxy_variable(url) } else { None };
                let fault = fault(error, self.tuning()).through(proxy);
                Answer::Failed {
                    why: fault.to_string(),
                    late,
                    passing: matches!(fault, Fault::Unreached { .. } | Fault::Broken { .. }),
                }
            }
        }
    }
}

/// How long to connect and how long to answer; `None` for the usual limits.
fn limits(reach: Reach) -> Option<(Duration, Duration)> {
    match reach {
        Reach::Metadata => Some((Duration::from_secs(1), Duration::from_secs(1))),
        Reach::Container => Some((Duration::from_secs(2), Duration::from_secs(5))),
        Reach::Service => None,
    }
}

fn with<T>(
    builder: RequestBuilder<T>,
    request: &HttpRequest,
    limits: Option<(Duration, Duration)>,
) -> RequestBuilder<T> {
    let headers = request.headers.iter();
    let builder = headers.fold(builder, |builder, (name, value)| builder.header(*name, value));
    match limits {
        None => builder,
        Some((connect, answer)) => builder
            .config()
            .timeout_connect(Some(connect))
            .timeout_recv_response(Some(answer))
            .timeout_per_read(Some(answer))
            .build(),
    }
}

fn file(path: &str) -> Answer {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() as u64 > MAX_BYTES => failed(format!("it is longer than {MAX_BYTES} bytes")),
        Ok(_) => Answer::Bytes(bytes),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Answer::Missing,
            _ => failed(error.to_string()),
        },
    }
}

/// Runs a command line and gives what it prints. Its standard error is not shown: it may hold a secret.
fn command(line: &str) -> Result<Vec<u8>, String> {
    let mut process = Command::new("sh");
    process.arg("-c").arg(line).current_dir("/").process_group(0);
    let spawned = process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = spawned.map_err(|error| format!("it cannot be run: {error}"))?;
    let (done, output) = mpsc::channel();
    if let Some(pipe) = child.stdout.take() {
        let reader = thread::Builder::new().spawn(move || {
            let mut bytes = Vec::new();
            let read = pipe.take(MAX_BYTES).read_to_end(&mut bytes);
            // The receiver is gone when it took too long.
            let _ = done.send(read.map(|_| bytes));
        });
        // Without a thread nothing is heard of it, which is said below.
        drop(reader);
    }
    let Ok(read) = output.recv_timeout(COMMAND_LIMIT) else {
        if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            // It may be gone already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = child.wait();
        return Err(format!("it printed nothing whole within {} s", COMMAND_LIMIT.as_secs()));
    };
    let status = child.wait().map_err(|error| format!("it cannot be waited for: {error}"))?;
    if !status.success() {
        return Err(format!("it ended with {status}"));
    }
    read.map_err(|error| format!("what it prints cannot be read: {error}"))
}

fn failed(why: String) -> Answer {
    Answer::Failed { why, late: false, passing: false }
}
