//! What a fleet shares: objects that are fetched only when they have changed, and written on conditions.

use std::{collections::BTreeSet, fs};

use c2_core::{
    Ordered,
    s3::{Condition, Heeds, Put},
    seam::{Answer, Failure, Location, Shared},
};

use super::s3::{Changed, Small};
use crate::{answer::s3_failure, files::SMALL_BYTES, host::Machine};

impl Machine {
    /// A shared object. One that was fetched before is asked for only if it has changed.
    pub(crate) fn shared(&mut self, at: &Location) -> Result<Answer, Failure> {
        let Location::Object { bucket, key } = at else { return Ok(Answer::Shared(None)) };
        let known = self.fetched.get(at).map(|shared| shared.etag.clone());
        let found = self.s3.get_if_changed(bucket, key, known.as_deref(), SMALL_BYTES);
        match found.map_err(|error| s3_failure(&format!("fetch {at}"), &error))? {
            Changed::Unchanged => (),
            Changed::Missing => drop(self.fetched.remove(at)),
            Changed::Is(Small { body, etag, .. }) => {
                drop(self.fetched.insert(at.clone(), Shared { bytes: body, etag }));
            }
        }
        Ok(Answer::Shared(self.fetched.get(at).cloned()))
    }

    /// Whether a store heeds conditions on writes.
    pub(crate) fn heeds(&self, probe: &Location, absent: bool) -> Result<Answer, Failure> {
        let Location::Object { bucket, key } = probe else { return Ok(Answer::Text(None)) };
        let doing = format!("try whether the store heeds conditions on writes, on {probe}");
        match self.s3.heeds_conditions(bucket, key, absent).map_err(|error| s3_failure(&doing, &error))? {
            Heeds::Yes => Ok(Answer::Text(None)),
            Heeds::No { why } => Ok(Answer::Text(Some(why))),
            Heeds::Denied { why } => Err(Failure::NotYet { doing, why }),
        }
    }

    /// Writes an object on a condition.
    pub(crate) fn put(&self, at: &Location, bytes: &[u8], condition: &Condition) -> Result<(), Failure> {
        let Location::Object { bucket, key } = at else { return Ok(()) };
        let doing = format!("write {at}");
        match self.s3.put(bucket, key, bytes, "application/json", condition) {
            Ok(Put::Written { .. }) => Ok(()),
            Ok(Put::Lost | Put::Conflict) => Err(Failure::Overtaken { doing }),
            Ok(Put::Unknown { why }) => Err(Failure::Unanswered { doing, why }),
            Err(error) => Err(s3_failure(&doing, &error)),
        }
    }

    /// Deletes an object.
    pub(crate) fn delete(&self, at: &Location) -> Result<(), Failure> {
        let Location::Object { bucket, key } = at else { return Ok(()) };
        self.s3.delete(bucket, key).map_err(|error| s3_failure(&format!("delete {at}"), &error))
    }
}

/// Where the kernel has a folder for each interface, also for one without an address.
const INTERFACES: &str = "/sys/class/net";

/// The IPv4 address of an interface, which must be one that there is, where this machine says which there are.
pub(crate) fn address(interface: &str) -> Result<Option<String>, Failure> {
    let failed = |why: String| Failure::world(format!("find the address of {interface}"), why);
    let all = if_addrs::get_if_addrs().map_err(|error| failed(error.to_string()))?;
    let mut of_it = all.iter().filter(|found| found.name == interface && found.ip().is_ipv4());
    let found = of_it.next().map(|found| found.ip().to_string());
    let folders = fs::read_dir(INTERFACES).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    let names: BTreeSet<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).into_set();
    if found.is_some() || names.is_empty() || names.contains(interface) {
        return Ok(found);
    }
    let names: Vec<String> = names.into_iter().collect();
    Err(failed(format!("there is no such interface, only {}: slaveInterfaceName names it", names.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_has_an_address_or_is_named_as_missing_beside_those_that_there_are() {
        assert_eq!(address("lo").unwrap().as_deref(), Some("127.0.0.1"));
        let failure = address("no-such-one").unwrap_err().to_string();
        let (start, names) = failure.split_once(" only ").unwrap();
        assert_eq!(start, "find the address of no-such-one: there is no such interface,");
        let names = names.strip_suffix(": slaveInterfaceName names it").unwrap();
        assert!(names.split(", ").any(|name| name == "lo"), "{failure}");
    }
}
