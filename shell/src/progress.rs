//! What is going on, told on the terminal and written to the log.

use std::cell::Cell;

use c2_core::seam::{Failure, Message};

use crate::{log::Log, terminal::tell};

/// Where progress is told.
pub(crate) struct Progress {
    log: Log,
    /// Whether the terminal is spared.
    quiet: Cell<bool>,
}

impl Progress {
    /// Progress for the terminal and this log.
    pub(crate) fn new(log: &Log) -> Self {
        Progress { log: log.clone(), quiet: Cell::new(false) }
    }

    /// Spares the terminal from here on.
    pub(crate) fn be_quiet(&self) {
        self.quiet.set(true);
    }

    /// Tells what is going on.
    pub(crate) fn say(&self, message: Message<'_>) {
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
            Message::Trouble(failure) => self.trouble(failure),
            Message::Wait(why) => self.tell(0, why),
        }
    }

    /// Tells what went wrong without ending the command.
    pub(crate) fn trouble(&self, failure: &Failure) {
        self.tell(1, &format!("warning: {failure}"));
    }

    fn tell(&self, level: usize, text: &str) {
        self.log.write(level, text);
        self.show(level, text);
    }

    /// Tells the terminal alone.
    fn show(&self, level: usize, text: &str) {
        if !self.quiet.get() && !text.is_empty() {
            tell(&format!("{}{text}", "  ".repeat(level)));
        }
    }
}
