#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tarry query DB explain: real faults in words, of programs on Tarry's kernel and of another kernel.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
explain() { "$TARRY" query "$@" --format csv | tr -d '\r"' | tail -n +2; }
line() { sed -n "s/^$1,//p" <<<"$told"; } # WHAT: its words
pte='0x[0-9a-f]{16} = '

"$TARRY" run -o r.db --trace default,translation nullderef 2>/dev/null
told=$(explain r.db explain)
matches "nullderef: who" "$(line who)" '^pid 1 /bin/nullderef, in user mode, after [0-9]+ instructions$'
is "... the access" "$(line access)" "store or atomic at 0x0"
matches "... the instruction" "$(line instruction)" '^0x[0-9a-f]+: c\.s[wd] .*, in main\+0x[0-9a-f]+ of /bin/nullderef \(guestos/user/nullderef\.c:6\)$'
matches "... the address space" "$(line translation)" '^sv39, address space \(ASID\) [0-9]+, root of the table at 0x[0-9a-f]+$'
root=$(sed 's/.* //' <<<"$(line translation)")
matches "... the first entry, at the root" "$(line 'level 2')" "^entry 0 at $root: ${pte}V-------, ppn 0x[0-9a-f]+: a pointer to the table at 0x[0-9a-f]+\$"
next=$(sed 's/.* //' <<<"$(line 'level 2')")
matches "... the next where that points" "$(line 'level 1')" "^entry 0 at $next: ${pte}V-------, ppn"
is "... the last where this one points" "$(line 'level 0')" \
    "entry 0 at $(sed 's/.* //' <<<"$(line 'level 1')"): 0x0000000000000000 = --------, ppn 0x0: not valid"
is "... the rule" "$(line refused)" "4.3.2 step 3: V = 0 at level 0: not present: nothing is mapped from 0x0 to 0xfff"
is "... the kernel's" "$(line kernel)" "rule no_segment: no segment holds the address"
matches "... what it did" "$(line outcome)" '^no_segment: .*; it took [0-9]+ ns$'
matches "... the note" "$(line note)" '^sys: trap: fault write addr=0x0 pc='
fault=$(sqlite3 r.db 'select max(id) from fault')
for id in "$fault" "$(sqlite3 r.db 'select max(cause) from walk')" "$(sqlite3 r.db 'select max(id) from walk')"; do
    is "the same by row $id" "$(explain r.db explain --fault "$id")" "$told"
done
is "... and --fault=ID" "$(explain r.db explain --fault="$fault")" "$told"
is "an id of no fault" "$(explain r.db explain --fault 99999999)" "nothing,no row of fault, trap, walk or tlb_stale has id 99999999"
run "$TARRY" query r.db explain --fault x
is "no id: status" "$status" 2

"$TARRY" run -o r.db --trace default,translation badstore 2>/dev/null
told=$(explain r.db explain)
matches "badstore: the leaf" "$(line 'level 0')" "${pte}VR-XU-A-, ppn 0x[0-9a-f]+: a leaf, page of 4 KiB at 0x"
is "... W" "$(line refused)" "4.3.2 step 5: W = 0: no permission to store"
is "... the kernel's rule" "$(line kernel)" "rule protection: the segment does not allow the access"
matches "... the segment" "$(line segment)" "^text, 0x10000 to 0x"

"$TARRY" run -o r.db --trace default,translation badjump 2>/dev/null
told=$(explain r.db explain)
is "badjump: a fetch" "$(line access)" "instruction fetch at 0x1234567000"
is "... which is refused at the root" "$(line refused)" \
    "4.3.2 step 3: V = 0 at level 2: not present: nothing is mapped from 0x1200000000 to 0x123fffffff"
is "... where the walk ends" "$(line 'level 1')" ""

head -c 100000 /dev/urandom >f
"$TARRY" run -o r.db --trace default,translation --input f:/in/f sparse /in/f --touch 3 --dirty 1 >/dev/null
told=$(explain r.db explain --fault "$(sqlite3 r.db "select id from fault where rule = 10")")
matches "a store to a clean page: its leaf" "$(line 'level 0')" "${pte}VR--U-A-, "
is "... W" "$(line refused)" "4.3.2 step 5: W = 0: no permission to store"
matches "... the kernel's rule" "$(line kernel)" "^rule first_store: "
matches "... what it did" "$(line outcome)" "^detached: "
told=$(explain r.db explain --fault "$(sqlite3 r.db "select min(id) from fault where in_kernel")")
is "a fault of the kernel's own" "$(line translation)" "the hart refused nothing: the kernel looked for the page itself"

