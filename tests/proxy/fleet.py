"""Three machines, each with a docker engine and a network of its own, follow one state in a real S3 server."""

import contextlib
import json
import os
import random
import socket
import subprocess
import time

import images
from engines import engines
from following import NOWHERE, store
from host import COMPOSE, FIRST_PORT, MAIN, SETTLE_SECS, compose_file
from load import ask
from machine import Machine, contains, equal, pack, until

NAMES = ["one", "two", "three"]
RELEASES = {"r1.zip": "one", "r2.zip": "two", "r3.zip": "three"}


class Fleet:
    """The machines, the bucket, and the shell of an operator; to be used in a `with`."""

    def __init__(self):
        self.endpoint = os.environ["SEAWEEDFS_ENDPOINT"]
        self.place = store().place()
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.engines = stack.enter_context(engines(NAMES, self.endpoint))
            self.operator = stack.enter_context(self._machine("operator"))
            self.slaves = [stack.enter_context(self._machine(engine.name, engine)) for engine in self.engines]
            for name, text in RELEASES.items():
                self.place.put(f"releases/{name}", self._release(name, text))
            stack.callback(lambda: [engine.remove_containers() for engine in self.engines])
            stack.callback(lambda: [slave.kill_all() for slave in self.slaves])
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _machine(self, name, engine=None):
        image, version = images.NGINX.split(":")
        mode = {
            "endPoints": {"main": {"serverNames": [MAIN], "etype": "httpOnly"}},
            "dynamicPortRange": {"v1": FIRST_PORT, "v2": FIRST_PORT + 20},
            "remoteStateS3": self.place.url("fleet"),
            "slaveLabel": {"label": name},
            "slaveInterfaceName": "lo",
        }
        settings = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DOCKER_CONFIG"]
        environment = {key: os.environ[key] for key in settings if key in os.environ}
        environment["S3_ENDPOINT"] = self.endpoint
        if engine:
            environment["DOCKER_HOST"] = engine.host
        machine = Machine({"s3": self.place.url("releases")}, environment=environment, deployMode={"proxy": mode})
        machine.prefix = engine.prefix() if engine else []
        machine.config.update(nginxDockerImage=image, nginxDockerVersion=version, drainSecs=2)
        machine.config["readiness"] = {"http": {"path": "/", "timeoutSecs": 20, "settleSecs": SETTLE_SECS}}
        machine.write_config()
        return machine

    def _release(self, name, text):
        compose = compose_file(f'command: ["{{{{ports.http}}}}", "{text}"]', "network_mode: host")
        release = {
            "templates": ["docker-compose.yml.tpl"],
            "prestartCommand": "",
            "startCommand": f"{COMPOSE} up -d",
            "stopCommand": f"{COMPOSE} down",
        }
        path = self.operator.root / name
        pack(path, {"release.json": json.dumps(release), "docker-compose.yml.tpl": compose})
        return path.read_bytes()

    def operate(self, *words, exit_code=0):
        return self.operator.run(*words, exit_code=exit_code)

    def poll(self):
        """One round on every machine, all at once; their exit codes."""
        polls = [slave.spawn("slave-update") for slave in self.slaves]
        return [(poll.communicate(timeout=120), poll.returncode)[1] for poll in polls]

    def answers(self):
        """What the endpoint answers on each machine."""
        return [engine.inside(ask, MAIN) for engine in self.engines]

    def reports(self):
        names = [engine.name for engine in self.engines]
        return [json.loads(self.place.get(f"fleet/slaves/{name}/state.json")) for name in names]

    def deploys(self):
        """The compose projects that run on each machine."""
        form = '{{.Label "com.docker.compose.project"}}'
        return [set(engine.docker("ps", "--format", form).split()) - {"frontend-proxy"} for engine in self.engines]


@contextlib.contextmanager
def following(fleet):
    """The machines follow by themselves."""
    slaves = [slave.spawn("slave-update", "--repeat", "1") for slave in fleet.slaves]
    yield
    for slave in slaves:
        equal(slave.poll(), None)
        slave.terminate()
        slave.communicate(timeout=60)


