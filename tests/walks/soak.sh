#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Random walks beside QEMU from TARRY_SEED on: a hundred million cases, or as many as there are in WALKS_SECONDS (900). Part of make soak.
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
tests/walks/compare.py -n 100000000 -t "${WALKS_SECONDS:-900}" "$build/tests/walks/walks.elf" "$build/tarry" &&
    tests/walks/compare.py -n 1000000 -t $((${WALKS_SECONDS:-900} / 5 + 1)) --open-bits --options "--stale-tlb --tlb default" "$build/tests/walks/walks.elf" "$build/tarry"
