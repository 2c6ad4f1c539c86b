#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# --stale-tlb with random kernels that forget fences (tests/guest/fenceless.c): each access goes by the entry that a TLB still has, and the rows
# of tlb_stale are those that the kernel itself predicts: which access, which entry, what the table says, behind which store
# the fence is missing. With all fences, or without --stale-tlb, there is none. TARRY_SEED repeats a run.
. "$(dirname "$0")/tap.sh"
TARRY=${MUTANT:-$TARRY} # tests/walks-mutants.t
first=${TARRY_SEED:-1} count=${TARRY_GUESTS:-6} steps=${TARRY_STEPS:-1500}
first=$((first & 0xffffffffffff))

guest() { # SEED FENCED OPTION...: runs it; expected rows in want, rows of the trace in rows
    python3 -c 'import struct, sys; sys.stdout.buffer.write(struct.pack("<3Q", *map(int, sys.argv[1:])))' "$1" "$steps" "$2" >"$work/parameters"
    riscv64-unknown-elf-objcopy --update-section ".parameters=$work/parameters" "$BUILD/tests/guest/fenceless.elf" "$work/guest.elf"
    rm -f "$work/r.db"
    run timeout 100 "$TARRY" boot -o "$work/r.db" --trace default,translation --mem 16M "${@:3}" "$work/guest.elf"
    out=$(tr -d '\r' <<<"$out")
    sed -n 's/^stale //p' <<<"$out" | sed -E 's/0x0*([0-9a-f])/0x\1/g' >"$work/want"
    "$TARRY" query "$work/r.db" tlb-stale --format csv | tr -d '\r' | sed 1d | cut -d, -f2-8 | tr , ' ' >"$work/rows"
}
passes() { matches "$1" "$status $(grep -v '^stale' <<<"$out")" "^0 ok 1 [^#]*ok 2 [^#]*1\.\.2"; }
never="--tlb dtlb=512,itlb=512" # it never evicts

echo "# TARRY_SEED=$first"
rows=0
for ((seed = first; seed < first + count; seed++)); do
    guest $seed 0 --stale-tlb $never
    passes "kernel $seed sees what a TLB may have"
    is "... and the trace names each stale entry, and the place of the fence that is missing" "$(cat "$work/rows")" "$(cat "$work/want")"
    rows=$((rows + $(wc -l <"$work/rows")))
    guest $seed 1 --stale-tlb $never
    passes "... with all fences it sees its tables"
    is "... and no entry is stale" "$(wc -l <"$work/rows")" 0
    guest $seed 0 $never # what it sees is then the JIT's affair
    is "... and without --stale-tlb nothing is told" "$(wc -l <"$work/rows")" 0
done
ok "there were many ($rows)" test $rows -gt $((count * 10))
# The kernel's prediction is no tautology: it is wrong about a TLB that forgets.
guest "$first" 0 --stale-tlb --tlb dtlb=4,itlb=4
ok "with four entries fewer are stale" test "$(wc -l <"$work/rows")" -lt "$(wc -l <"$work/want")"
done_testing
