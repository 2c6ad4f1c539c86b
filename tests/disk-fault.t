#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# --disk-fault: a disk that fails, and what programs and the file system make of it (E1).
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

for bad in read: read:x read:5-4 read:1-2-3 read:1,twice read:1,count:0 write:1, lead after: "" read:99999999999999999999 "read 5"; do
    run "$TARRY" run -o x.db --disk-fault "$bad" ls
    is "--disk-fault '$bad': exit status" "$status" 2
    matches "--disk-fault '$bad': message" "$err" "^tarry: --disk-fault $bad: "
done

head -c 16k /dev/urandom >f
value() { "$TARRY" query "$1" --format csv "$2" | tail -1 | tr -d '\r'; }
block() { value "$1" "select block from transfer_view where boundary='disk' and class='data' and offset=$2 and file=(select qid from file_view where name='/in/f')"; }
invariants() { "$TARRY" query "$1" checks --format csv | tail -n +2 | awk -F, '$2 != 0'; }
good="open: ok
read: ok
write to a file: ok
name of a file: ok
child: ok
child's status: 
parent: ok
sum: $(od -An -v -tu1 f | tr -s ' ' '\n' | awk '{s += $1} END {print s}')"

run "$TARRY" run -o r.db --input f:/in/f diskerrors read /in/f
is "no fault" "$status $out" "0 $good"
b=$(block r.db 4096)
ok "the block is known" test "$b" -gt 0

# E1: the error of the system call that faults, a note for a touch; the page stays sourced and is tried again.
run "$TARRY" run -o e.db --input f:/in/f --disk-fault "read:$b,count:3" diskerrors read /in/f
ino=$(value e.db "select qid from file_view where name='/in/f'")
is "E1: two system calls fail, a child dies, then all is well" "$status $(sed 's/pc=.*/pc=PC/' <<<"$out")" "0 $(sed -e \
    "s/^write to a file: ok/write to a file: deferred read error: file $ino offset 4096/" -e \
    "s/^name of a file: ok/name of a file: deferred read error: file $ino offset 4096/" -e \
    "s/^child: ok/diskerrors 2: sys: trap: deferred read error: file $ino offset 4096: read addr=0x1000001000 pc=PC/" -e "s/^child's status: /child's status: sys: trap: deferred read error:/" <<<"$good")"
matches "E1: the note" "$err$(value e.db "select text from note_view")" "sys: trap: deferred read error: file $ino offset 4096: read addr=0x"
is "the trace has the requests that failed" "$(value e.db "select count(*) from disk_request where status=1 and sector=$b*8")" 3
is "... and the fills" "$(value e.db "select count(*) from fill_view where error<>0")" 3
is "... keeps its invariants" "$(invariants e.db)" ""
matches "... and the fault as a fact of the run" "$(value e.db "select config from run")" "disk-fault='read:$b,count:3'"
run "$TARRY" run -o e2.db --input f:/in/f --disk-fault "read:$b,count:3" diskerrors read /in/f
is "the same run again is the same" "$(value e2.db "select count(*), max(insn), max(ts) from event")" \
    "$(value e.db "select count(*), max(insn), max(ts) from event")"
run "$TARRY" run -o x.db --input f:/in/f --disk-fault "read:$b" diskerrors read /in/f
matches "a block that stays bad ends the program" "$status $out$err" "^1 .*diskerrors 1: sys: trap: deferred read error"
run "$TARRY" run -o x.db --io eager --input f:/in/f --disk-fault "read:$b" diskerrors read /in/f
matches "--io eager: the read call fails" "$out" "read: disk: sector $((b * 8)): i/o error"

# Bit rot: the disk says that all is well, and a bit is another. A checksum finds it; nobody sees the byte (E1).
run "$TARRY" run -o c.db --input f:/in/f --disk-fault "corrupt:$b,count:3" diskerrors read /in/f
is "corrupt: the same errors as of a disk that says so" "$status $(grep -v '^file system' <<<"$out")" "0 $(sed 's/pc=.*/pc=PC/' <<<"$good" | sed -e \
    "s/^write to a file: ok/write to a file: deferred read error: file $ino offset 4096/" -e \
    "s/^name of a file: ok/name of a file: deferred read error: file $ino offset 4096/" -e \
    "s/^child: ok/diskerrors 2: sys: trap: deferred read error: file $ino offset 4096: read addr=0x1000001000 pc=$(sed -n 's/^diskerrors 2.* pc=//p' <<<"$out")/" \
    -e "s/^child's status: /child's status: sys: trap: deferred read error:/")"
is "corrupt: the disk served them all" "$(value c.db "select count(*) from disk_request where status<>0")" 0
is "corrupt: the checksum was wrong three times" "$(grep -c "^file system: block $b: checksum is wrong" <<<"$out$err")" 3
is "corrupt: the trace keeps its invariants" "$(invariants c.db)" ""
run "$TARRY" run -o c2.db --input f:/in/f --disk-fault "corrupt:$b,count:3" diskerrors read /in/f
is "corrupt: the same run again is the same" "$(value c2.db "select count(*), max(insn), max(ts) from event")" \
    "$(value c.db "select count(*), max(insn), max(ts) from event")"
