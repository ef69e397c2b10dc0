//! Effects performed on the real machine.

use std::{fs, io, path::Path, time::Duration};

use c2_core::{
    archive::Limits,
    ready::Verdict,
    seam::{CommandLine, Effect, Failure, Host as _, Location, Modes, Rendered, Role, run_on},
};

use crate::{
    docker::{command::Call, containers},
    files::{self, open},
    host::Machine,
    release::{
        archive::{self, Archive, ExtraFile},
        process::{SEEN_ALIVE, Seen, Spawned, spawn},
    },
};

impl Machine {
    /// Performs one effect.
    pub(crate) fn perform_one(&mut self, effect: &Effect) -> Result<(), Failure> {
        let failed = |error: io::Error| failure(effect, &error);
        match effect {
            Effect::Remove(path) => files::remove(Path::new(path)).map_err(failed),
            Effect::Unpack { archive, limits, to, holds, rendered, modes } => {
                let to = Path::new(to);
                if let Some(parent) = to.parent() {
                    files::make_folders(parent, 0o755).map_err(failed)?;
                }
                let (file, stamp) = (self.fitted(effect, archive, *limits, modes)?, holds.stamp());
                let extra = extra_files(stamp.as_ref(), rendered);
                file.unpack(to, &extra).map_err(|error| archive_failure(effect, &error))
            }
            Effect::UnpackOver { archive, limits, to, holds, rendered, modes } => {
                let (file, stamp) = (self.fitted(effect, archive, *limits, modes)?, holds.stamp());
                let extra = extra_files(stamp.as_ref(), rendered);
                file.unpack_over(Path::new(to), &extra).map_err(|error| archive_failure(effect, &error))
            }
            Effect::Identify { folder, id } => {
                let path = Path::new(folder).join(files::ID_FILE);
                files::write_atomically(&path, format!("{id}\n").as_bytes(), 0o644, true).map_err(failed)
            }
            Effect::Exchange { aside, home, id } => exchange(aside, home, id.as_deref()).map_err(failed),
            Effect::Rename { from, to } => files::move_to_free(Path::new(from), Path::new(to)).map_err(failed),
            Effect::Link { at, to } => files::link(Path::new(at), to).map_err(failed),
            Effect::Unlink(at) => files::remove(Path::new(at)).map_err(failed),
            Effect::Run { role, folder, command, tolerant, limit_s, may_stay } => {
                let ended = self.run(*role, folder, command, *limit_s, *may_stay);
                match ended {
                    Err(failure) if *tolerant && failure.is_of_a_command() => {
                        self.say(c2_core::seam::Message::Trouble(&failure));
                        Ok(())
                    }
                    ended => ended,
                }
            }
            Effect::Attend { .. } => match self.attended.take() {
                None => Ok(()),
                Some(spawned) => self.watch(spawned, None),
            },
            Effect::EndForeground { folder, grace_s } => {
                self.end_foreground(folder, Duration::from_secs((*grace_s).into()))
            }
            Effect::ProveStopped { folder, must_answer } => {
                match containers::of_folder(&self.signals, &self.engine, folder) {
                    Err(failure) if *must_answer || matches!(failure, Failure::Interrupted(_)) => Err(failure),
                    Err(_) => Ok(()),
                    Ok(containers) => match run_on(&containers) {
                        Some(why) => Err(Failure::world(effect.to_string(), why)),
                        None => Ok(()),
                    },
                }
            }
            Effect::WriteFile { path, bytes, mode, folder_mode, durable } => {
                let bits = Bits { mode: *mode, folder: *folder_mode };
                write(Path::new(path), bytes.reveal(), bits, *durable).map_err(failed)
            }
            Effect::Put { at, bytes, condition } => self.put(at, bytes.reveal(), condition),
            Effect::Delete(at) => self.delete(at),
            Effect::Intend { path, intent } => {
                let bits = Bits { mode: 0o600, folder: 0o700 };
                write(Path::new(path), intent.to_text().as_bytes(), bits, true).map_err(failed)
            }
            Effect::Forget(path) => files::remove(Path::new(path)).map_err(failed),
            Effect::MakeFolder(path) => files::make_folders(Path::new(path), 0o755).map_err(failed),
            Effect::WaitReady { port, readiness, folder, demanded: true } => self.wait_ready(*port, readiness, folder),
            Effect::WaitReady { port, readiness, folder, .. } => {
                let standing = self.standing(folder, *port, readiness)?;
                if let Verdict::NotYet { why, .. } = Verdict::of(&standing, readiness) {
                    let doing = format!("look whether {folder} is ready on port {port}");
                    self.say(c2_core::seam::Message::Trouble(&Failure::world(doing, format!("not yet: {}", why.full))));
                }
                Ok(())
            }
            Effect::TestProxy { folder, project } => self.test_proxy(folder, project.as_deref()),
            Effect::ReloadProxy => self.reload_proxy(),
            Effect::ProveProxy { marked, served, .. } => self.prove_proxy(*marked, served),
            Effect::DrainProxy { folder, limit_s } => self.drain_proxy(folder, *limit_s),
            Effect::ProxyUp { folder, recreate, .. } => self.proxy_up(folder, *recreate),
            Effect::Call { program, arguments, input, limit_s, shown } => {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let limit = Duration::from_secs((*limit_s).into());
                let call = Call { input: input.reveal(), shown: *shown, ..Call::new(program, &arguments, limit) };
                match call.run(&self.signals)? {
                    called if called.succeeded => Ok(()),
                    _ if *shown => Err(Failure::world(effect.to_string(), "it failed; what it printed says why")),
                    called => Err(called.failure(&effect.to_string())),
                }
            }
            Effect::ChangeText { zone, name, change, wait_s } => self.change_text(effect, zone, name, change, *wait_s),
            Effect::ProxyDown { folder } => self.proxy_down(folder),
        }
    }

