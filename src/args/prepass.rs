//! What argh lacks: `--option=value`, `-h`, `-V`, a word that is `help`, `--config` everywhere, and the nearest option to
//! an unknown one.

use super::{CONFIG_OPTION, HELP_OPTION, OptionHelp, did_you_mean};

/// Arguments after the pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken<'a> {
    /// Help is asked for.
    Help,
    /// What is left is for argh.
    Normal {
        /// The options, each value an argument of its own; `--`, behind which nothing is an option or asks for help; the
        /// words.
        arguments: Vec<&'a str>,
        /// The configuration that is named.
        config: Option<&'a str>,
    },
}

/// Sorts the arguments by the options known.
///
/// # Errors
/// An unknown option, a value that is missing or not wanted.
pub(super) fn take<'a>(known: &[&OptionHelp], arguments: &'a [String]) -> Result<Taken<'a>, String> {
    let (mut normal, mut words, mut config) = (Vec::new(), Vec::new(), None);
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        match argument {
            "--" => words.extend(arguments.by_ref()),
            "-h" | "--help" => return Ok(Taken::Help),
            option if option.starts_with('-') => {
                let (name, value) = match option.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (option, None),
                };
                let Some(option) = known.iter().find(|option| option.name == name || is_short(name, option)) else {
                    let near = did_you_mean(name, known.iter().map(|option| option.name).chain([HELP_OPTION.name]));
                    return Err(format!("there is no option {name:?}{near}"));
                };
                let value = match (option.value, value) {
                    (None, None) => None,
                    (None, Some(_)) => return Err(format!("{name} takes no value")),
                    (Some(_), value) => Some(value.or_else(|| arguments.next()).ok_or_else(|| without_value(option))?),
                };
                if option.name == CONFIG_OPTION.name {
                    config = Some(one_config(config, value.unwrap_or_default())?);
                } else {
                    normal.push(option.name);
                    normal.extend(value);
                }
            }
            word => words.push(word),
        }
    }
    normal.push("--");
    normal.append(&mut words);
    Ok(Taken::Normal { arguments: normal, config })
}

/// The configuration that the options before a command name, and the arguments from the command on.
///
/// # Errors
/// A value that is missing.
pub(super) fn before_command(mut arguments: &[String]) -> Result<(Option<&str>, &[String]), String> {
    let mut config = None;
    while let Some((option, rest)) = arguments.split_first() {
        let Some(behind) = option.strip_prefix(CONFIG_OPTION.name) else { break };
        let (value, rest) = match (behind.strip_prefix('='), rest.split_first()) {
            (Some(value), _) => (value, rest),
            (None, _) if !behind.is_empty() => break,
            (None, Some((value, rest))) => (value.as_str(), rest),
            (None, None) => return Err(without_value(&CONFIG_OPTION)),
        };
        (config, arguments) = (Some(one_config(config, value)?), rest);
    }
    Ok((config, arguments))
}

/// The configuration that the words of a command line name, as far as they are typed.
pub(super) fn typed_config(words: &[String]) -> Option<String> {
    let mut words = words.iter().map(String::as_str).take_while(|word| *word != "--");
    let value = words
        .find_map(|word| word.strip_prefix(CONFIG_OPTION.name).filter(|it| matches!(it.get(..1), None | Some("="))))?;
    // Bash cuts --option=value into three words.
    let value = value.strip_prefix('=').or_else(|| words.find(|word| *word != "="))?;
    Some(value.into()).filter(|value: &String| !value.is_empty())
}

/// The value of the option where it is the first one.
fn one_config<'a>(before: Option<&str>, value: &'a str) -> Result<&'a str, String> {
    match (before, value) {
        (Some(_), _) => Err(format!("{} is given twice", CONFIG_OPTION.name)),
        (None, "") => Err(without_value(&CONFIG_OPTION)),
        (None, value) => Ok(value),
    }
}

/// Whether this is the short form of the option.
fn is_short(name: &str, option: &OptionHelp) -> bool {
    name == "-V" && option.name == "--version"
}

fn without_value(option: &OptionHelp) -> String {
    format!("{} is given without its value: {}", option.name, option.shown())
}
