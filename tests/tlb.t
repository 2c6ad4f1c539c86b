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
    is "... and so is each entry that went, for another or by a fence" "$(value a.db "select group_concat(evictions -
        (select count(*) from tlb_eviction e where e.array = a.array) || ' ' || (shootdowns -
        (select count(*) from tlb_shootdown s where s.array = a.array)), ' ') from tlb_array a where entries > 0" | tr -d '0 ')" ""
    is "... evictions of the first level are those of its accesses" "$(value a.db "select (select sum(evictions) from tlb_total) -
        (select sum(evictions) from tlb_array where array < 2)")" 0
    is "... an eviction at a miss, and of what the miss says" "$(value a.db "select count(*) from tlb_eviction e join tlb_refill r
        on r.id = e.cause where e.array < 2 and e.va = r.victim") $(value a.db "select count(*) from tlb_refill where victim <> 0")" \
        "$(value a.db "select sum(evictions) from tlb_array where array < 2") $(value a.db "select sum(evictions) from tlb_array where array < 2")"
    is "... entries gone by fences, which name them" "$(value a.db "select count(*) from tlb_shootdown d left join sfence s on s.id = d.cause
        where s.id is null or not (s.all_va or d.va >> 12 = s.va >> 12 or d.level > 0) or not (s.all_asid or d.asid = s.asid and not d.global)")" 0
    is "... each walk read a pointer for each level above its leaf, but those it knew" "$(value a.db "select count(*) from tlb_refill
        where second = 0 and \"references\" <> (pte3 <> 0) + (pte2 <> 0) + (pte1 <> 0) + 1 and \"references\" > 0")" 0
    is "... and all levels are accounted for" "$(value a.db "select count(*) from tlb_refill where second = 0 and \"references\" + saved <> 3 - level")" 0
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

# What fences drop, of entries that are known (tests/guest/fences.c).
run "$TARRY" boot -o fences.db --trace default,translation --tlb default "$BUILD/tests/guest/fences.elf" </dev/null
is "fences: each entry that goes: page, ASID, G, by a fence of address (else *), ASID (else *), length" "$("$TARRY" query fences.db --format csv \
    "select ((d.va - 0x2000000000) >> 12) || ' ' || d.asid || ' ' || d.global || ' by ' || iif(all_va, '*', printf('%x', s.va - 0x2000000000))
        || ' ' || iif(all_asid, '*', s.asid) || ' ' || length as words from tlb_shootdown d join sfence s on s.id = d.cause
        where array = 1 and d.va between 0x2000000000 and 0x2000003fff order by d.cause, d.va, d.asid" | tail -n +2 | tr -d '\r')" \
    "0 1 0 by 8 * 0
0 2 0 by 8 * 0
1 1 0 by 1000 1 0
2 1 0 by * 1 0
2 2 0 by 2000 * 8192
3 1 1 by 2000 * 8192
0 2 0 by 0 2 4096
1 2 0 by * * 0
3 2 1 by * * 0"
is "... the last of the walker's: three entries read, by level, and the leaf" "$(value fences.db "select \"references\" || ' ' || saved || ' ' ||
    ((pte2 >> 10 << 12) + (va >> 21 & 511) * 8 > 0) || ' ' || (pte1 & 15) || ' ' || level || ' ' || printf('%x', pte & 255) from tlb_refill where va = 0x2000003000
    order by id desc limit 1")" "3 0 1 1 0 e7"
run "$TARRY" boot -o known.db --trace default,translation --tlb walk=4 "$BUILD/tests/guest/fences.elf" </dev/null
is "a walk cache: what a walk reads, and what it saves" "$(value known.db "select group_concat(\"references\" || '+' || saved, ' ') from
    (select * from tlb_refill where va between 0x2000000000 and 0x2000003fff order by id)")" \
    "3+0 1+2 1+2 1+2 3+0 1+2 1+2 3+0 3+0"
is "the hart's updates of A and D" "$("$TARRY" boot -o ad.db --trace default,translation "$BUILD/tests/guest/refusals.elf" </dev/null >/dev/null
    value ad.db "select group_concat(printf('%x %s %02x>%02x', va, access, before & 255, after & 255), ' ') from ad_update where actor = 0")" \
    "200000c000 0 07>47 200000c000 1 47>c7"

# Entries that the kernel writes; numbers of address spaces that run out.
run "$TARRY" run -o soft.db --trace all --mmu softtlb --tlb tlb=16:16:fifo,asid=2 sh -c 'faultloop 300 64; cat /bin/sh | sum; cat /bin/ls | sum'
is "softtlb: writes that evict, as the array counts" "$(value soft.db "select (select count(*) from tlb_eviction where cause in (select id from stlb_write)) - evictions
    + (select count(*) from tlb_eviction where cause in (select id from tlb_refill)) from tlb_array")" 0
is "... each new one has a place: written, less replaced, evicted, dropped, is what is there" "$(value soft.db "select
    (select sum(not replaced) from stlb_write) + (select count(*) from tlb_refill where \"references\" > 0 and pte & 1) - evictions - shootdowns - valid from tlb_array")" 0
is "... most serve a trap, which is of that page" "$(value soft.db "select sum(w.cause > 0) * 10 > count(*) * 9, sum(w.cause > 0 and t.tval >> 12 is not w.va >> 12)
    from stlb_write w left join trap t on t.id = w.cause" | tr , ' ')" "1 0"
is "... first stores set D in software" "$(value soft.db "select count(*) > 0, min(after & 128 > before & 128) from ad_update where actor = 1 and access = 1" | tr , ' ')" "1 1"
ok "numbers of address spaces run out" [ "$(value soft.db "select count(*) from asid_rollover")" -gt 1 ]
is "... one generation after the other, of three" "$(value soft.db "select min(generation) || ' ' || (max(generation) - count(*)) || ' ' || max(asids) from asid_rollover")" "2 1 3"
is "... and the fence of all follows at once" "$(value soft.db "select count(*) from asid_rollover r where not exists
    (select 1 from sfence s where s.all_va and s.all_asid and s.id > r.id and s.insn - r.insn < 30)")" 0

for bad in x dtlb=0 dtlb=10:4 dtlb=64:4:best asid=17 dtlb=; do
    run "$TARRY" run --tlb $bad true
    is "--tlb $bad: status" "$status" 2
    is "... one line that names it" "$(grep -c "^tarry: --tlb $bad: " <<<"$err")/$(wc -l <<<"$err")" 1/1
done
run "$TARRY" run --stale-tlb -o none true
is "--stale-tlb alone has the default model" "$status" 0
done_testing