def a_change_rolls_through_a_fleet_breaks_on_one_machine_and_is_taken_back():
    with Fleet() as fleet:
        fleet.operate("start", "r1.zip", "a")
        fleet.operate("connect", "main", "a")
        with following(fleet):
            until(lambda: fleet.answers() == [(200, "one")] * 3, "all answer one", 60)
            # These engines limit no logs by themselves.
            logs = ["inspect", "-f", "{{json .HostConfig.LogConfig}}", "frontendproxy"]
            bounded = {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}
            equal([json.loads(engine.docker(*logs)) for engine in fleet.engines], [bounded] * 3)
            change = [("start", "r2.zip", "b", "--rollout", "10"), ("connect", "main", "b", "--rollout", "10")]
            stages = ["--stages", "40,100", "--bake", "2", "--stage-timeout", "60"]
            # On one machine somebody else has the port.
            with fleet.engines[1].inside(socket.create_server, ("0.0.0.0", FIRST_PORT + 1)):
                for words in change:
                    fleet.operate(*words)
                _, told = fleet.operate("rollout", "run", *stages, exit_code=3)
                contains(told, "c2-two", "the change is taken back")
            until(lambda: fleet.answers() == [(200, "one")] * 3, "all answer one again", 60)
            until(lambda: fleet.deploys() == [{"a"}] * 3, "nothing else runs", 60)
            for words in change:
                fleet.operate(*words)
            fleet.operate("rollout", "run", *stages)
            until(lambda: fleet.answers() == [(200, "two")] * 3, "all answer two", 60)
            equal([report["status"] for report in fleet.reports()], ["ok"] * 3)
        shown, _ = fleet.operate("status", "--show-slaves")
        contains(shown, "Slave: c2-one\n", "Slave: c2-two\n", "Slave: c2-three\n")


def a_machine_that_loses_power_boots_without_the_store_and_with_it():
    with Fleet() as fleet:
        engine, slave = fleet.engines[0], fleet.slaves[0]
        fleet.operate("start", "r1.zip", "a")
        fleet.operate("connect", "main", "a")
        equal(fleet.poll(), [0] * 3)
        for boot in ({"S3_ENDPOINT": NOWHERE}, {}):
            engine.lose_power()
            equal(engine.inside(ask, MAIN)[0], "error")
            engine.boot()
            # By itself the proxy comes back with what it served; the deploy is its commands' business, and c2's.
            until(lambda: engine.inside(ask, MAIN)[0] == 502, "the proxy is back", 60)
            slave.run("slave-update", exit_code=1 if boot else 0, environment=boot, timeout_s=120)
            equal(engine.inside(ask, MAIN), (200, "one"))
        fleet.operate("start", "r2.zip", "b")
        fleet.operate("connect", "main", "b")
        equal(fleet.poll(), [0] * 3)
        equal(fleet.answers(), [(200, "two")] * 3)


def machines_are_killed(kills, seed):
    """Each change finds machines that are killed while they bring it about; two polls later all have it."""
    chance = random.Random(seed)
    print(f"       seed {seed}")
    with Fleet() as fleet:
        done = turn = 0
        longest_s = before = None
        while done < kills:
            name, label = list(RELEASES)[turn % 3], f"d{turn}"
            fleet.operate("start", name, label)
            fleet.operate("connect", "main", label)
            if before:
                fleet.operate("stop", before)
            if longest_s:
                done += sum(killed(slave, chance.uniform(0, longest_s)) for slave in fleet.slaves)
            begun = time.monotonic()
            fleet.poll()
            longest_s = longest_s or time.monotonic() - begun
            equal(fleet.poll(), [0] * 3)
            equal(fleet.answers(), [(200, RELEASES[name])] * 3)
            equal(fleet.deploys(), [{label}] * 3)
            wanted = ("ok", {"main": label}, [label])
            reports = fleet.reports()
            told = [(one["status"], one["state"]["connections"], list(one["state"]["deploys"])) for one in reports]
            equal(told, [wanted] * 3)
            equal([slave.leftovers() for slave in fleet.slaves], [[]] * 3)
            before, turn = label, turn + 1
        print(f"       {done} rounds killed, {turn} changes")


def killed(slave, after_s):
    """Runs a round and kills it after so long; whether it had not ended by then."""
    process = slave.spawn("slave-update")
    try:
        process.wait(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return process.returncode != 0


def machines_that_are_killed_have_the_change_two_polls_later():
    machines_are_killed(20, 20240105)


def two_hundred_kills_and_all_machines_have_the_change_two_polls_later():
    machines_are_killed(200, int(os.environ.get("SEED", "20240106")))


LONG = [two_hundred_kills_and_all_machines_have_the_change_two_polls_later]
CASES = [
    a_machine_that_loses_power_boots_without_the_store_and_with_it,
    a_change_rolls_through_a_fleet_breaks_on_one_machine_and_is_taken_back,
    machines_that_are_killed_have_the_change_two_polls_later,
]
