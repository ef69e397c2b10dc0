//! Who listens on a port of this machine, by what the kernel tells of sockets and processes.

use std::fs;

use crate::processes;

/// The sockets, by inode, that listen on a port on any of this machine's addresses (proc(5), `/proc/net/tcp`).
pub(crate) fn sockets(port: u16) -> Vec<String> {
    let wanted = format!(":{port:04X}");
    let listening = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (local, state) = (words.next()?, words.nth(1)?);
        let inode = words.nth(5)?;
        (local.ends_with(&wanted) && state == "0A").then(|| inode.to_string())
    };
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    tables.iter().flat_map(|table| table.lines().filter_map(listening)).collect()
}

/// The age in milliseconds of the oldest process that listens on a port; `None` where none can be seen from here.
pub(crate) fn age_ms(port: u16) -> Option<u64> {
    let wanted: Vec<String> = sockets(port).iter().map(|inode| format!("socket:[{inode}]")).collect();
    let mut oldest = None;
    for entry in fs::read_dir("/proc").ok()?.filter(|_| !wanted.is_empty()).flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(open) = fs::read_dir(entry.path().join("fd")) else { continue };
        let links = open.flatten().filter_map(|open| fs::read_link(open.path()).ok());
        if links.into_iter().any(|link| wanted.iter().any(|socket| link.as_os_str() == socket.as_str())) {
            oldest = oldest.max(processes::age_ms(pid));
        }
    }
    oldest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listening_socket_is_found_with_its_process_and_a_closed_one_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(sockets(port).len(), 1);
        assert!(age_ms(port).is_some_and(|age_ms| age_ms < 3_600_000));
        drop(listener);
        assert_eq!((sockets(port), age_ms(port)), (vec![], None));
    }
}
