//! Docker: the engine asked over its socket, and by the docker command where the socket is not available.

mod containers;
mod engine;

use std::{cell::Cell, collections::BTreeMap, path::Path, rc::Rc, time::Duration};

use c2_core::seam::{Container, Effect, Failure, run_on};

pub(crate) use engine::Inspected;

use crate::{
    call::{Call, Called, QUICK},
    log::Log,
    signals::Signals,
};
use engine::Engine;

/// The longest run of a call that may have to pull an image.
const PULLING: Duration = Duration::from_secs(600);

/// Docker, as this machine has it.
pub(crate) struct Docker {
    engine: Engine,
    signals: Rc<Signals>,
    /// Whether Compose is a plugin of docker, where that was asked.
    compose_is_plugin: Cell<bool>,
}

impl Docker {
    /// The docker that these variables of the environment name. Connects nothing yet.
    pub(crate) fn new(environment: &BTreeMap<String, String>, log: &Log, signals: &Rc<Signals>) -> Self {
        let engine = Engine::new(environment, log, signals);
        Docker { engine, signals: Rc::clone(signals), compose_is_plugin: Cell::new(false) }
    }

    /// Calls the docker command, for what is soon done.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Called, Failure> {
        Call::new("docker", arguments, QUICK).run(&self.signals)
    }

    /// The container of this name as the engine knows it; `None` when the docker command has to be asked.
    pub(crate) fn inspected(&self, name: &str) -> Result<Option<Option<Inspected>>, Failure> {
        self.engine.container(name)
    }

    /// Runs a command in a container to its end.
    pub(crate) fn exec(&self, container: &str, words: &[&str]) -> Result<Called, Failure> {
        match self.engine.exec(container, words)? {
            Some(called) => Ok(called),
            None => self.command(&[&["exec", container], words].concat()),
        }
    }

    /// Has the engine list its containers once for the many questions of one look, which begins or ends.
    pub(crate) fn look(&self, begins: bool) {
        self.engine.look(begins);
    }

    /// The driver of logs that containers get by default.
    pub(crate) fn log_driver(&self) -> Result<String, Failure> {
        let doing = "ask docker for its driver of logs";
        match self.engine.log_driver(doing)? {
            Some(driver) => Ok(driver),
            None => {
                let called = self.command(&["info", "--format", "{{.LoggingDriver}}"])?;
                called.must(doing).map(|text| text.trim().to_string())
            }
        }
    }

    /// Calls Compose on a project of the file in a folder, by the name that this machine has for it.
    pub(crate) fn compose(
        &self,
        folder: &str,
        project: &str,
        arguments: &[&str],
        meanwhile: &dyn Fn(),
    ) -> Result<Called, Failure> {
        // That it is not there is asked again: it may be installed while a slave goes on.
        let plugin = self.compose_is_plugin.get() || self.command(&["compose", "version"])?.succeeded;
        self.compose_is_plugin.set(plugin);
        let (program, first): (&str, &[&str]) = if plugin { ("docker", &["compose"]) } else { ("docker-compose", &[]) };
        let project = ["-p", project, "-f", "docker-compose.yml"];
        let arguments = [first, &project, arguments].concat();
        let folder = Some(Path::new(folder));
        Call { folder, meanwhile, ..Call::new(program, &arguments, PULLING) }.run(&self.signals)
    }

    /// Starts containers that have ended, as they are, one after the other.
    pub(crate) fn start_containers(&self, effect: &Effect, ids: &[String]) -> Result<(), Failure> {
        let doing = effect.to_string();
        for id in ids {
            if !self.engine.start(id, &doing)? {
                self.command(&["start", id])?.must(&doing)?;
            }
        }
        Ok(())
    }

    /// Makes sure that no container of a folder runs on; an engine that does not answer may be taken for one without any.
    pub(crate) fn prove_stopped(&self, effect: &Effect, folder: &str, must_answer: bool) -> Result<(), Failure> {
        match self.containers(folder) {
            Err(failure) if must_answer || matches!(failure, Failure::Interrupted(_)) => Err(failure),
            Err(_) => Ok(()),
            Ok(containers) => match run_on(&containers) {
                Some(why) => Err(Failure::world(effect.to_string(), why)),
                None => Ok(()),
            },
        }
    }

    /// The last lines of these containers: what a person needs to see why they fail.
    pub(crate) fn last_lines(&self, containers: &[Container]) -> String {
        let mut story = String::new();
        for container in containers.iter().take(5) {
            story.push_str(&format!("\ncontainer {container}"));
            let Ok(logs) = self.command(&["logs", "--tail", "10", &container.id]) else { continue };
            let lines = logs.stdout.lines().chain(logs.stderr.lines());
            lines.for_each(|line| story.push_str(&format!("\n  {line}")));
        }
        story
    }
}