"$TARRY" run -o r.db --mmu sv48 --trace default,translation nullderef 2>/dev/null
told=$(explain r.db explain)
is "sv48: four levels" "$(grep -c '^level ' <<<"$told")" 4
matches "... the first" "$(line 'level 3')" "^entry 0 at $(sed 's/.* //' <<<"$(line translation)"): "
"$TARRY" run -o r.db --mmu softtlb --trace default,translation nullderef 2>/dev/null
told=$(explain r.db explain)
matches "softtlb: no table" "$(line translation)" '^softtlb, address space \(ASID\) [0-9]+$'
matches "... and no entry" "$(line refused)" '^software-managed TLB \(satp.MODE 15\): it has no entry for this page and ASID [0-9]+; the kernel'
is "... of any level" "$(grep -c '^level ' <<<"$told")" 0

# without the walk
"$TARRY" run -o r.db nullderef 2>/dev/null
told=$(explain r.db explain)
is "no walk: how to have one" "$(line translation)" "its page walk was not recorded: run again with --trace default,translation"
is "... and nothing is made up" "$(line refused)$(line 'level 0')" ""
is "... but what the kernel knew" "$(line kernel)" "rule no_segment: no segment holds the address"

# another kernel: its tests of protection have a fault for each of these
"$TARRY" boot -o r.db --trace default,translation "$BUILD/tests/guest/traps.elf" </dev/null >/dev/null
for n in 2 4 10 11 12 13 14; do
    told=$(explain r.db explain --fault "$(sqlite3 r.db "select min(cause) from walk where refusal = $n")")
    case $n in
    2) why="4.4.1: the address is not canonical" ;;
    4) why="4.3.2 step 3: V = 0 at level" ;;
    10) why="4.3.2 step 5: U = 0: user mode" ;;
    11) why="4.3.2 step 5: U = 1( and sstatus.SUM = 0)?: supervisor mode" ;;
    12) why="4.3.2 step 5: R = 0: no permission to load" ;;
    13) why="4.3.2 step 5: W = 0: no permission to store" ;;
    14) why="4.3.2 step 5: X = 0: no permission to fetch" ;;
    esac
    matches "another kernel: refusal $n" "$(line refused)" "^$why"
    is "... its kernel says nothing" "$(line kernel)" "the trace does not say what the kernel made of it (only Tarry's own does)"
done
is "no words are missing for any fault" "$(for i in $(sqlite3 r.db "select id from trap"); do explain r.db explain --fault "$i" | grep -cE '^(who|access|instruction|translation),.'; done | sort -u)" 4
told=$(explain r.db explain --fault "$(sqlite3 r.db "select min(id) from trap where code not in (12, 13, 15)")")
is "no page fault" "$(line translation)" "no page table refused this: it is no page fault"