    /// An archive that was fetched before, with these modes and without times that are still to come.
    fn fitted(&self, effect: &Effect, at: &Location, limits: Limits, modes: &Modes) -> Result<Archive, Failure> {
        let archive = self.spooled(at, limits)?;
        let listing = archive.listing().fitted(modes, self.s3.aws().now_s());
        archive.with_listing(listing).map_err(|error| failure(effect, &error))
    }

    fn run(
        &mut self,
        role: Role,
        folder: &str,
        command: &CommandLine,
        limit_s: Option<u32>,
        may_stay: bool,
    ) -> Result<(), Failure> {
        let watch = (role == Role::Start && may_stay).then_some(SEEN_ALIVE);
        let spawned = spawn(role, folder, command, limit_s, &self.setting())?;
        if role == Role::Start {
            self.note_start_command(folder, spawned.pid());
        }
        self.watch(spawned, watch)
    }

    /// Watches a command; one that still runs then is attended from here on.
    fn watch(&mut self, spawned: Spawned, watch: Option<Duration>) -> Result<(), Failure> {
        let pid = spawned.pid();
        match spawned.watch(watch, &self.signals) {
            Seen::Ended(ended, tail) => {
                self.forget_start_command(pid);
                if !tail.is_empty() {
                    self.shown = tail;
                }
                ended
            }
            Seen::Alive(spawned) => {
                // Whatever was started before it goes on by itself.
                self.end();
                self.attended = Some(spawned);
                Ok(())
            }
        }
    }
}

fn exchange(aside: &str, home: &str, id: Option<&str>) -> io::Result<()> {
    let (aside, home) = (Path::new(aside), Path::new(home));
    let there = home.symlink_metadata().is_ok();
    let holds = match id {
        None => !there,
        Some(id) => files::id_of(home)?.as_deref() == Some(id),
    };
    if holds { Ok(()) } else { files::exchange(aside, home) }
}

/// Permission bits.
#[derive(Clone, Copy)]
struct Bits {
    mode: u32,
    /// Those of a folder that has to be made.
    folder: u32,
}

fn write(path: &Path, bytes: &[u8], bits: Bits, durable: bool) -> io::Result<()> {
    // A link that a user named stands for what it leads to; one that another user has put there does not.
    let followed = open::followed(path)?;
    if open::is_open(&followed) {
        return open::write_on(&followed, bytes);
    }
    if let Some(folder) = path.parent() {
        files::make_folders(folder, bits.folder)?;
    }
    let path = match fs::symlink_metadata(&followed) {
        // A folder cannot be replaced, which the renaming says; a device is written to.
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() && !metadata.is_symlink() => {
            open::check(&metadata, true)?;
            return open::write_on(&followed, bytes);
        }
        Ok(_) => &followed,
        // A link that leads nowhere.
        Err(_) => path,
    };
    files::write_atomically(path, bytes, bits.mode, durable)
}

/// The files that are written beside those of the archive, the id last.
fn extra_files<'a>(stamp: Option<&'a String>, rendered: &'a [Rendered]) -> Vec<ExtraFile<'a>> {
    let files = rendered.iter().map(|file| ExtraFile { path: &file.path, mode: file.mode, bytes: file.bytes.reveal() });
    let stamp = stamp.map(|text| ExtraFile { path: files::ID_FILE, mode: 0o644, bytes: text.as_bytes() });
    files.chain(stamp).collect()
}

fn archive_failure(effect: &Effect, error: &archive::ArchiveError) -> Failure {
    Failure::world(effect.to_string(), error.to_string())
}

/// An input or output error, with what to do about the usual ones.
pub(crate) fn failure(effect: &Effect, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("make room on that file system, then run the command again")
        }
        io::ErrorKind::PermissionDenied => Some("run it as the user who owns that folder, or mend its permissions"),
        io::ErrorKind::ReadOnlyFilesystem => Some("that file system is mounted read-only"),
        _ => None,
    };
    Failure::World { doing: effect.to_string(), why: error.to_string(), hint: hint.map(Into::into) }
}
