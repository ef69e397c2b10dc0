//! Every form of a command line, and what is said of those that are none.

use std::os::unix::ffi::OsStringExt;

use c2_core::config::{Percent, Positive};

use super::*;

pub(super) fn of(line: &[&str]) -> Result<Invocation, String> {
    asked(line).map(|(invocation, _)| invocation)
}

fn asked(line: &[&str]) -> Result<Asked, String> {
    invocation(line.iter().map(OsString::from).collect()).map_err(|error| error.to_string())
}

/// What the arguments, cut at blanks, ask for, with the configuration that they name.
fn with_config(line: &str) -> (Invocation, Option<String>) {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    asked(&arguments).expect(line)
}

/// The arguments, cut at blanks, ask for this.
#[track_caller]
fn check(line: &str, expected: Invocation) {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(of(&arguments), Ok(expected), "c2 {line}");
}

/// The arguments, cut at blanks, are refused; behind the message stands how the command is used.
#[track_caller]
fn check_wrong(line: &str, message: &str) {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let error = of(&arguments).expect_err(line);
    let lines: Vec<&str> = error.lines().collect();
    let usage = arguments.first().and_then(|name| help::command(name)).filter(|command| command.name != "help");
    let expected = match usage {
        Some(command) => vec![message.to_string(), command.usage_line(), "c2 help shows all commands".to_string()],
        None => vec![message.to_string(), "c2 help shows all commands".to_string()],
    };
    assert_eq!(lines, expected, "c2 {line}");
}

fn start(release: &str, as_deploy: Option<&str>, force: bool) -> Request {
    Request::Start { release: release.into(), as_deploy: as_deploy.map(Into::into), force, sha256: None }
}

fn with(request: Request, dry_run: bool, lock_wait_s: u32) -> Invocation {
    Invocation::Run { request, options: Options { dry_run, lock_wait_s, ..Options::DEFAULT } }
}

#[test]
fn every_command_is_what_its_words_say() {
    let (a, b) = (|| String::from("a"), || String::from("b"));
    check("list-releases", run(Request::ListReleases));
    check("show-log", run(Request::ShowLog));
    check("fetch-context", run(Request::FetchContext { retry: false }));
    check("fetch-context --retry", run(Request::FetchContext { retry: true }));
    check("unpack a b", run(Request::Unpack { release: a(), to: b() }));
    check("expand-template a b", run(Request::ExpandTemplate { template: a(), to: b() }));
    check("start a", run(start("a", None, false)));
    check("start a b", run(start("a", Some("b"), false)));
    check("start a --force", run(start("a", None, true)));
    check("stop a", run(Request::Stop { deploy: a(), force: false }));
    check("stop --force a", run(Request::Stop { deploy: a(), force: true }));
    check("status", run(Request::Status { show_slaves: false, json: false, table: false }));
    check("status --json-output --show-slaves", run(Request::Status { show_slaves: true, json: true, table: false }));
    check("connect a b", run(Request::Connect { endpoint: a(), deploy: b() }));
    check("disconnect a", run(Request::Disconnect { endpoint: a() }));
    let split = |percent| Request::Split { endpoint: a(), deploy: b(), percent: Percent::new(percent).unwrap() };
    check("split a b --percent 30", run(split(30)));
    check("split --percent=1 a b --dry-run", with(split(1), true, 60));
    check("maintenance a", run(Request::Maintain { endpoint: a(), message: None }));
    check("maintenance a --message=x", run(Request::Maintain { endpoint: a(), message: Some("x".into()) }));
    check("maintenance --off a --lock-wait 5", with(Request::EndMaintenance { endpoint: a() }, false, 5));
    check("restart-frontend-proxy", run(Request::RestartProxy));
    check("shutdown-frontend-proxy", run(Request::ShutdownProxy));
    check("disconnect a --dry-run --lock-wait 5", with(Request::Disconnect { endpoint: a() }, true, 5));
    check("check-config", run(Request::CheckConfig));
    check("demo", Invocation::Demo { folder: None });
    check("demo a", Invocation::Demo { folder: Some(a()) });
    let log_in = |registries: &[&str], print| {
        let registries = registries.iter().map(|registry| String::from(*registry)).collect();
        run(Request::DockerLogin(DockerLogin { registries, print }))
    };
    for (name, verb) in DockerCredential::VERBS {
        check(&format!("docker-credential {name}"), run(Request::DockerCredential(verb)));
    }
    let verbs = "<get|list|store|erase>";
    let missing = format!("c2: docker-credential: required positional arguments not provided: {verbs}");
    check_wrong("docker-credential", &missing);
    let near = "c2: docker-credential: docker asks no \"gat\" of a credential helper, did you mean get? (there are get, list, store, erase)";
    check_wrong("docker-credential gat", near);
    check("aws-docker-login-cmd", log_in(&[], false));
    check("aws-docker-login-cmd 123 456 --print", log_in(&["123", "456"], true));
    check("le-get-certs", run(Request::GetCerts));
    check("le-auth-hook", run(Request::ChallengeHook(ChallengeHook::Auth)));
    check("le-cleanup-hook", run(Request::ChallengeHook(ChallengeHook::Cleanup)));
    check("generate-ssl-certificate", run(Request::GenerateCertificate));
}

