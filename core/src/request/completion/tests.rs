//! Answers of the completion, in the words of a command line.

use std::cell::RefCell;

use super::{Complete, Shell, script};
use crate::seam::{
    Answer, Command, Content, Facts, Failure, Link, Listed, Location, Output, Query, Report, Secret, Shared, Step,
};

const NO_PROXY: &str = r#"{"releases": {"localdir": "/srv/releases"}, "deploysDir": "/opt/deploys"}"#;
const PROXY: &str = r#"{"releases": {"localdir": "/srv/releases"}, "deployMode": {"proxy": {"endPoints": {
    "main": {"serverNames": ["a"], "etype": "httpOnly"}, "admin": {"serverNames": ["b"], "etype": "httpOnly"}}}}}"#;

const FLEET: &str = r#"{"releases": {"localdir": "/srv/releases"}, "deployMode": {"proxy": {
    "endPoints": {"main": {"serverNames": ["a"], "etype": "httpOnly"}}, "remoteStateS3": "s3://bkt/fleet"}}}"#;

const STATE: &str = r#"{"connections": {}, "deploys": {
    "api": {"label": "api", "release": "app-1.zip", "port": 8000},
    "web": {"label": "web", "release": "app-2.zip", "port": 8001}}}"#;

/// A machine with this configuration, three releases, one of them live.
fn machine(config: &'static str) -> impl Fn(&Query) -> Answer {
    move |query| match query {
        Query::Environment(_) => Answer::Text(Some("/etc/camus2.json".into())),
        Query::Content(Location::File(path)) if path == "/etc/camus2.json" => {
            Answer::Content(Some(Content { bytes: Secret::new(config.into()), mode: None }))
        }
        Query::Content(Location::File(path)) if path == "/opt/deploys/frontend-proxy/state.json" => {
            Answer::Content(Some(Content { bytes: Secret::new(STATE.into()), mode: None }))
        }
        Query::Releases(Location::File(path)) if path == "/srv/releases" => {
            let listed = [("app-1.zip", "1"), ("web/app-3.zip", "3"), ("app-2.zip", "2")];
            Answer::Listing(
                listed.map(|(name, modified)| Listed { name: name.into(), modified: modified.into() }).into(),
            )
        }
        Query::Link(path) if path == "/opt/deploys/current" => {
            Answer::Link(Some(Link { target: "/opt/deploys/app-2".into(), since: 0, leads: true }))
        }
        Query::Folder(_) => Answer::Folder(None),
        other => panic!("unexpected question {other:?}"),
    }
}

/// A machine of a fleet, whose master has this state.
fn fleet(state: Option<&'static str>) -> impl Fn(&Query) -> Answer {
    let of_machine = machine(FLEET);
    move |query| match query {
        Query::Shared(at) => {
            assert_eq!(at.to_string(), "s3://bkt/fleet/master/state.json");
            Answer::Shared(state.map(|text| Shared { bytes: text.into(), etag: "e".into() }))
        }
        query => of_machine(query),
    }
}

fn dead(query: &Query) -> Answer {
    Answer::Failed(Failure::world(format!("{query:?}"), "nothing works"))
}

fn bare(query: &Query) -> Answer {
    match query {
        Query::Environment(_) | Query::Executable => Answer::Text(None),
        Query::Content(_) => Answer::Content(None),
        other => panic!("unexpected question {other:?}"),
    }
}

fn no_question(query: &Query) -> Answer {
    panic!("unexpected question {query:?}")
}

/// The answer for the last word of this line, cut at single blanks.
fn answer(world: impl Fn(&Query) -> Answer, line: &str, enriched: bool) -> String {
    let words: Vec<String> = line.split(' ').map(String::from).collect();
    ask(world, Complete { index: words.len() - 1, words, enriched })
}

fn ask(world: impl Fn(&Query) -> Answer, complete: Complete) -> String {
    let mut facts = Facts::default();
    let asked = RefCell::new(0);
    loop {
        let step = complete.next(&facts, &[]);
        let noted = facts.take_noted();
        if noted.is_empty() {
            let Ok(Step::Done(Report { output: Output::Text(text), notes, failed: None, hint: None, .. })) = step
            else {
                panic!("{complete:?}: {step:?}")
            };
            assert!(notes.is_empty());
            return text;
        }
        *asked.borrow_mut() += 1;
        assert!(*asked.borrow() < 10, "{complete:?} asks for ever");
        for query in noted {
            let answer = world(&query);
            facts.learn(query, answer);
        }
    }
}

