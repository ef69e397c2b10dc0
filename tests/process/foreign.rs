//! What others may have put where c2 has its files: pipes and sockets, and links to what is not theirs to write. These
//! tests are for root, who alone can play another user.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown, lchown, symlink},
        net::UnixListener,
    },
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    fixture::{Commands, assert_live, machine, machine_with, pack},
    support::machine::{Ended, Machine},
};

/// A user who is neither root nor anybody here.
const OTHER: u32 = 65_534;
/// Long for a command that has nothing to wait for.
const LONG: Duration = Duration::from_secs(20);

fn with_source() -> Machine {
    let machine = machine_with(r#", "configSources": {"site": {"file": "{root}/etc/site.json"}}"#);
    machine.write("/etc/site.json", 0o644, br#"{"name": "new"}"#);
    pack(&machine, "a", Commands::default());
    machine
}

/// Plants a link of another user; what it leads to is there.
fn plant(machine: &Machine, at: &str, target: &str) {
    machine.write(target, 0o600, b"victim");
    let at = machine.path(at);
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    let _ = fs::remove_file(&at);
    symlink(machine.path(target), &at).unwrap();
    lchown(&at, Some(OTHER), Some(OTHER)).expect("these tests are for root");
}

/// Runs the program, which must come to an end.
fn run(machine: &Machine, words: &[&str]) -> Ended {
    let mut child = machine.command(words).spawn().unwrap();
    let until = Instant::now() + LONG;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("{words:?} waits for ever");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    machine.ended(child.wait_with_output().unwrap())
}

#[test]
fn a_link_of_another_user_is_replaced_and_what_it_leads_to_stays_as_it_was() {
    let machine = with_source();
    let places = ["/opt/config/site.json", "/opt/var/log/camus2.log", "/opt/deploys/.c2/lock", "/srv/out"];
    for (number, at) in places.into_iter().enumerate() {
        plant(&machine, at, &format!("/victim{number}"));
    }
    machine.write("/srv/t.tpl", 0o640, b"filled");
    let (template, out) = (format!("{}/srv/t.tpl", machine.root), format!("{}/srv/out", machine.root));
    for words in [vec!["start", "a.zip"], vec!["expand-template", &template, &out]] {
        let ended = run(&machine, &words);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    assert_live(&machine, "a");
    for (number, at) in places.into_iter().enumerate() {
        assert_eq!(machine.text(&format!("/victim{number}")).as_deref(), Some("victim"), "{at}");
        assert!(machine.path(at).symlink_metadata().unwrap().is_file(), "{at} is still a link");
    }
    assert_eq!(machine.text("/srv/out").as_deref(), Some("filled"));
}

#[test]
fn a_link_of_roots_is_followed_to_its_end_and_no_further_than_one_of_another_user() {
    let machine = machine();
    machine.write("/srv/t.tpl", 0o644, b"filled");
    symlink("two", machine.path("/srv/one")).unwrap();
    plant(&machine, "/srv/two", "/victim");
    let template = format!("{}/srv/t.tpl", machine.root);
    let ended = run(&machine, &["expand-template", &template, &format!("{}/srv/one", machine.root)]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(machine.target("/srv/one").as_deref(), Some("two"));
    assert!(machine.path("/srv/two").symlink_metadata().unwrap().is_file());
    let texts = ["/srv/two", "/victim"].map(|path| machine.text(path).unwrap());
    assert_eq!(texts, ["filled", "victim"]);
}

#[test]
fn a_link_of_another_user_to_what_is_open_is_replaced_too() {
    let machine = machine();
    machine.write("/srv/t.tpl", 0o644, b"filled");
    plant(&machine, "/srv/out", "/victim");
    fs::remove_file(machine.path("/srv/out")).unwrap();
    symlink("/proc/self/fd/1", machine.path("/srv/out")).unwrap();
    lchown(machine.path("/srv/out"), Some(OTHER), Some(OTHER)).unwrap();
    let template = format!("{}/srv/t.tpl", machine.root);
    let ended = run(&machine, &["expand-template", &template, &format!("{}/srv/out", machine.root)]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(machine.text("/srv/out").as_deref(), Some("filled"));
}

#[test]
fn a_file_of_another_user_is_replaced_and_neither_its_owner_nor_its_mode_taken_over() {
    let machine = machine();
    machine.write("/srv/t.tpl", 0o600, b"filled");
    machine.write("/srv/out", 0o666, b"theirs");
    chown(machine.path("/srv/out"), Some(OTHER), Some(OTHER)).expect("these tests are for root");
    let template = format!("{}/srv/t.tpl", machine.root);
    let ended = run(&machine, &["expand-template", &template, &format!("{}/srv/out", machine.root)]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found = machine.path("/srv/out").metadata().unwrap();
    assert_eq!((found.uid(), found.mode() & 0o7777), (0, 0o600));
}

#[test]
fn names_that_can_be_guessed_are_used_by_no_new_file() {
    let machine = with_source();
    let folders = ["/opt/config/.site.json", "/opt/deploys/.current", "/srv/.out"];
    for folder in folders {
        plant(&machine, &format!("{folder}.c2-new"), "/victim");
    }
    machine.write("/srv/t.tpl", 0o644, b"filled");
    let (template, out) = (format!("{}/srv/t.tpl", machine.root), format!("{}/srv/out", machine.root));
    for words in [vec!["start", "a.zip"], vec!["expand-template", &template, &out]] {
        let ended = run(&machine, &words);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    assert_eq!(machine.text("/victim").as_deref(), Some("victim"));
    assert_live(&machine, "a");
}

#[test]
fn a_pipe_or_socket_where_a_file_is_expected_is_named_and_waited_for_by_nobody() {
    let place = |machine: &Machine, path: &str, socket: bool| {
        let at = machine.path(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&at);
        match socket {
            true => drop(UnixListener::bind(at).unwrap()),
            false => assert!(Command::new("mkfifo").arg(at).status().unwrap().success()),
        }
    };
    let cases: [(&str, &[&str], i32); 11] = [
        ("/config.json", &["status"], 1),
        ("/etc/site.json", &["start", "a.zip"], 1),
        ("/opt/config/site.json", &["expand-template", "{root}/srv/t.tpl", "{root}/srv/out"], 1),
        ("/opt/deploys/.c2/lock", &["start", "a.zip"], 1),
        ("/opt/deploys/.c2/intents/current.json", &["start", "a.zip"], 1),
        ("/opt/deploys/a/release.json", &["start", "a.zip"], 1),
        ("/srv/releases/a.zip", &["start", "a.zip"], 1),
        ("/srv/t.tpl", &["expand-template", "{root}/srv/t.tpl", "{root}/srv/out"], 1),
        ("/srv/out", &["expand-template", "{root}/srv/t.tpl", "{root}/srv/out"], 1),
        ("/opt/var/log/camus2.log", &["show-log"], 1),
        // What cannot be logged is a warning.
        ("/opt/var/log/camus2.log", &["start", "a.zip"], 0),
    ];
    for (socket, what) in [(false, "a named pipe"), (true, "a socket")] {
        for (path, words, code) in cases {
            let machine = with_source();
            machine.write("/opt/config/site.json", 0o600, b"{}");
            machine.write("/srv/t.tpl", 0o644, b"filled");
            place(&machine, path, socket);
            let words: Vec<String> = words.iter().map(|word| word.replace("{root}", &machine.root)).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let ended = run(&machine, &words);
            assert_eq!(ended.code, Some(code), "{path}: {ended:?}");
            let expected = format!("it is {what}, not a regular file");
            assert!(ended.stderr.contains(path) && ended.stderr.contains(&expected), "{path}: {ended:?}");
        }
    }
}
