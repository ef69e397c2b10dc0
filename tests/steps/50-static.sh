#!/usr/bin/env bash
# The release binary stands alone.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/static-proof
