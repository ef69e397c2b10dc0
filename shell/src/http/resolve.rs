//! Makes name lookup safe in a binary that carries its own libc: it never loads a module of the machine it runs on.

use std::sync::Once;

/// Readies name lookup; to be called before the first lookup, and harmless when called again.
///
/// The lookup itself stays `getaddrinfo`, by way of the standard library. In a binary with glibc linked into it, that
/// call loads whatever name-service modules the machine's `nsswitch.conf` names, each bringing a second libc of
/// another version along: on Debian 13, `resolve`, `mymachines`, `myhostname` and `mdns4_minimal` all end in SIGFPE.
/// From here on only `/etc/hosts` and DNS are asked, as a binary with musl does anyway; both are compiled in (glibc
/// 2.34 and later), and a machine with systemd-resolved is reached by the DNS stub in its `resolv.conf`.
pub(crate) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(ask_hosts_file_and_dns_only);
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
        prepare();
        prepare();
        let mut addresses = ("localhost", 80).to_socket_addrs().unwrap();
        assert!(addresses.all(|address| address.ip().is_loopback()));
    }
}