#[test]
fn the_commands_of_a_fleet_are_what_their_words_say() {
    let follow =
        |repeat| run(Request::SlaveUpdate { repeat_s: Positive::new(repeat), kept: None, misconfigured: None });
    check("slave-update", follow(0));
    check("slave-update --repeat=5", follow(5));
    check("slave-flush", run(Request::SlaveFlush));
    let share = |percent| Hundredths::new(percent).unwrap();
    check("rollout status", run(Request::RolloutStatus));
    check("rollout advance 50", run(Request::RolloutChange(RolloutVerb::Advance(share(50)))));
    check("rollout finish", run(Request::RolloutChange(RolloutVerb::Finish)));
    check("rollout abort", run(Request::RolloutChange(RolloutVerb::Abort)));
    let stages = vec![share(10), share(100)];
    let drive = |bake_s, max_failures, timeout_s| Request::RolloutRun {
        stages: stages.clone(),
        bake_s,
        max_failures,
        timeout_s,
    };
    check("rollout run --stages 10,100", run(drive(0, 0, 600)));
    check("rollout run --stages 10,100 --bake 5 --max-failures 2 --stage-timeout 9", run(drive(5, 2, 9)));
    for line in [
        "rollout",
        "rollout status 5",
        "rollout advance",
        "rollout advance 0",
        "rollout advance 101",
        "rollout finish --stages 5",
        "rollout run",
        "rollout run --stages 50,10",
        "rollout run --stages 0",
        "rollout halt",
        "slave-update --repeat 0",
        "start r.zip --rollout 0",
    ] {
        assert!(of(&line.split(' ').collect::<Vec<_>>()).is_err(), "{line}");
    }
    let shared = Options { rollout: Some(share(10)), unsafe_store: true, ..Options::DEFAULT };
    let request = Request::Disconnect { endpoint: "main".into() };
    check("disconnect main --rollout 10 --allow-unsafe-store", Invocation::Run { request, options: shared });
}

#[test]
fn what_a_rollout_does_not_take_is_named() {
    check_wrong("rollout foo", "c2: rollout: a rollout has no \"foo\" (there are status, advance, finish, abort, run)");
    check_wrong("rollout status --stages 10", "c2: rollout: status takes no --stages: that is for run");
    check_wrong("rollout finish --bake 1", "c2: rollout: finish takes no --bake: that is for run");
    check_wrong("rollout advance 50 --max-failures 1", "c2: rollout: advance takes no --max-failures: that is for run");
    check_wrong("rollout run 50", "c2: rollout: run takes no share (50): that is for advance");
    let of = |option: &str, what: &str| {
        format!("c2: rollout: error parsing option '{option}' with value '-1': it is not a whole number {what}")
    };
    let up_to = "from 0 to 4294967295";
    check_wrong("rollout run --stages 10 --bake -1", &of("--bake", &format!("of seconds {up_to}")));
    check_wrong("rollout run --stages 10 --stage-timeout -1", &of("--stage-timeout", &format!("of seconds {up_to}")));
    check_wrong("rollout run --stages 10 --max-failures -1", &of("--max-failures", up_to));
    check_wrong("rollout run --stages -1", &of("--stages", "from 1 to 100"));
}

