#!/usr/bin/env bash
# The cases that AWS ships with its own crates: fetched into cargo's registry folder by a project that is thrown away,
# so that no crate of AWS is among the dependencies, and read from there.
set -euo pipefail
cd "$(dirname "$0")/../.."

reader=$(mktemp -d)
trap 'rm -rf "$reader"' EXIT
mkdir "$reader/src" && touch "$reader/src/lib.rs"
cat >"$reader/Cargo.toml" <<'END'
[package]
name = "reader"
version = "0.0.0"
edition = "2024"
[dependencies]
aws-runtime = "=1.10.2"
aws-sigv4 = "=1.6.4"
[workspace]
END
cargo fetch --quiet --manifest-path "$reader/Cargo.toml"
C2_WANT_AWS_VECTORS=1 cargo test --package c2-shell --locked --test aws vectors