# an access for each rule (tests/guest/refusals.c), in each mode
told_at() { told=$(explain r.db explain --fault "$(sqlite3 r.db "select cause from walk where va = $1 order by id desc limit 1")"); }
refused_at() { # ADDRESS WORDS
    told_at "$1"
    is "$mode: at $1" "$(line refused)" "$2"
}
page() { printf '0x%x' $((0x2000000000 + $1 * 4096)); }
for mode in sv39 sv48; do
    "$TARRY" boot -o r.db --mmu $mode --trace default,translation "$BUILD/tests/guest/refusals.elf" </dev/null >out
    is "$mode: the guest was refused as it should" "$(grep -vc '^ok' out)" 1
    refused_at "$(page 0)" "4.3.2 step 3: V = 0 at level 0: not present: nothing is mapped from 0x2000000000 to 0x2000000fff"
    refused_at "$(page 1)" "4.3.2 step 5: R = 0: no permission to load; X = 1 would do if sstatus.MXR were 1, but it is 0 (4.1.1.2)"
    refused_at "$(page 2)" "4.3.2 step 5: W = 0: no permission to store"
    refused_at "$(page 3)" "4.3.2 step 5: X = 0: no permission to fetch instructions"
    refused_at "$(page 4)" "4.3.2 step 5: U = 1 and sstatus.SUM = 0: supervisor mode may not use a page with U (4.1.1.2)"
    refused_at "$(page 5)" "4.3.2 step 5: U = 1: supervisor mode may not run code of a page with U, whatever sstatus.SUM is (4.3.1)"
    refused_at "$(page 6)" "4.3.2 step 5: U = 0: user mode may not use a page without U"
    refused_at "$(page 7)" "4.3.2 step 3: reserved bits are set: 0x1000000000000000 (bits 63 to 54 must be 0 without Svnapot and Svpbmt, 4.4.1)"
    refused_at "$(page 8)" "4.3.2 step 3: W = 1 and R = 0: a reserved encoding"
    refused_at "$(page 9)" "4.3.2 step 4: a pointer (R = W = X = 0) at level 0, below which there is no level"
    is "... with all levels" "$(grep -c '^level ' <<<"$told")" $([ $mode = sv39 ] && echo 3 || echo 4)
    refused_at 0x2040000000 "4.3.2 step 3: A set in a pointer, where A, D and U are reserved and must be 0 (4.4.1)"
    refused_at 0x2080000000 "4.3.2 step 6: a misaligned superpage: a page of 1 GiB must lie at a multiple of its size, not at 0x80001000"
    refused_at 0x20c0000000 "4.3.2 step 2: the entry at level 1 lies at 0x70000000000, where there is no memory (PMA, 3.6): an access fault"
    matches "... behind the pointer to it" "$(line 'level 2')" ": a pointer to the table at 0x70000000000$"
    refused_at "$(page 10)" "3.6: there is nothing at physical address 0x70000000000: an access fault"
    matches "... behind the leaf" "$(line 'level 0')" "VRW---AD, ppn 0x70000000: a leaf, page of 4 KiB at 0x70000000000$"
    refused_at "$(page 11)" "3.6: no code can be fetched (PMA) from physical address 0x10000000: an access fault"
    is "... no access is refused for A = 0 or D = 0: the hart sets them" "$(sqlite3 r.db "select count(*) from walk where va = $(page 12)")" 0
    if [ $mode = sv39 ]; then
        refused_at 0x200000000000 "4.4.1: the address is not canonical: bits 63 to 39 must be copies of bit 38"
    else
        refused_at 0x4000000000000 "4.5.1: the address is not canonical: bits 63 to 48 must be copies of bit 47"
    fi
done
mode=softtlb
"$TARRY" boot -o r.db --mmu $mode --trace default,translation "$BUILD/tests/guest/refusals.elf" </dev/null >out
is "$mode: the guest was refused as it should" "$(grep -vc '^ok' out)" 1
refused_at "$(page 0)" "software-managed TLB (satp.MODE 15): it has no entry for this page and ASID 3; the kernel is to write one"
is "... nor ever had" "$(line TLB)" "the kernel has never written an entry of this page and ASID"
refused_at "$(page 1)" "4.3.2 step 5: R = 0: no permission to load; X = 1 would do if sstatus.MXR were 1, but it is 0 (4.1.1.2)"
refused_at "$(page 2)" "4.3.2 step 5: W = 0: no permission to store"
matches "... the entry" "$(line 'TLB entry')" "^${pte}VR----AD, ppn 0x"
refused_at "$(page 3)" "4.3.2 step 7, as the software-managed TLB has it: D = 0, and this hart sets neither A nor D: no permission to store"
refused_at "$(page 4)" "4.3.2 step 5: X = 0: no permission to fetch instructions"
refused_at "$(page 5)" "4.3.2 step 5: U = 1 and sstatus.SUM = 0: supervisor mode may not use a page with U (4.1.1.2)"
refused_at "$(page 6)" "software-managed TLB (satp.MODE 15): it has no entry for this page and ASID 5; the kernel is to write one"
matches "... but for another ASID" "$(line 'wrong ASID')" "^the TLB has an entry of this page for ASID 3 \(written after [0-9]+ instructions\), but satp has ASID 5\$"
refused_at "$(page 7)" "software-managed TLB (satp.MODE 15): it has no entry for this page and ASID 5; the kernel is to write one"
is "... which a fence has dropped" "$(line TLB | sed 's/after [0-9]* /after N /')" \
    "it had one, written after N instructions: the fence of sfence row $(sqlite3 r.db "select id from sfence where asid = 5 and all_asid = 0") dropped it"
is "... and is none of another ASID" "$(line 'wrong ASID')" ""
refused_at 0xffffffc080200000 "software-managed TLB (satp.MODE 15): user mode may not use the supervisor's window"

