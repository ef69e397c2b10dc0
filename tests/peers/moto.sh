#!/usr/bin/env bash
# moto.sh COMMAND...: runs the command beside moto, which stands in for S3 and other AWS services and checks no
# signature; its address is in MOTO_ENDPOINT, keys are in the usual AWS variables.
set -euo pipefail
. "$(dirname "$0")/peer.sh"

stopped() { :; }

start() {
    local port
    port=$(python3 "$here/free_ports.py" 1)
    endpoint=http://127.0.0.1:$port
    setpriv --pdeathsig KILL "$venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$data/log" 2>&1 &
    pid=$!
}

with_peer moto MOTO_ENDPOINT "$@"
