"""Cases: no secret of a config source shows up anywhere but in the context cache and in what is filled from it.

Each run is a scenario, as with credentials.
"""

import base64
import json
import pathlib
import signal
import stat

from machine import cases_of, contains, equal, pack, release_files, until
from sentinels import TALLY, WatchedMachine
from stand_in import StandIn, quoting
from store import Store

# An engine that runs nothing and starts nothing.
DOCKER = """#!/bin/sh
case "$*" in *up*) exit 1 ;; esac
"""

PASSWORD = "password = {{{db.password}}}\n"


def a_secret_goes_to_the_cache_and_what_is_filled_from_it(_):
    for field, encode in {"SecretString": str, "SecretBinary": to_base64}.items():
        with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
            machine.has_keys()
            password = machine.new("password")
            aws.secrets["db"] = {field: encode(json.dumps({"password": password, "user": {"name": "x"}}))}
            machine.deploys_from(aws, {"db": {"awsSecretArn": "db"}}, template=PASSWORD)
            machine.kept.append("deploys/app/app.conf")
            machine.run("start", "app.zip", "--dry-run")
            machine.run("start", "app.zip")
            contains((machine.deploys / "app" / "app.conf").read_text(), password)
            for spoiled in (password, f'{{"a": "{password}"', f'{{"a": {password}}}', f'["{password}"'):
                aws.secrets["db"] = {field: encode(spoiled)}
                machine.run("fetch-context", exit_code=1)
            aws.secrets["db"] = {"SecretBinary": password}
            machine.run("fetch-context", exit_code=1)
            aws.secrets["db"] = {"Secret": password}
            machine.run("fetch-context", exit_code=1)
            aws.fault = quoting(400, "AccessDeniedException", *machine.environment.values())
            machine.run("fetch-context", exit_code=1)


def a_config_source_by_file_or_from_s3_stays_in_the_cache(_):
    with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
        machine.has_keys()
        password = machine.new("password")
        source = json.dumps({"password": password})
        aws.objects["/bucket/db.json"] = source.encode()
        for at in ({"s3": "s3://bucket/db.json"}, {"file": str(machine.given("db.json", source))}):
            machine.deploys_from(aws, {"db": at}, template=PASSWORD)
            machine.run("fetch-context")
        for spoiled in (password, f'{{"a": "{password}"', f'{{"a": "{password}", }}', f'{{"{password}"}}'):
            machine.given("db.json", spoiled)
            machine.run("fetch-context", exit_code=1)
            machine.run("start", "app.zip", exit_code=1)


def a_config_source_of_a_release_stays_in_its_folder(_):
    with WatchedMachine("http://127.0.0.1:9") as machine:
        password = machine.new("password")
        machine.configure()
        options = {"templates": ["app.conf.tpl"], "configSources": {"own": "own.json"}}
        files = {**release_files("app", **options), "app.conf.tpl": "{{{own.password}}}"}
        machine.kept += ["releases/app.zip", "deploys/app/own.json", "deploys/app/app.conf"]
        pack(machine.root / "releases" / "app.zip", {**files, "own.json": json.dumps({"password": password})})
        machine.run("start", "app.zip", "--dry-run")
        machine.run("start", "app.zip")
        equal((machine.deploys / "app" / "app.conf").read_text(), password)
        for spoiled in (password, f'{{"password": "{password}"', f'{{"passwort": "{password}"}}'):
            pack(machine.root / "releases" / "app.zip", {**files, "own.json": spoiled})
            machine.run("start", "app.zip", exit_code=1)
            machine.run("unpack", "app.zip", machine.root / "out", exit_code=1)


