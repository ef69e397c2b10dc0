//! An effect as plans and the log show it.

use core::fmt;

use super::{Effect, Modes, Rendered};
use crate::aws::TextChange;

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::Remove(path) => write!(f, "remove {path}"),
            Effect::Unpack { archive, to, rendered, modes, .. } => {
                write!(f, "unpack {archive} into {to}{}{}", Renderings(rendered), Bits(modes))
            }
            Effect::UnpackOver { archive, to, rendered, modes, .. } => {
                write!(f, "unpack {archive} over {to}{}{}", Renderings(rendered), Bits(modes))
            }
            Effect::Identify { folder, id } => write!(f, "give {folder} the id {id}"),
            Effect::Exchange { staged, live_dir, .. } => write!(f, "exchange {staged} and {live_dir}"),
            Effect::Rename { from, to } => write!(f, "rename {from} to {to}"),
            Effect::Link { at, to } => write!(f, "link {at} -> {to}"),
            Effect::Unlink(at) => write!(f, "unlink {at}"),
            Effect::Run { role, folder, command, tolerant, limit_s, .. } => {
                write!(f, "run the {role} command in {folder}: {command}")?;
                limit_s.map_or(Ok(()), |limit_s| write!(f, " (at most {limit_s} s)"))?;
                if *tolerant { f.write_str(" (its failure is only reported)") } else { Ok(()) }
            }
            Effect::Attend { folder, .. } => write!(f, "stay with the start command in {folder}"),
            Effect::EndForeground { folder, .. } => write!(f, "end the start command in {folder} if it still runs"),
            Effect::StartContainers { folder, ids } => {
                write!(f, "have docker start the {} ended containers of {folder}", ids.len())
            }
            Effect::ProveStopped { folder, .. } => write!(f, "see that no container of {folder} runs on"),
            Effect::WriteFile { path, bytes, .. } => write!(f, "write {path} ({bytes})"),
            Effect::Put { at, bytes, condition } => write!(f, "write {at} ({bytes}) {condition}"),
            Effect::Delete(at) => write!(f, "delete {at}"),
            Effect::Intend { path, .. } => write!(f, "note the intent {path}"),
            Effect::Forget(path) => write!(f, "remove the intent {path}"),
            Effect::MakeFolder(path) => write!(f, "make the folder {path}"),
            Effect::WaitReady { port, demanded: true, .. } => write!(f, "wait until port {port} is ready"),
            Effect::WaitReady { port, .. } => write!(f, "look whether port {port} is ready"),
            Effect::TestProxy { folder, project: None } => {
                write!(f, "try {folder}/nginx.candidate.conf in the running proxy")
            }
            Effect::TestProxy { folder, project: Some(project) } => {
                write!(f, "try {folder}/nginx.candidate.conf in a throw-away container of the project {project}")
            }
            Effect::ReloadProxy => f.write_str("make the proxy reload its configuration"),
            Effect::ProveProxy { served, .. } => write!(f, "make sure that the proxy serves {served}"),
            Effect::DrainProxy { limit_s, .. } => write!(f, "wait for the proxy's old workers, at most {limit_s} s"),
            Effect::ProxyUp { recreate: false, .. } => f.write_str("start the proxy"),
            Effect::ProxyUp { .. } => f.write_str("start the proxy, its container re-created"),
            Effect::Call { program, arguments, input, .. } => {
                write!(f, "call {program} {}", arguments.join(" "))?;
                if input.reveal().is_empty() { Ok(()) } else { write!(f, " with {input} for it to read") }
            }
            Effect::ChangeText { zone, name, change: TextChange::Upsert(record), .. } => {
                write!(f, "set the TXT record {name} in the zone {zone}: {}", record.values.join(", "))
            }
            Effect::ChangeText { zone, name, .. } => write!(f, "delete the TXT record {name} in the zone {zone}"),
            Effect::ProxyDown { .. } => f.write_str("stop the proxy"),
        }
    }
}

struct Bits<'a>(&'a Modes);

impl fmt::Display for Bits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(path, mode)| write!(f, ", {path} with mode {mode:04o}"))
    }
}

struct Renderings<'a>(&'a [Rendered]);

impl fmt::Display for Renderings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, file) in self.0.iter().enumerate() {
            write!(f, "{}{} ({})", if i == 0 { ", with " } else { ", " }, file.path, file.bytes)?;
        }
        Ok(())
    }
}
