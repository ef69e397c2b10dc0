#!/usr/bin/env bash
# The release binary in proxy mode, killed two hundred times, and with a docker that hangs.
set -euo pipefail
cd "$(dirname "$0")/../../.."

C2=$(tests/build-release)
export C2
tests/peers/seaweedfs.sh tests/peers/compose.sh .venv/bin/python tests/proxy/all.py --long
