#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Bad input on the command line: one clear line, exit 2, nothing lost.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

refuses "unknown command" "no command 'rnu'" "$TARRY" rnu
refuses "unknown option" "unknown or ambiguous option '--ioo'" "$TARRY" run --ioo eager ls
refuses "unknown policy" "--io lazy" "$TARRY" run --io lazy ls
refuses "bad size" "--mem 12Q" "$TARRY" run --mem 12Q ls
refuses "too little memory" "--mem 4k" "$TARRY" run --mem 4k ls
refuses "missing value" "missing after '--mem'" "$TARRY" run --mem
refuses "bad disk model" "--disk-model floppy" "$TARRY" run --disk-model floppy ls
refuses "no program" "no PROGRAM" "$TARRY" run
refuses "arguments for shell" "takes no arguments" "$TARRY" shell ls
refuses "keep without image" "--keep without --image" "$TARRY" run --keep ls
refuses "missing image" "nothere.img" "$TARRY" run --image nothere.img ls
refuses "missing program" "no such program" "$TARRY" run nosuchprogram
refuses "missing input" "nofile" "$TARRY" run --input nofile:/in/x ls
refuses "empty input" "--input" "$TARRY" run --input :/in/x ls
refuses "unwritable database" "/nonexistent/x.db" "$TARRY" run -o /nonexistent/x.db ls
mkdir isdir
refuses "database is a directory" "isdir" "$TARRY" run -o isdir ls
echo precious >notes.txt
refuses "database would replace another file" "notes.txt" "$TARRY" run -o notes.txt ls
is "... which is untouched" "$(cat notes.txt)" precious

: >empty.img
refuses "empty image" "empty.img" "$TARRY" run --image empty.img ls
head -c 10000000 /dev/urandom >noise.img
refuses "image of noise" "noise.img" "$TARRY" run --image noise.img ls
head -c 100000 "$BUILD/guest.img" >cut.img
refuses "truncated image" "cut.img" "$TARRY" run --image cut.img ls
cp --sparse=always "$BUILD/guest.img" rot.img
printf 'XXXXXXXX' | dd of=rot.img bs=1 seek=2000 conv=notrunc status=none
printf 'XXXXXXXX' | dd of=rot.img bs=1 seek=6000 conv=notrunc status=none
refuses "image with both superblocks corrupt" "rot.img" "$TARRY" run --image rot.img ls

cp /bin/true hosttrue
refuses "ELF for another machine" "another machine" "$TARRY" run ./hosttrue
echo 'not a program' >text
refuses "not an ELF" "not an ELF|too short" "$TARRY" run ./text
head -c 700 "$BUILD/guest/bin/ls" >cutls
refuses "truncated ELF" "truncated" "$TARRY" run ./cutls
refuses "not a database" "text" "$TARRY" query text
refuses "missing database" "none.db" "$TARRY" query none.db

# A failed command leaves a good trace alone.
run "$TARRY" run -o good.db ls /
is "a good run" "$status" 0
sum=$(sha256sum good.db)
refuses "failing run over a good trace" "no such program" "$TARRY" run -o good.db nosuchprogram
refuses "failing run (bad image) over a good trace" "noise.img" "$TARRY" run -o good.db --image noise.img ls
is "the good trace is unchanged" "$(sha256sum good.db)" "$sum"
is "no stray files" "$(ls | grep -v -e '\.img$' | tr '\n' ' ')" "cutls good.db hosttrue isdir notes.txt text "

# Host's disk full while recording: a clear line, exit 2, and the trace opens.
if mkdir tiny && mount -t tmpfs -o size=300k tmpfs tiny 2>/dev/null; then
    run "$TARRY" run -o tiny/t.db sh -c 'ls -l /bin; ls /; cat /bin/sh | sum'
    umount tiny
    is "full disk: exit status" "$status" 2
    matches "full disk: message" "$err" "full|No space left"
fi

run "$TARRY" run -o x.db --max-insns 1000 ls
is "limit: exit status" "$status" 124
is "limit: the trace says so" "$("$TARRY" query x.db --format csv "select stop_reason from run" | tail -1 | tr -d '\r')" limit
run "$TARRY" run -o x.db --timeout 1 spin 100000000000
is "timeout: exit status" "$status" 124
matches "timeout: message" "$err" "^tarry: stopped after 1 s \(--timeout\)$"
is "timeout: the trace is complete and says so" "$("$TARRY" query x.db --format csv "select stop_reason, complete from run" | tail -1 | tr -d '\r')" timeout,1
refuses "timeout: not a number" "--timeout x: needs a number of seconds above 0" "$TARRY" run --timeout x ls
run "$TARRY" run -o none true
is "-o none: exit status" "$status" 0
ok "-o none: no file" test ! -e none
"$TARRY" run -o pipe.db sh -c 'cat /bin/sh; cat /bin/sh' 2>pipe.err </dev/null | head -c 1 >/dev/null
is "output that nobody reads: status" "${PIPESTATUS[0]}" 125
matches "output that nobody reads: message" "$(cat pipe.err)" "cannot write the console's output: Broken pipe"
is "output that nobody reads: the trace is complete" "$("$TARRY" query pipe.db --format csv "select complete from run" | tail -1 | tr -d '\r')" 1
run "$TARRY" run -o x.db sh -c 'exit 7'
is "the program's exit status is the command's" "$status" 7
for c in "" run shell boot query fs; do
    run "$TARRY" $c --help
    is "--help of '$c'" "$status" 0
    matches "--help of '$c' says usage" "$out" "usage: tarry"
done
run "$TARRY" --version
matches "--version" "$out" "^tarry [0-9.]+$"
done_testing
