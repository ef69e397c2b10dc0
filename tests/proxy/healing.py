"""A proxy that was killed, removed, changed by hand or cut off from its folder, and a machine that was rebooted."""

import json
import os
import shutil
import signal
import subprocess

import images
from host import FIRST_PORT, MAIN, OTHER, Host, answers, by_compose, docker, master, proxy_id, serve_a
from load import ask
from machine import cases_of, contains, contains_none, equal, until

ANEW = "re-created once"


def the_proxy_comes_back_by_itself_with_the_last_good_configuration():
    with Host() as machine:
        serve_a(machine)
        machine.run("connect", "other", "b")
        # nginx dies, as of a fault of its own: docker starts the container again.
        before = master()
        os.kill(int(before), signal.SIGKILL)
        until(lambda: master() not in (before, "0"), "it is back")
        for _ in range(2):
            answers(MAIN, "one")
            answers(OTHER, "two")
            _, stderr = machine.run("connect", "main", "a")
            contains(stderr, "connected to a already")
            # What a reboot comes to for containers: all end, and are started again.
            docker("restart", "-t", "1", *docker("ps", "-q").split())


def connect_and_restart_heal_a_proxy_that_was_killed_stopped_or_removed():
    with Host() as machine:
        serve_a(machine)
        restart, connect = ["restart-frontend-proxy"], ["connect", "main", "a"]
        for break_it, words in [
            (["kill"], restart),
            (["stop", "-t", "1"], connect),
            (["rm", "-f"], restart),
            (["rm", "-f"], connect),
            (["pause"], restart),
        ]:
            docker(*break_it, "frontendproxy")
            machine.run(*words)
            equal(ask(MAIN), (200, "one"))
        docker("kill", "frontendproxy")
        machine.run("connect", "main", "b")
        equal(ask(MAIN), (200, "two"))
        machine.run("shutdown-frontend-proxy")
        equal(ask(MAIN)[0], "error")
        machine.run("shutdown-frontend-proxy")
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))


def restart_heals_a_configuration_that_was_changed_by_hand():
    with Host() as machine:
        serve_a(machine)
        container, conf = proxy_id(), machine.deploys / "frontend-proxy" / "nginx.conf"
        to_a = conf.read_text()
        machine.run("connect", "main", "b")
        to_b = conf.read_text()
        changed = {
            "an older one, served": (to_a, True, "one"),
            "an older one, on disk alone": (to_a, False, "two"),
            "one that serves nothing, served": ("events {}\n", True, None),
            "one that serves nothing, on disk alone": ("events {}\n", False, "two"),
            "one with a line more, served": (to_b.replace("charset utf-8;", "charset utf-8; gzip on;"), True, "two"),
            "a broken one, on disk alone": (to_b + "}", False, "two"),
            "an empty one, on disk alone": ("", False, "two"),
        }
        for what, (text, reloads, then) in changed.items():
            conf.write_text(text)
            if reloads:
                docker("kill", "-s", "HUP", "frontendproxy")
            if then:
                answers(MAIN, then)
            else:
                until(lambda: ask(MAIN)[0] == "error", what)
            machine.run("restart-frontend-proxy")
            equal((what, ask(MAIN)), (what, (200, "two")))
            equal(conf.read_text(), to_b)
        conf.unlink()
        machine.run("restart-frontend-proxy")
        equal(ask(MAIN), (200, "two"))
        # What runs and says nothing of what it serves is made anew; the rest is told by a signal.
        equal(bool(container), True)
        docker("restart", "-t", "1", "frontendproxy")
        answers(MAIN, "two")


