//! The docker engine asked over its Unix socket: what the docker command would ask it, without starting that.
//!
//! Where there is no such socket, or no answer that is understood, the answer is `None`: the docker command is asked.

mod answer;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    rc::Rc,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use c2_core::{Ordered, seam::Failure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use self::answer::{EngineAnswer, printed};
use crate::{
    call::{Called, QUICK, noted},
    log::Log,
    signals::Signals,
};

/// Where the engine listens unless told otherwise.
const SOCKET: &str = "/var/run/docker.sock";
/// The most that is read of an answer.
const ANSWER_BYTES: u64 = 8 * 1024 * 1024;
/// The pause between two looks for a signal, or for the end of a command.
const PAUSE: Duration = Duration::from_millis(10);

/// The engine that the docker command would ask.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Its socket on this machine, or why there is none.
    socket: Result<PathBuf, String>,
    limit: Duration,
    log: Log,
    signals: Rc<Signals>,
    /// Whether it was said that the docker command is asked instead.
    said: Cell<bool>,
    /// While one look goes on, the containers that it has listed, by label.
    listed: RefCell<Option<BTreeMap<String, Vec<Value>>>>,
}

/// A container as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inspected {
    /// Its id.
    pub(crate) id: String,
    /// Whether it is running, and neither paused nor about to be started again.
    pub(crate) running: bool,
    /// Whether it is paused.
    pub(crate) paused: bool,
    /// Its first process, as the engine's machine counts them.
    pub(crate) pid: u32,
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
}

impl Engine {
    /// The engine that these variables of the environment name.
    pub(crate) fn new(environment: &BTreeMap<String, String>, log: &Log, signals: &Rc<Signals>) -> Self {
        let (log, signals) = (log.clone(), Rc::clone(signals));
        Engine {
            socket: socket(environment),
            limit: QUICK,
            log,
            signals,
            said: Cell::new(false),
            listed: RefCell::default(),
        }
    }

    /// The container of this name; within, `None` when there is none.
    pub(crate) fn container(&self, name: &str) -> Result<Option<Option<Inspected>>, Failure> {
        let doing = format!("look at the container {name}");
        let request = Request::get(format!("/containers/{name}/json"));
        let Some(answer) = self.ask(&request, &doing)? else { return Ok(None) };
        if answer.status == 404 {
            return Ok(Some(None));
        }
        let container = answer.json().as_ref().and_then(container);
        Ok(self.understood(&request, container).map(Some))
    }

    /// Starts a container that has ended; one that runs is fine. Whether the engine was asked: else the docker command is.
    pub(crate) fn start(&self, id: &str, doing: &str) -> Result<bool, Failure> {
        let request = Request { method: "POST", path: format!("/containers/{id}/start"), body: None };
        Ok(self.ask(&request, doing)?.is_some())
    }

    /// The driver of logs that containers get by default.
    pub(crate) fn log_driver(&self, doing: &str) -> Result<Option<String>, Failure> {
        let request = Request::get("/info".to_string());
        let Some(answer) = self.ask(&request, doing)? else { return Ok(None) };
        let driver = answer.json().and_then(|value| Some(value.get("LoggingDriver")?.as_str()?.to_string()));
        Ok(self.understood(&request, driver))
    }

    /// The containers that have this label, running or not, and whose labels are `chosen`: the answers to `docker
    /// inspect` of each.
    pub(crate) fn with_label(
        &self,
        label: &str,
        chosen: &dyn Fn(&Value) -> bool,
    ) -> Result<Option<Vec<Value>>, Failure> {
        let doing = format!("look for containers with the label {label}");
        let Some(listed) = self.listed(label, &doing)? else { return Ok(None) };
        let entries = listed.iter().filter(|entry| chosen(entry.get("Labels").unwrap_or(&Value::Null)));
        let ids: Vec<String> = entries.filter_map(|entry| Some(entry.get("Id")?.as_str()?.to_string())).collect();
        let mut found = Vec::new();
        for id in ids {
            let request = Request::get(format!("/containers/{id}/json"));
            let Some(answer) = self.ask(&request, &doing)? else { return Ok(None) };
            // One that was removed meanwhile is not there.
            if answer.status != 404 {
                let Some(value) = self.understood(&request, answer.json()) else { return Ok(None) };
                found.push(value);
            }
        }
        Ok(Some(found))
    }

    /// Has what is listed count until this is called again with `false`: for the many questions of one look.
    pub(crate) fn look(&self, begins: bool) {
        self.listed.replace(begins.then(BTreeMap::new));
    }

