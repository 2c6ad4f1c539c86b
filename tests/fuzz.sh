#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libFuzzer on files to boot, for FUZZ_SECONDS (60). TAP. Part of make soak. Where there is no clang with libFuzzer it is skipped;
# tests/unit/emu_loader.c damages the same samples everywhere.
. "$(dirname "$0")/tap.sh"
if ! make -C "$TOP" --no-print-directory BUILD="$BUILD" fuzz >"$work/build" 2>&1; then
    sed 's/^/# /' "$work/build" | head -5
    echo "1..0 # SKIP needs clang and its libFuzzer (packages clang, libclang-rt-dev)"
    exit 0
fi
cd "$work" || exit 1
mkdir corpus
if "$BUILD/tests/fuzz_boot" -max_total_time="${FUZZ_SECONDS:-60}" -max_len=8192 -seed=$((${TARRY_SEED:-1} % 2000000000 + 1)) \
    -artifact_prefix="$BUILD/fuzz-" corpus >log 2>&1; then
    echo "ok 1 - $(grep '^Done' log)"
else
    tail -40 log | sed 's/^/# /'
    echo "not ok 1 - the input is $(ls -t "$BUILD"/fuzz-* | head -1)"
fi
echo "1..1"
