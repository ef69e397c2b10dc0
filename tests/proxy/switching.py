"""Switches between deploys under load: no request fails, what takes long goes on, what is open stays open."""

import contextlib
import os
import time

import images
from host import MAIN, OTHER, Host, answers, docker, docker_stand_in, master, proxy_id, serve_a, workers
from load import KeptAlive, Load, Outage, Websocket, Wrk, ask
from machine import cases_of, contains, equal, until

SWITCHES, TURNS = int(os.environ.get("SWITCHES", "50")), 5
# Read errors of connections that a reload closed while they were idle are a matter of chance.
CHANCE = 10


class Loads(contextlib.ExitStack):
    """Every kind of load on an endpoint at once."""

    def __enter__(self):
        self.closing, self.kept = Wrk(MAIN, kept_alive=False), Wrk(MAIN, kept_alive=True)
        self.own, self.slow = KeptAlive(MAIN), Load(MAIN, "/slow", threads=2)
        for load in (self.closing, self.kept, self.own, self.slow):
            self.enter_context(load)
        return self

    def no_request_failed(self):
        """Nothing but read errors of connections kept alive, which a reload closes while they are idle."""
        equal(self.closing.errors(), {})
        equal({kind: count for kind, count in self.kept.errors().items() if kind != "read"}, {})
        equal(self.own.failures(), {})
        equal(self.slow.failures(), {})

    def __str__(self):
        loads = {"wrk closing": self.closing, "wrk kept alive": self.kept, "own": self.own, "slow": self.slow}
        return ", ".join(f"{name} {load.total()}" for name, load in loads.items())


def switches(machine, count):
    """So many switches under every kind of load."""
    container = proxy_id()
    with Loads() as loads:
        for turn in range(count):
            machine.run("connect", "main", "ba"[turn % 2])
            answers(MAIN, ["two", "one"][turn % 2])
    loads.no_request_failed()
    equal(proxy_id(), container)
    print(f"       {count} switches: requests of {loads}, 0 failed")
    return loads


def bare_reloads(machine, count, requests):
    """So many reloads of an unchanged configuration under every kind of load, while so many requests are answered."""
    nginx = master()
    with Loads() as loads:
        for turn in range(count):
            # How many are closed grows with the requests between two reloads, and with what else the machine does:
            # as many requests as between two switches, and a connect that only looks.
            until(lambda: loads.own.total() >= requests * turn / count, "as many requests are answered as by a switch")
            machine.run("connect", "main", "ab"[count % 2])
            before = workers(nginx)
            docker("kill", "-s", "HUP", "frontendproxy")
            until(lambda: workers(nginx).isdisjoint(before), "the old workers leave")
    loads.no_request_failed()
    print(f"       {count} bare reloads: requests of {loads}, 0 failed")
    return loads


def fifty_switches_under_load_fail_no_request():
    with Host() as machine:
        serve_a(machine)
        equal(ask(MAIN), (200, "one"))
        equal(ask(OTHER)[0], 503)
        switches(machine, SWITCHES)


