//! When a deploy counts as ready, and how long that is waited for.

use crate::{
    config::{HttpReadiness, Positive, Readiness, TcpReadiness},
    seam::Effect,
};

/// Asks a port until it is ready; a deploy that proves nothing is not asked.
pub(super) fn ready(port: u16, readiness: Readiness, folder: &str, demanded: bool) -> Option<Effect> {
    (readiness != Readiness::None).then(|| Effect::WaitReady { port, readiness, folder: folder.into(), demanded })
}

/// The longest wait for a deploy's readiness, which is also the longest run of its start command.
pub(super) fn limit_s(readiness: &Readiness) -> Option<u32> {
    match readiness {
        Readiness::None => None,
        Readiness::Tcp(TcpReadiness { timeout_s }) | Readiness::Http(HttpReadiness { timeout_s, .. }) => {
            Some(Positive::get(*timeout_s))
        }
    }
}
