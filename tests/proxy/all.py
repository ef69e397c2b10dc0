#!/usr/bin/env python3
"""Proxy mode on a real docker engine: deploys in containers behind a real nginx on ports 80 and 443 of this machine.

usage: all.py [--long] [WORD...]: the cases whose names hold one of the words, without words all; --long: the long ones.
Needs the variables C2 and SEAWEEDFS_ENDPOINT, boto3, and Compose as docker's plugin. Everything that is started is removed, also after a failure.
"""

import pathlib
import signal
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import certificates
import deploys
import fleet
import following
import healing
import images
import kills
import readme
import secure
import shares
import switching
import templates
import unreachable
from host import docker
from load import ask
from machine import C2, equal, finish, run_cases

MODULES = [deploys, switching, shares, secure, certificates, templates, unreachable, healing, kills, following, fleet, readme]


def engine():
    """All that the engine has of containers, images, networks and volumes."""
    listings = [["ps", "-a"], ["images", "-a"], ["network", "ls"], ["volume", "ls"]]
    return {" ".join(listing): docker(*listing, "-q").split() for listing in listings}


def processes():
    """The processes that are the binary under test."""
    return [path for path in pathlib.Path("/proc").glob("[0-9]*/exe") if str(path.resolve()) == C2]


def main():
    long, words = "--long" in sys.argv, [word for word in sys.argv[1:] if not word.startswith("--")]
    cases = [case for module in MODULES for case in (module.LONG if long else module.CASES)]
    chosen = [case for case in cases if not words or any(word in case.__name__ for word in words)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    images.remove()
    if ask("localhost")[0] != "error":
        sys.exit("something answers on port 80 of this machine: stop it first")
    before = engine()

    def nothing_is_left_behind():
        equal(engine(), before)
        equal(processes(), [])

    try:
        images.build()
        counts = run_cases(chosen)
    finally:
        images.remove()
    finish(counts, run_cases([nothing_is_left_behind]))


main()
