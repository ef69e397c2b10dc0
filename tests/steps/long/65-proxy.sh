#!/usr/bin/env bash
# The release binary in proxy mode, on this machine's docker engine, with a real nginx on ports 80 and 443.
set -euo pipefail
cd "$(dirname "$0")/../../.."

C2=$(tests/build-release)
DOCKER_CONFIG=$(mktemp -d)
trap 'rm -rf "$DOCKER_CONFIG"' EXIT
export C2 DOCKER_CONFIG
mkdir "$DOCKER_CONFIG/cli-plugins"
cp .venv/lib/python3*/site-packages/compose/docker-compose "$DOCKER_CONFIG/cli-plugins/"
python3 tests/proxy/switching.py