for io in eager cached fragments-eager; do
    run "$TARRY" run --trace none --io $io --input f:/in/f --disk-fault "corrupt:$b" sum /in/f
    matches "corrupt, --io $io: sum fails" "$status $err$out" "^1 .*(checksum is wrong|deferred read error)"
    run "$TARRY" run --trace none --io $io --input f:/in/f --disk-fault "corrupt:$b,once" sh -c 'sum /in/f; sum /in/f'
    is "corrupt once, --io $io: the next one is right" "$(tail -1 <<<"$out")" "$("$TARRY" run --trace none --input f:/in/f sum /in/f)"
done

# Bit rot of swap: a page that was paged out is checked when it comes back, and stays where it is if it is wrong.
run "$TARRY" run -o s.db --mem 8M thrash 12000000
slot=$(value s.db "select block from transfer where boundary=7 and output=0 order by id limit 1 offset 100")
run "$TARRY" run -o s.db --mem 8M --disk-fault "corrupt:$slot,once" thrash 12000000
is "swap: a rotten page ends the program" "$status" 1
matches "swap: ... by a note" "$(value s.db "select text from note_view")" \
    "^sys: trap: deferred read error: swap of address 0x[0-9a-f]+: checksum is wrong: (read|write) addr=0x[0-9a-f]+ pc=0x[0-9a-f]+$"
is "swap: ... which the kernel has told" "$(grep -c "^swap: block $slot: checksum is wrong" <<<"$out$err")" 1
is "swap: the trace keeps its invariants" "$(invariants s.db)" ""
run "$TARRY" run --trace none --mem 8M --disk-fault "corrupt:$slot,once" sh -c 'thrash 12000000 ; thrash 12000000'
is "swap: what is run next is right" "$(tail -1 <<<"$out")" "pages=2929 rounds=2 wrong=0"

# Errors of write-back: what could not be written stays dirty and is written by the next sync.
run "$TARRY" run -o w.db --input f:/in/f diskerrors write /in/f
written="open: ok
write: ok
sync: ok
read back: ok"
is "writing without a fault" "$status $out" "0 $written"
w=$(value w.db "select min(sector) / 8 from disk_request_view where op='write' and class='data'")
cp --sparse=always "$BUILD/guest.img" disk.img
run "$TARRY" run -o x.db --image disk.img --keep --input f:/in/f --disk-fault "write:$w,once" diskerrors write /in/f
is "a data block cannot be written once: the second sync does it" "$status $out" "0 ${written/sync: ok/sync: i\/o error
sync: ok}"
is "the trace keeps its invariants" "$(invariants x.db)" ""
run "$TARRY" fs check disk.img
is "the file system is clean" "$status" 0
"$TARRY" fs get disk.img /in/f back >/dev/null
is "the file is what was written" "$(tr -d w <back | wc -c) $(wc -c <back)" "0 16384"
run "$TARRY" run -o x.db --input f:/in/f --disk-fault flush,once diskerrors write /in/f
matches "a flush that fails" "$out" "sync: "

# Metadata that cannot be read.
root=$(value r.db "select block from transfer_view where boundary='disk' and class='meta' and block>1 order by id limit 1")
run "$TARRY" run -o x.db --input f:/in/f --disk-fault "read:$root" diskerrors read /in/f
ok "metadata that cannot be read is an error, not a panic" test "$status" -ne 0
is "... of which nothing panics" "$(grep -ci panic <<<"$out$err")" 0

last=$(value r.db "select block from transfer_view where boundary='disk' and class='meta' and block>1 order by id desc limit 1")
for kind in read corrupt; do
    run "$TARRY" run --trace none --input f:/in/f --disk-fault "$kind:$last,once" sh -c 'sum /in/f; sum /in/f'
    matches "$kind: metadata that can be read only at the second try" "$(tail -1 <<<"$out")" "/in/f$"
done

# Wherever the disk dies: nothing panics or hangs, and the image is that of the last commit.
n=$(value w.db "select count(*) from disk_request")
for kind in any write; do
    for ((i = 0; i <= n; i += 1 + n / 12)); do
        cp --sparse=always "$BUILD/guest.img" dead.img
        run timeout 60 "$TARRY" run -o x.db --image dead.img --keep --mem 16M --input f:/in/f --disk-fault "$kind,after:$i" \
            diskerrors write /in/f
        run2=$status
        matches "$kind,after:$i: ends by itself" "$run2" '^[0-9]$|^[0-9][0-9]$|^1[01][0-9]$|^127$'
        is "$kind,after:$i: nothing panics" "$(grep -ci panic <<<"$out$err")" 0
        run "$TARRY" fs check dead.img
        is "$kind,after:$i: the file system is clean" "$status" 0
    done
done
done_testing
