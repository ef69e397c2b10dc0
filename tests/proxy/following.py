"""A machine follows the state of a master in a real S3 server: what it is told is brought about and reported, and
whatever is wrong with that state destroys nothing."""

import functools
import json
import os
import pathlib
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "s3"))

from host import MAIN, OTHER, Host, answers, docker, release
from load import Load, ask
from machine import cases_of, contains, equal, pack, until
from store import Store

NOWHERE = "http://127.0.0.1:1"


@functools.cache
def store():
    return Store(os.environ["SEAWEEDFS_ENDPOINT"])


class Slave(Host):
    """A machine that follows; its releases and the state of its master are in a bucket."""

    def __init__(self, **config):
        self.place = store().place()
        super().__init__(remoteStateS3=self.place.url("fleet"), slaveLabel={"label": "one"}, slaveInterfaceName="lo")
        self.machine.config.update(releases={"s3": self.place.url("releases")}, **config)
        keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        self.machine.environment.update({key: os.environ[key] for key in keys})
        self.machine.environment["S3_ENDPOINT"] = os.environ["SEAWEEDFS_ENDPOINT"]
        self.machine.write_config()

    def __enter__(self):
        (self.machine.root / "releases").mkdir(exist_ok=True)
        machine = super().__enter__()
        for path in (machine.root / "releases").iterdir():
            self.place.put(f"releases/{path.name}", path.read_bytes())
        return machine, self.place


def report(place):
    return json.loads(place.get("fleet/slaves/one/state.json"))


def run_a(machine):
    machine.run("start", "r1.zip", "a")
    machine.run("connect", "main", "a")
    machine.run("slave-update")
    answers(MAIN, "one")


def what_the_master_says_is_brought_about_and_reported():
    with Slave() as (machine, place):
        machine.run("slave-update")
        equal(report(place)["state"], {"connections": {}, "deploys": {}})
        run_a(machine)
        told = report(place)
        equal((told["status"], told["ipAddress"]), ("ok", "127.0.0.1"))
        equal((told["state"]["connections"], list(told["state"]["deploys"])), ({"main": "a"}, ["a"]))
        machine.run("start", "r2.zip", "b")
        machine.run("connect", "main", "b")
        machine.run("stop", "a")
        with Load(MAIN) as load:
            machine.run("slave-update")
            answers(MAIN, "two")
        equal(load.failures(), {})
        equal(list(report(place)["state"]["deploys"]), ["b"])
        contains(machine.run("status", "--show-slaves")[0], "Slave: one\nSlave IP: 127.0.0.1\n")


def one_broken_deploy_holds_up_none_and_is_named():
    with Slave(readiness={"http": {"path": "/", "timeoutSecs": 3}}) as (machine, place):
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        place.put("releases/bad.zip", (machine.root / "releases" / "r1.zip").read_bytes())
        machine.run("start", "bad.zip", "c")
        place.put("releases/bad.zip", b"no archive at all")
        _, told = machine.run("slave-update", exit_code=1)
        contains(told, "start the deploy c")
        answers(MAIN, "one")
        contains(report(place)["status"]["error"], "start the deploy c")
        equal(list(report(place)["state"]["deploys"]), ["a"])


def a_record_shows_no_command_line_and_nothing_that_was_printed():
    with Slave() as (machine, place):
        for name, config in {
            "command.zip": {"startCommand": "echo printed-secret; echo printed-secret >&2; exit 3 # line-secret"},
            "container.zip": {"readiness": {"http": {"path": "/", "timeoutSecs": 2}}},
        }.items():
            release(machine, name, "silent", **config)
            place.put(f"releases/{name}", (machine.root / "releases" / name).read_bytes())
            machine.run("start", name)
        machine.run("connect", "main", "container")
        _, told = machine.run("slave-update", exit_code=1)
        contains(told, "printed-secret", "line-secret")
        error = report(place)["status"]["error"]
        contains(error, "start command in", "exited with status 3", "container is not ready", "c2 show-log")
        for secret in ["printed-secret", "line-secret", "boom"]:
            equal((secret, secret in error), (secret, False))


def a_machine_of_workers_needs_no_docker_no_image_and_no_port_80():
    with Slave() as (machine, place), socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", 80))
        taken.listen()
        commands = {"prestartCommand": "", "startCommand": 'echo w >> "$EVENTS"', "stopCommand": "true"}
        worker = {"templates": [], **commands, "readiness": "none"}
        archive = machine.root / "worker.zip"
        pack(archive, {"release.json": json.dumps(worker)})
        place.put("releases/worker.zip", archive.read_bytes())
        # A program that is called is found in this folder alone.
        programs = machine.root / "programs"
        programs.mkdir()
        (programs / "sh").symlink_to("/bin/sh")
        without = {"PATH": str(programs), "DOCKER_HOST": f"unix://{machine.root}/no.sock"}
        machine.config["nginxDockerVersion"] = "no-such-version"
        machine.write_config()
        machine.run("start", "worker.zip", "w1")
        machine.run("slave-update", environment=without)
        machine.run("start", "worker.zip", "w2")
        machine.run("slave-update")
        machine.run("stop", "w1")
        machine.config["deployMode"]["proxy"]["endPoints"] = {}
        machine.write_config()
        for environment in [without, {}]:
            machine.run("slave-update", environment=environment)
            told = report(place)
            equal((told["status"], list(told["state"]["deploys"])), ("ok", ["w2"]))
        equal(machine.happened(), ["w", "w"])
        equal(docker("ps", "-aq"), "")


