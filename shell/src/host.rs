//! The real machine: hands each question and each effect over to the one who owns it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, absolute},
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use c2_core::{
    Ordered,
    commands::CONFIG_VARIABLE,
    config::ToolConfig,
    request::Options,
    seam::{Answer, Command, Effect, Failure, Host, Location, Message, Query, Signal},
};

use crate::{
    aws::{Objects, Services, s3::S3},
    call::{self, Call},
    docker::Docker,
    files::{
        self,
        changes::{self, Bits},
        looks,
    },
    lock::Locks,
    log::Log,
    progress::Progress,
    proxy::{self, Looks, Proxy},
    release::{Archives, Commands, ToRun, Unpacking},
    signals::Signals,
    system,
    terminal::tell,
};

/// This machine, as a command sees it.
pub(crate) struct Machine {
    began: Instant,
    environment: BTreeMap<String, String>,
    log: Log,
    progress: Rc<Progress>,
    signals: Rc<Signals>,
    locks: Locks,
    objects: Objects,
    services: Services,
    docker: Rc<Docker>,
    proxy: Proxy,
    looks: Looks,
    archives: Archives,
    commands: Commands,
}

impl Machine {
    /// This machine for a command with these options, by the configuration of this name where one is given.
    ///
    /// # Errors
    /// The signals cannot be taken over, or there is no folder that the configuration's name could be meant in.
    pub(crate) fn new(options: &Options, config: Option<&str>) -> io::Result<Self> {
        let mut environment: BTreeMap<String, String> = std::env::vars_os()
            // What is not UTF-8 stays recognisable, and names nothing that is there.
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
            .into_map();
        let config = config.map(as_in_any_folder).transpose()?;
        environment.extend(config.clone().map(|name| (CONFIG_VARIABLE.to_string(), name)));
        let log = Log::default();
        let (signals, progress) = (Rc::new(Signals::install()?), Rc::new(Progress::new(&log)));
        let s3 = Rc::new(S3::new(&environment));
        let docker = Rc::new(Docker::new(&environment, &log, &signals));
        Ok(Machine {
            began: Instant::now(),
            locks: Locks::new(options.lock_wait_s),
            objects: Objects::new(&s3),
            services: Services::new(&s3, &signals),
            proxy: Proxy::new(&docker, &signals),
            looks: Looks::new(&docker, &signals, &progress),
            archives: Archives::new(&s3),
            commands: Commands::new(&log, &signals, &progress, &docker, config),
            environment,
            log,
            progress,
            signals,
            docker,
        })
    }

    /// Readies this machine for a command, or for what performs nothing; one that is logged has the log opened again.
    pub(crate) fn prepare(&mut self, config: &ToolConfig, command: Option<&dyn Command>) {
        let dot_c2 = format!("{}/.c2", config.deploys_dir);
        // A dry run has no command here, and what changes nothing but what is shared takes no lock.
        self.archives.spool_in(&dot_c2, command.is_none_or(|command| command.lock().is_none()));
        self.commands.note_below(&dot_c2);
        self.locks.make_folders_with(config.deploys_dir_mode.bits());
        let log_file = &config.log_file;
        if command.is_some_and(Command::is_logged)
            && let Err(error) = made_around(config).and_then(|()| self.log.open(log_file.as_str()))
        {
            tell(&format!("c2: warning: open the log {log_file}: {error}"));
        }
    }

    /// Spares the terminal what is going on.
    pub(crate) fn be_quiet(&self) {
        self.progress.be_quiet();
    }

    /// Writes to the log.
    pub(crate) fn note(&self, text: &str) {
        self.log.write(0, text);
    }

    /// Whether these are the last lines of the command of a release that printed something last.
    pub(crate) fn has_shown(&self, lines: &[String]) -> bool {
        self.commands.has_shown(lines)
    }

    /// The name of the configuration.
    pub(crate) fn config_name(&self) -> Option<&str> {
        self.environment.get(CONFIG_VARIABLE).map(String::as_str)
    }

    /// The end of this run, or of a round of it: a start command that is still running goes on by itself, and the archives
    /// of a round are not those of the next.
    pub(crate) fn end(&mut self) {
        self.commands.leave();
        self.archives.forget();
    }

