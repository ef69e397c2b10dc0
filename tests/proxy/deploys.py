"""Deploys behind the proxy: started side by side, stopped, replaced, kept when a new one is broken."""

import json
import shutil
import socket

from host import COMPOSE, FIRST_PORT, MAIN, Host, compose_file, docker, release
from load import Load, ask
from machine import cases_of, contains, equal, pack


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


def a_project_that_is_not_called_like_its_folder_is_known_to_run():
    with Host() as machine:
        compose, another = compose_file('command: ["8080", "a worker"]'), f"{COMPOSE} -p another"
        commands = {"prestartCommand": "", "startCommand": f"{another} up -d", "stopCommand": f"{another} down"}
        # It has no port on this machine: its containers alone show that it runs.
        release_json = {"templates": [], **commands, "readiness": "none"}
        files = {"release.json": json.dumps(release_json), "docker-compose.yml": compose}
        pack(machine.root / "releases" / "worker.zip", files)
        machine.run("start", "worker.zip", "w")
        before = docker("ps", "-q")
        contains(machine.run("start", "worker.zip", "w")[1], "runs already")
        equal(docker("ps", "-q"), before)
        docker("kill", *before.split())
        _, stderr = machine.run("connect", "main", "w", exit_code=1)
        contains(stderr, "connect main to w: w does not run", "start it again: c2 start worker.zip w")
        machine.run("stop", "w")


def a_port_that_somebody_listens_on_is_skipped():
    with Host() as machine, socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", FIRST_PORT))
        taken.listen()
        _, stderr = machine.run("start", "r1.zip", "a")
        contains(stderr, f"on port {FIRST_PORT + 1}")


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
        equal(machine.leftovers(), [])


def stop_is_refused_while_an_endpoint_is_connected():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        _, stderr = machine.run("stop", "a", exit_code=1)
        contains(stderr, "connected to it: main", "disconnect main")
        machine.run("disconnect", "main")
        equal(ask(MAIN)[0], 503)
        machine.run("stop", "a")


def a_stop_whose_containers_run_on_fails_and_leaves_the_deploy():
    with Host() as machine:
        release(machine, "stays.zip", "stays", stopCommand="true")
        machine.run("start", "stays.zip", "a")
        for _ in range(2):
            _, stderr = machine.run("stop", "a", exit_code=1)
            contains(stderr, "containers of it run on: a", "--force accepts that")
            contains(machine.run("status")[0], "  a (stays.zip)")
        shutil.rmtree(machine.deploys / "a")
        _, stderr = machine.run("stop", "a", exit_code=1)
        contains(stderr, "containers of it run on: a")
        docker("kill", *docker("ps", "-q").split())
        machine.run("stop", "stays.zip", exit_code=1)
        machine.run("stop", "a")


CASES = cases_of(__name__)
LONG = []
