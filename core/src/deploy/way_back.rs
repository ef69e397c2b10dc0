//! The way back from an interrupted change of a deploy's folder.

use super::is_whole;
use crate::seam::{Effect, Folder, Intent};

/// What going back makes of a deploy's folder.
pub(crate) struct WayBack<'a> {
    /// Whether the folder does not hold what it held before the change.
    pub(crate) displaced: bool,
    /// What brings the former content back; `None` where it is there, or is lost.
    pub(crate) exchange: Option<Effect>,
    /// The former content, where it is beside the folder.
    pub(crate) former: Option<&'a Folder>,
    /// What the folder holds then.
    pub(crate) holds: Option<&'a Folder>,
}

impl<'a> WayBack<'a> {
    /// The way back to what this intent says, from what its folder at `path` and the one beside it hold. What was not
    /// whole before is not brought back.
    pub(crate) fn new(intent: &Intent, path: &str, home: Option<&'a Folder>, staged: Option<&'a Folder>) -> Self {
        let former = staged.filter(|folder| is_whole(folder) && folder.id == intent.live_id);
        let displaced = home.and_then(|folder| folder.id.as_ref()) != intent.live_id.as_ref();
        let can = displaced && (intent.live_id.is_none() || former.is_some());
        let (staged, id) = (intent.staged.clone(), intent.live_id.clone());
        let exchange = can.then(|| Effect::Exchange { staged, live_dir: path.into(), id });
        let holds = if exchange.is_some() { former } else { home };
        WayBack { displaced, exchange, former, holds }
    }
}
