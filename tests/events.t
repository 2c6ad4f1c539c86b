#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the trace tells of a run whose course is known: rules of faults, pieces of fills, translations, calls in words,
# who ran when and why not, the source map at any time, causes, instructions with their symbols and source lines.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
ask() { sqlite3 -separator ' ' "$db" "$1"; }
clean() { # NAME: every invariant holds, every reference points at something
    is "$1: invariants" "$("$TARRY" query "$db" checks --format csv | tr -d '\r' | awk -F, 'NR > 1 && $2 != 0')" ""
    is "$1: references" "$(ask 'pragma foreign_key_check')" ""
}

# ---- a program of the host's, compiled with -g: each rule at a line that is known ----
cat >rules.c <<'C'
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#include <sys/wait.h>
#include <stdio.h>
#include "tarry.h"
static volatile unsigned char *mem;
static volatile unsigned char *big;
__attribute__((noinline)) static void touch(volatile unsigned char *p) { *p = 1; } // LINE touch
__attribute__((noinline)) static void store(volatile unsigned char *p) { *p = 2; } // LINE store
__attribute__((noinline)) static int load(volatile unsigned char *p) { return *p; } // LINE load
__attribute__((noinline)) static void wild(volatile unsigned char *p) { *p = 3; } // LINE wild
int main(void)
{
    int status, fd = open("/in/f", O_RDONLY);
    mem = segattach(0, "memory", NULL, 4096);
    big = segattach(0, "defer", NULL, 16 * 4096);
    if (fd < 0 || pread(fd, (void *)(big + 100), 5000, 50) != 5000) /* odd at both ends */
        return 1;
    touch(mem);
    load(big);
    store(big + 200);
    pid_t child = fork();
    if (child == 0) {
        store(mem);
        wild((unsigned char *)0x20);
        _exit(0);
    }
    waitpid(child, &status, 0);
    store(mem);
    store((unsigned char *)main);
    return 0;
}
C
head -c 20000 /dev/urandom >f
line() { awk -v w="// LINE $1\$" '$0 ~ w { print NR }' rules.c; }
riscv64-unknown-elf-gcc --specs=picolibc.specs -march=rv64gc -mabi=lp64d -mcmodel=medany -std=gnu11 -O1 -g \
    -I"$TOP/guestos/include" -I"$TOP/guestos/user/lib" -nostartfiles -static -T "$TOP/guestos/user/user.ld" -o rules rules.c \
    -Wl,--start-group "$BUILD/user/libtarry.a" -lc -lgcc -Wl,--end-group || exit 1
db=r.db
run "$TARRY" run -o $db --trace all --input f ./rules
clean rules
at() { # FUNCTION: rule, resolution and access of the faults at its line, in order
    ask "select r.name, s.name, a.name, f.detached from fault f join program_line l on l.image = f.image and l.address = f.pc
        join enum_rule r on r.id = f.rule join enum_resolution s on s.id = f.resolution join enum_access a on a.id = f.access
        where l.function = '$1' and l.file = 'rules.c' and l.line = $(line "$1") and f.access <> 2 order by f.id"
}
is "first touch" "$(at touch)" "first_touch zeroed write 1"
is "fill" "$(at load)" "fill filled read 0"
is "first store; copy-on-write in the child; its last user; protection" "$(at store)" "first_store detached write 1
copy_on_write copied write 0
copy_on_write reused write 0
protection protection write 0"
is "no segment" "$(at wild)" "no_segment no_segment write 0"
is "a system call is its caller's line, not the library's" "$(ask "select distinct l.file || ':' || l.line from syscall s
        join enum_syscall n on n.id = s.number join program_line l on l.image = s.image and l.address = s.caller where n.name = 'pread'")" \
    "rules.c:$(grep -n 'pread(fd' rules.c | cut -d: -f1)"
is "disassembly of the instruction" "$(ask "select distinct l.text from program_line l where l.function = 'touch' and text like 'sb%'")" \
    "$(riscv64-unknown-elf-objdump -d rules | sed -n '/<touch>:/,/^$/s/.*\tsb\t\(.*\),\(.*\)(\(.*\))/sb \1, \2(\3)/p')"

# every line and symbol, against binutils
mine=$(ask "select printf('0x%x', address), line from program_line where program = '/bin/rules' and line is not null and file = 'rules.c' order by 1")
theirs=$(ask "select printf('0x%x', address) from program_line where program = '/bin/rules' and line is not null and file = 'rules.c' order by 1" |
    while read -r a; do echo "$a $(riscv64-unknown-elf-addr2line -e rules "$a" | sed 's/ (disc.*//; s/.*://')"; done)
