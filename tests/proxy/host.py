"""A machine in proxy mode on a real docker engine: releases in containers, a real nginx on port 80."""

import json
import os
import pathlib
import subprocess

import images
from load import ask
from machine import Machine, pack, until

MAIN, OTHER, SECURE = "main.example.com", "other.example.com", "secure.example.com"
FIRST_PORT = 18000
TIMEOUT_SECS = 40


def docker(*arguments):
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


def release(machine, name, text, **config):
    """Packs a release whose web server answers with `text`."""
    compose = f"""version: "3.7"
services:
  web:
    image: {images.WEB}
    command: ["8080", "{text}"]
    stop_grace_period: 1s
    ports: ["{{{{ports.http}}}}:8080"]
"""
    release_json = {
        "templates": ["docker-compose.yml.tpl"],
        "prestartCommand": "",
        "startCommand": "docker compose up -d",
        "stopCommand": "docker compose down -t 1",
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
        impatient = {"readiness": {"http": {"path": "/", "timeoutSecs": 8}}}
        release(self.machine, "broken.zip", "silent", **impatient)
        return self.machine

    def __exit__(self, *_):
        ours = ["frontendproxy"]
        for label in ["frontend-proxy", *(p.name for p in self.machine.deploys.glob("*") if p.is_dir())]:
            ours += docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={label}").split()
        subprocess.run(["docker", "rm", "-f", *ours], capture_output=True, check=False)
        self.machine.__exit__()


def proxy_id():
    return docker("ps", "-q", "--filter", "name=^/frontendproxy$").strip()


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
