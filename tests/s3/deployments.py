#!/usr/bin/env python3
"""Deployments of the release binary against real S3 servers: SeaweedFS, which checks signatures, and moto.

Takes the servers from SEAWEEDFS_ENDPOINT and MOTO_ENDPOINT, the binary from C2; tests/peers/ starts the servers.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import deploying
import fleet
import machine
import network
import refusals
import secrets_manager
from store import Store

seaweedfs = Store(os.environ["SEAWEEDFS_ENDPOINT"])
moto = Store(os.environ["MOTO_ENDPOINT"])
everywhere = deploying.EVERYWHERE + refusals.EVERYWHERE + fleet.CASES

machine.finish(
    machine.run_cases(everywhere, seaweedfs, label="seaweedfs: "),
    machine.run_cases(refusals.CHECKED_BY_SIGNATURE + deploying.ONCE + network.CASES, seaweedfs, label="seaweedfs: "),
    machine.run_cases(everywhere + secrets_manager.CASES, moto, label="moto: "),
)