is "lines as addr2line has them" "$mine" "$theirs"
ok "there are some" test "$(wc -l <<<"$mine")" -ge 5
mine=$(ask "select printf('0x%x', address), function from program_line where program = '/bin/rules' and function is not null order by 1")
theirs=$(ask "select printf('0x%x', address) from program_line where program = '/bin/rules' and function is not null order by 1" |
    while read -r a; do echo "$a $(riscv64-unknown-elf-addr2line -if -e rules "$a" | tail -2 | head -1)"; done)
is "symbols as addr2line has them" "$(diff <(echo "$mine") <(echo "$theirs") | grep -c '^<')" 0
is "programs of the image have their lines beside it" \
    "$(ask "select count(*) from image where id > 1 and (symbols = 0 or lines = 0)")" 0
is "each fault, trap and call has its instruction" "$(for t in fault trap syscall interrupt; do
    ask "select count(*) from $t t where image > 0 and not exists (select 1 from instruction i where i.image = t.image and i.pc = t.pc)"
done | tr '\n' ' ')" "0 0 0 0 "

# ---- pieces ----
is "a page of three pieces: zeros, the snapshot, and where the page ends" \
    "$(ask "select k.name, p.va & 4095, p.length, p.\"offset\" from piece p join fill f on f.id = p.cause join enum_source_kind k on k.id = p.kind join segment s on s.id = f.segment where s.type = 4 order by p.id limit 2")" \
    "zero 0 100 0
snapshot 100 3996 50"
is "pieces of every fill are its page" "$(ask "select count(*) from (select fill, sum(length) as n from fill_piece group by 1) where n <> 4096")" 0
is "as many as it says" "$(ask "select count(*) from fill f where pieces <> (select count(*) from fill_piece p where p.fill = f.id)")" 0

