#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/../.."

C2=$(tests/build-release)
export C2
python3 tests/cli/all.py
