//! When a deploy counts as ready, and how long that is waited for.

use crate::{
    config::{HttpReadiness, Positive, Readiness, TcpReadiness},
    seam::Effect,
};

/// Asks a port until it is ready; a deploy that proves nothing is not asked.
pub(super) fn ready(port: u16, readiness: Readiness, folder: &str, demanded: bool) -> Option<Effect> {
    (readiness != Readiness::None).then(|| Effect::WaitReady { port, readiness, folder: folder.into(), demanded })
}

/// The longest run of a start command in seconds, where no readiness says it: behind a proxy it must return.
const START_S: u32 = 600;

/// The longest run of a deploy's start command.
pub(super) fn start_limit_s(readiness: &Readiness) -> Option<u32> {
    limit_s(readiness).or(Some(START_S))
}

/// The longest wait for a deploy's readiness.
pub(super) fn limit_s(readiness: &Readiness) -> Option<u32> {
    match readiness {
        Readiness::None => None,
        Readiness::Tcp(TcpReadiness { timeout_s }) | Readiness::Http(HttpReadiness { timeout_s, .. }) => {
            Some(Positive::get(*timeout_s))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_command_ends_at_some_time_whatever_the_readiness_says() {
        let tcp = Readiness::Tcp(TcpReadiness { timeout_s: Positive::LEAST });
        assert_eq!([start_limit_s(&Readiness::None), start_limit_s(&tcp)], [Some(START_S), Some(1)]);
        assert_eq!(limit_s(&Readiness::None), None, "nothing is waited for");
    }
}
