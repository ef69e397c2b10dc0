#!/usr/bin/env python3
"""Proxy mode on a real docker engine: deploys in containers behind a real nginx on ports 80 and 443 of this machine.

usage: all.py [--long|--compose] [WORD...]: the cases whose names hold one of the words, without words all; --long: the
long ones; --compose: those that call Compose in each way in which it is called.
Needs the variables C2 and SEAWEEDFS_ENDPOINT, boto3, and Compose as docker's plugin or, with COMPOSE=docker-compose, as
docker-compose v1. Everything that is started is removed, also after a failure.
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
import health
import images
import kills
import readiness
import readme
import secure
import shares
import switching
import templates
import unreachable
from host import COMPOSE as SPELLING
from host import docker
from load import ask
from machine import C2, equal, finish, run_cases

# The proxy started, tried inside and outside, re-created for another image or certificate, for a folder that was made
# again and after the older tool, its start undone; deploys of both modes started, stopped and replaced.
COMPOSE = [
    deploys.start_runs_deploys_side_by_side_and_again_touches_nothing,
    deploys.another_release_under_a_live_label_comes_back_when_it_is_broken,
    switching.another_version_of_the_image_is_served_without_waiting_for_a_connection_that_is_open,
    secure.a_port_443_that_is_taken_leaves_what_serves,
    secure.an_https_endpoint_redirects_serves_and_takes_a_new_certificate,
    templates.a_bad_template_starts_no_proxy,
    healing.connect_and_restart_heal_a_proxy_that_was_killed_stopped_or_removed,
    healing.a_folder_that_was_moved_away_and_made_again_is_recognised_and_the_container_made_anew_once,
    healing.what_compose_left_of_a_container_when_it_was_cut_short_is_removed,
    healing.a_machine_of_the_older_tool_is_taken_over_and_its_proxy_made_anew_once,
    following.what_the_master_says_is_brought_about_and_reported,
]
MODULES = [deploys, switching, shares, secure, certificates, templates, unreachable, healing, kills, readiness, following, health]
MODULES += [fleet, readme]


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
    if "--compose" in sys.argv:
        cases = COMPOSE
    elif SPELLING != "docker compose":
        # What README prints names the plugin.
        cases = [case for case in cases if case not in readme.CASES]
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
        images.build(certbot=any(case in chosen for case in certificates.CASES))
        counts = run_cases(chosen)
    finally:
        images.remove()
    finish(counts, run_cases([nothing_is_left_behind]))


main()
