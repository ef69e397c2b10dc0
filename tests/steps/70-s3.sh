#!/usr/bin/env bash
# The release binary against real S3 servers.
set -euo pipefail
cd "$(dirname "$0")/../.."

C2=$(tests/build-release)
export C2
tests/peers/seaweedfs.sh tests/peers/moto.sh .venv/bin/python tests/s3/deployments.py