def a_machine_comes_up_from_disk_without_its_stores():
    with Slave() as (machine, _):
        run_a(machine)
        docker("rm", "-f", *docker("ps", "-q").split())
        _, told = machine.run("slave-update", exit_code=1, environment={"S3_ENDPOINT": NOWHERE})
        contains(told, "everything stays as it is")
        answers(MAIN, "one")


BAD = [
    b"",
    b" ",
    b"null",
    b"[]",
    b"0",
    b'""',
    b"true",
    b"{}",
    b"<html><body>Service Unavailable</body></html>",
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code></Error>",
    b"\xff\xfe\x00",
    b"\x1f\x8b\x08\x00",
    b'{"deploys": {}}',
    b'{"connections": {}}',
    b'{"deploys": null, "connections": null}',
    b'{"deploys": [], "connections": []}',
    b'{"deploys": {}, "connections": {}',
    b'{"deploys": {}, "connections": {}}}',
    b'{"deploys": {"a": null}, "connections": {}}',
    b'{"deploys": {"a": {}}, "connections": {}}',
    b'{"deploys": {"a": {"label": "b", "release": "r1.zip", "port": 18000}}, "connections": {}}',
    b'{"deploys": {"a": {"label": "a", "release": "r1.zip", "port": 0}}, "connections": {}}',
    b'{"deploys": {"a": {"label": "a", "release": "../x", "port": 18000}}, "connections": {}}',
    b'{"deploys": {"a": {"label": "a", "release": "r1.zip", "port": "18000"}}, "connections": {}}',
    b'{"deploys": {"../a": {"label": "../a", "release": "r1.zip", "port": 18000}}, "connections": {}}',
    b'{"deploys": {"current": {"label": "current", "release": "r1.zip", "port": 18000}}, "connections": {}}',
    b'{"deploys": {}, "connections": {}, "rollout": {"id": "x"}}',
    b'{"deploys": {}, "connections": {}, "writes": "x"}',
    b'{"deploys": {"a": {"label": "a", "release": "r1.zip", "port": 1, "sha256": "0"}}, "connections": {}}',
    b'{"deploys": {"a": {"label": "a", "release": "r1.zip", "port": 1}, "b": {"label": "b", "release": "r1.zip", '
    b'"port": 1}}, "connections": {}}',
]


def a_master_that_cannot_be_meant_destroys_nothing():
    with Slave() as (machine, place):
        run_a(machine)
        before, whole = docker("ps", "-q"), place.get("fleet/master/state.json")
        # Cut off anywhere, it is no state either.
        cuts = [whole[: len(whole) * cut // 40] for cut in range(4, 39)]
        environment = {"PATH": machine.environment["PATH"]}
        for bad in BAD + cuts:
            place.put("fleet/master/state.json", bad)
            _, told = machine.run("slave-update", exit_code=1, environment=environment)
            contains(told, "everything stays as it is")
            equal((docker("ps", "-q"), ask(MAIN)), (before, (200, "one")))
        contains(report(place)["status"]["error"], "read the state of the master")
        client = place.store.client
        client.delete_object(Bucket=place.bucket, Key=f"{place.prefix}/fleet/master/state.json")
        contains(machine.run("slave-update", exit_code=1)[1], "is not there; everything stays as it is")
        machine.config["deployMode"]["proxy"]["remoteStateS3"] = "s3://no-such-bucket-of-this-test/fleet"
        machine.write_config()
        contains(machine.run("slave-update", exit_code=1)[1], "NoSuchBucket")
        equal((docker("ps", "-q"), ask(MAIN)), (before, (200, "one")))


def a_slave_that_repeats_follows_by_itself_and_ends_when_it_is_asked_to():
    with Slave() as (machine, place):
        slave = machine.spawn("slave-update", "--repeat", "1")
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        answers(MAIN, "one")
        until(lambda: report(place)["state"]["connections"] == {"main": "a"}, "it is reported")
        # What is asked for and cannot be had is told once and does not end it.
        place.put("fleet/master/state.json", "<html>")
        until(lambda: report(place)["status"] != "ok", "the error is reported")
        equal(slave.poll(), None)
        slave.send_signal(signal.SIGTERM)
        slave.communicate(timeout=20)
        equal(slave.returncode in (0, -signal.SIGTERM), True)
        equal(ask(MAIN), (200, "one"))


CASES = [case for case in cases_of(__name__) if case not in (store, report, run_a)]
LONG = []
