//! What the chain of credentials asks of the world, and what it knows already.

use super::Failure;
use crate::prelude::*;
use alloc::collections::BTreeMap;
use core::fmt;

/// A question to the world.
#[derive(Clone, PartialEq, Eq)]
pub enum Ask {
    /// The bytes of a file.
    File(String),
    /// What a shell command line prints.
    Command(String),
    /// The answer to a request.
    Http(HttpRequest),
}

/// Where a request goes, which decides its limits and whether a proxy may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The instance metadata service: a second for everything, never through a proxy.
    Metadata,
    /// The agent that gives a container its credentials: 2 s to connect, 5 s to answer, never through a proxy.
    Container,
    /// A service of AWS, asked like any other.
    Service,
}

/// A request whose answer is small.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Where it goes.
    pub reach: Reach,
    /// `GET`, `PUT` or `POST`.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// Names in lower case and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body; none is sent with a GET.
    pub body: String,
    /// Whether it is one that was answered before and is to be made once more.
    pub again: bool,
}

/// What the world answered.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// There is no such file.
    Missing,
    /// The bytes of the file, or what the command printed.
    Bytes(Vec<u8>),
    /// The answer to a request, whatever its status.
    Http {
        /// The status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// It is not available.
    Failed {
        /// Why not; holds no secret.
        why: String,
        /// Whether no answer came in time.
        late: bool,
        /// Whether another try may help.
        passing: bool,
    },
}

/// The answers so far.
#[derive(Default)]
pub struct Known(Vec<(Ask, Answer)>);

impl Known {
    /// Adds an answer.
    pub fn add(&mut self, ask: Ask, answer: Answer) {
        self.0.push((ask, answer));
    }
}

/// Why there is no result yet.
pub enum Stop {
    /// This has to be asked first.
    Ask(Ask),
    /// There will be none.
    Failed(Failure),
}

/// All that a decision may look at.
pub struct Look<'a> {
    /// The environment.
    pub env: &'a BTreeMap<String, String>,
    /// Seconds since 1970 UTC, the same in every call for one result.
    pub now_s: u64,
    /// The region of this instance, where it was asked for before.
    pub instance_region: Option<&'a str>,
    /// The answers so far.
    pub known: &'a Known,
}

impl<'a> Look<'a> {
    /// A variable's value without the blanks around it; an empty one counts as absent.
    pub(super) fn variable(&self, name: &str) -> Option<&'a str> {
        self.env.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    pub(super) fn answer(&self, ask: Ask) -> Result<&'a Answer, Stop> {
        let found = self.known.0.iter().find(|(known, _)| *known == ask);
        found.map(|(_, answer)| answer).ok_or(Stop::Ask(ask))
    }
}

/// A URL without what may be secret in it: a query, and a user's name and password.
pub(super) fn place(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {path}"),
            // Its arguments may be secret.
            Self::Command(line) => write!(f, "command of {} bytes", line.len()),
            // Its headers and its body may be secret.
            Self::Http(request) => write!(f, "{} {}", request.method, request.url),
        }
    }
}
