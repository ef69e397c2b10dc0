//! When a deploy counts as ready: the field `readiness` of the configuration and of a release.

use alloc::format;

use super::decode::{Bounded, Decode, Decoder, Positive};
use super::macros::{record, union};
use super::node::{Node, Value};
use super::paths::HttpPath;

/// How a deploy shows that it is ready.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readiness {
    /// It is taken as ready once its start command has succeeded.
    None,
    /// Its port accepts a connection.
    Tcp(TcpReadiness),
    /// It answers a request with a good status.
    Http(HttpReadiness),
}

/// Ready when the deploy's `http` port accepts a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TcpReadiness {
    /// The longest wait, in seconds.
    pub timeout_s: Positive,
}

/// Ready when a GET on the deploy's `http` port is answered with a good status.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpReadiness {
    /// What is asked for.
    pub path: HttpPath,
    /// The good statuses.
    pub status: StatusRange,
    /// The longest wait, in seconds.
    pub timeout_s: Positive,
}

/// The HTTP statuses from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatusRange {
    /// The lowest.
    pub from: u16,
    /// The highest.
    pub to: u16,
}

union!(Readiness { None = "none", Tcp(TcpReadiness) = "tcp", Http(HttpReadiness) = "http" });

record!(TcpReadiness { timeout_s: "timeoutSecs" = "60" });

record!(HttpReadiness { path: "path", status: "status" = "[200, 399]", timeout_s: "timeoutSecs" = "60" });

impl Decode for StatusRange {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        const EXPECTED: &str = "an array of two HTTP statuses, the lower one first, such as [200, 399]";
        let bounds = match &node.value {
            Value::List(items) if items.len() == 2 => <[_]>::iter(items),
            Value::List(items) => {
                at.error(node.position, format!("found an array of {} items, expected {EXPECTED}", items.len()));
                return None;
            }
            _ => return at.unexpected(node, EXPECTED),
        };
        let statuses: alloc::vec::Vec<_> = bounds.map(|item| Bounded::<100, 599>::decode(item, at)).collect();
        let number = |index: usize| Some(u16::try_from(statuses.get(index).copied()??.get()).unwrap_or(u16::MAX));
        let (from, to) = (number(0)?, number(1)?);
        if from > to {
            at.error(node.position, format!("found [{from}, {to}], expected {EXPECTED}"));
        }
        Some(Self { from, to })
    }
}
