#!/usr/bin/env bash
# Eight writers and fifty updates each on one state, under the faults of fifty seeds.
set -euo pipefail
cd "$(dirname "$0")/../../.."

C2_TEST_SEEDS=${SEEDS:-50} cargo test --locked --test fleet -- --nocapture