def fifty_switches_close_no_more_kept_connections_than_bare_reloads_do():
    with Host() as machine:
        serve_a(machine)
        closed, by_reloads = 0, 0
        # They take turns, so that what else the machine does falls on both.
        for _ in range(TURNS):
            switched = switches(machine, SWITCHES // TURNS)
            reloaded = bare_reloads(machine, SWITCHES // TURNS, switched.own.total())
            closed += switched.kept.errors().get("read", 0)
            by_reloads += reloaded.kept.errors().get("read", 0)
        print(f"       closed while idle: {closed} by the switches, {by_reloads} by the bare reloads")
        if closed > max(1.5 * by_reloads, by_reloads + CHANCE):
            raise AssertionError(f"{closed} read errors of wrk in the switches, {by_reloads} in the bare reloads")


def when_a_connect_returns_as_many_new_workers_stand_and_no_old_one_accepts():
    with Host() as machine:
        serve_a(machine)
        nginx = master()
        for environment in [{}, docker_stand_in(machine, 'exec $DOCKER "$@"')]:
            for deploy in "baba":
                before = workers(nginx)
                machine.run("connect", "main", deploy, environment=environment)
                after = workers(nginx)
                equal(before & after, set())
                equal(len(after), len(before))


def old_deploys_are_stopped_under_load_without_a_failed_request():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        with Load(MAIN) as load, KeptAlive(MAIN) as kept:
            for old, new in [("a", "b"), ("b", "c"), ("c", "d")]:
                machine.run("start", "r2.zip", new)
                machine.run("connect", "main", new)
                machine.run("stop", old)
        equal(load.failures(), {})
        equal(kept.failures(), {})
        print(f"       {load.total()} requests and {kept.total()} on connections kept alive, 0 failed")


def a_request_that_takes_long_is_answered_by_the_deploy_that_is_stopped_meanwhile():
    with Host() as machine:
        serve_a(machine)
        with Load(MAIN, "/slow", threads=3, limit=1) as slow:
            until(lambda: slow.begun == 3, "the requests are under way")
            machine.run("connect", "main", "b")
            equal(ask(MAIN), (200, "two"))
            machine.run("stop", "a")
            equal(slow.counts(), {(200, "one"): 3})


def an_open_websocket_survives_the_switch_and_the_wait_before_the_stop():
    with Host() as machine:
        serve_a(machine)
        websocket = Websocket(MAIN)
        equal(websocket.status, 101)
        machine.run("connect", "main", "b")
        equal(ask(MAIN), (200, "two"))
        equal(websocket.echoes("still here"), True)
        stop = machine.spawn("stop", "a")
        until(lambda: "wait for the proxy's old workers" in machine.log.read_text(), "the stop waits")
        equal(websocket.echoes("and still"), True)
        equal(stop.poll(), None)
        websocket.close()
        _, stderr = stop.communicate()
        equal(stop.returncode, 0)
        contains(stderr, "a is stopped")


def a_websocket_that_stays_open_holds_a_stop_up_for_drain_secs_and_no_longer():
    with Host() as machine:
        serve_a(machine)
        machine.config["drainSecs"] = 3
        machine.write_config()
        websocket = Websocket(MAIN)
        machine.run("connect", "main", "b")
        stop, echoes = machine.spawn("stop", "a"), 0
        while stop.poll() is None and websocket.echoes("still here"):
            echoes += 1
        stop.communicate()
        equal(stop.returncode, 0)
        equal(echoes > 10, True)
        equal(websocket.echoes("gone"), False)
        equal(ask(MAIN), (200, "two"))


def a_stop_waits_for_no_worker_that_is_older_than_the_deploy():
    with Host() as machine:
        machine.config["drainSecs"] = 30
        machine.write_config()
        serve_a(machine)
        machine.run("connect", "other", "b")
        websocket = Websocket(OTHER)
        # The worker that has it stays behind; then a deploy comes and goes, which it never heard of.
        machine.run("connect", "main", "b")
        machine.run("start", "r1.zip", "c")
        machine.run("connect", "main", "c")
        machine.run("connect", "main", "b")
        begun = time.monotonic()
        machine.run("stop", "c")
        took_s = time.monotonic() - begun
        equal(websocket.echoes("still here"), True)
        if took_s > 15:
            raise AssertionError(f"the stop took {took_s:.1f} s")


def another_version_of_the_image_is_served_without_waiting_for_a_connection_that_is_open():
    with Host() as machine:
        serve_a(machine)
        image, version = images.NEXT.split(":")
        machine.config.update(nginxDockerImage=image, nginxDockerVersion=version)
        machine.write_config()
        websocket, container = Websocket(MAIN), proxy_id()
        with Outage(MAIN) as outage:
            _, stderr = machine.run("connect", "main", "b")
            answers(MAIN, "two")
        contains(stderr, "re-created once")
        equal(websocket.echoes("gone"), False)
        equal(proxy_id() == container, False)
        equal(docker("inspect", "-f", "{{.Config.Image}}", "frontendproxy").strip(), images.NEXT)
        equal(len(docker("ps", "-aq", "--filter", "label=com.docker.compose.project=frontend-proxy").split()), 1)
        print(f"       no answer for {outage.longest_s:.2f} s, {outage.total()} requests: {outage.failures()}")
        # Under a second on a machine that is not busy; waiting for the connection took more than five.
        if outage.longest_s >= 4:
            raise AssertionError(f"no answer for {outage.longest_s:.2f} s")


LONG = [fifty_switches_close_no_more_kept_connections_than_bare_reloads_do]
CASES = [case for case in cases_of(__name__) if case not in (switches, bare_reloads, *LONG)]
