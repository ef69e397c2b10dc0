//! The range of ports that deploys are given.

use super::decode::{Bounded, Decode, Decoder};
use super::macros::record;
use super::node::Node;

/// The ports that deploys are given: from the first up to, and without, the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    pub(crate) first: u16,
    pub(crate) end: u32,
}

impl PortRange {
    /// The ports in ascending order.
    pub fn ports(self) -> impl Iterator<Item = u16> {
        (u32::from(self.first)..self.end).filter_map(|port| u16::try_from(port).ok())
    }

    /// Whether the port is one of the range.
    pub fn contains(self, port: u16) -> bool {
        (u32::from(self.first)..self.end).contains(&u32::from(port))
    }

    /// The `n`th extra port (1 to 4) of a deploy on `port`: that many lengths of the range above it. `None` when there
    /// is no such port.
    pub fn extra(self, port: u16, n: u32) -> Option<u16> {
        let length = self.end - u32::from(self.first);
        u16::try_from(length.checked_mul(n)?.checked_add(u32::from(port))?).ok()
    }
}

/// The Pair of the schema.
pub(super) struct PortPair {
    v1: Bounded<1, 65535>,
    v2: Bounded<2, 65536>,
}

record!(PortPair { v1: "v1", v2: "v2" });

impl Decode for PortRange {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        let PortPair { v1, v2 } = PortPair::decode(node, at)?;
        let first = u16::try_from(v1.get()).ok().filter(|_| v1.get() < v2.get());
        if first.is_none() {
            let text = format!("found v1 {} and v2 {}, expected v1 below v2 (v2 is excluded)", v1.get(), v2.get());
            at.error(node.position, text);
        }
        Some(Self { first: first?, end: v2.get() })
    }
}
