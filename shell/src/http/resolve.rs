//! Name lookup in a binary that carries its own libc: it never loads a module of the machine it runs on.

use std::sync::Once;

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// Looks names up in the hosts file and in DNS. Every agent has one, and there is no other name lookup in this program:
/// so none can come before it was made safe.
///
/// The lookup itself stays `getaddrinfo`, by way of the standard library. In a binary with glibc linked into it, that
/// call loads whatever name-service modules the machine's `nsswitch.conf` names, each bringing a second libc of
/// another version along: on Debian 13, `resolve`, `mymachines`, `myhostname` and `mdns4_minimal` all end in SIGFPE.
/// Only `/etc/hosts` and DNS are asked, as a binary with musl does anyway; both are compiled in (glibc 2.34 and later),
/// and a machine with systemd-resolved is reached by the DNS stub in its `resolv.conf`.
#[derive(Debug)]
pub(super) struct Lookup {
    system: DefaultResolver,
}

impl Lookup {
    /// Makes name lookup safe, once for the whole process.
    pub(super) fn new() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(ask_hosts_file_and_dns_only);
        Lookup { system: DefaultResolver::default() }
    }
}

impl Resolver for Lookup {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        self.system.resolve(uri, config, timeout)
    }
}

#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
#[allow(unsafe_code)]
fn ask_hosts_file_and_dns_only() {
    use std::ffi::{c_char, c_int};

    unsafe extern "C" {
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }
    // SAFETY: public glibc (`nss.h`); both arguments are NUL-terminated, and glibc copies what it keeps of them. `Once`
    // allows no second call beside this one. It fails only without memory or for a line it cannot parse; then the
    // machine's own setting stays in force.
    unsafe { __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr()) };
}

#[cfg(not(all(target_env = "gnu", target_feature = "crt-static")))]
fn ask_hosts_file_and_dns_only() {}

#[cfg(test)]
mod tests {
    use std::net::ToSocketAddrs;

    use super::*;

    #[test]
    fn a_name_in_the_hosts_file_resolves_however_often_lookup_was_readied() {
        let _lookups = [Lookup::new(), Lookup::new()];
        let mut addresses = ("localhost", 80).to_socket_addrs().unwrap();
        assert!(addresses.all(|address| address.ip().is_loopback()));
    }
}