    fn answered(&mut self, query: &Query) -> Result<Answer, Failure> {
        Ok(match query {
            Query::Now | Query::Began => Answer::Number(system::now_s()),
            Query::ServiceTime => Answer::Number(self.services.now_s()),
            Query::Nonce | Query::RunId => Answer::Number(system::random()?),
            Query::HostName => Answer::Text(Some(system::host_name())),
            Query::InstanceId => Answer::Text(Some(self.services.instance_id()?)),
            Query::Address(interface) => Answer::Text(system::address(interface)?),
            Query::Environment(name) => Answer::Text(self.environment.get(name).cloned()),
            Query::Executable => Answer::Text(Some(system::executable()?)),
            Query::Input => Answer::Content(Some(system::input()?)),
            Query::Content(Location::File(path)) => Answer::Content(looks::content(path)?),
            Query::Content(at) => self.objects.content(at),
            Query::Record(at) => self.objects.record(at),
            Query::Shared(at) => Answer::Shared(self.objects.shared(at)?),
            Query::HonorsConditions { probe, absent } => Answer::Text(self.objects.honors_conditions(probe, *absent)?),
            Query::Releases(at) => Answer::Listing(self.archives.listed(at)?),
            Query::Archive(at, limits) => Answer::Archive(self.archives.listing(at, *limits, false)?),
            Query::ArchiveCopy(at, limits) => Answer::Archive(self.archives.listing(at, *limits, true)?),
            Query::Member(at, path) => Answer::Content(self.archives.member(at, path)?),
            Query::Pin(at, _) => Answer::Pin(self.archives.pin(at)?),
            Query::Folder(path) => Answer::Folder(looks::folder(path)?),
            Query::Stat(path) => Answer::Stat(looks::stat(path)?),
            Query::Link(path) => Answer::Link(looks::link(path)?),
            Query::Intents(path) => Answer::Files(looks::intents(path)?),
            Query::Physical(path) => Answer::Text(looks::physical(path)?),
            Query::ChangedAt(path) => Answer::Number(looks::changed_at(path)?),
            Query::Fingerprint(path) => Answer::Text(looks::fingerprint(path)?),
            Query::StartCommandRuns => Answer::Flag(self.commands.attends()),
            Query::ForegroundRuns(folder) => Answer::Flag(self.commands.foreground_runs(folder)),
            Query::Listens(port) => Answer::Flag(proxy::listens(*port)),
            Query::Accepts(port) => Answer::Flag(proxy::accepts(*port)),
            Query::Standing { folder, port, readiness } => {
                Answer::Standing(self.looks.standing(folder, *port, readiness)?)
            }
            Query::Containers(folder) => Answer::Containers(self.docker.containers(folder)?),
            Query::LogDriver => Answer::Text(Some(self.docker.log_driver()?)),
            Query::Proxy(folder) => Answer::Proxy(self.proxy.now(folder)?),
            Query::Logins(registries) => Answer::Logins(self.services.logins(registries)?),
            Query::HostedZone(name) => Answer::Text(self.services.hosted_zone(name)?),
            Query::TextRecord { zone, name } => Answer::TextRecord(self.services.text_record(zone, name)?),
        })
    }
}

impl Host for Machine {
    fn answer(&mut self, queries: &[Query]) -> Vec<Answer> {
        let mut objects = self.objects.side_by_side(queries);
        self.docker.look(true);
        let mut answer = |query: &Query| match objects.remove(query) {
            Some(answer) => answer,
            None => self.answered(query).unwrap_or_else(Answer::Failed),
        };
        let answers = queries.iter().map(&mut answer).collect();
        self.docker.look(false);
        answers
    }

