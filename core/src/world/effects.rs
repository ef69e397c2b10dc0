//! What effects do to the simulated host, and what it refuses.

use crate::prelude::*;

use super::{Node, Script, World, host::ended};
use crate::{
    archive::file_mode,
    seam::{
        Answer, CommandLine, Effect, Ending, Failure, Folder, Host, Location, Modes, Query, Rendered, Role, run_on,
    },
};

impl World {
    /// Performs an effect as the real world would.
    pub(super) fn act(&mut self, effect: &Effect) -> Result<(), Failure> {
        self.has_docker_for(effect)?;
        match effect {
            Effect::Remove(path) => {
                self.check_idle(path, "removed");
                self.tree.take(path);
                Ok(())
            }
            Effect::Unpack { archive, to, holds, rendered, modes, .. } => {
                if self.tree.get(to).is_some() {
                    return Err(Failure::world(effect.to_string(), "the folder exists"));
                }
                self.unpack(archive, to, holds, (rendered, modes))
            }
            Effect::UnpackOver { archive, to, rendered, modes, .. } => {
                self.unpack(archive, to, &Folder::default(), (rendered, modes))
            }
            Effect::Identify { folder, id } => {
                let path = format!("{folder}/.c2-id");
                if self.tree.get(&path).is_none() {
                    self.tree.write(&path, 0o644, format!("{id}\n").as_bytes());
                }
                Ok(())
            }
            Effect::Exchange { staged, live_dir: home, id } => {
                self.exchange(staged, home, id.as_deref());
                Ok(())
            }
            Effect::Rename { from, to } => {
                if self.tree.get(to).is_some() {
                    return Err(Failure::world(effect.to_string(), "it exists already"));
                }
                let moved = self.tree.take(from);
                self.tree.put(to, moved);
                Ok(())
            }
            Effect::Link { at, to } => {
                self.tree.link(at, to, self.clock);
                Ok(())
            }
            Effect::Unlink(at) => {
                self.tree.take(at);
                Ok(())
            }
            Effect::Run { role, folder, command, tolerant, .. } => match self.run(*role, folder, command) {
                // As in the real world: that it could not be run at all counts all the same.
                Err(failure) if *tolerant && failure.is_of_a_command() => {
                    self.tolerated.push(failure);
                    Ok(())
                }
                ended => ended,
            },
            Effect::Attend { folder, .. } => self.attend(folder),
            Effect::EndForeground { folder, .. } => {
                self.end_foreground(folder);
                Ok(())
            }
            Effect::StartContainers { folder, ids } => self.start_containers(&effect.to_string(), folder, ids),
            Effect::ProveStopped { folder, .. } => match run_on(&self.containers(folder)) {
                Some(why) => Err(Failure::world(effect.to_string(), why)),
                None => Ok(()),
            },
            Effect::WriteFile { path, bytes, mode, folder_mode, durable: _ } => {
                if let Some(Node::Folder { .. }) = self.tree.get(path) {
                    return Err(Failure::world(effect.to_string(), "Is a directory (os error 21)"));
                }
                self.tree.make_folders(path, *folder_mode);
                self.tree.write(path, *mode, bytes.reveal());
                Ok(())
            }
            Effect::Put { at, bytes, condition } => self.put(effect, at, bytes.reveal(), condition),
            Effect::Delete(at) => {
                self.objects.remove(at);
                Ok(())
            }
            Effect::Intend { path, intent } => {
                self.changes += 1;
                self.tree.make_folders(path, 0o700);
                self.tree.write(path, 0o600, intent.to_text().as_bytes());
                Ok(())
            }
            Effect::Forget(path) => {
                self.changes += 1;
                self.tree.take(path);
                Ok(())
            }
            Effect::MakeFolder(path) => {
                self.tree.make_folder(path, 0o755);
                Ok(())
            }
            Effect::WaitReady { port, readiness, folder, demanded } => {
                self.wait_ready(*port, readiness, folder, *demanded)
            }
            Effect::TestProxy { folder, project } => self.test_proxy(folder, project.as_deref()),
            Effect::ReloadProxy => self.reload_proxy(),
            Effect::ProveProxy { served, .. } => self.prove_proxy(served),
            Effect::DrainProxy { folder, limit_s } => {
                self.drain_proxy(folder, *limit_s);
                Ok(())
            }
            Effect::ProxyUp { folder, project, recreate } => self.proxy_up(folder, project, *recreate),
            Effect::Call { input, .. } => {
                self.calls.push((effect.to_string(), input.reveal().to_vec()));
                Ok(())
            }
            Effect::ChangeText { zone, name, change, .. } => self.change_text(effect, zone, name, change),
            Effect::ProxyDown { .. } => {
                self.proxy = None;
                self.end_workers();
                Ok(())
            }
        }
    }

    /// Does a part of an effect that has parts.
    pub(super) fn half(&mut self, effect: &Effect) {
        match effect {
            Effect::Unpack { to, .. } => {
                self.tree.make_folder(to, 0o755);
                self.tree.write(&format!("{to}/half"), 0o644, b"half");
            }
            Effect::UnpackOver { archive, to, .. } => {
                if let Some((path, (mode, bytes))) =
                    self.releases.get(archive).and_then(|release| release.files.first_key_value())
                {
                    self.tree.write(&format!("{to}/{path}"), *mode, bytes);
                }
            }
            Effect::Remove(path) => {
                // The id goes first: what is left of a folder is not whole.
                let below = self.tree.take(path);
                self.tree.put(path, below.into_iter().filter(|(name, _)| !name.contains(".c2-id")).collect());
            }
            _ => (),
        }
    }

