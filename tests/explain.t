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
