#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The software-managed TLB beside a naive one (tests/walks/soft): random entries, fences, address spaces and accesses, for several
# geometries. TARRY_SEED repeats a run, TARRY_STEPS sets how long it is.
. "$(dirname "$0")/tap.sh"
TARRY=${MUTANT:-$TARRY} # tests/walks-mutants.t
seed=${TARRY_SEED:-1} steps=${TARRY_STEPS:-60000}

words() { python3 -c 'import struct, sys; sys.stdout.buffer.write(struct.pack("<5Q", *(int(a, 0) & 2**64 - 1 for a in sys.argv[1:])).ljust(4096, b"\0"))' "$@"; }
naive() { # TARRY ENTRIES WAYS POLICY: status and output in $status $out
    local policies=(fifo lru random)
    words "$seed" "$steps" "$2" "$3" "$4" >"$work/parameters"
    riscv64-unknown-elf-objcopy --update-section ".parameters=$work/parameters" "$BUILD/tests/walks/soft.elf" "$work/soft.elf"
    run timeout 120 "$1" boot -o none --mem 16M --mmu softtlb --tlb "tlb=$2:$3:${policies[$4]},seed=$seed" "$work/soft.elf"
}
agrees() { # ENTRIES WAYS POLICY
    naive "$TARRY" "$@"
    matches "$1 entries, $2 ways, policy $3" "$status $out$err" "^0 $steps steps agree: [0-9]{4,} accesses, [0-9]{4,} faults, [0-9]+ evictions"
    echo "# $out"
}
echo "# TARRY_SEED=$seed"
agrees 4 4 0
agrees 16 16 0
agrees 32 4 0
agrees 256 8 0
agrees 16 16 1
agrees 64 4 1
agrees 16 16 2
agrees 32 8 2
# The checker: another geometry, or another policy, is noticed.
run timeout 60 "$TARRY" boot -o none --mem 16M --mmu softtlb --tlb "tlb=16:4:fifo" "$work/soft.elf"
matches "another geometry differs" "$status $out" "^[1-9][0-9]* step [0-9]+: "
done_testing
