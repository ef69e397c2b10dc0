#!/usr/bin/env bash
# Fuzzes every target of fuzz/ for FUZZ_SECONDS each (120 unless told), with the inputs of earlier runs to start from.
# FUZZ_TARGETS names some targets only. Ends with the line "N passed, N failed", one test a target.
set -euo pipefail
cd "$(dirname "$0")/../../.."

read -ra targets <<<"${FUZZ_TARGETS:-config release_json template listing zip unpack}"
tools=$PWD/target/tools
work=$PWD/target/fuzz

# The fuzzing engine is C++.
if ! c++ --version >/dev/null 2>&1; then
    sudo=() && [[ $(id -u) == 0 ]] || sudo=(sudo)
    install=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends g++)
    "${install[@]}" || { "${sudo[@]}" apt-get update && "${install[@]}"; }
fi
[[ -x $tools/bin/cargo-fuzz ]] || cargo install cargo-fuzz@0.13.2 --locked --root "$tools"
export PATH=$tools/bin:$PATH

(cd fuzz && cargo fmt --check)
# Without a sanitizer the stable toolchain does; overflows and failed debug assertions are panics all the same.
cargo fuzz build --sanitizer none --codegen-units 4 --target-dir "$work/build"
built=$work/build/$(rustc -vV | sed -n 's/^host: //p')/release

python3 -W ignore fuzz/zip-seeds.py "$work/zip-seeds"

passed=0 failed=0
for target in "${targets[@]}"; do
    echo "--- $target"
    corpus=$work/corpus/$target
    findings=$work/findings/$target
    rm -rf "$findings"
    mkdir -p "$corpus" "$findings"
    inputs=("$corpus")
    for folder in "fuzz/seeds/$target" "testdata/fuzz/$target" "$work/$target-seeds"; do
        [[ ! -d $folder ]] || inputs+=("$folder")
    done
    options=(-max_total_time="${FUZZ_SECONDS:-120}" -timeout=60 -rss_limit_mb=2048 -max_len=4096
        -dict="fuzz/dictionaries/$target" -artifact_prefix="$findings/" -print_final_stats=1 -verbosity=0)
    if nice -n 19 "$built/$target" "${options[@]}" "${inputs[@]}"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$target: fix what failed above and move its input from $findings/ to testdata/fuzz/$target/"
    fi
done

echo "$passed passed, $failed failed"
((failed == 0))
