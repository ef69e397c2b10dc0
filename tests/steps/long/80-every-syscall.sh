#!/usr/bin/env bash
# The release binary disturbed at every system call.
set -euo pipefail
cd "$(dirname "$0")/../../.."

tests/every-syscall
