//! What c2 says about itself: the help page, the usage of each command, and the table of commands behind both, which
//! the command line and its completion read too.

mod page;
mod table;
#[cfg(test)]
mod tests;

pub use page::page;
pub use table::{CALLBACK_OPTIONS, COMMANDS, CONFIG_OPTION, HELP_OPTION, TOP_OPTIONS};

use crate::prelude::*;

/// A command as the command line takes it.
#[derive(Debug)]
pub struct CommandHelp {
    /// Its name.
    pub name: &'static str,
    /// Its words, in order. Behind an optional one there are only optional ones.
    pub words: &'static [Word],
    /// What its first word can be, each with what it does, where that is one of a few.
    pub verbs: &'static [(&'static str, &'static str)],
    /// Its own options.
    pub options: &'static [OptionHelp],
    /// Whether it can change the state that a fleet shares.
    pub shared: bool,
    /// Whether it takes the options of every command that changes something, too.
    pub changes: bool,
    /// What it does, in each group of the help page that it is in.
    pub summaries: &'static [(Group, &'static str)],
}

/// A word that a command takes.
#[derive(Debug)]
pub struct Word {
    /// The word as the usage shows it, in brackets where it is optional.
    pub shown: &'static str,
    /// What completes it.
    pub fits: Fits,
}

/// What completes a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fits {
    /// The name of a command.
    Command,
    /// A release of the store.
    Release,
    /// A running deploy.
    Deploy,
    /// The label of an endpoint.
    EndPoint,
    /// One of the command's verbs.
    Verb,
    /// A path on the machine.
    Path,
    /// Nothing that is known.
    Anything,
}

/// An option.
#[derive(Debug)]
pub struct OptionHelp {
    /// Its name with its dashes.
    pub name: &'static str,
    /// What its value is called; `None` for one without a value.
    pub value: Option<&'static str>,
    /// Whether the command cannot do without it.
    pub required: bool,
    /// What it does.
    pub summary: &'static str,
}

/// A group of commands on the help page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// What a command does without a proxy.
    WithoutProxy,
    /// What a command does with the proxy.
    WithProxy,
    /// What is the same in both modes.
    Both,
    /// What needs no configuration.
    Other,
}

impl Group {
    fn title(self) -> &'static str {
        match self {
            Group::WithoutProxy => "Without a proxy",
            Group::WithProxy => "With the proxy",
            Group::Both => "In both modes",
            Group::Other => "Others",
        }
    }
}

/// The command of this name.
#[must_use]
pub fn command(name: &str) -> Option<&'static CommandHelp> {
    COMMANDS.iter().find(|command| command.name == name)
}

impl CommandHelp {
    /// All its options but `--help`.
    pub fn all_options(&self) -> impl Iterator<Item = &'static OptionHelp> + use<> {
        let common: &[OptionHelp] = if self.changes { &table::CHANGE_OPTIONS } else { &[] };
        let shared: &[OptionHelp] = if self.shared { &table::SHARED_OPTIONS } else { &[] };
        let configured: &[OptionHelp] = if self.is_configured() { &[CONFIG_OPTION] } else { &[] };
        self.options.iter().chain(shared).chain(common).chain(configured)
    }

    /// Whether it goes by the configuration.
    fn is_configured(&self) -> bool {
        self.summaries.iter().any(|(group, _)| *group != Group::Other)
    }

    /// The line that shows how it is called, without the options of all commands.
    #[must_use]
    pub fn usage_line(&self) -> String {
        let options = self.all_options().filter(|option| option.name != CONFIG_OPTION.name).map(OptionHelp::in_usage);
        format!("usage: c2 {}{}", self.with_words(), options.collect::<String>())
    }

    /// What `--help` behind the command prints.
    #[must_use]
    pub fn usage(&self) -> String {
        let mut text = format!("{}\n\n", self.usage_line());
        for (group, summary) in self.summaries {
            match self.summaries.len() {
                1 => text.push_str(&format!("{summary}\n")),
                _ => text.push_str(&format!("{}: {summary}\n", group.title())),
            }
        }
        if !self.verbs.is_empty() {
            text.push_str("\nverbs:\n");
        }
        for (verb, summary) in self.verbs {
            text.push_str(&format!("  {verb:20} {summary}\n"));
        }
        text.push_str("\noptions:\n");
        for option in self.all_options().chain([&HELP_OPTION]) {
            text.push_str(&format!("  {:20} {}\n", option.shown(), option.summary));
        }
        text
    }

    /// Its verbs without their words, each with what it does.
    pub fn verb_names(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.verbs.iter().map(|(shown, summary)| (shown.split(' ').next().unwrap_or(shown), *summary))
    }

    fn with_words(&self) -> String {
        let words: Vec<&str> = [self.name].into_iter().chain(self.words.iter().map(|word| word.shown)).collect();
        words.join(" ")
    }
}

impl OptionHelp {
    /// The option behind a command's words: in brackets where it may be left out.
    fn in_usage(&self) -> String {
        if self.required { format!(" {}", self.shown()) } else { format!(" [{}]", self.shown()) }
    }

    /// The option as the usage shows it: with what its value is called.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.value {
            Some(value) => format!("{} {value}", self.name),
            None => self.name.into(),
        }
    }
}
