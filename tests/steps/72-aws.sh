#!/usr/bin/env bash
# The release binary's commands for AWS, against moto.
set -euo pipefail
cd "$(dirname "$0")/../.."

C2=$(tests/build-release)
export C2
tests/peers/moto.sh .venv/bin/python tests/aws/all.py
