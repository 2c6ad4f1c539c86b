#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# System calls of kernels that do not describe them: results, names, text, and what never returns. The guest
# (tests/guest/calls.c) has two processes whose code and stacks lie at the same addresses.
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
guest=$BUILD/tests/guest/calls.elf
ask() { "$TARRY" query "$1" "$2" --format csv | tail -n +2 | tr -d '\r'; }
boot() { # DB OPTION...
    local db=$1
    shift
    run "$TARRY" boot -o "$db" "$guest" "$@"
    is "$db: runs" "$status$err" 0
}
# calls DB CONDITION: as words, without the six registers of those whose arguments nobody knows
calls() { ask "$1" "select replace(call, '\"', '''') from ecall_words where $2 order by id" | sed 's/(0x.*)/(...)/; s/0x[0-9a-f]*/PC/; s/^"\(.*\)"$/\1/'; }

boot c.db
root() { ask c.db "select distinct root from ecall order by min(id) over (partition by root) limit 1 offset $1"; }
first=$(root 0) second=$(root 1)
is "two page tables" "$(ask c.db "select count(distinct root), min(root > 0x80200000) from ecall")" "2,1"
is "the first process: what it asked and what it was told" "$(calls c.db "root = $first")" \
"get(...) = 10
open('/a \\'file\\'', 02) = 3
unlink('/a \\'file\\'') = -2
pause(9) = 9
get(...) = 10
fork() = 5
get(...) = 30
exit(0) = ?
signal(...) = -4
get(...) = 40
sigreturn(...) = ?
exec('/a \\'file\\'', PC) = ?
77(...) = -38
exit(1) = ?"
is "the second, at the same addresses" "$(calls c.db "root = $second")" \
"get(...) = 20
open('/a \\'file\\'', 02) = 3
unlink('/a \\'file\\'') = -2
pause(9) = 10
get(...) = 20
exit(2) = ?"
is "the same pcs and numbers in both" "$(ask c.db "select count(*) from (select pc, number from ecall where root = $second
    except select pc, number from ecall where root = $first)")" 0
# what lasts, lasts over what happens meanwhile
is "a call lasts until it returns, other processes' calls included" "$(ask c.db "select sum(b.ts between a.ts and a.ts + a.dur) from
    ecall a join ecall_name n using (number) join ecall b on b.root = $second where a.root = $first and n.name = 'pause'")" 4
is "fork until the parent's return, not the child's" "$(ask c.db "select sum(b.id > a.id and b.ts + coalesce(b.dur, 0) < a.ts + a.dur) from
    ecall a join ecall_name n using (number) join ecall b using (root) where n.name = 'fork'")" 2
is "no result without an end, no end without a result" "$(ask c.db "select count(*) from ecall where (dur is null) <> (result is null)")" 0
is "durations are instructions here" "$(ask c.db "select min(dur) > 50 and max(dur) < 5000 from ecall")" 1
# the call's function is a stub: who called it
jal=$(riscv64-unknown-elf-nm "$guest" | awk '/ user_first_get$/ { print $1 }')
base=$(riscv64-unknown-elf-nm "$guest" | awk '/ user_program$/ { print $1 }')
is "the caller of the stub" "$(ask c.db "select printf('%x', caller - 0x2000000000) from ecall order by id limit 1")" \
    "$(printf %x $((0x$jal - 0x$base)))"
is "... is in table instruction" "$(ask c.db "select substr(text, 1, 3) from instruction where pc = (select caller from ecall order by id limit 1)")" jal
is "traps name the page table" "$(ask c.db "select count(*) from trap where root = 0 and \"from\" = 0")" 0

# ---- words ----
is "names are the kernel's own" "$(ask c.db "select group_concat(name, ' ') from (select name from ecall_name order by number)")" \
    "get open unlink pause fork exit signal sigreturn exec"
is "the run says so" "$(ask c.db "select config like '%syscalls=kernel%' from run")" 1
is "query syscalls" "$("$TARRY" query c.db syscalls --format csv | tr -d '\r' | sed -n 's/^\(unlink,[0-9]*,[0-9]*\).*/\1/p; s/^\(get,[0-9]*,[0-9]*\).*/\1/p')" \
    "get,6,0
unlink,2,2"
is "query calls" "$("$TARRY" query c.db calls --name fork --format csv | tr -d '\r' | tail -1 | cut -d, -f4-)" "$(printf '0x%x' "$first"),fork() = 5"
boot l.db --syscalls linux
is "Linux' names on demand" "$(ask l.db "select name from ecall_name where number in (1, 56, 63, 64, 79, 93, 172, 220, 221, 222, 258, 259, 260, 435) order by number" | tr '\n' ' ')" \
    "io_destroy openat read write newfstatat exit getpid clone execve mmap riscv_hwprobe riscv_flush_icache wait4 clone3 "
is "... and its errors" "$(ask l.db "select w.call from ecall_words w join ecall using (id) where number = 77" | sed 's/.* = //; s/"//')" ENOSYS
boot x.db --syscalls xv6
is "xv6's" "$(ask x.db "select group_concat(name, ' ') from (select name from ecall_name order by number)")" \
    "fork exit wait pipe read kill exec fstat chdir dup getpid sbrk sleep uptime open write mknod unlink link mkdir close"
boot n.db --syscalls none
is "none" "$(ask n.db "select count(*) from ecall_name")" 0
is "then there is no text, and fork's first return counts" "$(ask n.db "select count(text), sum(number = 5 and result = 0) from ecall")" "0,1"
run "$TARRY" boot "$guest" --syscalls plan9
is "misuse" "$status $err" "2 tarry: --syscalls plan9: needs auto, linux, xv6 or none"

# ---- whatever is recorded, the run is the same ----
boot again.db
digest() { sqlite3 "$1" "select * from ecall; select * from string; select * from trap; select instructions, virtual_ns, events from run" | sha256sum; }
is "a second run: the same rows" "$(digest c.db)" "$(digest again.db)"
happened() { sqlite3 "$1" "select name, happened from event_kind; select instructions, virtual_ns from run"; }
boot less.db --trace interrupt
is "ids do not depend on what is recorded" "$(happened less.db)" "$(happened c.db)"
is "calls that are not recorded do not stay open" "$(sqlite3 less.db "select value from diagnostic where name = 'open_intervals'")" 0
boot tlb.db --tlb default
is "the same calls with a TLB model" "$(calls tlb.db 1)" "$(calls c.db 1)"

# ---- calls that are never answered: a bounded number is waited for ----
run "$TARRY" boot -o many.db "$BUILD/tests/guest/manycalls.elf"
is "many calls without a return: every one is a row" "$status $(ask many.db "select number, count(*), count(result) from ecall group by 1" | tr '\n' ' ')" \
    "0 1,2,1 2,71000,0 3,1,0 "
is "the one that waited for few of them has its result, the one that waited for too many has none" \
    "$(ask many.db "select coalesce(result, 'none'), dur > 100000 from ecall where number = 1 order by id" | tr '\n' ' ')" "7,1 none, "
is "open at the end are no more than that" "$(ask many.db "select value from diagnostic where name = 'open_intervals'")" 65536

# ---- machine mode ----
run "$TARRY" boot -o m.db "$BUILD/tests/guest/m/calls.elf"
is "a kernel in machine mode" "$status $(ask m.db "select group_concat(number || '=' || coalesce(result, '?'), ' ') from (select * from ecall order by id)")" \
    "0 1=11 2=-7 3=?"
done_testing
