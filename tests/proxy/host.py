"""A machine in proxy mode on a real docker engine: releases in containers, a real nginx on port 80."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading

import images
from load import ask
from machine import Machine, pack, until

MAIN, OTHER, SECURE = "main.example.com", "other.example.com", "secure.example.com"
FIRST_PORT = 18000
TIMEOUT_SECS = 40
# How long readiness must last, shorter than it is by default: the cases of readiness.py are about that one.
SETTLE_SECS = 1
IMPATIENT = {"http": {"path": "/", "timeoutSecs": 4, "settleSecs": SETTLE_SECS}}
# What Compose is called on this machine: it is a plugin of docker, or docker-compose v1.
COMPOSE = os.environ.get("COMPOSE", "docker compose")


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
        "startCommand": f"{COMPOSE} up -d",
        "stopCommand": f"{COMPOSE} down",
        "readiness": {"http": {"path": "/", "timeoutSecs": TIMEOUT_SECS, "settleSecs": SETTLE_SECS}},
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
        release(self.machine, "broken.zip", "silent", readiness=IMPATIENT)
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


class Engine:
    """The docker engine behind a socket of the tests': a request whose `METHOD PATH` is `chosen` is answered with
    what the stand-in `says`, with `None` never, any other by the engine. To be used in a `with`; `environment` is that
    in which it is the engine."""

    ERROR = b'HTTP/1.1 500 Error\r\nContent-Type: application/json\r\n\r\n{"message":"no docker today"}'

    def __init__(self, machine, chosen=lambda request: False, says=ERROR):
        path = machine.root / "engine.sock"
        self.environment = {"DOCKER_HOST": f"unix://{path}"}
        self.requests, self.held = [], threading.Event()
        self._chosen, self._says, self._open = chosen, says, []
        path.unlink(missing_ok=True)
        self._listener = socket.create_server(str(path), family=socket.AF_UNIX)

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for end in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self):
        with contextlib.suppress(OSError):  # it was closed
            while True:
                client = self._listener.accept()[0]
                self._open.append(client)
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError):  # either side is gone
            head = client.recv(65536)
            request = " ".join(head.split(b"\r\n")[0].decode().split(" ")[:2])
            self.requests.append(request)
            if self._chosen(request):
                self.held.set()
                if self._says is not None:
                    client.sendall(self._says)
                    client.shutdown(socket.SHUT_RDWR)
                return
            engine = socket.socket(socket.AF_UNIX)
            self._open.append(engine)
            engine.connect("/var/run/docker.sock")
            engine.sendall(head)
            threading.Thread(target=self._copy, args=[client, engine], daemon=True).start()
            self._copy(engine, client)

    @staticmethod
    def _copy(source, target):
        with contextlib.suppress(OSError):  # either side is gone
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def docker_stand_in(machine, script):
    """The environment in which `docker` is asked by this shell script alone; `$DOCKER` is the real one in it."""
    folder = machine.root / "stand-in"
    folder.mkdir(exist_ok=True)
    for name in ["docker", "docker-compose"]:
        (folder / name).write_text(f"#!/bin/sh\nunset DOCKER_CONTEXT\nDOCKER={shutil.which(name)}\n{script}\n")
        (folder / name).chmod(0o755)
    # The engine of another context has no socket here.
    return {"PATH": f"{folder}:{os.environ['PATH']}", "DOCKER_CONTEXT": "stand-in"}


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


def by_compose(folder, *words):
    """Calls Compose by hand, in the folder of a project."""
    subprocess.run([*COMPOSE.split(), *words], cwd=folder, check=True, capture_output=True)


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
