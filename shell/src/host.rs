//! The real machine: answers the core's questions and performs its effects.

use std::collections::{BTreeMap, BTreeSet};

use c2_core::{
    archive::Limits,
    commands::CONFIG_VARIABLE,
    config::Pin,
    proxy::Served,
    seam::{Answer, Effect, Failure, Host, Location, Message, Query, Shared, Signal},
};

use crate::{
    aws::s3::S3,
    docker::engine::Engine,
    lock::{self, Lock},
    log::Log,
    proxy::{nginx::Master, ready::Looks},
    release::{
        archive::Archive,
        process::{Setting, Spawned},
    },
    signals::Signals,
    terminal::tell,
};

/// This machine, as a command sees it.
pub(crate) struct Machine {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) log: Log,
    pub(crate) signals: Signals,
    pub(crate) engine: Engine,
    pub(crate) s3: S3,
    /// The folder of spooled archives: `.c2` in the deploys folder.
    pub(crate) spool: String,
    /// The permission bits of a deploys folder that has to be made.
    pub(crate) deploys_dir_mode: u32,
    /// The archives of this run, each fetched and judged once.
    pub(crate) archives: BTreeMap<(Location, Limits), Archive>,
    /// What tells the archives of this run, where that was found when they were fetched.
    pub(crate) pins: BTreeMap<Location, Pin>,
    /// Whether nothing of c2 on this machine may be touched but the log: archives are spooled elsewhere.
    pub(crate) touches_nothing: bool,
    /// The shared objects as they were fetched last.
    pub(crate) fetched: BTreeMap<Location, Shared>,
    /// The start command of this run that is still running.
    pub(crate) attended: Option<Spawned>,
    /// The last lines of the command of a release that printed something last.
    pub(crate) shown: Vec<String>,
    /// Whether only what fails is told.
    pub(crate) quiet: bool,
    /// How long another run's lock is waited for.
    pub(crate) lock_wait_s: u32,
    pub(crate) held: Option<(String, Lock)>,
    /// What the looks of this process at deploys have found, by folder and port.
    pub(crate) looks: BTreeMap<(String, u16), Looks>,
    /// The proxy's master process, where it was seen from here.
    pub(crate) master: Option<Master>,
    /// The workers that the proxy had when it was last signalled.
    pub(crate) old_workers: BTreeSet<u32>,
    /// What it answered that it serves, just before that.
    pub(crate) served_before: Option<Served>,
    /// Whether Compose is a plugin of docker, where that was asked.
    pub(crate) compose_is_plugin: bool,
    /// The configuration that the option names: what a release calls goes by it too.
    pub(crate) config: Option<String>,
    /// When it began.
    pub(crate) began: std::time::Instant,
}

impl Machine {
    /// What the commands of a release are run with.
    pub(crate) fn setting(&self) -> Setting<'_> {
        let held = self.held.as_ref().map(|(path, _)| (lock::HELD, lock::own_mark(path)));
        let config = self.config.clone().map(|name| (CONFIG_VARIABLE, name));
        Setting { log: &self.log, variables: held.into_iter().chain(config).collect() }
    }

    /// The archives of a round are not those of the next.
    pub(crate) fn forget_archives(&mut self) {
        self.archives.clear();
        self.pins.clear();
    }

    /// The end of this run: a start command that is still running goes on by itself.
    pub(crate) fn end(&mut self) {
        if let Some(spawned) = self.attended.take() {
            spawned.leave();
        }
    }

    fn tell(&self, level: usize, text: &str) {
        self.log.write(level, text);
        self.show(level, text);
    }

    /// Tells the terminal alone.
    fn show(&self, level: usize, text: &str) {
        if !self.quiet && !text.is_empty() {
            tell(&format!("{}{text}", "  ".repeat(level)));
        }
    }
}

impl Host for Machine {
    fn answer(&mut self, queries: &[Query]) -> Vec<Answer> {
        self.answer_all(queries)
    }

    fn perform(&mut self, effect: &Effect) -> Result<(), Failure> {
        self.perform_one(effect)
    }

    fn clock_ms(&mut self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn pause(&mut self, ms: u32) -> bool {
        std::thread::sleep(std::time::Duration::from_millis(ms.into()));
        true
    }

    fn lock(&mut self, path: &str, may_nest: bool) -> Result<(), Failure> {
        self.held = None;
        self.held = Some((path.to_string(), Lock::take(path, self.deploys_dir_mode, self.lock_wait_s, may_nest)?));
        Ok(())
    }

    fn unlock(&mut self) {
        self.held = None;
    }

    fn shield(&mut self, on: bool) {
        // A command that is attended must not be left without its reader.
        self.signals.shield(on || self.attended.is_some());
    }

    fn heed(&mut self, signals: bool) {
        self.signals.heed(signals);
    }

    fn interrupted(&self) -> Option<Signal> {
        self.signals.noted()
    }

    fn say(&mut self, message: Message<'_>) {
        match message {
            Message::Plan(plan) => {
                self.tell(0, &plan.purpose.to_string());
                plan.notes.iter().for_each(|note| self.tell(1, &format!("note: {note}")));
            }
            Message::Stage(title) => self.tell(1, title),
            Message::Effect(effect) => self.log.write(2, &effect.to_string()),
            // The cause stands once on the terminal, at the end; the log has it should there be no end.
            Message::Undo(failure) => {
                self.log.write(1, &format!("failed, going back: {failure}"));
                self.show(1, "failed, going back");
            }
            Message::Stuck(failure) => {
                self.log.write(1, &format!("going back failed: {failure}"));
                self.show(1, "going back failed");
            }
            Message::Trouble(failure) => self.tell(1, &format!("warning: {failure}")),
            Message::Wait(why) => self.tell(0, why),
        }
    }
}
