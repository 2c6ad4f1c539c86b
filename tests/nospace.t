#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# E2 and E5 in the guest: a file is overwritten while it is a pending read and the disk has no room to preserve its blocks; and the
# power goes meanwhile. The program diskfull is reader and writer; what is on the disk in the end is compared here, byte by byte.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

LENGTH=2000001
head -c $LENGTH /dev/urandom >f
"$TARRY" fs create small.img 24M >/dev/null
"$TARRY" fs put small.img "$BUILD/guest/bin" /bin
for f in /in/f /in/copy; do "$TARRY" fs put small.img f $f; done
free_blocks() { "$TARRY" fs stat disk.img | sed -n 's/^free_blocks //p'; }
value() { "$TARRY" query x.db --format csv "$1" | tail -1 | tr -d '\r'; }

# fill NAME COMMAND OPTION...: runs it and checks all but how far the writer came, which is in $written; $why is what stopped him
fill() {
    local name=$1 command=$2
    shift 2
    cp --sparse=always small.img disk.img
    run "$TARRY" run -o x.db --image disk.img --keep "$@" sh -c "$command"
    matches "$name: the writer's count" "$out" $'(^|\n)writer: ([0-9]+) bytes: ([a-z ]+)\n'
    written=${BASH_REMATCH[2]:-0} why=${BASH_REMATCH[3]:-}
    is "$name: every byte of the reader and of the file, as the program sees them; no complaints" "$status $(grep -v '^pages=\|^writer' <<<"$out$err")" \
        "0 $(printf 'reader: 0 bytes wrong\nfile: 0 bytes wrong')"
    { head -c "$written" /dev/zero | tr '\0' N; tail -c +$((written + 1)) f; } >want
    "$TARRY" fs get disk.img /in/f have >/dev/null
    ok "$name: the file on the disk is new as far as the count says, and else old" cmp want have
    rm -f have
    run "$TARRY" fs check disk.img
    is "$name: the file system is clean" "$status" 0
    is "$name: the trace keeps its invariants" "$("$TARRY" query x.db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""
}

# ---- E2: a disk with eight blocks ----
fill "enough memory" "diskfull /in/f /in/copy 8" --mem 64M
is "materialise, enough memory: all is written" "$written $why" "$LENGTH ok"
is "... for which pages were made the segment's own" "$(value "select count(*) > 400 from fill_view where segment in (select id from segment_view where type='defer')")" 1
fill "fail-writer" "diskfull /in/f /in/copy 8" --mem 64M --nospace fail-writer
is "fail-writer: what had room is written, then the writer has the error" "$((written / 4096)) $why" "8 file system full"
is "... and until then nothing was brought in for the reader" "$(value "select count(*) from fill_view where cause in (select id from fault where in_kernel=1 and access=1) and
    segment in (select min(id) from segment_view where type='defer')")" 0
# thrash leaves slots of swap behind: the pages go there
pool="thrash 12000000; diskfull /in/f /in/copy 8"
swapped() { value "select coalesce(sum(pages), 0) > 20 from transfer where boundary=7 and output=1 and segment in (select id from segment_view where type='defer')"; }
fill "into swap" "$pool" --mem 9M
is "materialise, little memory: all is written" "$written $why" "$LENGTH ok"
is "... pages have gone to swap" "$(swapped)" 1
fill "no room at all" "$pool" --mem 8M
ok "neither memory nor swap has room: a part is written" test "$written" -gt 100000 -a "$written" -lt $LENGTH
is "... then the writer has the error" "$why" "file system full"
is "... pages have gone to swap" "$(swapped)" 1
# a disk that has no room even for the writer's first block is full under every policy
for io in deferred eager; do
    fill "--io $io" "diskfull /in/f /in/copy 0" --mem 64M --io $io
    ok "--io $io, no room at the beginning: the error" test "$why" = "file system full" -a "$written" -lt $LENGTH
done
run "$TARRY" run --nospace never ls
matches "--nospace never: refused" "$status $err" "^2 tarry: --nospace never: "

# ---- E5: the power goes, before, while and after the file is overwritten under the pending read ----
cp --sparse=always small.img disk.img
"$TARRY" run --trace none --image disk.img --keep rm /nothing >out 2>&1
before=$(free_blocks)
run "$TARRY" run -o x.db --image small.img --mem 64M diskfull /in/f /in/copy 8
last=$(metric x.db instructions)
is "the whole run: all is written" "$status $(head -1 <<<"$out")" "0 writer: $LENGTH bytes: ok"
torn=0
for i in {1..14}; do
    at=$((last * (40 + i * 4) / 100))
    cp --sparse=always small.img disk.img
    run "$TARRY" run --trace none --image disk.img --keep --mem 64M --max-insns $at diskfull /in/f /in/copy 8
    run "$TARRY" fs check disk.img
    is "cut at $at: the file system is clean" "$status $err" "0 "
    "$TARRY" fs get disk.img /in/f have >/dev/null
    n=$(cmp <(head -c $LENGTH /dev/zero | tr '\0' N) have | sed -E 's/.*(byte|char) ([0-9]+),.*/\2/')
    [ "$n" -gt 1 ] && torn=$((torn + 1))
    { head -c $((n - 1)) /dev/zero | tr '\0' N; tail -c +"$n" f; } >want
    ok "cut at $at: the file is that of a commit: new up to byte $n, and old from there" cmp want have
    rm -f have
    run "$TARRY" run --trace none --image disk.img --keep rm -f /diskfull.hog
    is "cut at $at: no block stays held" "$(($(free_blocks) >= before - 8))" 1
done
ok "some of the cuts were while the file was overwritten" test $torn -ge 4
done_testing
