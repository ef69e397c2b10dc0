//! What many machines share: who wrote the master's state, which part of the machines takes up a change, and what a
//! slave reports. Fields that this version does not know are kept.

use crate::prelude::*;

use serde_json::{Map, Value};

use super::decode::{Bounded, Decode, Decoder};
use super::macros::{record, union};
use super::names::Label;
use super::node::Node;
use super::state::{State, object, object_with};

/// One writing of the master's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Tells it from every other: who gets no answer finds out by it that the write was done.
    pub id: String,
    /// The host it was done from.
    pub host: String,
    /// The user who did it.
    pub user: String,
    /// When, `YYYY-MM-DDTHH:MM:SSZ`.
    pub time: String,
    /// What this version does not know.
    pub extra: Map<String, Value>,
}

record!(Write keeps extra { id: "id", host: "host" = r#""""#, user: "user" = r#""""#, time: "time" = r#""""# });

/// A change of the master's state that a part of the machines takes up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Tells it from every other; with a machine's label it decides whether that machine is in.
    pub id: Label,
    /// How many of a hundred machines are in.
    pub percent: Hundredths,
    /// What those machines follow.
    pub candidate: Box<State>,
    /// What this version does not know.
    pub extra: Map<String, Value>,
}

record!(Rollout keeps extra { id: "id", percent: "percent", candidate: "candidate" });

/// A share in hundredths, all of them included.
pub type Hundredths = Bounded<1, 100>;

/// What a slave reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaveState {
    /// How its last round ended.
    pub status: SlaveStatus,
    /// Its address, or why it is not known.
    pub ip_address: String,
    /// Its host name.
    pub host_name: String,
    /// What it runs.
    pub state: State,
    /// What tells the state of the master that it followed last from any other: the object's ETag.
    pub followed: Option<String>,
    /// What this version does not know.
    pub extra: Map<String, Value>,
}

record!(SlaveState keeps extra {
    status: "status", ip_address: "ipAddress", host_name: "hostName", state: "state", followed: "followed" = r#""nothing""#,
});

/// How the last round of a slave ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlaveStatus {
    /// Well.
    Ok,
    /// Not well, and why.
    Error(String),
}

union!(SlaveStatus { Ok = "ok", Error(String) = "error" });

impl Decode for Box<State> {
    fn decode(node: &Node, at: &mut Decoder) -> Option<Self> {
        State::decode(node, at).map(Box::new)
    }
}

impl Write {
    pub(super) fn to_value(&self) -> Value {
        let fields = [("id", &self.id), ("host", &self.host), ("user", &self.user), ("time", &self.time)];
        object_with(&self.extra, fields.map(|(name, text)| (name, Value::from(text.as_str()))).into())
    }
}

impl Rollout {
    pub(super) fn to_value(&self) -> Value {
        let fields = [
            ("id", Value::from(self.id.as_str())),
            ("percent", Value::from(self.percent.get())),
            ("candidate", self.candidate.to_value()),
        ];
        object_with(&self.extra, fields.into())
    }
}

impl SlaveState {
    /// The file's text: keys in order, so that equal states have equal texts.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.to_value())
    }

    /// The state as plain JSON.
    pub fn to_value(&self) -> Value {
        let status = match &self.status {
            SlaveStatus::Ok => Value::from("ok"),
            SlaveStatus::Error(text) => object([("error", Value::from(text.as_str()))].into()),
        };
        let mut fields = alloc::vec![
            ("status", status),
            ("ipAddress", Value::from(self.ip_address.as_str())),
            ("hostName", Value::from(self.host_name.as_str())),
            ("state", self.state.to_value()),
        ];
        fields.extend(self.followed.iter().map(|followed| ("followed", Value::from(followed.as_str()))));
        object_with(&self.extra, fields)
    }
}
