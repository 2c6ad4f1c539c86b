#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tarry run --mmu: the same kernel and programs on page tables of three and four levels and on a software-managed TLB.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

head -c 3000000 /dev/urandom >file
value() { "$TARRY" query "$1" --format csv "$2" | tail -1 | tr -d '\r'; }
cat >short <<'END'
notetests | grep passed
cat /in/file | sum; sum /in/file
sparse /in/file --touch 300 --seed 5 --dirty 100 --write-back; sum /in/file
spooky; faultloop 500
END
(cat short; echo 'usertests | grep passed; preserve /in/file /bin/sh; thrash 14000000') >script
run "$TARRY" run -o none --mem 16M --mmu sv39 --input file --input script sh /in/script
is "sv39: all programs" "$status" 0
expected=$out
for mode in sv48 softtlb:segments softtlb:hash; do
    run "$TARRY" run -o none --mem 16M --mmu $mode --input file --input script sh /in/script
    is "$mode: the same output" "$status $out" "0 $expected"
done
run "$TARRY" run -o none --mem 16M --input file --input short sh /in/short
expected=$out
run "$TARRY" run -o none --mem 16M --mmu softtlb:hash --tlb tlb=4:4:fifo --input file --input short sh /in/short
is "a TLB of four entries: the same output" "$status $out" "0 $expected"
run "$TARRY" run -o none --mem 16M --tlb asid=2 --input file --input short sh /in/short
is "two bits of ASID: the same output" "$status $out" "0 $expected"

# What is counted tells the modes apart.
for mode in sv39 sv48 softtlb:segments softtlb:hash; do
    db=${mode/:/-}.db
    run "$TARRY" run -o $db --trace all --mmu $mode --tlb tlb=64:64:random,asid=16 --input file sparse /in/file --touch 300
    is "$mode: the mode in satp" "$(value $db "select group_concat(distinct e.name) from satp s join enum_translation_mode e on e.id = s.mode where s.asid > 0")" "${mode%:*}"
    is "$mode: the trace keeps its invariants" "$("$TARRY" query $db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""
done
is "a miss reads three entries of page tables with sv39" "$(value sv39.db "select max(\"references\") from tlb_refill where va < 1 << 38")" 3
is "... four with sv48" "$(value sv48.db "select max(\"references\") from tlb_refill where va < 1 << 38")" 4
is "... none with a software-managed TLB, once the kernel has begun" "$(value softtlb-hash.db "select count(*) from tlb_refill where \"references\" > 0 and insn > (select min(insn) from process)")" 0
is "... there every miss traps" "$(value softtlb-hash.db "select (select count(*) from trap where code in (12, 13, 15)) = (select count(*) from tlb_refill where insn > (select min(insn) from process))")" 1
ok "... most are refilled without a fault" [ "$(value softtlb-hash.db "select (select count(*) from trap) > (select count(*) from fault)")" = 1 ]

# Address spaces: with ASIDs a change of process needs no fence.
cat >pipes <<'END'
cat /in/file | cat | cat | sum
END
fences() { value "$1" "select count(*) from sfence where all_va = 1 and all_asid = 1 and insn > (select min(insn) from process)"; }
run "$TARRY" run -o with.db --trace all --input file --input pipes sh /in/pipes
run "$TARRY" run -o without.db --trace all --tlb asid=0 --input file --input pipes sh /in/pipes
is "ASIDs: not one fence of everything" "$(fences with.db)" 0
ok "... without, one at each change ($(fences without.db))" [ "$(fences without.db)" -ge "$(value without.db "select count(*) / 2 from satp")" ]
run "$TARRY" run -o stale.db --stale-tlb --tlb itlb=512,dtlb=512,asid=2 --input file --input short sh /in/short
is "no fence is missing, with ASIDs that are used again and again" "$status $(value stale.db "select count(*) from tlb_stale")" "0 0"

for bad in sv57 softtlb:tree ''; do
    run "$TARRY" run --mmu "$bad" true
    is "--mmu '$bad': status" "$status" 2
done
for tlb in itlb=32,dtlb=64 tlb=64,l2=512 tlb=2 tlb=64:2; do
    run "$TARRY" run --mmu softtlb --tlb $tlb true
    is "--mmu softtlb --tlb $tlb: status" "$status" 2
done
done_testing
