#!/usr/bin/env bash
# The release binary is built by its one command.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/build-release
