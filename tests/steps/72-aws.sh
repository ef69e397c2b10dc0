#!/usr/bin/env bash
# The release binary and AWS: its commands against moto, secrets and a first boot against a server that fails as it is told
# to, certificates from a real authority by certbot, and docker with a real registry.
set -euo pipefail
cd "$(dirname "$0")/../.."

C2=$(tests/build-release)
export C2
tests/peers/moto.sh .venv/bin/python tests/aws/all.py
