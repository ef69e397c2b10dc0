#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/../.."

C2=$(tests/build-release)
export C2
tests/peers/seaweedfs.sh tests/static-proof
