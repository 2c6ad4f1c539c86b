#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libFuzzer on files to boot and on blocks of accesses, for FUZZ_SECONDS (60) each. TAP. Part of make soak. Where there is no clang
# with libFuzzer it is skipped; tests/unit/emu_loader.c and trace_access.c damage the same samples everywhere.
. "$(dirname "$0")/tap.sh"
if ! make -C "$TOP" --no-print-directory BUILD="$BUILD" fuzz >"$work/build" 2>&1; then
    sed 's/^/# /' "$work/build" | head -5
    echo "1..0 # SKIP needs clang and its libFuzzer (packages clang, libclang-rt-dev)"
    exit 0
fi
cd "$work" || exit 1
# Blocks of accesses begin with good ones, files to boot with nothing.
mkdir boot access
for i in 1 2 3; do TARRY_SEED=$i "$BUILD/tests/trace_access" --write "access/$i"; done
declare -A most=([boot]=8192 [access]=16384)
for target in boot access; do
    tap_count=$((tap_count + 1))
    if "$BUILD/tests/fuzz_$target" -max_total_time="${FUZZ_SECONDS:-60}" -max_len="${most[$target]}" -seed=$((${TARRY_SEED:-1} % 2000000000 + 1)) \
        -artifact_prefix="$BUILD/fuzz-$target-" "$target" >log 2>&1; then
        echo "ok $tap_count - $target: $(grep '^Done' log)"
    else
        tail -40 log | sed 's/^/# /'
        echo "not ok $tap_count - $target: the input is $(ls -t "$BUILD"/fuzz-"$target"-* | head -1)"
    fi
done
done_testing
