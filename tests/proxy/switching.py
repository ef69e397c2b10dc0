"""Proxy mode on a real docker engine: deploys in containers behind a real nginx on port 80 of this machine.

Needs the variable C2 and Compose as docker's plugin. Everything that is started is removed.
"""

import json
import os
import pathlib
import shutil
import socket
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import images
from host import FIRST_PORT, MAIN, OTHER, Host, answers, docker, proxy_id
from load import Load, ask
from machine import cases_of, contains, equal, finish, run_cases


def start_runs_deploys_side_by_side_and_again_touches_nothing():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("start", "r2.zip", "b")
        before = docker("ps", "-q")
        _, stderr = machine.run("start", "r1.zip", "a")
        contains(stderr, "runs already on port 18000")
        equal(docker("ps", "-q"), before)
        expected = (
            "---------------------MASTER-------------------------------------------\nEndpoints:\n"
            "  main: (main.example.com:80) -> (not connected)\n  other: (other.example.com:80) -> (not connected)\n"
            "\nDeploys:\n  a (r1.zip): (localhost:18000)\n  b (r2.zip): (localhost:18001)\n"
        )
        equal(machine.run("status")[0], expected)
        machine.run("stop", "a")
        machine.run("stop", "b")
        equal(docker("ps", "-q"), "")
        equal(json.loads(machine.run("status", "--json-output")[0]), {"master": {"connections": {}, "deploys": {}}})


def a_port_that_somebody_listens_on_is_skipped():
    with Host() as machine, socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", FIRST_PORT))
        taken.listen()
        _, stderr = machine.run("start", "r1.zip", "a")
        contains(stderr, f"on port {FIRST_PORT + 1}")


def connect_switches_under_load_without_a_failed_request():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("start", "r2.zip", "b")
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))
        equal(ask(OTHER)[0], 503)
        container = proxy_id()
        switches = int(os.environ.get("SWITCHES", "6"))
        with Load(MAIN) as load, Load(MAIN, "/slow", threads=2) as slow:
            for turn in range(switches):
                machine.run("connect", "main", "ba"[turn % 2])
                answers(MAIN, ["two", "one"][turn % 2])
        equal(load.failures(), {})
        equal(slow.failures(), {})
        equal(proxy_id(), container)
        print(f"       {switches} switches, {load.total()} requests and {slow.total()} slow ones, 0 failed")


def the_old_deploy_is_stopped_under_load_without_a_failed_request():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        with Load(MAIN) as load:
            for old, new in [("a", "b"), ("b", "c"), ("c", "d")]:
                machine.run("start", "r2.zip", new)
                machine.run("connect", "main", new)
                machine.run("stop", old)
        equal(load.failures(), {})
        print(f"       {load.total()} requests, 0 failed")


def a_broken_deploy_keeps_the_old_one():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        machine.run("start", "broken.zip", "b")
        with Load(MAIN) as load:
            _, stderr = machine.run("connect", "main", "b", exit_code=1)
            contains(stderr, "connect main to b", "boom: this server never listens", "main goes to a")
        equal(load.failures(), {})
        contains(machine.run("status")[0], "main: (main.example.com:80) -> a")


def another_release_under_a_live_label_comes_back_when_it_is_broken():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        _, stderr = machine.run("start", "broken.zip", "a", exit_code=1)
        contains(stderr, "boom: this server never listens", "takes two deploys")
        equal(ask(MAIN), (200, "one"))
        machine.run("start", "r2.zip", "a")
        equal(ask(MAIN), (200, "two"))
        equal(machine.leftovers(), ["intents", "new"])


def stop_is_refused_while_an_endpoint_is_connected():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        _, stderr = machine.run("stop", "a", exit_code=1)
        contains(stderr, "connected to it: main", "disconnect main")
        machine.run("disconnect", "main")
        equal(ask(MAIN)[0], 503)
        machine.run("stop", "a")


def restart_heals_a_proxy_that_is_missing_stopped_stale_or_blind():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        docker("stop", "-t", "1", "frontendproxy")
        machine.run("restart-frontend-proxy")
        equal(ask(MAIN), (200, "one"))
        docker("rm", "-f", "frontendproxy")
        machine.run("restart-frontend-proxy")
        equal(ask(MAIN), (200, "one"))
        folder = machine.deploys / "frontend-proxy"
        (folder / "nginx.conf").write_text("events {}\n")
        docker("kill", "-s", "HUP", "frontendproxy")
        machine.run("restart-frontend-proxy")
        equal(ask(MAIN), (200, "one"))
        # The folder made anew has another inode: the container still sees the old one.
        state = (folder / "state.json").read_bytes()
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "state.json").write_bytes(state)
        _, stderr = machine.run("restart-frontend-proxy")
        contains(stderr, "made anew once")
        equal(ask(MAIN), (200, "one"))
        machine.run("shutdown-frontend-proxy")
        equal(ask(MAIN)[0], "error")
        machine.run("shutdown-frontend-proxy")
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))


def a_bad_template_changes_nothing_and_the_proxy_restarts():
    template = (HERE / "custom.conf.tpl").read_text()
    bad = {
        "an unknown directive": template.replace("charset utf-8;", "charsett utf-8;"),
        "a missing semicolon": template.replace("charset utf-8;", "charset utf-8"),
        "an open brace": template + "server {",
        "a missing include": template.replace("mime.types", "no.types"),
        "a port that is none": template.replace("listen 80", "listen 800000"),
        "an unknown variable": template.replace("$host", "$hots"),
        "an unclosed section": template + "{{#endPoints}}",
    }
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("start", "r2.zip", "b")
        machine.run("connect", "main", "a")
        path = machine.root / "custom.conf.tpl"
        machine.config["deployMode"]["proxy"]["nginxConfTemplatePath"] = str(path)
        machine.write_config()
        for what, text in bad.items():
            path.write_text(text)
            machine.run("connect", "main", "b", exit_code=1)
            if ask(MAIN) != (200, "one"):
                raise AssertionError(f"{what}: {ask(MAIN)}")
            docker("restart", "-t", "1", "frontendproxy")
            answers(MAIN, "one")
        path.write_text(template)
        with Load(MAIN) as load:
            for turn in range(4):
                machine.run("connect", "main", "ba"[turn % 2])
                answers(MAIN, ["two", "one"][turn % 2])
        equal(load.failures(), {})
        contains(ask(MAIN)[1], "one")


def a_docker_that_fails_is_a_failure():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        fake = machine.root / "fake"
        fake.mkdir()
        for name in ["docker", "docker-compose"]:
            (fake / name).write_text("#!/bin/sh\necho no docker today >&2\nexit 1\n")
            (fake / name).chmod(0o755)
        broken = {"PATH": f"{fake}:{os.environ['PATH']}"}
        _, stderr = machine.run("connect", "main", "a", exit_code=1, environment=broken)
        contains(stderr, "no docker today")
        contains(machine.run("status")[0], "(not connected)")


if __name__ == "__main__":
    chosen = [case for case in cases_of(__name__) if not sys.argv[1:] or any(word in case.__name__ for word in sys.argv[1:])]
    images.build()
    try:
        counts = run_cases(chosen)
    finally:
        images.remove()
    finish(counts)
