#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Page replacement and swap: with little memory programs do the same, only slower (S3, E3).
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

# A program that dirties three times the memory.
run "$TARRY" run -o x.db --mem 16M thrash 50000000
is "three times the memory: exit status" "$status" 0
is "... and what it finds" "$out$err" "pages=12207 rounds=2 wrong=0"
run "$TARRY" query x.db --format csv "select sum(pages) > 10000 from transfer where boundary = 7 and output = 1"
is "... pages went out" "$(tail -1 <<<"$out" | tr -d '\r')" 1
run "$TARRY" query x.db --format csv "select (select count(*) from page where new = 4) = (select sum(pages) from transfer where boundary = 7 and output = 1),
    (select count(*) from fault where resolution = 7) = (select count(*) from transfer where boundary = 7 and output = 0),
    (select count(*) from transfer t where boundary = 7 and not exists (select 1 from disk_request d where d.cause = t.id)),
    (select count(*) from transfer t where boundary = 7 and not exists (select 1 from fault f where f.id = t.cause))"
is "... every page out and in, its disk request, and the fault that caused it" "$(tail -1 <<<"$out" | tr -d '\r')" "1,1,0,0"
is "... the trace keeps its invariants" "$("$TARRY" query x.db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""
run "$TARRY" run --trace none --mem 1G thrash 50000000
is "... the same with plenty" "$out$err" "pages=12207 rounds=2 wrong=0"

# Several of them at once.
run "$TARRY" run --trace none --mem 16M sh -c 'thrash 12000000 & thrash 12000000 & thrash 12000000; wait; sum /bin/sh /bin/thrash | wc -l'
is "three at once" "$out$err" "$(printf 'pages=2929 rounds=2 wrong=0\n%.0s' 1 2 3; echo 2)"

# All programs of /bin, with plenty of memory, and with little and a neighbour that wants all of it: the same output.
head -c 3000000 /dev/urandom >data
TARRY_SEED=${TARRY_SEED:-1} "$BUILD/tests/model" gen tight 1500 program >/dev/null
cat >all <<'END'
usertests
cd /in
cat data data | sum; sum data; wc all; head -c 100000 data | sum; grep -c echo all; grep -n sparse all
mkdir -p /w/x/y; cp data /w/x; cp -r /w/x /w/z; ls -l /w/x /w/z; mv /w/x/data /w/d; rm -r /w/z; touch /w/t; ls /w
sparse data --touch 300 --seed 5 --dirty 100 --write-back; sum data; cp /w/d data
sparse data --touch 100000 --seed 9 --write-back
preserve data /w/d; spin 1; faultloop 500; faultloop 2000 2000
thrash 9000000; spooky; spooky eager deferred fragments-eager cached naive mmap-private mmap-shared
zeros loop /w/d; zeros memset /w/d; zeros calloc /w/d; zeros devzero /w/d; zeros segzero /w/d; zeros segfree /w/d
pages /w/d load 0-9 store 3-20 write 0-9 read 4-6 zero 7-8 fork load 0-20
mallocs /w/d 10000; forkread /w/d --children 3 --store; forkread /w/d --first --shared; cp /w/d /w/s; sleeper /w/s 64 | grep -c wrong=
sleep 1000 & kill $!; wait $!; echo $status
false || true && echo done; cat /dev/swap | grep -c .; ps | head -n 1
modelrun /in/program; defertests r1_same_process; notetests ; badptr
diskerrors read data; diskerrors write /w/t; diskfull --help
touch /w/a; chmod +a /w/a; ls -l /w/a; df | grep -c KiB; sync; fsmodel 3 400; fsbench --help; trace --help; reach --help; resnap --help; ring --help
sh -c 'echo a shell'; badload; badstore; badinsn; badjump; nullderef; overflow; echo after the bad ones
END
"$TARRY" fs ls "$BUILD/guest.img" /bin | tr -d ' ' | while read -r program; do
    grep -qwF "$program" all || echo "$program"
done >forgotten
is "all programs: none is forgotten (forkbomb: tests/hostile.t; diskfull: tests/nospace.t)" "$(cat forgotten)" forkbomb
for mem in 1G 16M; do
    neighbour=
    [ $mem = 16M ] && neighbour='thrash 11500000 1000000000 200000 & '
    cp --sparse=always "$BUILD/guest.img" disk.img
    run timeout 300 "$TARRY" run --trace none --mem $mem --image disk.img --input data:/in/data --input all:/in/all --input program:/in/program \
        sh -c "${neighbour}sh /in/all; grep swap /dev/swap; ${neighbour:+kill \$!; }true"
    is "all programs, $mem: exit status" "$status" 0
    grep -v -e "sys: trap" -e "no stack for the note" .out >$mem.out
done
swap=$(sed -n 's|/.* swap$||p' 16M.out)
matches "all programs: to the last" "$(cat 1G.out)" "after the bad ones"
ok "all programs, 16M: pages are in swap" test "$swap" -gt 100
grep -v "swap$" 16M.out >a; grep -v "swap$" 1G.out >b
is "all programs, 16M and 1G: the same output" "$(diff a b)" ""
is "... and no complaints" "$(grep "^not ok" 16M.out)" ""

# E3: a disk that has no room for it.
"$TARRY" fs create small.img 8M >/dev/null
"$TARRY" fs put small.img "$BUILD/guest/bin" /bin
run "$TARRY" run --trace none --mem 16M --image small.img sh -c 'thrash 50000000; echo "$status" ; echo text >/f && cat /f'
matches "E3: no swap space: a note for the one that stores" "$out$err" "sys: trap: no swap space: write addr=0x[0-9a-f]+ pc=0x[0-9a-f]+"
is "... and the others go on" "$(tail -1 <<<"$out")" text
is "... and exit" "$status" 0

# No space for a write: the error, what fitted, and all of it back when the file goes.
run "$TARRY" run --trace none --mem 16M --image small.img --input data:/in/data sh -c 'cp /in/data /in/1; cp /in/data /in/2; echo $?
    rm /in/2; echo room >/in/f && cat /in/f; rm /in/1; cp /in/data /in/f && sum /in/data /in/f | wc -l'
matches "ENOSPC: the call's error" "$out$err" "cp: .*file system full"
is "... and there is room again" "$(tail -2 <<<"$out")" "$(printf 'room\n2')"
run "$TARRY" fs check small.img
is "... the file system is clean" "$status" 0
done_testing
