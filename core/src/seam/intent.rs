//! What was there before a change that takes several steps, noted on disk so that any later run can go back.

use crate::prelude::*;

use serde_json::{Value, json};

/// What a change set out from. It is complete: going back needs nothing else that the change may have altered.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Intent {
    /// The link's target before, where there was a link.
    pub old_target: Option<String>,
    /// The folder that was live before, where it was there.
    pub old_folder: Option<String>,
    /// The folder that the change puts in place; none when it only stops.
    pub live_dir: Option<String>,
    /// The id of what that folder held before; none when it held no whole release.
    pub live_id: Option<String>,
    /// The folder beside, into which the former content goes.
    pub staged: String,
    /// Whether the stopping of what was live has begun: only then is it started again when the change is taken back.
    pub stopping: bool,
    /// The port of the deploy that the change puts in place, behind a proxy.
    pub port: Option<u16>,
}

impl Intent {
    /// The text of the intent's file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut value = json!({
            "oldTarget": self.old_target, "oldFolder": self.old_folder,
            "home": self.live_dir, "homeId": self.live_id, "aside": self.staged,
            "stopping": self.stopping,
        });
        if let (Some(port), Some(fields)) = (self.port, value.as_object_mut()) {
            fields.insert("port".to_string(), port.into());
        }
        value.to_string()
    }

    /// Reads the text of an intent's file; `None` when it is not one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Intent> {
        let value: Value = serde_json::from_str(text).ok()?;
        let maybe = |name: &str| match value.get(name)? {
            Value::Null => Some(None),
            Value::String(text) => Some(Some(text.clone())),
            _ => None,
        };
        Some(Intent {
            old_target: maybe("oldTarget")?,
            old_folder: maybe("oldFolder")?,
            live_dir: maybe("home")?,
            live_id: maybe("homeId")?,
            staged: value.get("aside")?.as_str()?.to_string(),
            stopping: value.get("stopping").and_then(Value::as_bool).unwrap_or(true),
            port: match value.get("port") {
                None => None,
                Some(port) => Some(u16::try_from(port.as_u64()?).ok()?),
            },
        })
    }
}