#[test]
fn help_and_version_are_printed_from_everywhere() {
    let page = || Invocation::Print(help::page());
    for line in ["help", "--help", "-h", "--help start", "--version --help", "--help --unknown"] {
        check(line, page());
    }
    for line in ["version", "--version", "-V"] {
        check(line, Invocation::Print(concat!(env!("CARGO_PKG_VERSION"), "\n").into()));
    }
    for command in COMMANDS {
        let usage = || Invocation::Print(command.usage());
        for help in ["--help", "-h", "a b --help", "--help --unknown", "a b c d -h"] {
            check(&format!("{} {help}", command.name), usage());
        }
        check(&format!("help {}", command.name), usage());
    }
}

#[test]
fn what_needs_no_configuration_is_printed() {
    check("show-default-nginx-config", Invocation::Print(nginx::DEFAULT_TEMPLATE.into()));
    for (name, shell) in [("bash", Shell::Bash), ("zsh", Shell::Zsh), ("fish", Shell::Fish)] {
        let expected = || Invocation::Print(script(shell, "/opt/bin/c2"));
        check(&format!("--{name}-completion-script /opt/bin/c2"), expected());
        check(&format!("--{name}-completion-script=/opt/bin/c2"), expected());
    }
}

#[test]
fn options_stand_before_between_and_behind_words_with_their_value_in_either_form() {
    let request = || start("a", Some("b"), true);
    for line in [
        "start --force --dry-run --lock-wait 5 a b",
        "start a --force --lock-wait=5 b --dry-run",
        "start a b --lock-wait=5 --dry-run --force",
        "start --lock-wait 5 a --dry-run b --force --force",
        "start --lock-wait 5 --force --dry-run -- a b",
        "start --lock-wait 5 --force --dry-run a -- b",
        "start --lock-wait 5 --force --dry-run a b --",
    ] {
        check(line, with(request(), true, 5));
    }
    for line in ["fetch-context", "unpack a b", "expand-template a b", "stop a"] {
        let arguments: Vec<&str> = line.split(' ').chain(["--dry-run", "--lock-wait=0"]).collect();
        let Ok(Invocation::Run { options, .. }) = of(&arguments) else { panic!("{line}") };
        assert_eq!(options, Options { dry_run: true, lock_wait_s: 0, ..Options::DEFAULT }, "{line}");
    }
}

#[test]
fn a_word_is_taken_as_it_stands() {
    check("start help", run(start("help", None, false)));
    check("start help help", run(start("help", Some("help"), false)));
    check("start a=b version", run(start("a=b", Some("version"), false)));
    check("start -- --help", run(start("--help", None, false)));
    check("start -- -h --", run(start("-h", Some("--"), false)));
    check("stop -- -x", run(Request::Stop { deploy: "-x".into(), force: false }));
    assert_eq!(of(&["start", "my app.zip", ""]), Ok(run(start("my app.zip", Some(""), false))));
    assert_eq!(of(&["unpack", "a", "x\ny"]), Ok(run(Request::Unpack { release: "a".into(), to: "x\ny".into() })));
}

#[test]
fn an_unknown_command_or_option_is_refused_with_the_nearest_one() {
    check_wrong("", "c2: no command is given");
    check_wrong("strat a", "c2: there is no command \"strat\", did you mean start?");
    check_wrong("frobnicate", "c2: there is no command \"frobnicate\"");
    check_wrong("help strat", "c2: there is no command \"strat\", did you mean start?");
    check_wrong("START a", "c2: there is no command \"START\", did you mean start?");
    check_wrong("start a --forse", "c2: start: there is no option \"--forse\", did you mean --force?");
    check_wrong("start a --halp", "c2: start: there is no option \"--halp\", did you mean --help?");
    check_wrong("start a --retry", "c2: start: there is no option \"--retry\"");
    check_wrong("start a -f", "c2: start: there is no option \"-f\"");
    check_wrong("start a -V", "c2: start: there is no option \"-V\"");
    check_wrong("start -", "c2: start: there is no option \"-\"");
    check_wrong("list-releases --dry-run", "c2: list-releases: there is no option \"--dry-run\"");
    check_wrong("--verison", "c2: there is no option \"--verison\", did you mean --version?");
    check_wrong("--force start a", "c2: there is no option \"--force\": the options of a command stand behind it");
    check_wrong(
        "--lock-wait=5 start a",
        "c2: there is no option \"--lock-wait\": the options of a command stand behind it",
    );
    check_wrong("--", "c2: no command is given");
    check_wrong("-- version", "c2: unrecognized argument: version");
    check_wrong("--version start", "c2: unrecognized argument: start");
    let message = "c2: there is no command \"a\\u{1b}[2J\\n\"\nc2 help shows all commands";
    assert_eq!(of(&["a\u{1b}[2J\n"]), Err(message.into()));
    assert_eq!(of(&[""]), Err("c2: there is no command \"\"\nc2 help shows all commands".into()));
}

