#!/usr/bin/env python3
"""The commands that ask AWS, by the release binary against moto.

Takes the server from MOTO_ENDPOINT, the binary from C2; tests/peers/ starts the server.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import certificates
import docker_credential
import docker_login
import machine
from cloud import Cloud

moto = Cloud(os.environ["MOTO_ENDPOINT"])

cases = docker_login.CASES + docker_credential.CASES + certificates.CASES
machine.finish(machine.run_cases(cases, moto, label="moto: "))
