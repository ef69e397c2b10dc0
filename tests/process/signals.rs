//! SIGINT, SIGTERM and SIGHUP while a plan is performed: what was begun is undone, the old release stays live.

use crate::{
    fixture::{
        Commands, START, STOP, assert_live, assert_tidy, await_file, end_of, lives, machine_with_live_a, number_in,
        pack, running, send,
    },
    support::machine::{Machine, eventually},
};

/// Marks that it is there, with its process id, and stays.
const STAY: &str = r#"echo $$ > "$RUN/at"; sleep 600"#;

#[test]
fn a_signal_during_any_command_of_a_start_is_undone_and_the_old_release_is_live() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        for role in ["prestart", "stop of the old", "start"] {
            // The old release's stop command stays once only: the undo may need it.
            let stop = format!(r#"{STOP}; test -e "$RUN/stays" || exit 0; rm "$RUN/stays"; {STAY}"#);
            let machine = machine_with_live_a(Commands { stop: &stop, ..Commands::default() });
            let start = format!("{START}; {STAY}");
            match role {
                "prestart" => pack(&machine, "b", Commands { prestart: STAY, ..Commands::default() }),
                "start" => pack(&machine, "b", Commands { start: &start, ..Commands::default() }),
                _ => {
                    machine.write("/run/stays", 0o644, b"");
                    pack(&machine, "b", Commands::default());
                }
            }
            let child = machine.command(&["start", "b.zip"]).spawn().unwrap();
            await_file(&machine, "/run/at");
            send(signal, child.id());
            let ended = end_of(&machine, child);
            assert_eq!(ended.code, Some(code), "{signal} {role}: {ended:?}");
            assert!(ended.stderr.contains("\nc2: "), "{ended:?}");
            assert!(!lives(number_in(&machine, "/run/at")), "{signal} {role}: the command goes on");
            assert_live(&machine, "a");
            assert_tidy(&machine);
        }
    }
}

#[test]
fn a_signal_while_the_same_release_is_started_again_brings_the_old_folder_back() {
    let machine = machine_with_live_a(Commands::default());
    machine.write("/opt/deploys/a/kept", 0o644, b"of the old folder");
    let start = format!("{START}; {STAY}");
    pack(&machine, "a", Commands { start: &start, ..Commands::default() });
    let child = machine.command(&["start", "a.zip"]).spawn().unwrap();
    await_file(&machine, "/run/at");
    send("TERM", child.id());
    let ended = end_of(&machine, child);
    assert_eq!(ended.code, Some(143), "{ended:?}");
    assert_live(&machine, "a");
    assert_eq!(machine.text("/opt/deploys/a/kept").as_deref(), Some("of the old folder"));
    assert_tidy(&machine);
}

#[test]
fn a_second_signal_does_not_cut_the_undo_short() {
    let slow = format!(
        r#"echo again > "$RUN/undoing"; while test -d "$RUN" && test ! -e "$RUN/go"; do sleep 0.05; done; {START}"#
    );
    let machine = machine_with_live_a(Commands::default());
    machine.write("/run/go", 0o644, b"");
    pack(&machine, "a", Commands { start: &slow, ..Commands::default() });
    assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
    std::fs::remove_file(machine.path("/run/go")).unwrap();
    std::fs::remove_file(machine.path("/run/undoing")).unwrap();
    pack(&machine, "b", Commands { start: STAY, ..Commands::default() });
    let child = machine.command(&["start", "b.zip"]).spawn().unwrap();
    await_file(&machine, "/run/at");
    send("INT", child.id());
    await_file(&machine, "/run/undoing");
    send("INT", child.id());
    send("TERM", child.id());
    machine.write("/run/go", 0o644, b"");
    let ended = end_of(&machine, child);
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_live(&machine, "a");
    assert_tidy(&machine);
}

