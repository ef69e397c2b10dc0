"""Health over time on a real engine: what dies on a machine that follows is said in its record and brought back, and a
job that has ended well is not run again."""

import json
import time

from following import Slave, report
from host import COMPOSE, MAIN, Host, answers, compose_file, docker, serve_a
from load import ask
from machine import cases_of, contains, equal, pack, until
from readiness import service

SERVICES = {"web": "one", "db": "silent", "job": "silent end-after=300"}


def release(machine, place):
    """A release of a web server, a second process beside it, and a job that ends with 0."""
    texts = []
    for name, words in SERVICES.items():
        ports = {} if name == "web" else {"ports": None}
        texts.append(compose_file(*service(*words.split(), **ports)).replace("  web:", f"  {name}:"))
    compose = texts[0] + "".join(text.split("services:\n")[1] for text in texts[1:])
    commands = {"prestartCommand": "", "startCommand": f"{COMPOSE} up -d", "stopCommand": f"{COMPOSE} down"}
    archive = machine.root / "h.zip"
    config = {"templates": ["docker-compose.yml.tpl"], **commands}
    pack(archive, {"release.json": json.dumps(config), "docker-compose.yml.tpl": compose})
    place.put("releases/h.zip", archive.read_bytes())


def container(name, project="a"):
    labels = [f"com.docker.compose.project={project}", f"com.docker.compose.service={name}"]
    return docker("ps", "-aq", *(word for label in labels for word in ("--filter", f"label={label}"))).strip()


def inspected(name, what):
    return docker("inspect", "-f", f"{{{{.{what}}}}}", container(name)).strip()


def follows(machine, place):
    """Starts a machine that follows and waits until it serves the release and says so."""
    release(machine, place)
    machine.run("start", "h.zip", "a")
    machine.run("connect", "main", "a")
    machine.run("slave-update")
    slave = machine.spawn("slave-update", "--repeat", "1")
    answers(MAIN, "one")
    until(lambda: report(place)["state"]["connections"] == {"main": "a"}, "it is reported")
    return slave


def is_well(place):
    return report(place)["status"] == "ok"


def what_is_killed_is_said_and_comes_back_and_a_finished_job_is_left_alone():
    with Slave() as (machine, place):
        follows(machine, place)
        until(lambda: inspected("job", "State.Status") == "exited", "the job has ended")
        job = (container("job"), inspected("job", "State.StartedAt"))
        for name in ["web", "db"]:
            before = container(name)
            docker("kill", before)
            began = time.time()
            until(lambda: not is_well(place), "the record says so")
            said = time.time() - began
            error = report(place)["status"]["error"]
            contains(error, "a, which serves main, is not well", f"{name}", "has ended with exit code 137")
            until(lambda: ask(MAIN) == (200, "one") and is_well(place), "all is well again")
            print(f"       {name}: said after {said:.1f} s, well after {time.time() - began:.1f} s")
            equal((container(name), inspected(name, "State.Status")), (before, "running"))
        equal((container("job"), inspected("job", "State.StartedAt")), job)


def what_is_removed_is_started_by_its_command():
    with Slave() as (machine, place):
        follows(machine, place)
        docker("rm", "-f", *(container(name) for name in SERVICES))
        until(lambda: not is_well(place), "the record says so")
        until(lambda: ask(MAIN) == (200, "one") and is_well(place), "all is well again")


def a_machine_that_begins_anew_starts_what_has_ended_and_runs_no_job_again():
    with Slave() as (machine, place):
        slave = follows(machine, place)
        until(lambda: (machine.deploys / "a" / ".c2-done").exists(), "the job that has ended is noted")
        job = inspected("job", "State.StartedAt")
        slave.terminate()
        slave.communicate(timeout=20)
        docker("stop", "-t", "0", container("web"), container("db"))
        slave = machine.spawn("slave-update", "--repeat", "1")
        answers(MAIN, "one")
        until(lambda: inspected("db", "State.Status") == "running", "the other one runs")
        equal(inspected("job", "State.StartedAt"), job)


def a_machine_on_its_own_is_brought_back_by_one_look_unless_it_is_held():
    with Host() as machine:
        serve_a(machine)
        docker("kill", container("web"))
        machine.run("hold", "--why", "looking into it")
        _, told = machine.run("reconcile", exit_code=1)
        contains(told, "looking into it", "a, which serves main, is not well")
        equal(inspected("web", "State.Status"), "exited")
        machine.run("hold", "--off")
        machine.run("reconcile")
        answers(MAIN, "one")
        before = container("web")
        machine.run("restart", "a")
        answers(MAIN, "one")
        equal(container("web") == before, False)


def what_is_live_without_a_proxy_is_brought_back():
    with Host() as machine:
        machine.config["deployMode"] = "noproxy"
        machine.write_config()
        compose = compose_file(*service("one", ports='ports: ["18050:8080"]'))
        commands = {"prestartCommand": "", "startCommand": f"{COMPOSE} up -d", "stopCommand": f"{COMPOSE} down"}
        files = {"release.json": json.dumps({"templates": [], **commands}), "docker-compose.yml": compose}
        pack(machine.root / "releases" / "live.zip", files)
        machine.run("start", "live.zip")
        before = container("web", "live")
        docker("kill", before)
        machine.run("reconcile")
        equal(docker("ps", "-q", "--no-trunc", "--filter", f"id={before}").strip()[:12], before[:12])
        docker("rm", "-f", before)
        machine.run("reconcile")
        until(lambda: docker("ps", "-q", "--filter", "label=com.docker.compose.project=live"), "it runs again")


HELPERS = (release, container, inspected, follows, is_well)
CASES = [case for case in cases_of(__name__) if case not in HELPERS]
LONG = []
