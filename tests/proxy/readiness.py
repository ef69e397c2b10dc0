"""Nine releases with published ports, most of them broken: none is connected that does not serve for good.

docker's own proxy accepts on a published port as long as there is a container, whatever runs in it, so that a port says
little. Each release has a deploy and an endpoint of its own, all on one machine at once, and is connected by `connect`
and by a machine that follows. What an endpoint answers is watched all the while: one that is not connected answers 503.
"""

import datetime
import json
import re
import threading
import time

from following import Slave, report
from host import COMPOSE, Host, compose_file, docker
from load import ask
from machine import contains, equal, pack, until

# A good one is connected so long after it began to serve: what settling takes, and two seconds.
WITHIN_SECS = 5 + 2
SLOW_START_SECS = 5
LONG_ROUNDS = 5
PORTS = 'ports: ["{{ports.http}}:8080"]'
LOOP = "restart: always"
# How long a broken one is waited for: several of its crashes.
BROKEN = {"readiness": {"tcp": {"timeoutSecs": 5}}}


def service(*words, ports=PORTS, more=()):
    """The lines of the web server called with these words; its ports are published by docker's own proxy."""
    return [f"command: {json.dumps(['8080', *words])}", "network_mode: bridge", *([ports] if ports else []), *more]


def health_check(path):
    test = f"test: {json.dumps(['CMD', '/web', 'check', '8080', path])}"
    return ["healthcheck:", f"  {test}", "  interval: 1s", "  timeout: 1s", "  retries: 3"]


def silent(*words):
    return compose_file(*service("silent", *words, more=[LOOP]))


def two_services():
    worker = compose_file(*service("silent", "die-after=1000", ports=None, more=[LOOP])).replace("  web:", "  worker:")
    return compose_file(*service("served", more=[LOOP])) + worker.split("services:\n")[1]


# Label -> compose file and what its release.json has of its own.
BAD = {
    "exits-at-once": (silent("die-after=0"), BROKEN),
    "exits-after-half-a-second": (silent("die-after=500"), BROKEN),
    "exits-after-3-seconds": (silent("die-after=3000"), BROKEN),
    "listens-then-dies": (compose_file(*service("served", "die-after=2000", more=[LOOP])), BROKEN),
    "one-of-two-loops": (two_services(), BROKEN),
    "unhealthy": (compose_file(*service("served", more=health_check("/fail"))), BROKEN),
    "wrong-port": (compose_file(*service("served", ports=PORTS.replace(":8080", ":9999"))), BROKEN),
}
GOOD = {
    "slow-to-listen": (
        compose_file(*service("served", "listen-after=8000")),
        {"readiness": {"tcp": {"timeoutSecs": 20}}},
    ),
    # Its start command takes longer than the limit of its readiness, as a pull does.
    "slow-to-pull": (
        compose_file(*service("served")),
        {
            "startCommand": f"sleep {SLOW_START_SECS} && {COMPOSE} up -d",
            "readiness": {"tcp": {"timeoutSecs": SLOW_START_SECS - 2}},
        },
    ),
}
RELEASES = {**BAD, **GOOD}
# An endpoint in maintenance has the proxy run, so that no release is connected later for being the first.
IDLE = "idle"


class Bed:
    """A machine with the nine releases and their endpoints, whose answers are watched; to be used in a `with`."""

    def __init__(self, host):
        self._host, self.first = host, {}
        endpoints = {label: {"serverNames": [name(label)], "etype": "httpOnly"} for label in [*RELEASES, IDLE]}
        host.machine.config["deployMode"]["proxy"]["endPoints"] = endpoints
        host.machine.write_config()

    def __enter__(self):
        self.machine = self._host.machine
        self._host.__enter__()
        self.place = getattr(self._host, "place", None)
        for label, (compose, config) in RELEASES.items():
            self._pack(label, compose, config)
        self._ended = threading.Event()
        self._watchers = [threading.Thread(target=self._watch, args=[label], daemon=True) for label in RELEASES]
        for watcher in self._watchers:
            watcher.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for watcher in self._watchers:
            watcher.join()
        self._host.__exit__()

    def _pack(self, label, compose, config):
        commands = {"prestartCommand": "", "startCommand": f"{COMPOSE} up -d", "stopCommand": f"{COMPOSE} down"}
        path = self.machine.root / "releases" / f"{label}.zip"
        release = {"templates": ["docker-compose.yml.tpl"], **commands, **config}
        pack(path, {"release.json": json.dumps(release), "docker-compose.yml.tpl": compose})
        if self.place:
            self.place.put(f"releases/{path.name}", path.read_bytes())

    def _watch(self, label):
        """Notes when the endpoint was first seen to be connected: any answer but 503, and any status at all."""
        while not self._ended.wait(0.1) and label not in self.first:
            if ask(name(label))[0] not in ("error", 503):
                self.first[label] = time.time()

    def seconds(self):
        """How long after it began to serve each good deploy was connected, as far as it was."""
        return {label: self.first[label] - served_since(label) for label in GOOD if label in self.first}


