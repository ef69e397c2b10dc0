#!/usr/bin/env bash
# Clippy is silent, also about the core alone: beside the shell, its dependencies are built with a clock.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo clippy --workspace --all-targets --all-features --locked --quiet -- -D warnings
cargo clippy -p c2-core --all-features --locked --quiet -- -D warnings
