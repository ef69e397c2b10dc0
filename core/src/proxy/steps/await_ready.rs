//! The wait until an endpoint can go to what it is to have.

use super::super::{
    reconcile::{Reconcile, waited_for},
    routes::{Awaited, awaited},
};
use crate::{
    config::{Label, State},
    ready::Status,
    seam::{Refusal, Settled as _, Step, WaitFor},
};

/// The pause between two looks at what is not ready yet.
const PAUSE_MS: u32 = 1_000;

/// The wait for what these endpoints are to have: until what stands well has done so for long enough; on a machine
/// that follows also for what this run has started, as long as its readiness gives it.
pub(super) fn await_ready(
    r: &Reconcile<'_>,
    wanted: &State,
    of: impl Fn(&Label) -> bool,
) -> Result<Option<Step>, Refusal> {
    for Awaited { deploy, known, .. } in awaited(r, wanted).into_iter().filter(|it| of(it.endpoint)) {
        let Some(looked) = r.seen.looked(deploy, known).known_or(None)? else { continue };
        let (waited_ms, started) = waited_for(r.past, deploy);
        let is_over = match (&looked.status, started) {
            // A settling that breaks begins again only for what this run has started.
            (Status::Settling { for_ms, .. }, false) => waited_ms > for_ms + u64::from(PAUSE_MS),
            (Status::Settling { .. }, true) => looked.is_over(waited_ms),
            (_, started) => !started || !r.policy.routes_later || looked.is_over(waited_ms),
        };
        if !is_over {
            let why = format!("waiting until {deploy} is ready on port {}", known.port.0);
            return Ok(Some(Step::Wait { why, what: WaitFor::Look, pause_ms: PAUSE_MS, forget: vec![] }));
        }
    }
    Ok(None)
}