    /// The containers that have this label, as they are listed.
    fn listed(&self, label: &str, doing: &str) -> Result<Option<Vec<Value>>, Failure> {
        if let Some(listed) = self.listed.borrow().as_ref().and_then(|listed| listed.get(label)) {
            return Ok(Some(listed.clone()));
        }
        let filters = escaped(&json!({ "label": [label] }).to_string());
        let request = Request::get(format!("/containers/json?all=1&filters={filters}"));
        let Some(answer) = self.ask(&request, doing)? else { return Ok(None) };
        let is_listed =
            |entries: &Vec<Value>| entries.iter().all(|entry| entry.get("Id").is_some_and(Value::is_string));
        let listed = answer.json().and_then(|value| value.as_array().cloned()).filter(is_listed);
        let listed = self.understood(&request, listed);
        if let (Some(kept), Some(listed)) = (self.listed.borrow_mut().as_mut(), &listed) {
            kept.insert(label.to_string(), listed.clone());
        }
        Ok(listed)
    }

    /// Runs a command in a container to its end.
    pub(crate) fn exec(&self, name: &str, words: &[&str]) -> Result<Option<Called>, Failure> {
        let doing = format!("run {} in the container {name}", words.join(" "));
        let wanted = json!({ "AttachStdout": true, "AttachStderr": true, "Cmd": words });
        let create = Request::post(format!("/containers/{name}/exec"), wanted);
        let Some(created) = self.ask(&create, &doing)? else { return Ok(None) };
        let id = created.json().and_then(|value| Some(value.get("Id")?.as_str()?.to_string()));
        let Some(id) = self.understood(&create, id) else { return Ok(None) };
        let start = Request::post(format!("/exec/{id}/start"), json!({ "Detach": false, "Tty": false }));
        let Some(ran) = self.ask(&start, &doing)? else { return Ok(None) };
        let Some((stdout, stderr)) = self.understood(&start, printed(&ran.body)) else { return Ok(None) };
        let (look, begun) = (Request::get(format!("/exec/{id}/json")), Instant::now());
        loop {
            let Some(answer) = self.ask(&look, &doing)? else { return Ok(None) };
            let ended = answer.json().and_then(|value| {
                let running = value.get("Running")?.as_bool()?;
                Some(value.get("ExitCode")?.as_i64().filter(|_| !running))
            });
            match self.understood(&look, ended) {
                None => return Ok(None),
                Some(Some(code)) => return Ok(Some(Called { succeeded: code == 0, stdout, stderr })),
                Some(None) if begun.elapsed() >= self.limit => return Err(self.no_end(&doing)),
                // All that it printed is there: the engine is about to note its end.
                Some(None) => thread::sleep(PAUSE / 10),
            }
        }
    }

    /// The answer to a request that did not fail; a 404 is given back where it is a container that is not there.
    fn ask(&self, request: &Request, doing: &str) -> Result<Option<EngineAnswer>, Failure> {
        let socket = match &self.socket {
            Ok(socket) => socket,
            Err(why) => return Ok(self.command_instead(why)),
        };
        let Some(bytes) = self.exchanged(socket, request, doing)? else { return Ok(None) };
        let Some(answer) = self.understood(request, EngineAnswer::read(&bytes)) else { return Ok(None) };
        match (answer.status, answer.message()) {
            // What is to be started runs already.
            (200..=299 | 304, _) => Ok(Some(answer)),
            (404, Some(why)) if request.method == "GET" && why.to_lowercase().contains("no such container") => {
                Ok(Some(answer))
            }
            // An engine without this request may have it under another name, which the docker command knows.
            (404, Some(why)) if !why.to_lowercase().contains("no such") => Ok(self.command_instead(&why)),
            (_, Some(why)) => Err(Failure::world(doing, why)),
            (status, None) => Ok(self.command_instead(&format!("it answers {} with {status}", request.path))),
        }
    }

