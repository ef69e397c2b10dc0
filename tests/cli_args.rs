//! The command line as a person, a script and a shell meet it: exit codes, streams, completion in bash.

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
    check(&c2(&["help"]), 0, &c2_core::help::page(), "");
    check(&c2(&["start", "-h"]), 0, &c2_core::help::command("start").unwrap().usage(), "");
    check(&c2(&["show-default-nginx-config"]), 0, c2_core::nginx::DEFAULT_TEMPLATE, "");
}

#[test]
fn wrong_usage_goes_to_standard_error_and_exits_2() {
    check(&c2(&[]), 2, "", "c2: no command is given\nc2 help shows all commands\n");
    let expected = "c2: there is no command \"strat\", did you mean start?\nc2 help shows all commands\n";
    check(&c2(&["strat"]), 2, "", expected);
    let expected = "c2: disconnect: required positional arguments not provided: <endpoint>\n\
                    usage: c2 disconnect <endpoint>\nc2 help shows all commands\n";
    check(&c2(&["disconnect"]), 2, "", expected);
    let no_text = Command::new(C2).arg("start").arg(OsStr::from_bytes(b"a\xff")).output().unwrap();
    check(&no_text, 2, "", "c2: the argument \"a\\xFF\" is no UTF-8\nc2 help shows all commands\n");
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

/// What bash makes of a line with the cursor at `|`, with this answer of the program: what the program was asked, what
/// bash was told to fall back on, and the candidates.
fn complete(line: &str, answer: &str) -> (String, String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my c2");
    let own = folder.path().display();
    fs::write(&path, format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > '{own}/asked'\nprintf '%b' '{answer}'\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let script = c2(&["--bash-completion-script", path.to_str().unwrap()]);
    check(&script, 0, &String::from_utf8_lossy(&script.stdout), "");
    fs::write(folder.path().join("script"), &script.stdout).unwrap();
    // Bash cuts the line at blanks and at the characters of COMP_WORDBREAKS.
    let driver = r#"
        source "$1/script"
        compopt() { printf '%s ' "$@" > "$1/told" 2>/dev/null || printf '%s ' "$@" > "$TOLD"; }
        COMP_LINE=${2/|/} before=${2%%|*}
        COMP_POINT=${#before} COMP_CWORD=-1 COMP_WORDS=()
        rest=$COMP_LINE at=0
        while [[ -n $rest ]]; do
            if [[ $rest =~ ^[[:blank:]]+ ]]; then :
            elif [[ $rest =~ ^[=:@]+ ]] || [[ $rest =~ ^([^[:blank:]=:@\\]|\\.)+ ]]; then COMP_WORDS+=("${BASH_REMATCH[0]}"); fi
            [[ $BASH_REMATCH == [[:blank:]]* ]] || ((at >= COMP_POINT)) || COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            at=$((at + ${#BASH_REMATCH[0]})) rest=${rest:${#BASH_REMATCH[0]}}
        done
        current=${before##*[[:blank:]=:@]}
        if [[ $before == *[[:blank:]] ]]; then COMP_CWORD=$((COMP_CWORD + 1)) COMP_WORDS+=(""); fi
        "_complete_my_c2" "my c2" "$current" ""
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let told = folder.path().join("told");
    let arguments = ["-c", driver, "bash", folder.path().to_str().unwrap(), line];
    let output = Command::new("bash").args(arguments).env("TOLD", &told).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let asked = read("asked").replace("--bash-completion-", "").replace('\n', " ");
    let candidates = String::from_utf8(output.stdout).unwrap();
    let candidates = candidates.lines().filter(|line| !line.is_empty()).map(String::from).collect();
    (asked.trim_end().into(), read("told").trim_end().into(), candidates)
}

#[track_caller]
fn check_bash(line: &str, answer: &str, asked: &str, told: &str, candidates: &[&str]) {
    let expected = (asked.into(), told.into(), candidates.iter().map(|candidate| String::from(*candidate)).collect());
    assert_eq!(complete(line, answer), expected, "{line}");
}

#[test]
fn in_bash_the_candidates_are_those_of_the_program() {
    check_bash("c2 sta|", r"start\nstatus\n", "index 1 word c2 word sta", "", &["start", "status"]);
    check_bash("c2 |", r"start\n", "index 1 word c2 word", "", &["start"]);
    check_bash("c2 sto| app-1", r"stop\n", "index 1 word c2 word sto", "", &["stop"]);
    check_bash("c2 start xyz|", "", "index 2 word c2 word start word xyz", "", &[]);
}

#[test]
fn in_bash_a_path_is_left_to_bash() {
    let told = "-o bashdefault -o default";
    check_bash("c2 unpack a /op|", r"\n", "index 3 word c2 word unpack word a word /op", told, &[]);
}

#[test]
fn in_bash_what_stands_together_is_one_word_and_what_is_special_is_quoted() {
    check_bash("c2 stop app@1:|", r"app@1:2\n", "index 2 word c2 word stop word app@1:", "", &["2"]);
    check_bash("c2 stop app@1|", r"app@1:2\n", "index 2 word c2 word stop word app@1", "", &["1:2"]);
    check_bash("c2 start --lock-wait=5 a|", r"a\n", "index 3 word c2 word start word --lock-wait=5 word a", "", &["a"]);
    check_bash(r"c2 start my\ a|", r"my app.zip\n", "index 2 word c2 word start word my a", "", &[r"my\ app.zip"]);
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
