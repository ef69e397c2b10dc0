//! What a proxy configuration routes, and the mark by which it is known.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
};
use core::fmt;

use serde_json::{Value, json};

use crate::config::{FromText, Label};

/// The port that each endpoint is routed to; an endpoint without one answers 503.
pub type Routes = BTreeMap<Label, u16>;

/// A generation of the proxy's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The routes.
    pub routes: Routes,
    /// What tells this configuration from any other: over its text and the certificates it names.
    pub generation: String,
}

/// What the first line of a configuration begins with.
const MARK: &str = "# c2 ";

/// The server name that the built-in configuration answers its mark under, on this machine alone.
pub const MARK_HOST: &str = "served.c2.invalid";

impl Served {
    /// The mark as one line of JSON.
    #[must_use]
    pub fn to_text(&self) -> String {
        let routes: BTreeMap<&str, u16> = self.routes.iter().map(|(label, port)| (label.as_str(), *port)).collect();
        json!({ "generation": self.generation, "routes": routes }).to_string()
    }

    /// Reads a mark.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Served> {
        let value: Value = serde_json::from_str(text).ok()?;
        let mut routes = Routes::new();
        for (label, port) in value.get("routes")?.as_object()? {
            routes.insert(Label::from_text(label).ok()?, u16::try_from(port.as_u64()?).ok()?);
        }
        Some(Served { routes, generation: value.get("generation")?.as_str()?.to_string() })
    }

    /// The first line of the configuration's file.
    #[must_use]
    pub fn first_line(&self) -> String {
        format!("{MARK}{}\n", self.to_text())
    }

    /// What a configuration's file routes, by its first line; `None` for one that this tool did not write.
    #[must_use]
    pub fn of_file(text: &str) -> Option<Served> {
        Served::from_text(text.lines().next()?.strip_prefix(MARK)?)
    }
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (endpoint, port)) in self.routes.iter().enumerate() {
            write!(f, "{}{endpoint} -> {port}", if i == 0 { "" } else { ", " })?;
        }
        if self.routes.is_empty() { f.write_str("no endpoint") } else { Ok(()) }
    }
}

/// A name for a text that no other text is likely to have: 64 bits of FNV-1a (draft-eastlake-fnv). It tells texts
/// apart that nobody chose to be alike.
pub(super) fn name_of(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}
