#!/usr/bin/env bash
# Unit tests, golden cases, faults, and the shell against the model.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo test --workspace --all-features --locked --no-fail-fast -- --show-output
