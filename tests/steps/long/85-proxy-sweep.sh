#!/usr/bin/env bash
# A machine that follows a master state, from every state to every other over three ports and two endpoints, over three
# deploys, after reboots and losses: as far as SWEEP_SECONDS for each take it. And two faults on every local command.
set -euo pipefail
cd "$(dirname "$0")/../../.."

C2_SWEEP_SECONDS=${SWEEP_SECONDS:-600} cargo test --locked --test proxy_sweep -- --nocapture --test-threads 1
C2_TWO_FAULTS_EVERY=${TWO_FAULTS_EVERY:-1} cargo test --locked --test proxy_faults -- --nocapture --test-threads 1
