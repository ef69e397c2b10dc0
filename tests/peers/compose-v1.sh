#!/usr/bin/env bash
# compose-v1.sh COMMAND...: runs the command where docker-compose v1 is all there is of Compose, whatever else there is.
set -euo pipefail

version=$(docker-compose version --short)
if [[ $version != 1.* ]]; then
    echo "docker-compose is $version here, not v1: take it from Debian 12 (package docker-compose)" >&2
    exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cat >"$folder/docker" <<EOF
#!/bin/sh
[ "\$1" != compose ] || { echo "docker: 'compose' is not a docker command." >&2; exit 1; }
exec $(command -v docker) "\$@"
EOF
chmod +x "$folder/docker"
PATH=$folder:$PATH COMPOSE=docker-compose setpriv --pdeathsig TERM "$@"
