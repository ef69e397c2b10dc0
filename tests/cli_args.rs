//! The command line as a person, a script and a shell meet it: exit codes, streams, completion in bash.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::{
    ffi::OsStr,
    fs::{self, OpenOptions},
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    process::{Command, Output, Stdio},
};

const C2: &str = env!("CARGO_BIN_EXE_c2");

fn c2(arguments: &[&str]) -> Output {
    Command::new(C2).args(arguments).env_clear().output().unwrap()
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(String::from_utf8_lossy(&output.stderr), stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), stdout);
    assert_eq!(output.status.code(), Some(code));
}

#[test]
fn what_was_asked_for_goes_to_standard_output() {
    check(&c2(&["version"]), 0, concat!(env!("CARGO_PKG_VERSION"), "\n"), "");
    check(&c2(&["help"]), 0, &c2_core::request::help::page(), "");
    check(&c2(&["start", "-h"]), 0, &c2_core::request::help::command("start").unwrap().usage(), "");
    check(&c2(&["show-default-nginx-config"]), 0, c2_core::nginx::DEFAULT_TEMPLATE, "");
}

#[test]
fn wrong_usage_goes_to_standard_error_and_exits_2() {
    check(&c2(&[]), 2, "", "c2: no command is given\n  c2 help shows all commands\n");
    let expected = "c2: there is no command \"strat\", did you mean start?\n  c2 help shows all commands\n";
    check(&c2(&["strat"]), 2, "", expected);
    let expected = "c2: disconnect: required positional arguments not provided: <endpoint>\n\x20 \
                    usage: c2 disconnect <endpoint> [--rollout PERCENT] [--allow-unsafe-store] [--dry-run] [--lock-wait SECS]\n  c2 help shows all commands\n";
    check(&c2(&["disconnect"]), 2, "", expected);
    let no_text = Command::new(C2).arg("start").arg(OsStr::from_bytes(b"a\xff")).output().unwrap();
    check(&no_text, 2, "", "c2: the argument \"a\\xFF\" is not UTF-8\n  c2 help shows all commands\n");
}

#[test]
fn an_output_that_takes_nothing_is_no_crash() {
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(C2).arg("help").stdout(full()).output().unwrap();
    check(&output, 1, "", "c2: write to standard output: No space left on device (os error 28)\n");
    let status = Command::new(C2).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(2));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(C2).arg("help").stdout(writer).output().unwrap();
    check(&output, 0, "", "");
}

/// Bash's side of a completion: the line up to the cursor, the words that bash cuts it into, the text it replaces.
struct Asked<'a> {
    line: &'a str,
    words: &'a [&'a str],
    replaced: &'a str,
}

/// With this answer of the program: what it is asked, what bash is told to fall back on, and the candidates.
#[track_caller]
fn check_bash(asked: &Asked<'_>, answer: &str, question: &str, fallback: &str, candidates: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my c2");
    let answering = format!("#!/bin/sh\nprintf '<%s>' \"$@\" > \"${{0%/*}}/question\"\nprintf '{answer}'\n");
    fs::write(&path, answering).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let script = c2(&["--bash-completion-script", path.to_str().unwrap()]);
    fs::write(folder.path().join("script"), &script.stdout).unwrap();
    let driver = r#"
        compopt() { echo "$*" > fallback; }
        source ./script
        COMP_LINE=$1 COMP_POINT=${#1} replaced=$2
        shift 2
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _complete_my_c2 "$1" "$replaced"
        [[ ${#COMPREPLY[@]} == 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let arguments = ["-c", driver, "bash", asked.line, asked.replaced];
    let output = Command::new("bash").args(arguments).args(asked.words).current_dir(&folder).output().unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    check(&output, 0, &candidates.iter().map(|candidate| format!("{candidate}\n")).collect::<String>(), "");
    assert_eq!(read("question").replace("><", " "), question);
    assert_eq!(read("fallback").trim_end(), fallback);
}

#[test]
fn in_bash_the_candidates_are_those_of_the_program() {
    let start = "start\nstatus\n";
    let asked = Asked { line: "c2 sta", words: &["c2", "sta"], replaced: "sta" };
    let question = "<--bash-completion-index 1 --bash-completion-word c2 --bash-completion-word sta>";
    check_bash(&asked, start, question, "", &["start", "status"]);
    let asked = Asked { line: "c2  ", words: &["c2", ""], replaced: "" };
    let question = "<--bash-completion-index 1 --bash-completion-word c2 --bash-completion-word >";
    check_bash(&asked, start, question, "", &["start", "status"]);
    let asked = Asked { line: "c2 xyz", words: &["c2", "xyz"], replaced: "xyz" };
    let question = "<--bash-completion-index 1 --bash-completion-word c2 --bash-completion-word xyz>";
    check_bash(&asked, "", question, "", &[]);
}

#[test]
fn in_bash_the_word_ends_at_the_cursor() {
    let asked = Asked { line: "c2 sto", words: &["c2", "stopped"], replaced: "sto" };
    let question = "<--bash-completion-index 1 --bash-completion-word c2 --bash-completion-word sto>";
    check_bash(&asked, "stop\n", question, "", &["stop"]);
}

#[test]
fn in_bash_a_path_is_left_to_bash() {
    let asked = Asked { line: "c2 demo /op", words: &["c2", "demo", "/op"], replaced: "/op" };
    let question = "<--bash-completion-index 2 --bash-completion-word c2 --bash-completion-word demo \
                    --bash-completion-word /op>";
    check_bash(&asked, "\n", question, "-o bashdefault -o default", &[]);
}

#[test]
fn in_bash_what_stands_together_is_one_word() {
    let question = |last: &str| {
        format!(
            "<--bash-completion-index 2 --bash-completion-word c2 --bash-completion-word stop --bash-completion-word {last}>"
        )
    };
    let asked = Asked { line: "c2 stop app@1", words: &["c2", "stop", "app", "@", "1"], replaced: "@1" };
    check_bash(&asked, "app@1=2\n", &question("app@1"), "", &["@1=2"]);
    let asked = Asked { line: "c2 stop app=", words: &["c2", "stop", "app", "="], replaced: "" };
    check_bash(&asked, "app=1\napp=2\n", &question("app="), "", &["1", "2"]);
}

#[test]
fn in_bash_what_is_special_is_quoted() {
    let question = "<--bash-completion-index 2 --bash-completion-word c2 --bash-completion-word stop \
                    --bash-completion-word my a>";
    let asked = Asked { line: r"c2 stop my\ a", words: &["c2", "stop", r"my\ a"], replaced: r"my\ a" };
    check_bash(&asked, "my app\n", question, "", &[r"my\ app"]);
    let asked = Asked { line: r#"c2 stop "my a"#, words: &["c2", "stop", "\"my a"], replaced: "my a" };
    check_bash(&asked, "my app\n", question, "", &["my app"]);
}

#[test]
fn the_scripts_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    for path in ["/opt/bin/c2", "c2", "/a b/it's", ""] {
        let output = c2(&["--bash-completion-script", path]);
        fs::write(&script, &output.stdout).unwrap();
        let bash = Command::new("bash").arg("-n").arg(&script).stdin(Stdio::null()).output().unwrap();
        check(&bash, 0, "", "");
    }
}
