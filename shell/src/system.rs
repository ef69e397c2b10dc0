//! What this machine says of itself: its name, its addresses, its clock, what comes through standard input.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    time::{SystemTime, UNIX_EPOCH},
};

use c2_core::{
    Ordered,
    seam::{Content, Failure, Secret},
};

use crate::files::{SMALL_BYTES, beside};

/// The name of this host.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Seconds since 1970 UTC.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// A random number.
pub(crate) fn random() -> Result<u64, Failure> {
    beside::random().map_err(|error| Failure::world("get a random number", error.to_string()))
}

/// The path of this program, its links resolved.
pub(crate) fn executable() -> Result<String, Failure> {
    let path = std::env::current_exe().and_then(fs::canonicalize);
    let path = path.map_err(|error| Failure::world("find the path of this program", error.to_string()))?;
    Ok(path.to_string_lossy().into_owned())
}

/// What comes through standard input, as far as it is short.
pub(crate) fn input() -> Result<Content, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(SMALL_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| Failure::world("read standard input", error.to_string()))?;
    Ok(Content { bytes: Secret::new(bytes), mode: None })
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
