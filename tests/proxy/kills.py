"""Runs that are killed at random moments: no request is answered by a dead port, and the same command converges."""

import os
import random
import subprocess
import time

from host import MAIN, Host, answers, runs_in, serve_a
from load import KeptAlive, Load, ask
from machine import equal, until


def killed(machine, chance, longest_s, *words):
    """Runs c2 and kills it at a random moment; whether it had not ended by then."""
    process = machine.spawn(*words)
    try:
        process.wait(timeout=chance.uniform(0, longest_s))
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return process.returncode != 0


def switches_are_killed(kills, seed):
    chance = random.Random(seed)
    print(f"       seed {seed}")
    with Host() as machine:
        serve_a(machine)
        begun = time.monotonic()
        machine.run("connect", "main", "b")
        longest_s = time.monotonic() - begun
        done = turn = 0
        with Load(MAIN) as load, KeptAlive(MAIN) as kept:
            while done < kills:
                words = ["connect", "main", "ab"[turn % 2]]
                # Now and then the run that takes it up is killed too.
                for _ in range(chance.choice([1, 1, 2])):
                    done += killed(machine, chance, longest_s, *words)
                    equal(ask(MAIN)[0], 200)
                machine.run(*words)
                answers(MAIN, ["one", "two"][turn % 2])
                equal(machine.leftovers(), [])
                turn += 1
        equal(load.failures(), {})
        equal(kept.failures(), {})
        print(f"       {done} runs killed; {load.total()} requests, {kept.total()} on connections kept alive: 0 failed")


def a_killed_connect_fails_no_request_and_converges():
    switches_are_killed(20, 20240102)


def two_hundred_killed_connects_fail_no_request_and_converge():
    switches_are_killed(200, int(os.environ.get("SEED", "20240103")))


def killed_starts_over_a_live_label_never_route_to_a_dead_port_and_converge():
    chance = random.Random(20240104)
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        begun = time.monotonic()
        machine.run("start", "r2.zip", "a")
        longest_s, done, turn = time.monotonic() - begun, 0, 0
        with Load(MAIN) as load:
            while done < 20:
                words = ["start", ["r1.zip", "r2.zip"][turn % 2], "a"]
                done += killed(machine, chance, longest_s, *words)
                # A command of the release that the killed run had begun ends by itself.
                until(lambda: not runs_in(machine.deploys), "the release's command has ended")
                machine.run(*words)
                equal(ask(MAIN), (200, ["one", "two"][turn % 2]))
                turn += 1
        # While it is replaced it answers 503, and nothing else.
        equal({status for status, _ in load.counts()} - {200, 503}, set())
        print(f"       {done} runs killed, {load.total()} requests")


CASES = [a_killed_connect_fails_no_request_and_converges]
LONG = [
    two_hundred_killed_connects_fail_no_request_and_converge,
    killed_starts_over_a_live_label_never_route_to_a_dead_port_and_converge,
]
