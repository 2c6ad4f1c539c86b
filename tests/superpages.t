#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Superpages in the kernel (docs/superpages.md): programs see the same with and without, each is made and ended for the reason that
# the trace names, and the TLB reaches 512 times as far. The parts: tests/unit/super_*.c; random programs: tests/model.t.
set -u
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/qemu.sh"
cd "$work" || exit 1

head -c 8388608 /dev/urandom >f8
value() { "$TARRY" query "$1" --format csv "$2" | tail -1 | tr -d '\r'; }

# ---- what makes them and what ends them ----
lives() { # OPERATION...: what `pages` does; a line for each superpage
    run "$TARRY" run -o p.db --superpages on --input f8:/in/f pages /in/f "$@"
    "$TARRY" query p.db superpages --format csv | tail -n +2 | tr -d '\r"' | cut -d, -f5- |
        sed -E 's/,[0-9]+,(write|copy|replace|protect|unmap),/,\1,/; s/ [0-9]+: / /g'
}
first="0x1000000000,0,fault read of 0x10001ff000, fill"
all="0x1000000000,1,fault write of 0x10001ff000, first_store"
is "all but one page: none" "$(lives load 0-511)" ""
is "the last page makes it, whichever it is" "$(lives load 1-512 load 0-1)" "0x1000000000,0,fault read of 0x1000000000, fill,unmap,syscall exits"
is "all pages stored into: one that may be stored into" "$(lives store 0-512 | tail -1)" "$all,unmap,syscall exits"
is "the first store ends it (S2)" "$(lives load 0-512 store 3-4)" "$first,write,fault write of 0x1000003000, first_store"
is "the last first store makes one again" "$(lives load 0-512 store 0-512 | tail -1)" "$all,unmap,syscall exits"
is "a whole write-back leaves it one, which the next store ends (W4)" "$(lives store 0-512 write 0-512 store 7-8)" \
    "$all,write,fault write of 0x1000007000, first_store"
is "a write-back of a part ends it" "$(lives store 0-512 write 10-20)" "$all,protect,syscall pwrite"
is "... one of the rest makes it again" "$(lives store 0-512 write 10-20 write 0-512 | tail -1)" "0x1000000000,0,syscall pwrite,unmap,syscall exits"
is "another read ends it, and its fault makes it (R8)" "$(lives load 0-512 read 5-6 load 5-6)" \
    "$first,replace,syscall pread
0x1000000000,0,fault read of 0x1000005000, fill,unmap,syscall exits"
is "so do zeros" "$(lives load 0-512 zero 0-3)" "$first,replace,syscall segzero"
is "fork leaves it; a store copies a page" "$(lives store 0-512 fork load 0-512 store 100-101)" \
    "$all,write,fault write of 0x1000064000, copy_on_write
0x1000000000,0,fault read of 0x10001ff000, absent,copy,fault write of 0x1000064000, copy_on_write"
is "... all of them stored into by the child: its own" "$(lives load 0-512 fork store 0-512 | sed -n 2p)" \
    "0x1000000000,1,fault write of 0x10001ff000, copy_on_write,unmap,syscall exits"
is "segdetach" "$(lives load 0-1024 detach | sed 's/.*,//')" "syscall segdetach
syscall segdetach"
run "$TARRY" run -o age.db --mem 16M --superpages on --input f8:/in/f sh -c 'pages /in/f store 0-2048; thrash 14000000'
ok "memory is short: page replacement asks" [ "$(value age.db "select count(*) from superpage where why = 5")" -gt 0 ]
is "... and the trace says for whom" "$(value age.db "select count(*) from superpage where why = 5 and \"by\" = 0")" 0

# ---- programs see the same ----
head -c 5000000 /dev/urandom >file
cat >short <<'END'
sparse /in/file --touch 3000 --rising --seed 5 --dirty 1000 --write-back; sum /in/file
sparse /in/file --touch 2000 --rising --dirty 2500 --write-back --rounds 2; sum /in/file
pages /in/f load 0-2048 store 0-1024 fork store 100-1500 write 0-600 read 300-900 load 0-2048 zero 5-1030 load 0-2048; sum /in/f
spooky; forkread /in/file --children 3 --store
cat /dev/swap | grep -e segments -e snapshots -e pinned
END
cp --sparse=always "$BUILD/guest.img" image
for f in file short f8:/in/f; do
    case $f in *:*) "$TARRY" fs put image "${f%%:*}" "${f#*:}" ;; *) "$TARRY" fs put image $f /in/$f ;; esac >/dev/null
