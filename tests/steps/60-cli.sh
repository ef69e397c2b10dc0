#!/usr/bin/env bash
# The release binary on the command line, with releases in a folder.
set -euo pipefail
cd "$(dirname "$0")/../.."

C2=$(tests/build-release)
export C2
python3 tests/cli/all.py
