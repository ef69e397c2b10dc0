//! One change of what a deploy's folder holds: unpacked beside it, prepared, put in place.

use crate::prelude::*;

use super::{Deploys, Prepared, Running, limits};
use crate::{
    config::{Pin, ToolConfig},
    seam::{Effect, Folder, Intent, Role, Stage},
};

/// A change of a deploy's folder.
pub(crate) struct Change<'a> {
    pub(crate) config: &'a ToolConfig,
    /// The deploy's name.
    pub(crate) name: &'a str,
    /// The release that it is to hold.
    pub(crate) release: &'a str,
    pub(crate) pin: Option<&'a Pin>,
    /// The port that its templates were filled with.
    pub(crate) port: Option<u16>,
    /// The id of the new content.
    pub(crate) id: String,
    /// What is there now.
    pub(crate) home: Option<&'a Folder>,
    pub(crate) prepared: &'a Prepared,
    pub(crate) running: Running,
}

impl Change<'_> {
    fn deploys(&self) -> Deploys<'_> {
        Deploys(self.config.deploys_dir.as_str())
    }

    /// The folder.
    pub(crate) fn live_dir(&self) -> String {
        self.deploys().live_dir(self.name)
    }

    /// Where the new content is unpacked, and the former one kept until the change is done.
    pub(crate) fn staged(&self) -> String {
        self.deploys().staged(self.name)
    }

    /// What was there before.
    pub(crate) fn intent(&self) -> Intent {
        Intent {
            live_dir: Some(self.live_dir()),
            live_id: self.live_id(),
            staged: self.staged(),
            port: self.port,
            ..Intent::default()
        }
    }

    /// Unpacks, when this is removed: what is left there of changes that were cut short.
    pub(crate) fn unpack(&self, former: String) -> Stage {
        let Prepared { archive, rendered, modes, release_json, compose, filled, .. } = self.prepared;
        let holds = Folder {
            id: Some(self.id.clone()),
            release: Some(self.release.to_string()),
            port: self.port,
            sha256: self.pin.map(|pin| pin.sha256.to_string()),
            compose: *compose,
            filled: *filled,
            release_json: Some(release_json.clone()),
        };
        let unpack = Effect::Unpack {
            archive: archive.clone(),
            limits: limits(self.config),
            to: self.staged(),
            holds,
            rendered: rendered.clone(),
            modes: modes.clone(),
        };
        let remove = Effect::Remove(former);
        Stage::new("unpack", vec![remove.clone(), unpack]).undone_by(vec![remove])
    }

    /// Runs the prestart command in this folder.
    pub(crate) fn prestart(&self, folder: &str) -> Option<Stage> {
        self.run(Role::Prestart, folder, false).map(|run| Stage::new("prepare", vec![run]))
    }

    /// Exchanges the folder with what was unpacked.
    pub(crate) fn put_in_place(&self) -> Stage {
        let exchange = |id| vec![Effect::Exchange { staged: self.staged(), live_dir: self.live_dir(), id }];
        Stage::new("put in place", exchange(Some(self.id.clone()))).undone_by(exchange(self.live_id()))
    }

    /// Runs a command of the new release in this folder; the empty one runs nothing.
    pub(crate) fn run(&self, role: Role, folder: &str, tolerant: bool) -> Option<Effect> {
        self.running.run(role, &self.prepared.config, folder, tolerant)
    }

    fn live_id(&self) -> Option<String> {
        self.home.and_then(|folder| folder.id.clone())
    }
}