#[test]
fn a_word_or_value_too_few_or_too_many_is_refused_with_the_usage() {
    check_wrong("start", "c2: start: required positional arguments not provided: <release>");
    check_wrong("unpack", "c2: unpack: required positional arguments not provided: <release> <todir>");
    check_wrong("connect a", "c2: connect: required positional arguments not provided: <deploy>");
    check_wrong("start a b c", "c2: start: unrecognized argument: c");
    check_wrong("version a", "c2: version: unrecognized argument: a");
    check_wrong("le-get-certs a", "c2: le-get-certs: unrecognized argument: a");
    check_wrong("start a --force=yes", "c2: start: --force takes no value");
    check_wrong("start a --lock-wait", "c2: start: --lock-wait is given without its value: --lock-wait SECS");
    let number = "c2: start: error parsing option '--lock-wait' with value";
    for value in ["x", "-1", "", "1.5", "4294967296"] {
        let why = format!("{number} '{value}': it is not a whole number of seconds from 0 to 4294967295");
        check_wrong(&format!("start a --lock-wait={value}"), &why);
    }
    check_wrong("start a --lock-wait 1 --lock-wait 2", &format!("{number} '2': duplicate values provided"));
    check_wrong(
        "--zsh-completion-script",
        "c2: --zsh-completion-script is given without its value: --zsh-completion-script PATH",
    );
}

#[test]
fn a_share_is_demanded_and_in_bounds_and_a_message_is_none_of_an_end() {
    check_wrong("split a b", "c2: split: required options not provided: --percent");
    for percent in ["0", "100", "x", "", "1.5", "-1", "4294967296"] {
        let message = "it is not a whole number from 1 to 99";
        let message = format!("c2: split: error parsing option '--percent' with value '{percent}': {message}");
        check_wrong(&format!("split a b --percent={percent}"), &message);
    }
    for line in ["maintenance a --off --message x", "maintenance --message=x a --off"] {
        check_wrong(line, "c2: maintenance: --message and --off exclude each other");
    }
}

#[test]
fn called_by_the_name_of_dockers_helper_it_is_one() {
    let of = |line: &str| called(line.split(' ').map(OsString::from));
    for name in ["docker-credential-c2", "/usr/local/bin/docker-credential-c2"] {
        assert_eq!(of(&format!("{name} get")), ["docker-credential", "get"]);
        assert_eq!(of(name), ["docker-credential"]);
    }
    for name in ["c2", "/opt/bin/c2", "/docker-credential-c2/c2", "docker-credential-c2x"] {
        assert_eq!(of(&format!("{name} docker-credential get")), ["docker-credential", "get"]);
    }
    assert!(called(std::iter::empty()).is_empty());
}

