//! The table of commands and what argh takes.

use super::{tests::of, *};

#[test]
fn the_table_of_commands_and_what_argh_takes_agree() {
    // What these take depends on their first word.
    for command in COMMANDS.iter().filter(|command| !["rollout", "docker-credential"].contains(&command.name)) {
        let words = |count: usize| ["version"].into_iter().cycle().take(count);
        let least = command.words.iter().filter(|word| word.shown.starts_with('<')).count();
        let most = command.words.len();
        let required = command.all_options().filter(|option| option.required);
        let required: Vec<&str> = required.flat_map(|option| [option.name, "1"]).collect();
        let line = |count| [command.name].into_iter().chain(words(count)).chain(required.clone()).collect::<Vec<_>>();
        assert!(of(&line(least)).is_ok() && of(&line(most)).is_ok(), "{}", command.name);
        assert!(least == 0 || of(&line(least - 1)).is_err(), "{}", command.name);
        let repeats = command.words.last().is_some_and(|word| word.shown.ends_with("...]"));
        assert_eq!(of(&line(most + 1)).is_ok(), repeats, "{}", command.name);
        for option in command.all_options().filter(|option| !option.required) {
            let given = [option.name].into_iter().chain(option.value.map(|_| "1"));
            let arguments: Vec<&str> = line(least).into_iter().chain(given).collect();
            assert!(of(&arguments).is_ok(), "{arguments:?}");
        }
    }
}
