//! What argh lacks: `--option=value`, `-h`, a word that is `help`, and the nearest option to an unknown one.

use super::{HELP_OPTION, OptionHelp, did_you_mean};

/// Arguments after the pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken<'a> {
    /// Help is asked for.
    Help,
    /// As argh takes them: the options, each value an argument of its own; `--`, behind which nothing is an option or
    /// asks for help; the words.
    Normal(Vec<&'a str>),
}

/// Sorts the arguments by the options known.
///
/// # Errors
/// An unknown option, a value that is missing or not wanted.
pub(super) fn take<'a>(known: &[&OptionHelp], arguments: &'a [String]) -> Result<Taken<'a>, String> {
    let (mut normal, mut words) = (Vec::new(), Vec::new());
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
                let Some(option) = known.iter().find(|option| option.name == name) else {
                    let near = did_you_mean(name, known.iter().map(|option| option.name).chain([HELP_OPTION.name]));
                    return Err(format!("there is no option {name:?}{near}"));
                };
                normal.push(name);
                match (option.value, value) {
                    (None, None) => (),
                    (None, Some(_)) => return Err(format!("{name} takes no value")),
                    (Some(_), value) => {
                        let value = value.or_else(|| arguments.next());
                        normal.push(
                            value.ok_or_else(|| format!("{name} is given without its value: {}", option.shown()))?,
                        );
                    }
                }
            }
            word => words.push(word),
        }
    }
    normal.push("--");
    normal.append(&mut words);
    Ok(Taken::Normal(normal))
}