# memory protection, of M mode's guest (tests/guest/m/protection.c)
"$TARRY" boot --bios none -o r.db --trace default,translation "$BUILD/tests/guest/m/protection.elf" </dev/null >out
is "PMP: each access fault has its rule, and is refused once by each" "$(for i in $(sqlite3 r.db "select id from trap where code in (1, 5, 7)"); do
    told=$(explain r.db explain --fault "$i")
    line refused
done | sed 's/ physical address 0x[0-9a-f]*//; s/, at 0x[0-9a-f]*//; s/: an access fault$//' | uniq)" "3.7.1: PMP refuses to fetch from: no PMP entry matches there, which is enough to refuse S and U mode (3.7.1)
3.7.1: PMP refuses to store to: PMP entry 0 there has R--, NAPOT
3.7.1: PMP refuses to load from: PMP entry 2 there has ---, TOR
3.7.1: PMP refuses to load from: PMP entry 3 there has --X, NAPOT
3.7.1: PMP refuses to fetch from: PMP entry 0 there has R--, NAPOT
3.7.1: PMP refuses to store to: PMP entry 0 there has R--, NAPOT
3.7.1: PMP refuses to load from: PMP entry 2 there has ---, TOR
4.3.2 step 2: PMP does not let the entry at level 0, be read: PMP entry 2 there has ---, TOR
4.3.2 step 7: A or D is to be set in the leaf, and PMP does not let it be written: PMP entry 2 there has R--, TOR
3.7.1: PMP refuses to store to: PMP entry 1 there has R--, TOR, locked: M mode is bound, too"
told=$(explain r.db explain --fault "$(sqlite3 r.db "select cause from walk where refusal = 19 and mode = 0 and access = 1 order by id limit 1")")
is "... without translation" "$(line translation)" "bare: the address is the physical one"

# a kernel that forgets fences
"$TARRY" boot -o r.db --trace default,translation --stale-tlb "$BUILD/tests/guest/stale.elf" </dev/null >out
is "forgotten fences: the guest saw what it should" "$(grep -vc '^ok' out)/$(grep -c '^ok' out)" 1/4
changed="in change\\+0x[0-9a-f]+ of stale.elf \\(tests/guest/stale.c:$(grep -n 'LINE change' "$TOP/tests/guest/stale.c" | cut -d: -f1)\\)"
missing="^the table was changed at 0x[0-9a-f]+: c.sd [a-z0-9, ()]+ $changed [0-9]+ instructions before and no sfence.vma of this page came since: it is missing behind that \\(4.2.1\\)\$"
nocomma() { tr -s ' ' <<<"${1//,/ }"; }
told=$(explain r.db explain --fault "$(sqlite3 r.db 'select min(id) from tlb_stale')")
is "a load that should fault: by the old entry" "$(line translation)" "the hart refused nothing: it went by an older translation"
matches "... what that is" "$(line stale)" "VRW---AD in the TLB, 0x0000000000000000 = -------- at 0x"
matches "... by which instruction" "$(line instruction)" "in load8\\+0x[0-9a-f]+ of stale.elf"
matches "... who changed it" "$(nocomma "$(line fence)")" "$(nocomma "$missing")"
first=$(sqlite3 r.db 'select min(cause) from walk')
told=$(explain r.db explain --fault "$first")
is "a store that should be done: the table allows it" "$(line refused)" \
    "the page table, as it is now, allows the access: the hart went by an older translation (4.2.1)"
matches "... the old entry" "$(line stale)" "VR----A- in the TLB, ${pte}VRW---AD at 0x"
matches "... who changed it" "$(nocomma "$(line fence)")" "$(nocomma "$missing")"
is "... the same by the stale entry" "$(explain r.db explain --fault "$(sqlite3 r.db 'select max(id) from tlb_stale')")" "$told"
told=$(explain r.db explain)
is "the ASID of another table: this one allows the access" "$(line refused)" \
    "the page table, as it is now, allows the access: the hart went by an older translation (4.2.1)"
matches "... whose it was" "$(line 'wrong ASID')" "^ASID 5 had another page table before \\(root 0x$(sqlite3 r.db \
    "select printf('%x', root) from satp where asid = 5 order by id limit 1"), satp row [0-9]+\\) and no sfence.vma of it came since"
is "... and no entry is stale" "$(line stale)" ""
done_testing
