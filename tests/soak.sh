#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make soak: every random test over and over with fresh seeds, for SOAK_SECONDS (3600) at most. Stops at the first failure
# and says how to repeat it. No part takes longer than SOAK_PART seconds (half of the time): what is cut off then has found nothing so far.
# `SOAK_SECONDS=600 SOAK_PART=25 make soak` tries them all. It begins with the fuzzer of the file system (a sixth of the time). The first round cuts the power of the file system two million times (20 to 30 minutes), and does 20 million operations of model programs.
set -u
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build}
end=$((SECONDS + ${SOAK_SECONDS:-3600})) part=${SOAK_PART:-$((${SOAK_SECONDS:-3600} / 2))}
export WALKS_SECONDS=$((part / 2)) # of both sides; a quarter of the time
tests="$BUILD/tests/seg_model $BUILD/tests/seg_sourcemap $BUILD/tests/seg_pagemap $BUILD/tests/seg_together
       $BUILD/tests/fs_crash $BUILD/tests/fs_model $BUILD/tests/fs_damage $BUILD/tests/mmu_random
       $BUILD/tests/emu_hostile $BUILD/tests/trace_kill tests/lockstep/soak.sh tests/programs-usertests.t tests/model.t tests/fs-guest-model.t"
tests="$tests $BUILD/tests/emu_loader tests/fuzz.sh $BUILD/tests/emu_access $BUILD/tests/trace_access $BUILD/tests/trace_study"
tests="$tests tests/walks/soak.sh $BUILD/tests/mmu_tlb $BUILD/tests/mmu_tlb_levels $BUILD/tests/emu_tlb tests/softtlb.t tests/stale.t" # translation
once="tests/linux.sh tests/fuzz/run $BUILD/tests/seg_exhaustive" # what has no seed
log=$BUILD/soak.log
passed=0 operations=0 cut=0
model=20000000 # operations of model programs in the first round, which begins with them
export TARRY_DEPTH=6 TARRY_SEED=1 TARRY_CRASH_POINTS=${TARRY_CRASH_POINTS:-2000000}

one() { # TEST: exits if it fails
    [ -t 2 ] && printf '\r\033[K%d passed, %d s left: %s' $passed $((end - SECONDS)) "${1##*/}" >&2
    local left=$((end - SECONDS)) status=0
    timeout -k 10 $((left < 10 ? 10 : left < part ? left : part)) "$1" >"$log" 2>&1 || status=$?
    if [ $status = 124 ] && ! grep -q '^not ok' "$log"; then
        cut=$((cut + 1))
        echo "# ${1##*/}: cut off"
        return
    fi
    if [ $status != 0 ] || grep -q '^not ok' "$log"; then
        [ -t 2 ] && printf '\r\033[K' >&2
        grep -A5 '^not ok' "$log"
        echo "soak: $1 failed; repeat it with: BUILD=$BUILD TARRY_SEED=$TARRY_SEED $1   (its output: $log)"
        echo "$passed passed, 1 failed"
        exit 1
    fi
    passed=$((passed + 1))
    operations=$((operations + $(sed -n 's/^# \([0-9]*\) operations$/\1/p' "$log" | head -1) + 0))
}

for t in $once; do
    one "$t"
    [ -t 2 ] && printf '\r\033[K' >&2
    grep -E '^#|SKIP|^fuzz: |^Done ' "$log" | grep -v Recommended
done
while [ $SECONDS -lt $end ]; do
    TARRY_SEED=$((RANDOM << 45 ^ RANDOM << 30 ^ RANDOM << 15 ^ RANDOM | 1))
    for t in $tests; do
        [ $SECONDS -lt $end ] || break
        case $t in # a minute or two each
        *seg_model) export TARRY_OPS=$model ;; # four to five minutes in the first round
        *model.t) export TARRY_OPS=400000 ;;
        *mmu_tlb_levels) export TARRY_OPS=400000000 ;;
        *) export TARRY_OPS=2000000 ;;
        esac
        export TARRY_CASES=20000000 TARRY_STEPS=600000 TARRY_GUESTS=10 # of the tests of translation
        case $t in *stale.t) TARRY_STEPS=20000 ;; esac
        one "$t"
        grep -E '^# .* crash points|^[0-9]+ cases agree' "$log"
    done
    TARRY_CRASH_POINTS=100000 model=4000000
done
[ -t 2 ] && printf '\r\033[K' >&2
echo "$operations operations of model programs"
echo "$passed passed, $cut cut off, 0 failed"
