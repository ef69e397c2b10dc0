#!/usr/bin/env python3
"""The commands that ask AWS, by the release binary against moto.

Takes the server from MOTO_ENDPOINT, the binary from C2; tests/peers/ starts the server.
"""

import os
import pathlib
import sys

tests = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(tests), str(tests / "s3")]

import certificates
import docker_credential
import docker_login
import machine
import retries
from cloud import Cloud
from store import Store

endpoint = os.environ["MOTO_ENDPOINT"]

cases = docker_login.CASES + docker_credential.CASES + certificates.CASES
machine.finish(
    machine.run_cases(cases, Cloud(endpoint), label="moto: "),
    machine.run_cases(retries.CASES, Store(endpoint), label="moto: "),
)
