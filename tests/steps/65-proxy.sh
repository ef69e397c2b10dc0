#!/usr/bin/env bash
# The release binary in proxy mode, on this machine's docker engine, with a real nginx on ports 80 and 443.
set -euo pipefail
cd "$(dirname "$0")/../.."

C2=$(tests/build-release)
export C2
failed=0
tests/peers/seaweedfs.sh tests/peers/compose.sh .venv/bin/python tests/proxy/all.py || failed=1
# Hosts without the plugin are what users have.
tests/peers/seaweedfs.sh tests/peers/compose-v1.sh .venv/bin/python tests/proxy/all.py --compose || failed=1
exit $failed