#[track_caller]
fn check(world: impl Fn(&Query) -> Answer, line: &str, expected: &[&str]) {
    let answered = answer(world, line, false);
    let lines: Vec<&str> = answered.lines().collect();
    assert_eq!(lines, expected, "{line}");
}

#[test]
fn the_verbs_of_a_command_are_completed_without_a_question() {
    check(no_question, "c2 rollout ", &["status", "advance", "finish", "abort", "run"]);
    check(no_question, "c2 rollout a", &["advance", "abort"]);
    check(no_question, "c2 rollout advance ", &[]);
    check(no_question, "c2 docker-credential ", &["get", "list", "store", "erase"]);
    let abort = answer(no_question, "c2 rollout ab", true);
    assert_eq!(abort, "abort\ttake it back\n");
}

#[test]
fn the_deploys_of_a_fleet_are_those_of_the_master_and_of_its_candidate() {
    check(fleet(Some(STATE)), "c2 stop ", &["api", "web"]);
    check(fleet(Some(STATE)), "c2 connect main w", &["web"]);
    let rolled_out = r#"{"connections": {}, "deploys": {"web": {"label": "web", "release": "r.zip", "port": 8000}},
        "rollout": {"id": "r1", "percent": 10, "candidate": {"connections": {}, "deploys": {
            "api": {"label": "api", "release": "r.zip", "port": 8001},
            "web": {"label": "web", "release": "r.zip", "port": 8000}}}}}"#;
    check(fleet(Some(rolled_out)), "c2 stop ", &["api", "web"]);
    for broken in [None, Some(""), Some("<html>"), Some(r#"{"deploys": 7}"#)] {
        check(fleet(broken), "c2 stop ", &[]);
    }
}

#[test]
fn commands_and_options_are_completed_without_a_question() {
    check(no_question, "c2 sta", &["start", "status"]);
    check(no_question, "c2 help sta", &["start", "status"]);
    check(no_question, "c2 xyz", &[]);
    check(no_question, "c2 --z", &["--zsh-completion-script"]);
    check(
        no_question,
        "c2 -",
        &[
            "--config",
            "--version",
            "--bash-completion-script",
            "--zsh-completion-script",
            "--fish-completion-script",
            "--help",
        ],
    );
    check(
        no_question,
        "c2 start -",
        &["--force", "--sha256", "--rollout", "--allow-unsafe-store", "--dry-run", "--lock-wait", "--config", "--help"],
    );
    check(no_question, "c2 status --json", &["--json-output"]);
    assert_eq!(answer(no_question, "c2 ", false).lines().count(), crate::request::help::COMMANDS.len());
}

#[test]
fn releases_are_completed_newest_first() {
    let all = ["web/app-3.zip", "app-2.zip", "app-1.zip"];
    check(machine(NO_PROXY), "c2 start ", &all);
    check(machine(NO_PROXY), "c2 start app", &all[1..]);
    check(machine(NO_PROXY), "c2 unpack web/", &all[..1]);
    check(machine(PROXY), "c2 start --dry-run --force ", &all);
    check(no_question, "c2 start app-1.zip ", &[]);
    for config in ["--config c.json", "--config=c.json", "--config = c.json"] {
        check(machine(NO_PROXY), &format!("c2 {config} start "), &all);
        check(machine(NO_PROXY), &format!("c2 start {config} app"), &all[1..]);
        check(no_question, &format!("c2 {config} sta"), &["start", "status"]);
    }
}

#[test]
fn the_live_deploys_are_completed() {
    check(machine(NO_PROXY), "c2 stop ", &["app-2"]);
    check(machine(NO_PROXY), "c2 stop b", &[]);
    check(machine(PROXY), "c2 stop ", &["api", "web"]);
}

#[test]
fn endpoints_are_completed() {
    check(machine(PROXY), "c2 connect ", &["admin", "main"]);
    check(machine(PROXY), "c2 disconnect m", &["main"]);
    check(machine(PROXY), "c2 connect main ", &["api", "web"]);
    check(machine(PROXY), "c2 connect main w", &["web"]);
    check(machine(PROXY), "c2 split main --percent 5 ", &["api", "web"]);
    check(machine(PROXY), "c2 split main api --percent ", &[]);
    check(machine(PROXY), "c2 maintenance ", &["admin", "main"]);
    check(
        no_question,
        "c2 maintenance main --",
        &["--message", "--off", "--rollout", "--allow-unsafe-store", "--dry-run", "--lock-wait", "--config", "--help"],
    );
    check(machine(NO_PROXY), "c2 connect ", &[]);
}