def name(label):
    return f"{label}.example.com"


def served_since(label):
    """When the web server of a deploy said that it listens, by the engine's clock, which is this machine's."""
    container = docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={label}").split()[0]
    said = next(line for line in docker("logs", "-t", container).splitlines() if line.endswith("served listens"))
    return datetime.datetime.fromisoformat(re.sub(r"\.(\d{6})\d*Z .*", r".\1+00:00", said)).timestamp()


def connects():
    """Connects each release by `connect`: `(those that were connected, seconds of the good ones)`."""
    with Bed(Host()) as bed:
        bed.machine.run("maintenance", IDLE)
        well = {label for label in RELEASES if connect(bed, label)}
        until(lambda: well <= set(bed.first), "what is said to be connected is")
        return well | set(bed.first), bed.seconds()


def connect(bed, label):
    """Whether `connect`, right after `start`, says that it did; where it does not, it says why."""
    for words in [("start", f"{label}.zip", label), ("connect", label, label)]:
        command = bed.machine.spawn(*words)
        _, told = command.communicate(timeout=60)
    if command.returncode != 0:
        contains(told, f"connect {label} to {label}", "ready", "on port 180")
        equal(bool(re.search(rf"{label}[-_]w", told)), True)
    return command.returncode == 0


def follows():
    """Lets a machine follow a state that connects each release: what `connects` returns."""
    with Bed(Slave()) as bed:
        bed.machine.run("maintenance", IDLE)
        bed.machine.run("slave-update")
        for label in RELEASES:
            bed.machine.run("start", f"{label}.zip", label)
            bed.machine.run("connect", label, label)
        slave = bed.machine.spawn("slave-update", "--repeat", "1")
        reader = threading.Thread(target=slave.communicate)
        reader.start()
        named = set()
        try:
            until(lambda: all_is_told(bed, named), "the good ones are connected and the record names the broken", 180)
        finally:
            slave.terminate()
            reader.join(60)
        return set(bed.first) | set(report(bed.place)["state"]["connections"]), bed.seconds()


def all_is_told(bed, named):
    """Whether each release was connected, or else, by now, `named` in the record's error."""
    status = report(bed.place)["status"]
    if status != "ok":
        named.update(label for label in BAD if label in status["error"])
    return named | set(bed.first) >= set(RELEASES)


def tried(way, rounds):
    """Tries the nine releases in one way as often; per label how often it was connected, and how long that took."""
    counts, taken = dict.fromkeys(RELEASES, 0), {label: [] for label in RELEASES}
    for _ in range(rounds):
        connected, seconds = way()
        counts.update({label: counts[label] + 1 for label in connected})
        for label, took in seconds.items():
            taken[label].append(round(took, 1))
    return counts, taken


def is_right(counts, rounds):
    equal(counts, {label: rounds if label in GOOD else 0 for label in RELEASES})


def is_soon(taken):
    late = {label: [took for took in all_taken if not 0 <= took <= WITHIN_SECS] for label, all_taken in taken.items()}
    equal(late, {label: [] for label in RELEASES})


def of_nine_releases_connect_connects_the_two_that_serve_for_good():
    is_right(tried(connects, 1)[0], 1)


def of_nine_releases_a_machine_that_follows_connects_the_two_that_serve_for_good():
    is_right(tried(follows, 1)[0], 1)


def five_times_nine_releases_are_told_apart_by_connect_and_by_a_machine_that_follows():
    (connected, first), (followed, second) = (tried(way, LONG_ROUNDS) for way in (connects, follows))
    print(f"       {'release':25} | by connect | by slave | seconds from its first answer")
    for label in RELEASES:
        counts = f"{connected[label]} of {LONG_ROUNDS}     | {followed[label]} of {LONG_ROUNDS}  "
        print(f"       {label:25} | {counts} | {' '.join(map(str, first[label] + second[label]))}")
    for counts, taken in [(connected, first), (followed, second)]:
        is_right(counts, LONG_ROUNDS)
        is_soon(taken)


LONG = [five_times_nine_releases_are_told_apart_by_connect_and_by_a_machine_that_follows]
CASES = [
    of_nine_releases_connect_connects_the_two_that_serve_for_good,
    of_nine_releases_a_machine_that_follows_connects_the_two_that_serve_for_good,
]
