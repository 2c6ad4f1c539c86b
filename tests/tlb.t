#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tarry run --tlb: what programs see and the counts, which are the same at every run; time of walks; bad geometries.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

head -c 3000000 /dev/urandom >file
value() { "$TARRY" query "$1" --format csv "$2" | tail -1 | tr -d '\r'; }

run "$TARRY" run -o plain.db --input file sparse /in/file --touch 100 --dirty 9
plain=$out$err
for spec in default dtlb=64:4:lru tlb=16:16:random,l2=128:4:plru,walk=8; do
    for i in a b; do
        run "$TARRY" run -o $i.db --trace all --tlb $spec --input file sparse /in/file --touch 100 --dirty 9
        is "--tlb $spec: the program sees nothing of it ($i)" "$out$err" "$plain"
    done
    run "$TARRY" compare a.db b.db
    is "... and twice the same trace" "$status" 0
    ok "... misses of loads, stores and fetches" [ "$(value a.db "select count(*) from tlb_total where misses > 10")" = 3 ]
    is "... each miss is a row" "$(value a.db "select (select sum(misses + again) from tlb_total) - (select count(*) from tlb_refill)")" 0
    is "... of a kind" "$(value a.db "select sum(second + walks - misses) from tlb_total")" 0
    is "... and time is as without" "$(value a.db "select insn from process where pid = 1")" \
        "$(value plain.db "select insn from process where pid = 1")"
done
is "the query shows three rows" "$("$TARRY" query a.db tlb --format csv | wc -l)" 4
is "without --tlb none" "$("$TARRY" query plain.db tlb --format csv | wc -l)" 1

run "$TARRY" run -o slow.db --tlb default,walk-ns=100 sparse /bin/sh --touch 10
is "default and other keys do not mix" "$status" 2
run "$TARRY" run -o slow.db --tlb dtlb=64,walk-ns=100 --input file sparse /in/file --touch 100 --dirty 9
is "walks that take time: the program sees nothing" "$out$err" "$plain"
is "... and the run is longer by what they took" "$(value slow.db "select virtual_ns - insns - 100 * (select sum(refs) from tlb_total) > 0 from (select virtual_ns, instructions as insns from run)")" 1
ok "... than the plain one" [ "$(value slow.db "select virtual_ns from run")" -gt "$(value plain.db "select virtual_ns from run")" ]

# The guest's kernel fences what it must: nothing is ever stale.
run "$TARRY" run -o stale.db --stale-tlb --tlb dtlb=512,itlb=512 notetests
is "--stale-tlb: the kernel and its tests run" "$status" 0
is "... and no fence is missing" "$("$TARRY" query stale.db tlb-stale --format csv | wc -l)" 1

for bad in x dtlb=0 dtlb=10:4 dtlb=64:4:best asid=17 dtlb=; do
    run "$TARRY" run --tlb $bad true
    is "--tlb $bad: status" "$status" 2
    is "... one line that names it" "$(grep -c "^tarry: --tlb $bad: " <<<"$err")/$(wc -l <<<"$err")" 1/1
done
run "$TARRY" run --stale-tlb -o none true
is "--stale-tlb alone has the default model" "$status" 0
done_testing
