"""Measures a switch behind the proxy, on a real engine with a real nginx; it is started by `bench/switch [ROUNDS]`.

- The time from the signal's delivery to the first answer of the new deploy.
- `c2 connect`, proof and all, against what a person would do instead: rewrite nginx.conf, `docker compose up -d`,
  `docker kill -s HUP`, unproven. The two take turns, so that what else the machine does falls on both. The aim is a
  ratio of at most 0.5.
"""

import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "proxy"), str(ROOT / "tests")]

import images
from host import MAIN, Engine, Host, docker, docker_stand_in, master, serve_a
from load import ask
from machine import until


def settled():
    """Waits until no worker of an older configuration is left."""
    until(lambda: "shutting down" not in docker("top", "frontendproxy", "-eo", "pid,args"), "the old workers are gone")


def taken_ms(perform):
    settled()
    started = time.perf_counter()
    perform()
    return (time.perf_counter() - started) * 1000


def reloads(machine, rounds):
    """From the signal to the first answer by the new configuration."""
    conf = machine.deploys / "frontend-proxy" / "nginx.conf"
    texts = {}
    for deploy, answer in [("b", "two"), ("a", "one")]:
        machine.run("connect", "main", deploy)
        texts[answer] = conf.read_text()
    nginx = int(master())

    def reload(answer):
        os.kill(nginx, signal.SIGHUP)
        until(lambda: ask(MAIN) == (200, answer), f"{answer} answers")

    times = []
    for turn in range(rounds):
        answer = ["two", "one"][turn % 2]
        conf.write_text(texts[answer])
        times.append(taken_ms(lambda: reload(answer)))
    if rounds % 2:
        machine.run("restart-frontend-proxy")
    return times


def by_hand(machine, turn):
    """The same configuration with a line more: what is reloaded is another file and routes as c2 knows it."""
    folder = machine.deploys / "frontend-proxy"
    conf = folder / "nginx.conf"
    conf.write_text(f"{conf.read_text().partition('# by hand')[0]}# by hand {turn}\n")
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["docker", "compose", "-p", "frontend-proxy", "up", "-d"], cwd=folder, **quiet)
    subprocess.run(["docker", "kill", "-s", "HUP", "frontendproxy"], **quiet)


def requests(machine):
    """The requests to the docker engine of one connect."""
    with Engine(machine) as engine:
        machine.run("connect", "main", "b", environment=engine.environment)
    machine.run("connect", "main", "a")
    return engine.requests


def report(name, times):
    deciles = statistics.quantiles(times, n=10)
    figures = f"median {statistics.median(times):7.1f} ms, 10 % {deciles[0]:7.1f} ms, 90 % {deciles[8]:7.1f} ms"
    print(f"{name:36} {figures}, {len(times)} rounds", flush=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    images.remove()
    images.build()
    try:
        with Host() as machine:
            serve_a(machine)
            report("signal to the first new answer", reloads(machine, rounds))
            machine.run("connect", "main", "a")
            asked = requests(machine)
            by_command = docker_stand_in(machine, 'exec $DOCKER "$@"')
            connects, commands, hands = [], [], []
            for turn in range(rounds):
                connects.append(taken_ms(lambda: machine.run("connect", "main", "b")))
                commands.append(taken_ms(lambda: machine.run("connect", "main", "a", environment=by_command)))
                hands.append(taken_ms(lambda: by_hand(machine, turn)))
            version = [taken_ms(lambda: docker("version")) for _ in range(rounds)]
    finally:
        images.remove()
    report("c2 connect, proven", connects)
    report("c2 connect by the docker command", commands)
    report("compose up -d and kill -s HUP", hands)
    report("docker version, for comparison", version)
    print(f"ratio {statistics.median(connects) / statistics.median(hands):.2f} (aim: at most 0.5)")
    shown = [re.sub("[0-9a-f]{64}", "ID", request) for request in asked]
    print(f"requests of a connect to the engine: {len(shown)}: {', '.join(shown)}")


main()
