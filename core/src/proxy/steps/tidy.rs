//! The plan that removes what a run which was cut short left behind.

use super::super::{parts::tidied, reconcile::Reconcile};
use crate::seam::{Plan, Purpose, Refusal};

/// Removes what no intent needs; `None` when there is nothing, or it was tried.
pub(super) fn tidy(r: &Reconcile<'_>) -> Result<Option<Plan>, Refusal> {
    let left = r.seen.intents.is_empty() && r.tried(&Purpose::Tidy).is_none();
    if !left || r.seen.facts.folder(&r.seen.deploys.staging())?.is_none() {
        return Ok(None);
    }
    Ok(Some(Plan { tidy: tidied(r, core::iter::empty()), ..Plan::new(Purpose::Tidy, vec![]) }))
}