done
same() { run "$TARRY" run "$@" --image image sh /in/short; }
same -o none --superpages off
expected="$status $out"
for options in "--mem 16M" "--mem 24M --mmu sv48 --fill-around seq" "--mem 64M --lend on"; do
    # shellcheck disable=SC2086
    same -o s.db --superpages on $options
    is "on, $options: the same output" "$status $out" "$expected"
    ok "... with superpages ($(value s.db "select count(*) from superpage"))" [ "$(value s.db "select count(*) from superpage")" -gt 2 ]
    is "... the trace keeps its invariants" "$("$TARRY" query s.db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""
    is "... nothing lasts" "$(value s.db "select count(*) from superpage where dur is null")" 0
done
same -o s.db --superpages on --mmu softtlb
is "a software-managed TLB: the same output, and no superpages" "$status $out $(value s.db "select count(*) from superpage")" "$expected 0"
for geometry in 256:4:fifo:8 64:2,asid=0; do
    run "$TARRY" run -o s.db --superpages on --stale-tlb --tlb itlb=512,dtlb=$geometry --input f8:/in/f pages /in/f \
        load 0-600 store 100-530 fork store 5-1040 load 0-600 write 0-400 store 1-530 zero 5-550 load 0-520 detach
    is "no fence is missing, dtlb=$geometry ($(value s.db "select count(*) from superpage") superpages)" \
        "$status $(value s.db "select count(*) from tlb_stale")" "0 0"
done

# ---- every fault, fill and transfer is there without (rules R, S, W) ----
work() { # on|off DB
    "$TARRY" run -o "$2" --superpages "$1" --input f8:/in/f pages /in/f load 0-700 store 20-2048 write 0-2048 read 0-600 \
        load 0-2048 store 0-1500 >/dev/null
}
what() {
    "$TARRY" query "$1" --format csv "select va, access, rule, resolution, detached, in_kernel from fault_view order by id"
    "$TARRY" query "$1" --format csv "select boundary, file, offset, va, bytes, output from transfer_view order by id"
    "$TARRY" query "$1" --format csv "select va, old, new from page_view order by id"
}
work off off.db && work on on.db && work on again.db
what off.db >off.rows
what on.db >on.rows
ok "the same faults, transfers and states of pages ($(wc -l <off.rows) rows)" cmp off.rows on.rows
ok "... which are many" [ "$(wc -l <off.rows)" -gt 10000 ]
ok "... with superpages" [ "$(value on.db "select count(*) from superpage")" -ge 4 ]
ok "the same command, the same superpages" cmp <("$TARRY" query on.db --format csv "select * from superpage") <("$TARRY" query again.db --format csv "select * from superpage")

# ---- the TLB's reach: two of four superpages have entries, so each round through 8 MiB misses four times ----
misses() { # ROUNDS on|off
    "$TARRY" run -o t.db --superpages "$2" --tlb itlb=32,dtlb=64:64:fifo:2 --input f8:/in/f sparse /in/f --rising --touch $((2048 * $1)) >/dev/null
    value t.db "select misses from tlb_total where access = 0"
}
off=$(($(misses 6 off) - $(misses 2 off))) on=$(($(misses 6 on) - $(misses 2 on)))
is "four rounds through 8 MiB: misses without (and one of 65, the page that the program itself uses)" "$off" $((8192 * 65 / 64))
is "... with superpages, 512 times fewer" "$on" 16

# ---- on QEMU: the same kernel, the same switch ----
st=0
on_qemu image "deferred superpages=on" /bin/sh /in/short >qemu.out 2>qemu.err || st=$?
is "QEMU: the same output" "$st $(cat qemu.out)" "$expected"

run "$TARRY" run --superpages maybe true
is "--superpages maybe: status" "$status" 2
matches "... the message" "$err" "^tarry: --superpages maybe: no such choice; "
done_testing
