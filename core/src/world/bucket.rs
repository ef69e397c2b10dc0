//! The simulated stores: objects, conditions on writes, and what an archive's bytes are told by.

use crate::prelude::*;

use super::{Release, World};
use crate::{
    aws::s3::Condition,
    config::{FromText, Pin, Sha256},
    seam::{Effect, Failure, Location, Shared},
};

/// An object of the simulated bucket, or a file that appears later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Its content.
    pub bytes: Vec<u8>,
    /// The time from which on it is there.
    pub appears: u64,
    /// When it was last written; 0 when unknown.
    pub modified: u64,
    /// Whether the answer before that is that there is no permission.
    pub denied: bool,
}

impl Object {
    pub(super) fn shared(&self) -> Shared {
        Shared { bytes: self.bytes.clone(), etag: format!("{:016x}", hash(&self.bytes)) }
    }
}

impl Release {
    /// What tells its archive's bytes from any other.
    #[must_use]
    pub fn pin(&self) -> Pin {
        let text = format!("{:?}", self.files);
        let sha256 = format!("{:016x}", hash(text.as_bytes())).repeat(4);
        // Sixteen hexadecimal digits, four times.
        let sha256 = Sha256::from_text(&sha256).unwrap_or_else(|_| unreachable!());
        Pin { sha256, size: u64::try_from(text.len()).ok(), version: None }
    }
}

impl World {
    /// An object that is there now.
    pub(super) fn object(&self, at: &Location) -> Result<Option<&Object>, Failure> {
        if self.cut_off {
            return Err(Failure::world(format!("fetch {at}"), "the store does not answer"));
        }
        match self.objects.get(at) {
            Some(object) if object.appears > self.clock && object.denied => {
                Err(Failure::NotYet { doing: format!("fetch {at}"), why: "no permission yet".into() })
            }
            object => Ok(object.filter(|object| object.appears <= self.clock)),
        }
    }

    pub(super) fn put(
        &mut self,
        effect: &Effect,
        at: &Location,
        bytes: &[u8],
        condition: &Condition,
    ) -> Result<(), Failure> {
        let doing = effect.to_string();
        if self.cut_off {
            return Err(Failure::OutcomeUnknown { doing, why: "the store does not answer".into() });
        }
        let found = self.objects.get(at).map(|object| object.shared().etag);
        let holds = match condition {
            Condition::Always => true,
            Condition::Absent => found.is_none(),
            Condition::Is(etag) => found.as_ref() == Some(etag),
        };
        if !holds && !self.heedless {
            return Err(Failure::Conflict { doing });
        }
        let modified = self.clock;
        self.objects.insert(at.clone(), Object { bytes: bytes.to_vec(), modified, ..Object::default() });
        Ok(())
    }
}

/// FNV-1a, 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
