#!/usr/bin/env bash
# Every Rust file is formatted as rustfmt.toml says.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo fmt --all --check
