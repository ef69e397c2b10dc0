//! When a deploy counts as ready: the field `readiness` of the configuration and of a release.

use super::decode::{Bounded, Decode, Decoder, Positive};
use super::macros::{record, union};
use super::node::{Node, Value};
use super::paths::HttpPath;

/// How a deploy shows that it is ready.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readiness {
    /// Nothing is asked of its port; its containers count all the same.
    None,
    /// Its port accepts connections and keeps them.
    Tcp(TcpReadiness),
    /// It answers a request with a good status.
    Http(HttpReadiness),
}

/// Ready when the deploy's `http` port accepts a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TcpReadiness {
    /// The longest wait until it begins to stand well, in seconds.
    pub timeout_s: Positive,
    /// For how long it must stand well then, in seconds.
    pub settle_s: Settle,
}

/// Ready when a GET on the deploy's `http` port is answered with a good status.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpReadiness {
    /// What is asked for.
    pub path: HttpPath,
    /// The good statuses.
    pub status: StatusRange,
    /// The longest wait until it begins to stand well, in seconds.
    pub timeout_s: Positive,
    /// For how long it must stand well then, in seconds.
    pub settle_s: Settle,
}

/// For how long a deploy must stand well to be ready, in seconds; 0: one look is enough.
pub type Settle = Bounded<0, 3600>;

/// The HTTP statuses from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatusRange {
    /// The lowest.
    pub from: u16,
    /// The highest.
    pub to: u16,
}

union!(Readiness { None = "none", Tcp(TcpReadiness) = "tcp", Http(HttpReadiness) = "http" });

record!(TcpReadiness { timeout_s: "timeoutSecs" = "60", settle_s: "settleSecs" = "5" });

record!(HttpReadiness {
    path: "path",
    status: "status" = "[200, 399]",
    timeout_s: "timeoutSecs" = "60",
    settle_s: "settleSecs" = "5",
});

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
