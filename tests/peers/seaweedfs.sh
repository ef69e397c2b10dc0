#!/usr/bin/env bash
# seaweedfs.sh COMMAND...: runs the command beside a SeaweedFS S3 server, which checks signatures; its address is in
# SEAWEEDFS_ENDPOINT, its keys are in the usual AWS variables.
set -euo pipefail
. "$(dirname "$0")/peer.sh"

# The server's own sockets outlive it in /tmp.
stopped() {
    local port
    for port in "${ports[@]}"; do
        rm -f /tmp/seaweedfs-*-"$port".sock /tmp/seaweedfs-*-$((port + 10000)).sock
    done
}

start() {
    local s3 master volume filer
    read -ra ports < <(python3 "$here/free_ports.py" 4)
    read -r s3 master volume filer <<<"${ports[*]}"
    endpoint=http://127.0.0.1:$s3
    cat >"$data/s3.json" <<END
{"identities": [{"name": "admin", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
  "credentials": [{"accessKey": "$AWS_ACCESS_KEY_ID", "secretKey": "$AWS_SECRET_ACCESS_KEY"}]}]}
END
    setpriv --pdeathsig KILL "$venv/bin/weed" server -dir="$data" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
        -s3 -s3.port="$s3" -s3.port.iceberg=0 -s3.port.lance=0 -s3.config="$data/s3.json" -s3.domainName=localhost \
        -s3.localSocket="$data/s3.sock" -master.port="$master" -master.volumeSizeLimitMB=64 \
        -volume.port="$volume" -volume.max=100 -filer.port="$filer" >"$data/log" 2>&1 &
    pid=$!
}

with_peer SeaweedFS SEAWEEDFS_ENDPOINT "$@"
