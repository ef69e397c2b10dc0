"""A machine in proxy mode on a real docker engine: releases in containers, a real nginx on port 80."""

import json
import os
import pathlib
import shutil
import subprocess

import images
from load import ask
from machine import Machine, pack, until

MAIN, OTHER, SECURE = "main.example.com", "other.example.com", "secure.example.com"
FIRST_PORT = 18000
TIMEOUT_SECS = 40


def docker(*arguments):
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


def compose_file(*lines):
    """A compose file of one service, the web server, with these lines more."""
    own = [f"image: {images.WEB}", "stop_signal: SIGKILL", *lines]
    return "\n".join(['version: "3.7"', "services:", "  web:", *(f"    {line}" for line in own), ""])


def release(machine, name, text, **config):
    """Packs a release whose web server answers with `text`."""
    compose = compose_file(f'command: ["8080", "{text}"]', "network_mode: bridge", 'ports: ["{{ports.http}}:8080"]')
    release_json = {
        "templates": ["docker-compose.yml.tpl"],
        "prestartCommand": "",
        "startCommand": "docker compose up -d",
        "stopCommand": "docker compose down",
        "readiness": {"http": {"path": "/", "timeoutSecs": TIMEOUT_SECS}},
        **config,
    }
    files = {"release.json": json.dumps(release_json), "docker-compose.yml.tpl": compose}
    pack(machine.root / "releases" / name, files)


class Host:
    """A machine in proxy mode with three releases; whatever runs at the end is removed."""

    def __init__(self, **proxy):
        image, version = images.NGINX.split(":")
        endpoints = {
            "main": {"serverNames": [MAIN], "etype": "httpOnly"},
            "other": {"serverNames": [OTHER], "etype": "httpOnly"},
        }
        mode = {"endPoints": endpoints, "dynamicPortRange": {"v1": FIRST_PORT, "v2": FIRST_PORT + 20}, **proxy}
        settings = {"DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG")} if "DOCKER_CONFIG" in os.environ else {}
        self.machine = Machine(None, environment=settings, deployMode={"proxy": mode})
        root = self.machine.root
        self.machine.config.update(
            nginxDockerImage=image,
            nginxDockerVersion=version,
            letsencryptPrefixDir=str(root / "opt"),
            letsencryptWwwDir=str(root / "www"),
            drainSecs=8,
        )
        self.machine.write_config()

    def __enter__(self):
        for name, text in [("r1.zip", "one"), ("r2.zip", "two")]:
            release(self.machine, name, text)
        impatient = {"readiness": {"http": {"path": "/", "timeoutSecs": 4}}}
        release(self.machine, "broken.zip", "silent", **impatient)
        return self.machine

    def __exit__(self, *_):
        self.machine.kill_all()
        try:
            # A command of a release whose c2 was killed goes on by itself, and must not start what is removed here.
            until(lambda: not runs_in(self.machine.deploys), "the releases' commands have ended")
        finally:
            images.remove_containers()
            self.machine.__exit__()


def proxy_id():
    return docker("ps", "-q", "--filter", "name=^/frontendproxy$").strip()


def serve_a(machine):
    """Starts `a` (answers "one") and `b` (answers "two"), and connects the endpoint main to `a`."""
    machine.run("start", "r1.zip", "a")
    machine.run("start", "r2.zip", "b")
    machine.run("connect", "main", "a")


def docker_stand_in(machine, script):
    """The environment in which `docker` is this shell script; `$DOCKER` is the real one in it."""
    folder = machine.root / "stand-in"
    folder.mkdir(exist_ok=True)
    for name in ["docker", "docker-compose"]:
        (folder / name).write_text(f"#!/bin/sh\nDOCKER={shutil.which(name)}\n{script}\n")
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def master():
    """The process of the proxy's nginx, on this machine; `0` while none runs."""
    return docker("inspect", "-f", "{{.State.Pid}}", "frontendproxy").strip()


def workers(nginx):
    """The worker processes of this nginx that are not leaving."""
    children = pathlib.Path(f"/proc/{nginx}/task/{nginx}/children").read_text().split()
    return {child for child in children if "worker process" in title(child) and "shutting down" not in title(child)}


def title(process):
    try:
        return pathlib.Path(f"/proc/{process}/cmdline").read_text()
    except OSError:  # it is gone
        return ""


def answers(host, text):
    until(lambda: ask(host) == (200, text), f"{host} answers {text}")


def runs_in(folder):
    """The processes of this machine that run in a folder or below it."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if pathlib.Path(os.readlink(process / "cwd")).is_relative_to(folder):
                found.append(process.name)
        except OSError:
            pass
    return found