def a_folder_that_was_moved_away_and_made_again_is_recognised_and_the_container_made_anew_once():
    with Host() as machine:
        serve_a(machine)
        folder, away = machine.deploys / "frontend-proxy", machine.root / "away"
        for words, then in [(["restart-frontend-proxy"], "one"), (["connect", "main", "b"], "two")]:
            container = proxy_id()
            folder.rename(away)
            shutil.copytree(away, folder)
            _, stderr = machine.run(*words)
            contains(stderr, ANEW)
            equal(proxy_id() != container, True)
            equal(ask(MAIN), (200, then))
            container = proxy_id()
            _, stderr = machine.run(*words)
            contains_none(stderr, ANEW)
            equal(proxy_id(), container)
            shutil.rmtree(away)
        # Of a folder that was removed the state alone is put back.
        state = (folder / "state.json").read_bytes()
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "state.json").write_bytes(state)
        _, stderr = machine.run("restart-frontend-proxy")
        contains(stderr, ANEW)
        equal(ask(MAIN), (200, "two"))


def a_container_without_limits_of_its_logs_stays_until_a_restart_is_asked_for():
    with Host() as machine:
        serve_a(machine)
        compose = machine.deploys / "frontend-proxy" / "docker-compose.yml"
        bounded = compose.read_text()
        contains(bounded, 'max-size: "10m", max-file: "3"')
        # As it was made before there were limits.
        compose.write_text("".join(line for line in bounded.splitlines(keepends=True) if "logging:" not in line))
        by_compose(compose.parent, "up", "-d")
        container = proxy_id()
        _, stderr = machine.run("connect", "main", "b")
        contains_none(stderr, ANEW)
        answers(MAIN, "two")
        equal(proxy_id(), container)
        contains(machine.run("restart-frontend-proxy")[1], ANEW)
        equal(compose.read_text(), bounded)
        equal(ask(MAIN), (200, "two"))


def what_compose_left_of_a_container_when_it_was_cut_short_is_removed():
    with Host() as machine:
        serve_a(machine)
        # It had taken the old one's name away, and was about to make the new one.
        docker("stop", "-t", "1", "frontendproxy")
        docker("rename", "frontendproxy", "0123456789ab_frontendproxy")
        machine.run("connect", "main", "b")
        equal(ask(MAIN), (200, "two"))
        listed = docker("ps", "-a", "--filter", "name=frontendproxy", "--format", "{{.Names}}")
        equal(listed.split(), ["frontendproxy"])


def a_machine_of_the_older_tool_is_taken_over_and_its_proxy_made_anew_once():
    with Host() as machine:
        # What it left: a deploy without an id, an unmarked configuration, a file mount.
        machine.run("start", "r1.zip", "a")
        (machine.deploys / "a" / ".c2-id").unlink()
        shutil.rmtree(machine.deploys / ".c2")
        folder = machine.deploys / "frontend-proxy"
        state = {
            "deploys": {"a": {"label": "a", "release": "r1.zip", "port": FIRST_PORT}},
            "connections": {"main": "a"},
        }
        (folder / "state.json").write_text(json.dumps(state))
        location = f"location / {{ proxy_pass http://localhost:{FIRST_PORT}; }}"
        server = f"server {{ listen 80; server_name {MAIN}; {location} }}"
        (folder / "nginx.conf").write_text(f"user nginx; events {{}} http {{ {server} }}\n")
        compose = f'''version: "2.1"
services:
  nginx:
    container_name: frontendproxy
    image: {images.NGINX}
    network_mode: host
    restart: always
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
'''
        (folder / "docker-compose.yml").write_text(compose)
        # It knew docker-compose v1 alone.
        subprocess.run(["docker-compose", "up", "-d"], cwd=folder, check=True, capture_output=True)
        answers(MAIN, "one")
        container = proxy_id()
        contains(machine.run("status")[0], "main: (main.example.com:80) -> a")
        contains(machine.run("start", "r1.zip", "a")[1], "runs already")
        machine.run("start", "r2.zip", "b")
        equal(proxy_id(), container)
        _, stderr = machine.run("connect", "main", "b")
        contains(stderr, "re-created once")
        equal(ask(MAIN), (200, "two"))
        container = proxy_id()
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))
        equal(proxy_id(), container)
        machine.run("stop", "b")
        machine.run("start", "r2.zip", "a")
        equal(ask(MAIN), (200, "two"))


LONG = []
CASES = cases_of(__name__)
