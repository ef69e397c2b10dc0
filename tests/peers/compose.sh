#!/usr/bin/env bash
# compose.sh COMMAND...: runs the command where Compose is a plugin of docker, whatever this machine has of it.
set -euo pipefail
. "$(dirname "$0")/peer.sh"

DOCKER_CONFIG=$(mktemp -d)
export DOCKER_CONFIG
trap 'rm -rf "$DOCKER_CONFIG"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$DOCKER_CONFIG/cli-plugins"
cp "$venv"/lib/python3*/site-packages/compose/docker-compose "$DOCKER_CONFIG/cli-plugins/"
docker compose version >/dev/null
setpriv --pdeathsig TERM "$@"