    /// Every fact that an effect claims must hold after it.
    pub(super) fn check_claims(&mut self, effect: &Effect) {
        let before = self.clone();
        for (query, claimed) in effect.claims(&mut |query| before.clone().answer_fact(query)) {
            let exchanged =
                matches!(effect, Effect::Exchange { .. } | Effect::Rename { .. } | Effect::UnpackOver { .. });
            let found = self.answer_fact(&query);
            let same = match (&claimed, &found) {
                (Answer::Content(Some(a)), Answer::Content(Some(b))) => a.bytes == b.bytes,
                _ => claimed == found,
            };
            if !same && !exchanged {
                self.note(format!("{effect} claims {query:?} is {claimed:?}, yet it is {found:?}"));
            }
        }
    }

    fn answer_fact(&mut self, query: &Query) -> Answer {
        let asked = self.asked;
        let answer = self.answer(core::slice::from_ref(query)).pop().unwrap_or(Answer::Flag(false));
        self.asked = asked;
        answer
    }

    fn unpack(
        &mut self,
        archive: &Location,
        to: &str,
        holds: &Folder,
        (rendered, modes): (&[Rendered], &Modes),
    ) -> Result<(), Failure> {
        let Some(release) = self.archive(archive).cloned() else {
            return Err(Failure::world(format!("unpack {archive}"), "it was not fetched"));
        };
        self.tree.make_folders(to, 0o755);
        self.tree.make_folder(to, 0o755);
        for (path, (mode, bytes)) in &release.files {
            self.tree.write(&format!("{to}/{path}"), file_mode(*mode), bytes);
        }
        modes.iter().for_each(|(path, bits)| self.tree.set_mode(&format!("{to}/{path}"), *bits));
        for file in rendered {
            self.tree.write(&format!("{to}/{}", file.path), file.mode, file.bytes.reveal());
        }
        if let Some(stamp) = holds.stamp() {
            self.tree.write(&format!("{to}/.c2-id"), 0o644, stamp.as_bytes());
        }
        Ok(())
    }

    fn exchange(&mut self, staged: &str, home: &str, id: Option<&str>) {
        let held = match self.folder(home) {
            Answer::Folder(folder) => folder,
            _ => None,
        };
        let holds = match (&held, id) {
            (None, None) => true,
            (Some(Folder { id: Some(held), .. }), Some(id)) => held == id,
            _ => false,
        };
        if holds {
            return;
        }
        self.check_idle(staged, "exchanged");
        self.check_idle(home, "exchanged");
        let (beside, there) = (self.tree.take(staged), self.tree.take(home));
        self.tree.put(home, beside);
        self.tree.put(staged, there);
    }

    fn check_idle(&mut self, path: &str, how: &str) {
        let below = format!("{path}/");
        if let Some(folder) = self.running.keys().find(|folder| *folder == path || folder.starts_with(&below)) {
            let violation = format!("{folder} was {how} while it ran");
            self.note(violation);
        }
    }

    /// What is started has its compose project and its port to itself.
    fn check_alone(&mut self, folder: &str) {
        let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_string();
        let (project, port) = (self.project(folder), self.port_of(folder));
        let others: Vec<String> = self.running.keys().filter(|other| *other != folder).cloned().collect();
        for other in others {
            if base(&other) == base(folder) || project.is_some() && self.project(&other) == project {
                self.note(format!("{folder} was started while {other} ran: two projects of one name"));
            }
            if port.is_some() && self.port_of(&other) == port {
                self.note(format!("{folder} was started while {other} ran: two deploys on port {port:?}"));
            }
        }
    }

    fn run(&mut self, role: Role, folder: &str, command: &CommandLine) -> Result<(), Failure> {
        let exit = |status| Err(ended(role, folder, command, Ending::Status(status)));
        if !self.locked {
            self.note(format!("the {role} command ran without the lock"));
        }
        if !matches!(self.tree.get(folder), Some(Node::Folder { .. })) {
            return Err(Failure::world(format!("run the {role} command in {folder}"), "the folder is not there"));
        }
        let Some(script) = Script::of(command.reveal()) else {
            self.note(format!("the model does not know the command {command}"));
            return exit(127);
        };
        let version = self.tree.text(&format!("{folder}/version"));
        let runs = self.running.contains_key(folder);
        match (script, version) {
            (Script::Nothing, _) => Ok(()),
            (Script::Fail, _) => exit(3),
            (Script::Killed, _) => Err(ended(role, folder, command, Ending::Signal(15))),
            (Script::StopKilled, _) => {
                self.check_drained(folder);
                self.ends(folder);
                Err(ended(role, folder, command, Ending::Signal(15)))
            }
            (Script::StrictStart, _) if runs => exit(1),
            (script, _) if script.starts() && self.port_is_taken(folder) => exit(1),
            (Script::Start | Script::StrictStart | Script::Foreground | Script::FailsLate, Some(version)) => {
                self.check_alone(folder);
                self.check_foreground(folder);
                self.accept(folder);
                self.running.insert(folder.to_string(), version);
                self.started_at.get_or_insert(self.performed);
                self.stay(script, folder);
                Ok(())
            }
            (Script::Start | Script::StrictStart | Script::Foreground | Script::FailsLate, None) => exit(1),
            (Script::StrictStop, _) if !runs => exit(1),
            (Script::Stop | Script::StrictStop, _) => {
                self.check_drained(folder);
                self.ends(folder);
                Ok(())
            }
        }
    }
}
