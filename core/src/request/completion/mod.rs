//! Completion of command lines: the answers to the shells' questions, and the scripts that make them ask.
//!
//! The protocol is that of the older tool, whose scripts are in existing images: the script calls the program with
//! the words of the command line, and each line of the answer is a candidate.

mod script;
#[cfg(test)]
mod tests;

pub use script::{Shell, script};

use crate::prelude::*;

use crate::{
    commands::{load_config, releases},
    config::{DeployMode, ToolConfig},
    deploy::{Deploys, base_name},
    fleet::master_deploys,
    proxy::noted_deploys,
    request::help::{self, CONFIG_OPTION, CommandHelp, Fits, HELP_OPTION, OptionHelp, TOP_OPTIONS},
    seam::{Command, Facts, Outcome, Refusal, Report, Settled as _, Step},
    single::live,
};

/// The candidates for a word of a command line, one a line.
///
/// An empty line alone says that a path belongs there: the script leaves it to its shell, and the older tool's scripts
/// take it for no candidate. Whatever stands in the way of an answer, a configuration that is not there or a store
/// that does not answer, only makes for fewer candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complete {
    /// The index of the word to complete; 0 is the program.
    pub index: usize,
    /// The words of the command line.
    pub words: Vec<String>,
    /// Whether a candidate is followed by a tab and what it is, where that is known.
    pub enriched: bool,
}

impl Command for Complete {
    fn next(&self, facts: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        let typed = self.words.get(self.index).map_or("", String::as_str);
        // Bash cuts --option=value into three words.
        let typed = if typed == "=" { "" } else { typed };
        let before = self.words.iter().take(self.index).skip(1).map(String::as_str).filter(|word| *word != "=");
        let before: Vec<&str> = before.collect();
        let candidates = match wanted(&before, typed) {
            Wanted::Options(options) => options.iter().map(|option| (option.name.into(), option.summary)).collect(),
            Wanted::Word(Fits::Path) => return Ok(Step::Done(Report::text("\n"))),
            Wanted::Verb(verbs) => verbs,
            Wanted::Word(fits) => words_that_fit(facts, fits)?,
        };
        let fitting = candidates.iter().filter(|(name, _)| name.starts_with(typed));
        let lines = fitting.map(|(name, summary)| match summary {
            summary if self.enriched && !summary.is_empty() => format!("{name}\t{summary}\n"),
            _ => format!("{name}\n"),
        });
        Ok(Step::Done(Report::text(lines.collect::<String>())))
    }
}

/// What belongs in a place of a command line.
enum Wanted {
    Options(Vec<&'static OptionHelp>),
    Verb(Vec<(String, &'static str)>),
    Word(Fits),
}

fn wanted(before: &[&str], typed: &str) -> Wanted {
    match before.split_first() {
        Some((&option, behind)) if option == CONFIG_OPTION.name => match behind.split_first() {
            Some((_, behind)) => return wanted(behind, typed),
            None => return Wanted::Word(Fits::Path),
        },
        Some((option, behind)) if option.strip_prefix(CONFIG_OPTION.name).is_some_and(|it| it.starts_with('=')) => {
            return wanted(behind, typed);
        }
        _ => (),
    }
    let Some((name, given)) = before.split_first() else {
        let options = || TOP_OPTIONS.iter().chain([&HELP_OPTION]).collect();
        return if typed.starts_with('-') { Wanted::Options(options()) } else { Wanted::Word(Fits::Command) };
    };
    match help::command(name) {
        Some(command) => wanted_of(command, given, typed),
        None if given.is_empty() && name.ends_with("-completion-script") => Wanted::Word(Fits::Path),
        None => Wanted::Word(Fits::Anything),
    }
}

fn wanted_of(command: &'static CommandHelp, given: &[&str], typed: &str) -> Wanted {
    let (mut count, mut options_ended, mut given) = (0, false, given.iter());
    while let Some(word) = given.next() {
        if options_ended || !word.starts_with('-') {
            count += 1;
        } else if *word == "--" {
            options_ended = true;
        } else if command.all_options().any(|option| option.name == *word && option.value.is_some())
            && given.next().is_none()
        {
            return Wanted::Word(if *word == CONFIG_OPTION.name { Fits::Path } else { Fits::Anything });
        }
    }
    if typed.starts_with('-') && !options_ended {
        return Wanted::Options(command.all_options().chain([&HELP_OPTION]).collect());
    }
    match command.words.get(count).map_or(Fits::Anything, |word| word.fits) {
        Fits::Verb => Wanted::Verb(command.verb_names().map(|(name, summary)| (name.into(), summary)).collect()),
        fits => Wanted::Word(fits),
    }
}

fn words_that_fit(facts: &Facts, fits: Fits) -> Result<Vec<(String, &'static str)>, Refusal> {
    let names = match fits {
        Fits::Command => {
            let summary = |command: &CommandHelp| command.summaries.first().map_or("", |(_, summary)| *summary);
            return Ok(help::COMMANDS.iter().map(|command| (command.name.into(), summary(command))).collect());
        }
        Fits::Path | Fits::Verb | Fits::Anything => return Ok(Vec::new()),
        Fits::Release => from_config(facts, |config| Ok(releases(facts, config)?.0))?,
        Fits::Deploy => from_config(facts, |config| running(facts, config))?,
        Fits::EndPoint => from_config(facts, |config| Ok(end_points(config)))?,
    };
    Ok(names.into_iter().map(|name| (name, "")).collect())
}

/// What `names` says about the configuration; nothing when that is not available.
fn from_config(
    facts: &Facts,
    names: impl FnOnce(&ToolConfig) -> Result<Vec<String>, Refusal>,
) -> Result<Vec<String>, Refusal> {
    load_config(facts).and_then(|parsed| names(&parsed.value)).known_or(Vec::new())
}

/// The running deploys: behind a proxy those that the state notes, of this machine or of the master.
fn running(facts: &Facts, config: &ToolConfig) -> Result<Vec<String>, Refusal> {
    if let Some(base) = config.shared_state() {
        return master_deploys(facts, base);
    }
    match config.deploy_mode {
        DeployMode::Proxy(_) => noted_deploys(facts, Deploys(config.deploys_dir.as_str())),
        DeployMode::NoProxy => {
            let now = live(facts, Deploys(config.deploys_dir.as_str()))?;
            Ok(now.iter().map(|live| base_name(&live.path).to_string()).collect())
        }
    }
}

fn end_points(config: &ToolConfig) -> Vec<String> {
    match &config.deploy_mode {
        DeployMode::Proxy(proxy) => proxy.end_points.keys().map(ToString::to_string).collect(),
        DeployMode::NoProxy => Vec::new(),
    }
}