#[test]
fn an_undo_that_hangs_is_broken_off_by_ctrl_c_given_twice_and_the_next_run_does_it() {
    let hangs = format!(r#"test -e "$RUN/go" || {{ echo $$ > "$RUN/undoing"; sleep 600; }}; {START}"#);
    let machine = machine_with_live_a(Commands::default());
    machine.write("/run/go", 0o644, b"");
    pack(&machine, "a", Commands { start: &hangs, ..Commands::default() });
    assert_eq!(machine.run(&["start", "a.zip"]).code, Some(0));
    std::fs::remove_file(machine.path("/run/go")).unwrap();
    pack(&machine, "b", Commands { start: "exit 3", ..Commands::default() });
    let mut child = machine.command(&["start", "b.zip"]).spawn().unwrap();
    await_file(&machine, "/run/undoing");
    send("INT", child.id());
    let mut told = String::new();
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    while !told.contains("Ctrl-C once more") {
        assert_ne!(std::io::BufRead::read_line(&mut stderr, &mut told).unwrap(), 0, "{told}");
    }
    assert!(lives(number_in(&machine, "/run/undoing")), "the first one is only answered");
    // From here on nothing hangs.
    machine.write("/run/go", 0o644, b"");
    send("INT", child.id());
    let ended = end_of(&machine, child);
    assert_ne!(ended.code, Some(0), "{ended:?}");
    let again = machine.run(&["stop", "a"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(running(&machine), Vec::<String>::new());
    assert_tidy(&machine);
}

#[test]
fn a_terminal_that_hangs_up_ends_a_run_like_any_signal_unless_the_run_was_to_outlive_it() {
    let machine = machine_with_live_a(Commands::default());
    pack(&machine, "b", Commands { prestart: STAY, ..Commands::default() });
    let child = machine.command(&["start", "b.zip"]).spawn().unwrap();
    await_file(&machine, "/run/at");
    send("HUP", child.id());
    let ended = end_of(&machine, child);
    assert_eq!(ended.code, Some(129), "{ended:?}");
    assert_live(&machine, "a");
    assert_tidy(&machine);

    let wait = r#"echo at > "$RUN/waits"; while test -d "$RUN" && test ! -e "$RUN/go"; do sleep 0.02; done"#;
    pack(&machine, "b", Commands { prestart: wait, ..Commands::default() });
    let program = machine.command(&["start", "b.zip"]);
    let mut outliving = std::process::Command::new("sh");
    outliving.args(["-c", r#"trap "" HUP; exec "$0" start b.zip"#]).arg(program.get_program());
    for (name, value) in program.get_envs() {
        value.map(|value| outliving.env(name, value));
    }
    let outliving = outliving.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = outliving.spawn().unwrap();
    await_file(&machine, "/run/waits");
    send("HUP", child.id());
    machine.write("/run/go", 0o644, b"");
    let ended = end_of(&machine, child);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_live(&machine, "b");
}

#[test]
fn a_signal_during_a_stop_leaves_the_release_live() {
    let stop = format!("{STOP}; {STAY}");
    let machine = machine_with_live_a(Commands { stop: &stop, ..Commands::default() });
    let child = machine.command(&["stop", "a"]).spawn().unwrap();
    await_file(&machine, "/run/at");
    send("TERM", child.id());
    let ended = end_of(&machine, child);
    assert_eq!(ended.code, Some(143), "{ended:?}");
    assert_live(&machine, "a");
    assert_tidy(&machine);
}

#[test]
fn a_signal_reaches_the_children_of_a_command_and_those_that_ignore_it_are_killed() {
    let machine = machine_with_live_a(Commands::default());
    let prestart =
        r#"sh -c 'trap "" TERM; echo $$ > "$RUN/stubborn"; while :; do sleep 0.1; done' & echo $$ > "$RUN/at"; wait"#;
    pack(&machine, "b", Commands { prestart, ..Commands::default() });
    let child = machine.command(&["start", "b.zip"]).spawn().unwrap();
    await_file(&machine, "/run/at");
    await_file(&machine, "/run/stubborn");
    send("TERM", child.id());
    let ended = end_of(&machine, child);
    assert_eq!(ended.code, Some(143), "{ended:?}");
    assert!(!lives(number_in(&machine, "/run/stubborn")));
    assert_live(&machine, "a");
}

#[test]
fn a_command_that_asks_its_own_caller_to_end_is_undone() {
    for role in ["prestart", "start"] {
        let machine = machine_with_live_a(Commands::default());
        let (prestart, start) = match role {
            "prestart" => ("kill -TERM $PPID".to_string(), START.to_string()),
            _ => (String::new(), format!("{START}; kill -TERM $PPID")),
        };
        pack(&machine, "b", Commands { prestart: &prestart, start: &start, ..Commands::default() });
        let ended = machine.run(&["start", "b.zip"]);
        assert_eq!(ended.code, Some(143), "{role}: {ended:?}");
        assert_live(&machine, "a");
        assert_tidy(&machine);
    }
}

#[test]
fn after_a_command_killed_its_caller_the_same_command_converges() {
    let once = r#"test -e "$RUN/killed" || { echo yes > "$RUN/killed"; kill -KILL $PPID; }"#;
    let killers: [(&str, Commands<'_>, Commands<'_>); 4] = [
        ("prestart", Commands::default(), Commands { prestart: once, ..Commands::default() }),
        ("before the stop", Commands { stop: &format!("{once}; {STOP}"), ..Commands::default() }, Commands::default()),
        ("after the stop", Commands { stop: &format!("{STOP}; {once}"), ..Commands::default() }, Commands::default()),
        (
            "after the start",
            Commands::default(),
            Commands { start: &format!("{START}; {once}"), ..Commands::default() },
        ),
    ];
    for (when, old, new) in killers {
        let machine = machine_with_live_a(old);
        pack(&machine, "b", new);
        let ended = machine.run(&["start", "b.zip"]);
        assert_eq!(ended.code, None, "{when}: {ended:?}");
        await_idle(&machine);
        let again = machine.run(&["start", "b.zip"]);
        assert_eq!(again.code, Some(0), "{when}: {again:?}");
        assert_live(&machine, "b");
        assert_tidy(&machine);
    }
}

#[test]
fn after_a_stop_command_killed_its_caller_the_same_stop_converges() {
    let once = r#"test -e "$RUN/killed" || { echo yes > "$RUN/killed"; kill -KILL $PPID; }"#;
    let machine = machine_with_live_a(Commands { stop: &format!("{STOP}; {once}"), ..Commands::default() });
    assert_eq!(machine.run(&["stop", "a"]).code, None);
    await_idle(&machine);
    let again = machine.run(&["stop", "a"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(running(&machine), Vec::<String>::new());
    assert_eq!(machine.target("/opt/deploys/current"), None);
    assert_tidy(&machine);
}

/// Waits until the commands of a killed run are over: none has its folder below the deploys.
fn await_idle(machine: &Machine) {
    let deploys = machine.path("/opt/deploys");
    eventually("no command is left", || {
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        !processes.filter_map(|path| std::fs::read_link(path.join("cwd")).ok()).any(|cwd| cwd.starts_with(&deploys))
    });
}
