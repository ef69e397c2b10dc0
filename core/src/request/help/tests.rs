//! What the help says fits a terminal, and the table behind it is sound.

use std::collections::BTreeSet;

use super::{CALLBACK_OPTIONS, COMMANDS, Group, TOP_OPTIONS, command, page};

#[test]
fn the_page_fits_a_terminal() {
    let page = page();
    let wide: Vec<&str> = page.lines().filter(|line| line.chars().count() > 100).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    assert!(page.lines().count() <= 96, "{} lines", page.lines().count());
    assert!(page.ends_with(".\n"));
}

#[test]
fn the_page_names_every_command_and_option_once_in_each_of_its_groups() {
    let page = page();
    for command in COMMANDS {
        let shown = page.lines().filter(|line| line.split_whitespace().next() == Some(command.name)).count();
        assert_eq!(shown, command.summaries.len(), "{}", command.name);
    }
    for option in TOP_OPTIONS {
        assert!(page.contains(&format!("\n  {} ", option.shown())), "{}", option.name);
    }
    assert!(CALLBACK_OPTIONS.iter().all(|option| !page.contains(option.name)));
}

#[test]
fn a_usage_shows_the_words_the_options_and_what_the_command_does_in_each_mode() {
    let usage = command("start").unwrap().usage();
    let expected = "\
usage: c2 start <release> [<asdeploy>] [--force] [--sha256 HEX] [--rollout PERCENT] [--allow-unsafe-store] [--dry-run] [--lock-wait SECS]

Without a proxy: make a release live; the one before is stopped
With the proxy: start a release beside the others

options:
  --force              go on when a stop command fails
  --sha256 HEX         refuse an archive with any other hash
  --rollout PERCENT    let only so many of a hundred slaves take it up; see c2 rollout
  --allow-unsafe-store write to a store that ignores conditions, though of two writers one is lost
  --dry-run            print what would be done, and do nothing
  --lock-wait SECS     wait so long for another run of c2 to end; 60 if not given
  --config FILE        the configuration, whatever CAMUS2_CONFIG names
  --help               show this text; also -h
";
    assert_eq!(usage, expected);
    let expected =
        "usage: c2 version\n\nprint the version\n\noptions:\n  --help               show this text; also -h\n";
    assert_eq!(command("version").unwrap().usage(), expected);
}

#[test]
fn the_verbs_of_a_command_are_on_the_page_and_in_its_usage_with_what_each_does() {
    let page = page();
    for command in COMMANDS.iter().filter(|command| !command.verbs.is_empty()) {
        let names: Vec<&str> = command.verb_names().map(|(name, _)| name).collect();
        assert!(page.contains(&format!("\n  {} <{}>", command.name, names.join("|"))), "{}", command.name);
    }
    let expected = "
what a share of the slaves takes first

verbs:
  status               the change that is under way, and how the slaves do that take it up
  advance PERCENT      let so many of a hundred slaves take it up; the share only grows
  finish               let it hold for all of them
  abort                take it back
  run                  go through it by itself, stage by stage, and take it back when slaves fail

options:
";
    let usage = command("rollout").unwrap().usage();
    assert!(usage.contains(expected), "{usage}");
}

#[test]
fn the_table_is_sound() {
    let names: BTreeSet<&str> = COMMANDS.iter().map(|command| command.name).collect();
    assert_eq!(names.len(), COMMANDS.len(), "two commands of one name");
    for command in COMMANDS {
        let name = command.name;
        assert!(!command.summaries.is_empty(), "{name}");
        let groups: Vec<Group> = command.summaries.iter().map(|(group, _)| *group).collect();
        assert!(groups.len() == 1 || groups == [Group::WithoutProxy, Group::WithProxy], "{name}");
        let optional: Vec<bool> = command.words.iter().map(|word| word.shown.starts_with('[')).collect();
        assert!(optional.is_sorted(), "{name}: an optional word before one that is not");
        assert!(command.all_options().all(|option| option.name.starts_with("--")), "{name}");
    }
}