def a_template_that_fails_beside_a_secret_does_not_quote_it(_):
    with WatchedMachine("http://127.0.0.1:9") as machine:
        password = machine.new("password")
        values = {"password": password, "list": [password], "object": {"a": password}}
        machine.configure(configSources={"db": {"file": str(machine.given("db.json", json.dumps(values)))}})
        machine.run("fetch-context")
        for number, template in enumerate(
            (
                "{{db.password}} {{db.passwort}}",
                "{{db.password.inner}}",
                "{{db.list}}",
                "{{#db.list}}{{absent}}{{/db.list}}",
                "{{db.object}}",
                f"{password} {{{{db.password",
                f"{password} {{{{#db}}}} {password}",
                f"{{{{> {{{{db.password}}}}}}}} {password}",
            )
        ):
            machine.run("expand-template", machine.given(f"{number}.tpl", template), machine.root / "out", exit_code=1)
            files = {**release_files("app", templates=["app.conf.tpl"]), "app.conf.tpl": template}
            pack(machine.root / "releases" / f"{number}.zip", files)
            machine.run("start", f"{number}.zip", exit_code=1)
        machine.kept.append("out")
        machine.run("expand-template", machine.given("good.tpl", "{{{db.password}}}"), machine.root / "out")
        equal((machine.root / "out").read_text(), password)


def a_command_filled_with_a_secret_is_shown_by_nobody_but_its_shell(_):
    with WatchedMachine("http://127.0.0.1:9") as machine:
        with_secret_commands(machine)
        meant = ["line"]
        machine.kept.append("deploys/*/release.json")
        machine.run("start", "good.zip", "--dry-run")
        machine.run("start", "good.zip", meant=meant)
        machine.run("status", "--json-output")
        machine.run("start", "bad.zip", exit_code=1, meant=meant)
        equal(machine.current(), "good")
        machine.run("start", "unknown.zip", exit_code=1, meant=meant)
        machine.run("stop", "good", meant=meant)
        machine.run("show-log")


def a_run_that_is_ended_leaves_a_secret_in_nothing_but_the_folder_to_be(_):
    for how, exit_code in {signal.SIGTERM: 143, signal.SIGKILL: -9, signal.SIGINT: 130}.items():
        for umask in (0o000, 0o077):
            with WatchedMachine("http://127.0.0.1:9", umask) as machine:
                with_secret_commands(machine)
                machine.kept.append("deploys/*/release.json")
                machine.kept.append("deploys/.c2/candidates/*/release.json")
                machine.run("start", "good.zip", meant=["line"])

                def end(process):
                    until(lambda: "begun" in machine.happened(), "the start command runs")
                    process.send_signal(how)
                    process.wait(timeout=30)
                    machine.hold.unlink()

                machine.run("start", "slow.zip", meanwhile=end, exit_code=exit_code, meant=["line"])
                modes_are_private(machine)
                machine.run("start", "good.zip", meant=["line"])
                equal(machine.current(), "good")


def a_run_that_is_ended_while_it_fetches_leaves_a_secret_nowhere(_):
    for how in (signal.SIGTERM, signal.SIGKILL):
        with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
            machine.has_keys()
            aws.secrets["db"] = {"SecretString": json.dumps({"password": machine.new("password")})}
            sources = {"db": {"awsSecretArn": "db"}, "site": {"s3": "s3://bucket/site.json"}}
            machine.deploys_from(aws, sources, PASSWORD)
            machine.kept.clear()
            # The object does not come before c2 is gone.
            machine.hold.touch()

            def fault(request):
                if request.command == "GET":
                    until(lambda: not machine.hold.exists(), "c2 is gone")

            aws.fault = fault

            def end(process):
                until(lambda: len(aws.requests) >= 2, "both are asked for")
                process.send_signal(how)
                process.wait(timeout=30)
                machine.hold.unlink()

            machine.run("fetch-context", meanwhile=end, exit_code=-how)


