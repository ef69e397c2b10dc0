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

/// Shuts down, once; whatever else is wrong with this machine is left to the next command.
pub(super) fn shut_down(r: &Reconcile<'_>) -> Next {
    if !r.past.is_empty() {
        return Next::End(Vec::new());
    }
    if !r.seen.proxy.exists {
        return Next::Step(Step::Done(Report::note("the proxy does not run: there is nothing to shut down")));
    }
    let (note, down) = (shut_down_note(r.seen.deploys), Effect::ProxyDown { folder: r.seen.deploys.live_dir(PROXY) });
    let noted = Stage::new("note it", vec![write(note.clone(), String::new())]).undone_by(vec![Effect::Remove(note)]);
    Next::Step(Step::Do(Plan::new(Purpose::ShutDownProxy, vec![noted, Stage::new("stop it", vec![down])])))
}