#[test]
fn a_path_is_left_to_the_shell_by_an_empty_line() {
    for line in [
        "c2 unpack app-1.zip ",
        "c2 unpack app-1.zip /op",
        "c2 expand-template ",
        "c2 expand-template a.tpl ",
        "c2 demo ",
        "c2 --bash-completion-script /op",
        "c2 --config ",
        "c2 --config = /op",
        "c2 start --config ",
    ] {
        assert_eq!(answer(no_question, line, false), "\n", "{line}");
        assert_eq!(answer(no_question, line, true), "\n", "{line}");
    }
}

#[test]
fn values_of_options_and_what_is_behind_the_last_word_get_no_candidates() {
    for line in
        ["c2 start --lock-wait ", "c2 version ", "c2 strat ", "c2 --foo ", "c2 start -- -", "c2 start --lock-wait = "]
    {
        check(machine(NO_PROXY), line, &[]);
    }
    check(machine(NO_PROXY), "c2 start --lock-wait 5 app-1", &["app-1.zip"]);
    check(machine(NO_PROXY), "c2 start --lock-wait = 5 app-1", &["app-1.zip"]);
    check(machine(NO_PROXY), "c2 start --lock-wait=5 app-1", &["app-1.zip"]);
    check(machine(NO_PROXY), "c2 start -- app-1", &["app-1.zip"]);
}

#[test]
fn an_enriched_answer_says_what_a_candidate_is() {
    let expected = "start\tmake a release live; the one before is stopped\nstatus\twhat is live, where, since when\n";
    assert_eq!(answer(no_question, "c2 sta", true), expected);
    assert_eq!(answer(no_question, "c2 start --f", true), "--force\tgo on when a stop command fails\n");
    assert_eq!(answer(machine(NO_PROXY), "c2 stop ", true), "app-2\n");
}

#[test]
fn whatever_is_in_the_way_only_makes_for_fewer_candidates() {
    for line in ["c2 start ", "c2 stop ", "c2 connect ", "c2 disconnect "] {
        check(dead, line, &[]);
        check(bare, line, &[]);
        check(machine("{ broken"), line, &[]);
    }
    let no_store = |query: &Query| match query {
        Query::Releases(_) | Query::Link(_) => dead(query),
        other => machine(NO_PROXY)(other),
    };
    check(no_store, "c2 start ", &[]);
    check(no_store, "c2 stop ", &[]);
}

#[test]
fn scripts_leave_out_an_empty_word_and_bash_counts_from_the_program() {
    let complete = |index, words: &[&str]| Complete {
        index,
        words: words.iter().map(|word| String::from(*word)).collect(),
        enriched: false,
    };
    assert_eq!(ask(machine(NO_PROXY), complete(2, &["c2", "stop"])), "app-2\n");
    assert_eq!(ask(no_question, complete(1, &["c2", "sto", "app"])), "stop\n");
    assert_eq!(ask(no_question, complete(usize::MAX, &["c2", "version"])), "");
    let commands = crate::request::help::COMMANDS.len();
    assert_eq!(ask(no_question, complete(0, &[])).lines().count(), commands);
    assert_eq!(ask(no_question, complete(1, &[])).lines().count(), commands);
}

#[test]
fn a_script_names_the_program_by_its_path_and_quotes_it_where_needed() {
    for (shell, ending) in [
        (Shell::Bash, "complete -F _complete_c2 c2\n"),
        (Shell::Zsh, "    compdef _complete_c2 c2\nfi\n"),
        (Shell::Fish, "complete --command c2 --no-files --arguments '(__complete_c2)'\n"),
    ] {
        let text = script(shell, "/opt/bin/c2");
        assert!(text.contains("(/opt/bin/c2 "), "{text}");
        assert!(text.ends_with(ending), "{text}");
        assert!(["@PATH@", "@NAME@", "@IDENTIFIER@"].iter().all(|hole| !text.contains(hole)), "{text}");
    }
    assert!(script(Shell::Bash, "/my apps/it's-2").contains(r"('/my apps/it'\''s-2' "));
    assert!(script(Shell::Bash, "/my apps/it's-2").ends_with("complete -F _complete_it_s_2 'it'\\''s-2'\n"));
    assert!(script(Shell::Fish, r"/my apps/it's\2").contains(r"('/my apps/it\'s\\2' "));
}