    fn perform(&mut self, effect: &Effect) -> Result<(), Failure> {
        let failed = |error: io::Error| files::failure(effect, &error);
        match effect {
            Effect::Remove(path) | Effect::Unlink(path) | Effect::Forget(path) => {
                files::remove(Path::new(path)).map_err(failed)
            }
            Effect::MakeFolder(path) => files::make_folders(Path::new(path), 0o755).map_err(failed),
            Effect::Rename { from, to } => files::move_to_free(Path::new(from), Path::new(to)).map_err(failed),
            Effect::Link { at, to } => files::link(Path::new(at), to).map_err(failed),
            Effect::Exchange { staged, live_dir, id } => {
                changes::exchange(staged, live_dir, id.as_deref()).map_err(failed)
            }
            Effect::Identify { folder, id } => changes::identify(folder, id).map_err(failed),
            Effect::WriteFile { path, bytes, mode, folder_mode, durable } => {
                let bits = Bits { mode: *mode, folder: *folder_mode };
                changes::write(path, bytes.reveal(), bits, *durable).map_err(failed)
            }
            Effect::Intend { path, intent } => {
                let bits = Bits { mode: 0o600, folder: 0o700 };
                changes::write(path, intent.to_text().as_bytes(), bits, true).map_err(failed)
            }
            Effect::Unpack { archive, limits, to, holds, rendered, modes } => {
                self.archives.unpack(effect, to, &Unpacking { archive, limits: *limits, holds, rendered, modes })
            }
            Effect::UnpackOver { archive, limits, to, holds, rendered, modes } => {
                self.archives.unpack_over(effect, to, &Unpacking { archive, limits: *limits, holds, rendered, modes })
            }
            Effect::Run { role, folder, command, tolerant, limit_s, may_stay } => {
                let wanted = ToRun { role: *role, folder, command, limit_s: *limit_s };
                self.commands.run(&wanted, *tolerant, *may_stay, self.locks.variable())
            }
            Effect::Attend { .. } => self.commands.attend(),
            Effect::EndForeground { folder, grace_s } => self.commands.end_foreground(folder, *grace_s),
            Effect::StartContainers { ids, .. } => self.docker.start_containers(effect, ids),
            Effect::ProveStopped { folder, must_answer } => self.docker.prove_stopped(effect, folder, *must_answer),
            Effect::Put { at, bytes, condition } => self.objects.put(at, bytes.reveal(), condition),
            Effect::Delete(at) => self.objects.delete(at),
            Effect::WaitReady { port, readiness, folder, demanded: true } => self.looks.wait(*port, readiness, folder),
            Effect::WaitReady { port, readiness, folder, .. } => self.looks.look(*port, readiness, folder),
            Effect::TestProxy { folder, project } => self.proxy.test(folder, project.as_deref()),
            Effect::ReloadProxy => self.proxy.reload(),
            Effect::ProveProxy { marked, served, .. } => self.proxy.prove(*marked, served),
            Effect::DrainProxy { folder, limit_s } => self.proxy.drain(folder, *limit_s),
            Effect::ProxyUp { folder, recreate, .. } => self.proxy.up(folder, *recreate),
            Effect::ProxyDown { folder } => self.proxy.down(folder),
            Effect::Call { program, arguments, input, limit_s, shown } => {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let limit = Duration::from_secs((*limit_s).into());
                let call = Call { input: input.reveal(), shown: *shown, ..Call::new(program, &arguments, limit) };
                call::perform(effect, &call, &self.signals)
            }
            Effect::ChangeText { zone, name, change, wait_s } => {
                self.services.change_text(effect, zone, name, change, *wait_s)
            }
        }
    }

    fn clock_ms(&mut self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn pause(&mut self, ms: u32) -> bool {
        thread::sleep(Duration::from_millis(ms.into()));
        true
    }

    fn lock(&mut self, path: &str, may_nest: bool) -> Result<(), Failure> {
        self.locks.take(path, may_nest)
    }

    fn unlock(&mut self) {
        self.locks.give_up();
    }

    fn defer_signals(&mut self, on: bool) {
        // A command that is attended must not be left without its reader.
        self.signals.defer_signals(on || self.commands.attends());
    }

    fn forward_signals(&mut self, signals: bool) {
        self.signals.forward_signals(signals);
    }

    fn interrupted(&self) -> Option<Signal> {
        self.signals.noted()
    }

    fn say(&mut self, message: Message<'_>) {
        self.progress.say(message);
    }
}

/// Makes the deploys folder where the log lies in it: its other folders get bits of their own.
fn made_around(config: &ToolConfig) -> io::Result<()> {
    let deploys_dir = Path::new(config.deploys_dir.as_str());
    match Path::new(config.log_file.as_str()).starts_with(deploys_dir) {
        true => files::make_folders(deploys_dir, config.deploys_dir_mode.bits()),
        false => Ok(()),
    }
}

/// The configuration's name as it holds in any folder.
fn as_in_any_folder(config: &str) -> io::Result<String> {
    match config {
        object if object.starts_with("s3://") => Ok(object.into()),
        file => absolute(file).map(|path| path.to_string_lossy().into_owned()),
    }
}
