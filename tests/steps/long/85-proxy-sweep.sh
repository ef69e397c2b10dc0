#!/usr/bin/env bash
# A machine that follows a master state, from every state to every other over three ports and two endpoints, over three
# deploys, after reboots and losses: with faults as far as SWEEP_SECONDS for each take it.
set -euo pipefail
cd "$(dirname "$0")/../../.."

C2_SWEEP_SECONDS=${SWEEP_SECONDS:-600} cargo test --locked --test proxy_sweep -- --nocapture --test-threads 1
