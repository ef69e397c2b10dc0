//! From a request to its command on a host: the way of the program, and of every test that plays it.

use crate::prelude::*;

use super::{Options, Request};
use crate::{
    commands::load_config,
    config::{Problem, ToolConfig},
    seam::{Command, End, Facts, Host, drive, settle},
};

/// What a request comes to on a host.
pub struct Dispatch {
    /// The configuration; `None` for what does without one or looks for it itself.
    pub config: Option<ToolConfig>,
    /// What is doubtful about the configuration.
    pub warnings: Vec<Problem>,
    /// The command, or how the run ends before it has one.
    pub command: Result<Box<dyn Command>, End>,
}

impl Request {
    /// The command by the configuration that lies on the host; waits for that first, where this was asked for.
    pub fn dispatch(&self, host: &mut dyn Host, options: &Options) -> Dispatch {
        let ended = |end| Dispatch { config: None, warnings: Vec::new(), command: Err(end) };
        if let Some(command) = self.without_config() {
            return Dispatch { config: None, warnings: Vec::new(), command: Ok(command) };
        }
        let mut facts = Facts::default();
        if let (Some(first), false) = (self.before_config(), options.dry_run) {
            match drive(&*first, host, &mut facts) {
                End::Reported(_) => (),
                end => return ended(end),
            }
        }
        match settle(host, &mut facts, load_config) {
            Ok(parsed) => Dispatch {
                command: self.command(parsed.value.clone(), options).map_err(End::Refused),
                config: Some(parsed.value),
                warnings: parsed.warnings,
            },
            Err(refusal) => ended(End::Refused(refusal)),
        }
    }
}
