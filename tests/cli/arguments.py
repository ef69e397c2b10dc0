"""Cases: what c2 takes on the command line, where it finds its config, and what it says to mistakes."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from machine import C2, Machine, cases_of, contains, contains_none, equal, pack, release_files

COMMANDS = (
    "help version list-releases show-log fetch-context unpack expand-template start stop status show-default-nginx-config check-config demo"
).split()
HELP_FORMS = (["help"], ["--help"], ["-h"], ["start", "--help"], ["start", "-h"], ["unpack", "-h"])


def bare(*words, exit_code=0, stdout=subprocess.PIPE, environment=None):
    """Runs c2 without any configuration; returns its stdout and stderr."""
    environment = {"PATH": os.environ["PATH"], **(environment or {})}
    done = subprocess.run(
        [C2, *words],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        timeout=60,
    )
    contains_none(done.stderr, "panicked")
    if done.returncode != exit_code:
        raise AssertionError(
            f"c2 {' '.join(words)} ended with {done.returncode}, not {exit_code}\n{done.stdout}{done.stderr}"
        )
    return done.stdout, done.stderr


def version_prints_the_bare_number():
    for words in (["version"], ["--version"], ["-V"]):
        stdout, stderr = bare(*words)
        equal((bool(re.fullmatch(r"\d+\.\d+\.\d+\n", stdout)), stderr), (True, ""))


def help_goes_to_stdout_in_every_form():
    for words in HELP_FORMS:
        stdout, stderr = bare(*words)
        equal((stdout.strip() != "", stderr), (True, ""))


def the_help_page_names_every_command():
    equal([command for command in COMMANDS if command not in bare("help")[0]], [])
    equal(bare("help")[0], bare("--help")[0])


def a_usage_error_exits_with_2_and_says_why_on_stderr():
    for words, named in (
        (["strat"], "strat"),
        (["start"], "release"),
        (["start", "a", "b", "c"], "c"),
        (["list-releases", "--sideways"], "--sideways"),
    ):
        stdout, stderr = bare(*words, exit_code=2)
        equal(stdout, "")
        contains(stderr, named)


def commands_that_need_no_config_work_without_one():
    contains(bare("show-default-nginx-config")[0], "server")
    for shell in ("bash", "zsh", "fish"):
        contains(bare(f"--{shell}-completion-script", "/opt/bin/c2")[0], "/opt/bin/c2")


def scripts_in_old_images_are_answered_with_candidates():
    stdout, _ = bare("--bash-completion-index", "1", "--bash-completion-word", "c2", "--bash-completion-word", "sta")
    equal(sorted(line for line in stdout.splitlines() if line), ["start", "status"])


def releases_are_completed_from_the_config():
    with Machine(None) as machine:
        pack(machine.root / "releases" / "app-1.zip", release_files("one"))
        words = ["--bash-completion-index", "2"]
        for word in ("c2", "start", "ap"):
            words += ["--bash-completion-word", word]
        equal(machine.run(*words)[0], "app-1.zip\n")


def without_a_config_every_path_tried_is_listed():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(os.path.realpath(folder))
        binary = copy_binary(root)
        done = subprocess.run([binary, "list-releases"], env={}, capture_output=True, text=True)
        equal(done.returncode, 1)
        contains(done.stderr, "CAMUS2_CONFIG", "etc/camus2.json", "etc/camus2.yaml")


def the_config_is_found_beside_the_binary_and_through_a_link():
    with Machine(None) as machine:
        pack(machine.root / "releases" / "app-1.zip", release_files("one"))
        (machine.root / "etc").mkdir()
        (machine.root / "camus2.json").rename(machine.root / "etc" / "camus2.json")
        binary = copy_binary(machine.root)
        link = machine.root / "link-to-c2"
        link.symlink_to(binary)
        for path in (binary, link):
            done = subprocess.run([path, "list-releases"], env={}, capture_output=True, text=True, cwd="/")
            equal((done.stdout, done.returncode), ("app-1.zip\n", 0))


def the_option_names_the_config_whatever_the_environment_names():
    with Machine(None) as machine:
        pack(machine.root / "releases" / "app-1.zip", release_files("one"))
        (machine.root / "camus2.json").rename(machine.root / "mine.json")
        for environment in ({}, {"CAMUS2_CONFIG": "/nowhere/camus2.json"}, {"CAMUS2_CONFIG": None}):
            for words in (["list-releases", "--config", "mine.json"], ["--config=mine.json", "list-releases"]):
                equal(machine.run(*words, environment=environment), ("app-1.zip\n", ""))
        words = [word for typed in ("c2", "--config", "mine.json", "start", "ap") for word in ("--bash-completion-word", typed)]
        equal(machine.run("--bash-completion-index", "4", *words)[0], "app-1.zip\n")
        _, stderr = machine.run("list-releases", "--config", "other.json", exit_code=1)
        contains(stderr, f"none of these exists: {machine.root}/other.json", "--config")


def what_a_release_calls_goes_by_the_config_of_the_option_too():
    with Machine(None) as machine:
        command = f"{C2} expand-template name.txt {machine.root}/made.txt"
        pack(machine.root / "releases" / "app-1.zip", release_files("one", prestartCommand=command))
        (machine.root / "camus2.json").rename(machine.root / "mine.json")
        machine.run("start", "app-1.zip", "--config", "mine.json")
        equal((machine.root / "made.txt").read_text(), "one")


def a_config_of_another_syntax_is_refused_by_its_extension():
    with Machine(None) as machine:
        (machine.root / "camus2.toml").write_text("")
        environment = {"CAMUS2_CONFIG": str(machine.root / "camus2.toml")}
        contains(machine.run("list-releases", exit_code=1, environment=environment)[1], "camus2.toml", ".json", ".yaml")


def all_errors_of_a_config_are_reported_at_once_with_their_lines():
    with Machine(None) as machine:
        (machine.root / "camus2.json").write_text(
            '{\n  "deploysDir": 7,\n  "logFile": [],\n  "deployMode": "sideways"\n}\n'
        )
        for command in ("check-config", "list-releases"):
            stdout, stderr = machine.run(command, exit_code=1)
            contains(
                stdout + stderr, "camus2.json", "deploysDir", "logFile", "deployMode", "releases", "2:", "3:", "4:"
            )


def an_unknown_field_is_a_warning_and_fails_only_check_config():
    with Machine(None, releaseLimit={"maxEntries": 3}) as machine:
        contains(machine.run("list-releases")[1], "releaseLimit", "releaseLimits")
        stdout, stderr = machine.run("check-config", exit_code=1)
        contains(stdout + stderr, "releaseLimit", "releaseLimits")


def a_good_config_passes_its_check():
    with Machine(None) as machine:
        machine.run("check-config")


def advice_is_a_note_and_does_not_fail_the_check():
    with Machine(None) as machine:
        (machine.root / "releases").rmdir()
        stdout, stderr = machine.run("check-config")
        equal(stdout, "the configuration is fine\n")
        equal(stderr, f"note: releases.localdir: {machine.root}/releases is not there yet\n")


def a_path_that_cannot_be_a_folder_fails_only_the_check():
    with Machine(None) as machine:
        (machine.root / "etc-file").write_text("")
        machine.config["deploysDir"] = f"{machine.root}/etc-file/deploys"
        machine.write_config()
        contains(machine.run("check-config", exit_code=1)[0], f"lies below the file {machine.root}/etc-file")
        machine.run("list-releases")


def a_release_name_with_direction_marks_is_shown_escaped_and_refused_as_a_new_one():
    with Machine(None) as machine:
        name = "app-\u202egpj.zip"
        pack(machine.root / "releases" / name, release_files("one"))
        equal(machine.run("list-releases")[0], "app-\\u{202e}gpj.zip\n")
        _, stderr = machine.run("start", name, exit_code=1)
        contains(stderr, "c2: start a release: found ", "app-\\u{202e}gpj.zip")
        contains_none(stderr, "\u202e")


def options_are_taken_in_every_form_and_place():
    with Machine(None) as machine:
        pack(machine.root / "releases" / "app-1.zip", release_files("one"))
        for words in (
            ["--lock-wait=3", "app-1.zip"],
            ["--lock-wait", "3", "app-1.zip"],
            ["app-1.zip", "--lock-wait=3"],
            ["app-1.zip", "--lock-wait", "3"],
        ):
            machine.run("start", *words, "--dry-run")


def a_release_may_be_called_help():
    with Machine(None) as machine:
        contains(machine.run("start", "help", exit_code=1)[1], "help")
        pack(machine.root / "releases" / "help", release_files("one"))
        machine.run("start", "help")
        equal(machine.current(), "help")


def a_full_or_closed_stdout_is_an_error_and_no_panic():
    with open("/dev/full", "w") as full:
        _, stderr = bare("help", exit_code=1, stdout=full)
        contains(stderr, "c2: ")
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        process = subprocess.run([C2, "help"], stdout=closed, stderr=subprocess.PIPE, text=True, timeout=60)
    contains_none(process.stderr, "panicked")


def status_without_a_proxy_names_the_current_release():
    with Machine(None) as machine:
        pack(machine.root / "releases" / "app-1.zip", release_files("one"))
        machine.run("status")
        machine.run("start", "app-1.zip")
        contains(machine.run("status")[0], "app-1")
        contains(json.dumps(json.loads(machine.run("status", "--json-output")[0])), "app-1")


def a_demo_shows_the_whole_way_by_itself():
    with tempfile.TemporaryDirectory() as folder:
        stdout, stderr = bare("demo", str(pathlib.Path(folder, "shown")), environment={"HOME": folder})
        contains(stdout + stderr, "list-releases", "start", "status", "show-log", "stop")
    bare("demo")


def copy_binary(root):
    (root / "bin").mkdir()
    return shutil.copy(C2, root / "bin" / "c2")


CASES = [case for case in cases_of(__name__) if not case.__code__.co_argcount and case is not bare]
