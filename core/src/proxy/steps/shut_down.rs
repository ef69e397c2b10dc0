//! The plan that shuts the proxy down: the configuration and the state stay.

use crate::prelude::*;

use super::{
    super::{
        proxying::write,
        reconcile::Reconcile,
        seen::{PROXY, shut_down_note},
    },
    Next,
};
use crate::seam::{Effect, Plan, Purpose, Report, Stage, Step};

/// Shuts down, once; whatever else is wrong with this machine is left to the next command. It is noted first, also where
/// the proxy is gone already: a machine that follows its own state would start it again.
pub(super) fn shut_down(r: &Reconcile<'_>) -> Next {
    let (seen, deploys) = (&r.seen, r.seen.deploys);
    if !r.past.is_empty() {
        return Next::End(Vec::new());
    }
    let mut stages = Vec::new();
    if seen.has_proxy() && !seen.is_shut_down {
        let note = shut_down_note(deploys);
        let written = vec![write(note.clone(), String::new())];
        stages.push(Stage::new("note it", written).undone_by(vec![Effect::Remove(note)]));
    }
    if seen.proxy.exists {
        stages.push(Stage::new("stop it", vec![Effect::ProxyDown { folder: deploys.live_dir(PROXY) }]));
    }
    Next::Step(match stages.is_empty() {
        true => Step::Done(Report::note("the proxy does not run: there is nothing to shut down")),
        false => Step::Do(Plan::new(Purpose::ShutDownProxy, stages)),
    })
}