def what_a_slave_reports_holds_no_secret(cloud):
    place = Store(cloud.endpoint).place()
    for umask in (0o000, 0o077):
        with WatchedMachine(cloud.endpoint, umask, S3_ENDPOINT=cloud.endpoint) as machine:
            machine.has_keys()
            proxy = {"endPoints": {"main": {"serverNames": ["a.example.com"], "etype": "httpOnly"}}}
            proxy.update(slaveLabel={"label": "one"}, remoteStateS3=place.url("fleet"))
            with_secret_commands(machine)
            for archive in (machine.root / "releases").iterdir():
                place.put(f"releases/{archive.name}", archive.read_bytes())
            machine.configure(releases={"s3": place.url("releases")}, deployMode={"proxy": proxy})
            machine.program("docker", DOCKER)
            machine.kept.append("deploys/*/release.json")
            machine.run("start", "bad.zip")
            machine.run("slave-update", exit_code=1, meant=["line"])
            report = place.get("fleet/slaves/one/state.json")
            contains(report.decode(), "start command in", "c2 show-log")
            equal(machine.sentinels.found(report), set())
            machine.run("status", "--show-slaves", "--json-output")
            modes_are_private(machine)
            folder = machine.deploys / "frontend-proxy"
            # Where nothing is connected and nothing runs there need not be one.
            if folder.exists():
                found = {oct(mode(path)) for path in folder.iterdir()}
                equal((oct(mode(folder)), found), ("0o755", {"0o644"}))


def modes_hold_whatever_the_umask(_):
    for umask in (0o000, 0o077):
        with WatchedMachine("http://127.0.0.1:9", umask) as machine:
            with_secret_commands(machine)
            machine.kept.append("deploys/*/release.json")
            machine.run("fetch-context")
            machine.run("start", "good.zip", meant=["line"])
            modes_are_private(machine)
            folder = machine.deploys / "good"
            found = {path.name: oct(mode(path)) for path in [folder, *folder.iterdir()]}
            del found[".c2-id"]
            files = dict.fromkeys(["name.txt", "release.json", "release.json.tpl"], "0o644")
            equal(found, {"good": "0o755", "run.sh": "0o755", **files, "release.json": "0o600"})


def the_finder_finds_what_is_planted(_):
    with WatchedMachine("http://127.0.0.1:9") as machine:
        planted = machine.new("planted")
        command = f"echo {planted}; echo {to_base64('x' + planted[5:])} > left; X={planted[3:20]} sh -c :"
        pack(machine.root / "releases" / "app.zip", release_files("app", startCommand=command))
        machine.configure()
        machine.run("start", "app.zip")
        places = {hit.partition(" is in ")[2] for hit in machine.hits}
        files = {"file deploys/app/release.json", "file deploys/app/left"}
        equal(places, {"stdout", "log", "line", "environment", *files})
        TALLY["hits"] -= len(machine.hits)
        machine.hits.clear()


def with_secret_commands(machine):
    """Releases whose commands are filled with a secret: one good, one bad, one slow, one whose command is none."""
    values = json.dumps({"password": machine.new("password")})
    machine.configure(configSources={"db": {"file": str(machine.given("db.json", values))}})
    machine.hold.touch()
    for name, start in {
        "good": "true '{{{db.password}}}'",
        "bad": "false '{{{db.password}}}'",
        "slow": "echo begun >> $EVENTS; while [ -e ../../hold ]; do sleep 0.05; done; true '{{{db.password}}}'",
        "unknown": "no-such-program {{{db.password}}}",
    }.items():
        stop = ": '{{{db.password}}}'"
        config = {"prestartCommand": stop, "startCommand": start, "stopCommand": stop}
        files = release_files(name, templates=["release.json.tpl"])
        template = json.dumps({**json.loads(files["release.json"]), **config})
        pack(machine.root / "releases" / f"{name}.zip", {**files, "release.json.tpl": template, "run.sh": "true"})


def modes_are_private(machine):
    """The context cache and what is c2's own are its user's alone."""
    equal({path.name: oct(mode(path)) for path in machine.cache.iterdir()}, {"db.json": "0o600"})
    own = machine.deploys / ".c2"
    equal((oct(mode(machine.cache)), oct(mode(own))), ("0o700", "0o700"))
    for path in own.rglob("*"):
        inside = pathlib.PurePath(path.relative_to(own)).parts
        if path.is_file() and inside[0] != "candidates":
            equal((str(path), oct(mode(path))), (str(path), "0o600"))


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def to_base64(text):
    return base64.b64encode(text.encode()).decode()


HELPERS = (with_secret_commands, modes_are_private, mode, to_base64)
CASES = [case for case in cases_of(__name__) if case not in HELPERS]
