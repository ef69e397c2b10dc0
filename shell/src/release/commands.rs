//! The commands of releases that this run runs: watched, attended, ended.

use std::{rc::Rc, time::Duration};

use c2_core::{
    commands::CONFIG_VARIABLE,
    seam::{Failure, Role},
};

use super::{
    foreground::Foreground,
    process::{SEEN_ALIVE, Seen, Setting, Spawned, ToRun, spawn},
};
use crate::{docker::Docker, log::Log, progress::Progress, signals::Signals};

/// The commands of releases.
pub(crate) struct Commands {
    log: Log,
    signals: Rc<Signals>,
    progress: Rc<Progress>,
    docker: Rc<Docker>,
    /// The configuration that the option names: what a release calls goes by it too.
    config: Option<String>,
    foreground: Foreground,
    /// The start command of this run that is still running.
    attended: Option<Spawned>,
    /// The last lines of the command that printed something last.
    shown: Vec<String>,
}

impl Commands {
    /// No command was run yet.
    pub(crate) fn new(
        log: &Log,
        signals: &Rc<Signals>,
        progress: &Rc<Progress>,
        docker: &Rc<Docker>,
        config: Option<String>,
    ) -> Self {
        Commands {
            log: log.clone(),
            signals: Rc::clone(signals),
            progress: Rc::clone(progress),
            docker: Rc::clone(docker),
            config,
            foreground: Foreground::default(),
            attended: None,
            shown: vec![],
        }
    }

    /// Has start commands noted below `.c2` in the deploys folder.
    pub(crate) fn note_below(&mut self, dot_c2: &str) {
        self.foreground = Foreground::below(dot_c2);
    }

    /// Whether a start command of this run is still running.
    pub(crate) fn attends(&self) -> bool {
        self.attended.is_some()
    }

    /// Whether these are the last lines of the command that printed something last.
    pub(crate) fn has_shown(&self, lines: &[String]) -> bool {
        self.shown == lines
    }

    /// Whether a start command of a folder still runs, whoever attends it.
    pub(crate) fn foreground_runs(&self, folder: &str) -> bool {
        self.foreground.runs(folder)
    }

    /// Runs a command; the failure of one that is `tolerant` is only told. `held` tells it which lock is held for it.
    pub(crate) fn run(
        &mut self,
        wanted: &ToRun<'_>,
        tolerant: bool,
        may_stay: bool,
        held: Option<(&'static str, String)>,
    ) -> Result<(), Failure> {
        let config = self.config.clone().map(|name| (CONFIG_VARIABLE, name));
        let setting = Setting { log: &self.log, variables: held.into_iter().chain(config).collect() };
        let is_start = wanted.role == Role::Start;
        let ended = spawn(wanted, &setting).and_then(|spawned| {
            if is_start {
                self.foreground.note(wanted.folder, spawned.pid(), &self.log);
            }
            self.watch(spawned, (is_start && may_stay).then_some(SEEN_ALIVE))
        });
        match ended {
            Err(failure) if tolerant && failure.is_of_a_command() => {
                self.progress.trouble(&failure);
                Ok(())
            }
            ended => ended,
        }
    }

    /// Stays with the start command that is still running until it ends.
    pub(crate) fn attend(&mut self) -> Result<(), Failure> {
        self.attended.take().map_or(Ok(()), |spawned| self.watch(spawned, None))
    }

    /// Ends the start commands of a folder, whoever attends them. The grace is for an end by itself.
    pub(crate) fn end_foreground(&mut self, folder: &str, grace_s: u32) -> Result<(), Failure> {
        let stop_timeout_s = || self.docker.containers(folder).ok()?.iter().map(|it| it.stop_timeout_s).max();
        self.foreground.end(folder, Duration::from_secs(grace_s.into()), &self.signals, stop_timeout_s)?;
        // It may have been this run's own child.
        if let Some(spawned) = self.attended.take_if(|spawned| spawned.folder() == folder) {
            drop(spawned.watch(None, &self.signals));
        }
        self.foreground.forget_ended();
        Ok(())
    }

    /// The end of this run: a start command that is still running goes on by itself.
    pub(crate) fn leave(&mut self) {
        if let Some(spawned) = self.attended.take() {
            spawned.leave();
        }
    }

    /// Watches a command; one that still runs then is attended from here on.
    fn watch(&mut self, spawned: Spawned, watch: Option<Duration>) -> Result<(), Failure> {
        let pid = spawned.pid();
        match spawned.watch(watch, &self.signals) {
            Seen::Ended(ended, tail) => {
                self.foreground.forget(pid);
                if !tail.is_empty() {
                    self.shown = tail;
                }
                ended
            }
            Seen::Alive(spawned) => {
                // Whatever was started before it goes on by itself.
                self.leave();
                self.attended = Some(spawned);
                Ok(())
            }
        }
    }
}