    /// The bytes of an answer. They are waited for on a thread of their own, so that a signal is seen at once.
    fn exchanged(&self, socket: &Path, request: &Request, doing: &str) -> Result<Option<Vec<u8>>, Failure> {
        let (sender, receiver) = mpsc::channel();
        let (to, bytes, limit) = (socket.to_path_buf(), request.to_bytes(), self.limit);
        // At the limit the receiver is gone.
        let asked = thread::Builder::new().spawn(move || drop(sender.send(exchange(&to, &bytes, limit))));
        asked.map_err(|error| Failure::world(doing, format!("no thread could be started: {error}")))?;
        let (signals, begun, deferred) = (&self.signals, Instant::now(), self.signals.deferred());
        signals.defer_signals(true);
        let heard = loop {
            let heard = receiver.recv_timeout(PAUSE);
            let waits = heard == Err(RecvTimeoutError::Timeout) && begun.elapsed() < self.limit;
            if !waits || noted(signals, deferred).is_some() {
                break heard;
            }
        };
        signals.defer_signals(deferred);
        if let Some(signal) = noted(signals, deferred) {
            return Err(Failure::Interrupted(signal));
        }
        match heard {
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)) | Err(_) => Err(self.no_end(doing)),
            Ok(Err(kind)) => Ok(self.command_instead(&format!("{}: {}", socket.display(), io::Error::from(kind)))),
        }
    }

    fn no_end(&self, doing: &str) -> Failure {
        Failure::World {
            doing: doing.into(),
            why: format!("no answer of the docker engine after {} s", self.limit.as_secs()),
            hint: Some("see whether the docker daemon answers: docker ps".into()),
        }
    }

    /// What was read of an answer, where it could be.
    fn understood<T>(&self, request: &Request, read: Option<T>) -> Option<T> {
        read.or_else(|| self.command_instead(&format!("what it answers to {} is not understood", request.path)))
    }

    /// Notes, once, why the docker command is asked instead.
    fn command_instead<T>(&self, why: &str) -> Option<T> {
        if !self.said.replace(true) {
            self.log.write(1, &format!("the docker command is used instead of the engine's socket: {why}"));
        }
        None
    }
}

/// What is asked of the engine.
#[derive(Debug)]
struct Request {
    method: &'static str,
    path: String,
    /// What is posted.
    body: Option<Value>,
}

impl Request {
    fn get(path: String) -> Self {
        Request { method: "GET", path, body: None }
    }

    fn post(path: String, body: Value) -> Self {
        Request { method: "POST", path, body: Some(body) }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        let (method, path, length) = (self.method, &self.path, body.len());
        format!(
            "{method} {path} HTTP/1.0\r\nHost: docker\r\nUser-Agent: c2\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

fn exchange(socket: &Path, request: &[u8], limit: Duration) -> Result<Vec<u8>, io::ErrorKind> {
    let mut bytes = Vec::new();
    let exchanged = UnixStream::connect(socket).and_then(|mut stream| {
        stream.set_read_timeout(Some(limit))?;
        stream.set_write_timeout(Some(limit))?;
        stream.write_all(request)?;
        stream.take(ANSWER_BYTES).read_to_end(&mut bytes)
    });
    exchanged.map_err(|error| error.kind())?;
    Ok(bytes)
}

/// The socket of the engine that the docker command would ask (docker's command-line reference, "Environment
/// variables" and `docker context use`), or why it is none that can be asked here.
fn socket(environment: &BTreeMap<String, String>) -> Result<PathBuf, String> {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    if let Some(host) = set("DOCKER_HOST") {
        let path = host.strip_prefix("unix://").filter(|path| path.starts_with('/'));
        return path.map(PathBuf::from).ok_or_else(|| format!("DOCKER_HOST is {host}"));
    }
    let context = match set("DOCKER_CONTEXT") {
        Some(context) => Some(context.clone()),
        None => {
            let folder = set("DOCKER_CONFIG").map(PathBuf::from);
            let folder = folder.or_else(|| Some(Path::new(set("HOME")?).join(".docker")));
            folder.and_then(|folder| current_context(&folder.join("config.json")))
        }
    };
    match context.filter(|context| context != "default" && !context.is_empty()) {
        Some(context) => Err(format!("the context of docker is {context}")),
        None => Ok(PathBuf::from(SOCKET)),
    }
}

/// The context that `docker context use` chose.
fn current_context(config: &Path) -> Option<String> {
    let config: Value = serde_json::from_slice(&fs::read(config).ok()?).ok()?;
    Some(config.get("currentContext")?.as_str()?.to_string())
}

fn container(value: &Value) -> Option<Inspected> {
    let state = value.get("State")?;
    let flag = |name: &str| state.get(name).and_then(Value::as_bool);
    let labels = value.get("Config")?.get("Labels").and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    let paused = flag("Paused").unwrap_or_default();
    Some(Inspected {
        id: value.get("Id")?.as_str()?.to_string(),
        running: flag("Running")? && !paused && !flag("Restarting").unwrap_or_default(),
        paused,
        pid: state.get("Pid")?.as_u64()?.try_into().ok()?,
        labels: labels.filter_map(|(name, label)| Some((name.clone(), label.as_str()?.to_string()))).into_map(),
    })
}

/// A text as a value of a query (RFC 3986, section 2.1).
fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests;
