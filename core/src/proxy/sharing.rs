//! Shares: what of an endpoint goes to a second deploy.

use super::{
    Goal, Look,
    served::{Routes, Share, Target},
};
use crate::{
    config::{Deploy, Label, State},
    seam::Refusal,
};

impl Look<'_> {
    /// The share of an endpoint on this port that goes to a second deploy, where that one can be used.
    pub(super) fn share(&self, want: &State, endpoint: &Label, main: u16) -> Result<Option<Share>, Refusal> {
        let Some((second, percent)) = want.split(endpoint) else { return Ok(None) };
        // What is wanted of it may have failed: what it is counts.
        let Some(second) = self.now.have.deploys.get(&second.label) else { return Ok(None) };
        let port = second.port.0;
        let asked = matches!(&self.mode.goal, Goal::Split { endpoint: asked, .. } if asked == endpoint);
        let usable = match self.now.routes().share_port(endpoint) == Some(port) {
            true => self.facts.listens(port)?,
            // The plan proves it.
            false if asked && !self.gave_up() => true,
            false => self.may_return(&second.label, second)?,
        };
        Ok((usable && port != main).then_some(Share { percent, port }))
    }

    /// These routes with what waits for a deploy on this port, which is about to be proven.
    pub(super) fn with_waiting(&self, routes: &Routes, deploy: &Deploy, waiting: &[Label]) -> Result<Routes, Refusal> {
        let (mut routes, port) = (routes.clone(), deploy.port.0);
        for endpoint in waiting {
            if self.now.have.connections.get(endpoint) == Some(&deploy.label) {
                let share = self.share(&self.now.have, endpoint, port)?;
                routes.targets.insert(endpoint.clone(), Target { port, share });
            } else if let (Some(target), Some(split)) =
                (routes.targets.get_mut(endpoint), self.now.have.splits.get(endpoint))
                && target.port != port
            {
                target.share = Some(Share { percent: split.percent, port });
            }
        }
        Ok(routes)
    }
}