# ---- calls in words ----
words() { ask "select call from syscall_words where call glob '$1' order by id"; }
is "open" "$(words 'open("/in/f"*')" 'open("/in/f", OREAD) = 3'
is "pread" "$(words 'pread(3,*')" "pread(3, 0x$(printf %x $(($(ask "select base from segment where type = 4 limit 1") + 100))), 5000, 50) = 5000"
is "segattach" "$(words 'segattach(*' | sed 's/0x.*/0x/')" 'segattach(0, "memory", 0x
segattach(0, "defer", 0x'
is "exec with its arguments" "$(ask "select s.text from program p join string s on s.id = p.arguments")" /bin/rules
cat >script <<'SH'
cat /none
mkdir /d
echo x >/d/y
SH
db=w.db
run "$TARRY" run -o $db --input script sh /in/script
clean words
is "error in words" "$(words 'open("/none"*')" 'open("/none", OREAD) = ENOENT (/none: file does not exist)'
is "permissions and flags" "$(words 'create(*')" 'create("/d", OREAD|OEXCL, DMDIR|0777) = 3
create("/d/y", OWRITE|OEXCL, 0666) = 3'
is "fork and exec" "$(words 'exec(*' | tail -1; words 'rfork(*' | head -1 | sed 's/=.*//')" 'exec("/bin/echo", [echo x]) = 0
rfork(RFFDG|RFPROC) '
is "console output, and the call that wrote it" "$(ask "select s.text, o.newline, (select call from syscall_words where id = o.cause) like 'pwrite(2, %' from output o join string s on s.id = o.text")" \
    "cat: /none: file does not exist 1 1"

# ---- who ran, and why not ----
db=s.db
run "$TARRY" run -o $db sh -c 'sleep 0.01 & faultloop 20000 64 & faultloop 20000 64; wait' # three at once, on one hart
clean scheduling
is "states follow each other without gaps" "$(ask "select count(*) from (select ts + dur as until, lead(ts) over (partition by proc order by id) as next from process_state) where next is not null and next <> until")" 0
is "one runs at a time" "$(ask "select count(*) from (select ts + dur as until, lead(ts) over (order by ts, id) as next from process_state where state = 1 and dur > 0) where next < until")" 0
is "a sleep is a wait for the timer, as long as it says" \
    "$(ask "select count(*) from process_state where wait = 'timer' and dur between 10000000 and 20000000")" 1
is "await is a wait for a child" "$(ask "select count(*) > 0 from process_state where wait = 'child'")" 1
is "slices that end: ready, preempted, because of an interrupt" \
    "$(ask "select count(*) > 2, sum(s.cause not in (select id from interrupt)) from sched s where reason = 0")" "1 0"
is "who is preempted is ready at once" "$(ask "select count(*) from process_state where reason = 'preempt' and state <> 0")" 0

# ---- the source map at any time ----
db=r.db
at_time() { # ID: the map of the deferred segment after that event: latest wins, byte by byte
    ask "with c as (select * from source_change where segment = (select id from segment where type = 4 order by id limit 1) and id <= $1),
        e(x) as (select va from c union select va + length from c union select base from segment where type = 4 union select base + 8192 from segment where type = 4),
        p as (select x as va, lead(x) over (order by x) as until from e)
        select va - (select base from segment where type = 4 order by id limit 1), until - va, coalesce((select (select name from enum_source_kind where id = c.kind) from c
            where c.va <= p.va and p.va < c.va + c.length order by c.id desc limit 1), 'zero') from p where until is not null order by va"
}
is "after the read" "$(at_time "(select min(id) from source where kind = 1 and length = 5000)")" "0 100 zero
100 5000 snapshot
5100 3092 zero"
is "after the store: the first page is its own" "$(at_time "(select max(id) from fault where rule = 10)" | awk '{ print $1, $2, $3 }' | head -2)" "0 100 own
100 3996 own"

# ---- translations: why the hardware refused ----
is "a walk for every page fault" "$(ask "select count(*) from trap t where code in (12, 13, 15) and not exists (select 1 from walk w where w.cause = t.id and w.va = t.tval)")" 0
is "no translation, or one that withholds the right" "$(ask "select distinct r.name from walk w join enum_refusal r on r.id = w.refusal order by 1")" "invalid
not_writable"
is "the entry that ended a walk is its last" "$(ask "select count(*) from walk where level <> (case when pte0 <> 0 then 0 when pte1 <> 0 then 1 when pte2 <> 0 then 2 end) and refusal <> 4")" 0
is "copy-on-write: a leaf that can be read only, or none yet in the child" "$(ask "select count(*), sum(w.refusal = 4 or (w.refusal = 13 and w.level = 0 and w.pte0 & 3 = 3 and not w.pte0 & 4)) from fault f join walk w on w.cause = f.cause where f.rule = 9")" \
    "$(ask "select count(*), count(*) from fault where rule = 9 and in_kernel = 0")"
is "satp: Sv39, a root for each process" "$(ask "select count(*) from satp where mode <> 8"; ask "select count(distinct root) >= 2 from satp")" "0
1"
is "fences of one page and of all, of everybody and of one address space" "$(ask "select min(all_va), max(all_va), min(all_asid), max(all_asid) from sfence")" "0 1 0 1"

# ---- causes: the whole chain of a block that was read, and of a block that was kept ----
db=c.db
head -c 400000 /dev/urandom >g
cp g f2
run "$TARRY" run -o $db --input g --input f2 --mem 16M sh -c 'sparse /in/g --touch 20 --dirty 3 --write-back; preserve /in/g /in/f2 --pages 5; thrash 16000000'
clean causes
chain() { # TABLE ID: the kinds of what caused it, upwards
    ask "with recursive c(id, kind, cause, n) as (select id, kind, cause, 0 from event where id = $1
        union all select e.id, e.kind, e.cause, n + 1 from c join event e on e.id = c.cause)
        select group_concat(kind, ' < ') from (select kind from c order by n)"
}
is "a disk request, up to the instruction" "$(chain "(select min(d.id) from disk_request d join transfer t on t.id = d.cause join fill f on f.id = t.cause join fault u on u.id = f.cause where u.in_kernel = 0)")" \
    "disk_request < transfer < fill < fault < trap"
is "a preserve, up to the write" "$(chain "(select min(id) from transfer where boundary = 6)")" "transfer < syscall"
is "each preserved block names the snapshot of its file that it is kept for" \
    "$(ask "select count(*) > 0, sum(s.id is null or s.file <> t.file) from transfer t left join snapshot s on s.id = t.snapshot where boundary = 6"
       ask "select count(*) from snapshot s where preserved <> (select count(*) from transfer where snapshot = s.id)")" "1 0
0"
is "swap, up to the instruction" "$(chain "(select max(id) from transfer where boundary = 7)")" "transfer < fault < trap"
is "a wake, by the interrupt of the disk that completed a request" "$(chain "(select w.id from wake w join interrupt i on i.id = w.cause where i.code = 9 order by w.id desc limit 1)" | sed 's/disk_request.*/disk_request/')" \
    "wake < interrupt < disk_request"
is "requests have waited and been served" "$(ask "select sum(dur < queue_ns + service_ns), sum(service_ns = 0) from disk_request")" "0 0"

# ---- another's kernel ----
db=b.db
run "$TARRY" boot -o $db "$BUILD/tests/guest/traps.elf"
clean boot
is "image 1 is what was booted, with its symbols" "$(ask "select id, name, symbols from image")" "1 traps.elf 1"
ok "its traps have instructions" test "$(ask "select count(*) from trap t join program_line l on l.image = t.image and l.address = t.pc where l.function is not null")" -gt 5
ok "its user's ecalls are rows" test "$(ask "select count(*) from ecall")" -gt 0
done_testing
