#!/usr/bin/env bash
# The release binary in proxy mode, killed two hundred times, with a docker that hangs, and all of it with docker-compose v1.
set -euo pipefail
cd "$(dirname "$0")/../../.."

C2=$(tests/build-release)
export C2
failed=0
tests/peers/seaweedfs.sh tests/peers/compose.sh .venv/bin/python tests/proxy/all.py --long || failed=1
tests/peers/seaweedfs.sh tests/peers/compose-v1.sh .venv/bin/python tests/proxy/all.py || failed=1
exit $failed
