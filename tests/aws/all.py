#!/usr/bin/env python3
"""The commands that ask AWS, by the release binary against moto and a stand-in that fails as it is told to.

Takes the server from MOTO_ENDPOINT, the binary from C2; tests/peers/ starts the server.
"""

import concurrent.futures
import os
import pathlib
import sys

tests = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(tests), str(tests / "s3")]

import certificates
import dns_challenges
import docker_credential
import docker_login
import first_boot
import identities
import machine
import registry
import retries
import secret_credentials
import secret_values
import sentinels
from cloud import Cloud
from store import Store

endpoint = os.environ["MOTO_ENDPOINT"]

cases = identities.CASES + docker_login.CASES + docker_credential.CASES + certificates.CASES


def in_registry():
    with registry.Registry() as at:
        return machine.run_cases(registry.CASES, at, label="docker registry: ")


# Those of the first boot and of certificates wait most of the time, all for themselves.
waiting = [(case, (), "first boot: ") for case in first_boot.CASES]
waiting += [(case, (Cloud(endpoint),), "pebble: ") for case in dns_challenges.CASES]
with concurrent.futures.ThreadPoolExecutor(len(waiting)) as pool:
    aside = [pool.submit(machine.run_cases, [case], *given, label=label) for case, given, label in waiting]
    counts = [
        machine.run_cases(secret_credentials.CASES + secret_values.CASES, Cloud(endpoint), label="secrets: "),
        machine.run_cases(cases, Cloud(endpoint), label="moto: "),
        machine.run_cases(retries.CASES, Store(endpoint), label="moto: "),
        in_registry(),
        *(case.result() for case in aside),
    ]
print("looked for secrets after {scenarios} runs: {hits} hits".format(**sentinels.TALLY))
assert sentinels.TALLY["scenarios"] >= 40
machine.finish(*counts)