#[test]
fn a_configuration_is_named_before_the_command_and_wherever_its_options_stand() {
    for (line, config) in [
        ("start a --force", None),
        ("start a --force --config c.json", Some("c.json")),
        ("start --config=c.json --force a", Some("c.json")),
        ("start --config s3://bkt/c.yaml a --force", Some("s3://bkt/c.yaml")),
        ("--config c.json start a --force", Some("c.json")),
        ("--config=c.json start --force a", Some("c.json")),
        ("--config --force start --force a", Some("--force")),
        ("start --force --config=a=b -- a", Some("a=b")),
    ] {
        assert_eq!(with_config(line), (run(start("a", None, true)), config.map(Into::into)), "{line}");
    }
    assert_eq!(with_config("check-config --config c"), (run(Request::CheckConfig), Some("c".into())));
    assert_eq!(with_config("start -- --config"), (run(start("--config", None, false)), None));
    check("--config c.json version", Invocation::Print(version()));
    check("--config c.json -V", Invocation::Print(version()));
    check("--config c.json --help", Invocation::Print(help::page()));
    check_wrong("--config", "c2: --config is given without its value: --config FILE");
    check_wrong("--config c.json", "c2: no command is given");
    check_wrong("--config= status", "c2: --config is given without its value: --config FILE");
    check_wrong("status --config", "c2: status: --config is given without its value: --config FILE");
    check_wrong("status --config=", "c2: status: --config is given without its value: --config FILE");
    check_wrong("status --config a --config b", "c2: status: --config is given twice");
    check_wrong("--config a --config=b status", "c2: --config is given twice");
    let twice = of(&["--config", "a", "status", "--config", "b"]).unwrap_err();
    assert!(twice.starts_with("c2: status: --config is given twice\n"), "{twice}");
    check_wrong("--configs a status", "c2: there is no option \"--configs\", did you mean --config?");
    check_wrong("status --confg a", "c2: status: there is no option \"--confg\", did you mean --config?");
    // These go by no configuration of c2: named behind them, it would be taken for one of theirs.
    for line in ["version", "demo", "le-get-certs", "aws-docker-login-cmd"] {
        check_wrong(&format!("{line} --config c"), &format!("c2: {line}: there is no option \"--config\""));
    }
}

#[test]
fn a_line_that_is_completed_goes_by_the_configuration_that_is_typed_in_it() {
    for (words, index, config) in [
        ("c2 --config c.json start x", 4, Some("c.json")),
        ("c2 --config=c.json start x", 3, Some("c.json")),
        ("c2 --config = c.json start x", 5, Some("c.json")),
        ("c2 start --config s3://b/c.json x", 4, Some("s3://b/c.json")),
        ("c2 start x", 2, None),
        ("c2 start --config x", 3, None),
        ("c2 start --configs x", 3, None),
        ("c2 start -- --config x", 4, None),
    ] {
        let index = index.to_string();
        let words = words.split(' ').flat_map(|word| ["--bash-completion-word", word]);
        let arguments: Vec<&str> = ["--bash-completion-index", &index].into_iter().chain(words).collect();
        assert_eq!(asked(&arguments).unwrap().1.as_deref(), config, "{arguments:?}");
    }
}

#[test]
fn an_argument_that_is_no_text_is_refused() {
    let arguments = |first: &str| vec![OsString::from(first), OsString::from_vec(vec![b'a', 0xff])];
    let expected = "c2: the argument \"a\\xFF\" is not UTF-8\nc2 help shows all commands";
    assert_eq!(invocation(arguments("start")).map_err(|error| error.to_string()), Err(expected.into()));
}

#[test]
fn the_question_of_a_completion_script_is_taken_in_any_form_and_never_refused() {
    let words = |index, words: &[&str], enriched| {
        let words = words.iter().map(|word| String::from(*word)).collect();
        run(Request::Completion(Complete { index, words, enriched }))
    };
    let word = "--bash-completion-word";
    check(&format!("--bash-completion-index 1 {word} c2 {word} sta"), words(1, &["c2", "sta"], false));
    check(&format!("{word} c2 {word} --help --bash-completion-index=1"), words(1, &["c2", "--help"], false));
    check(&format!("--bash-completion-enriched --bash-completion-index 0 {word}=c2"), words(0, &["c2"], true));
    check(
        "--bash-completion-enriched --bash-completion-option-desc-length 40 --bash-completion-command-desc-length=9 \
         --bash-completion-index 1",
        words(1, &[], true),
    );
    assert_eq!(
        of(&["--bash-completion-index", "2", word, "c2", word, "--", word, ""]),
        Ok(words(2, &["c2", "--", ""], false))
    );
    let nothing = || Invocation::Print(String::new());
    check("--bash-completion-index", nothing());
    check("--bash-completion-index x", nothing());
    check("--bash-completion-index -1", nothing());
    check(&format!("--bash-completion-index 1 {word}"), nothing());
    check("--bash-completion-index 1 --future-option", nothing());
    let bytes = vec![OsString::from("--bash-completion-index"), OsString::from_vec(vec![0xff])];
    assert_eq!(invocation(bytes), Ok((nothing(), None)));
}
