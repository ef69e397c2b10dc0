#!/usr/bin/env bash
# Clippy has nothing to say.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo clippy --workspace --all-targets --all-features --locked --quiet -- -D warnings
