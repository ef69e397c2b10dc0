# Sourced by the peers: runs a command beside a server and ends both together.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$(cd "$here/../.." && pwd)/.venv
export AWS_ACCESS_KEY_ID=AKIDOFTHETESTS AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/secretofthetests AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy
export NO_PROXY=127.0.0.1,localhost

# SIGKILL: the servers take up to half a minute over SIGTERM, and their data is thrown away.
stop() {
    [[ -n $pid ]] || return 0
    { kill -KILL "$pid"; wait "$pid"; } 2>/dev/null || true
    stopped
    pid=
}

# with_peer NAME VARIABLE COMMAND...: calls `start` of the sourcing script, which starts the server in $data on free
# ports and sets $pid and $endpoint (`stopped` cleans up behind it); then runs the command with the endpoint in VARIABLE.
with_peer() {
    local name=$1 variable=$2 try
    shift 2
    data=$(mktemp -d) pid=
    trap 'stop; rm -rf "$data"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    for try in 1 2 3; do
        start
        if "$venv/bin/python" "$here/ready.py" "$endpoint" "$pid"; then
            export "$variable=$endpoint"
            echo "$name runs at $endpoint" >&2
            setpriv --pdeathsig KILL "$@"
            return
        fi
        echo "$name did not start (try $try of 3); the end of its log:" >&2
        tail -n 20 "$data/log" >&2
        stop
    done
    return 1
}
