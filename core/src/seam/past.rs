//! What a run asks of what it has done so far.

use super::{Outcome, Plan, Purpose};

impl Outcome {
    /// The plan, where it was one for this purpose.
    #[must_use]
    pub fn plan_for(&self, purpose: &Purpose) -> Option<&Plan> {
        match self {
            Outcome::Planned { plan, .. } if plan.purpose == *purpose => Some(plan),
            _ => None,
        }
    }
}

/// How the last plan for this purpose ended: whether it was done; `None` when there was none.
#[must_use]
pub fn tried(past: &[Outcome], purpose: &Purpose) -> Option<bool> {
    let last = past.iter().rev().find(|outcome| outcome.plan_for(purpose).is_some());
    last.map(|outcome| outcome.failure().is_none())
}

/// Whether the last that was done was a plan for this purpose.
#[must_use]
pub fn last_is(past: &[Outcome], purpose: &Purpose) -> bool {
    past.last().is_some_and(|outcome| outcome.plan_for(purpose).is_some())
}
