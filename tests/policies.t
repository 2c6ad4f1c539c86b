#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The policies of --io: the sound ones give every program the same output, the others go wrong where they must.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

sound="eager deferred fragments-eager cached" unsound="naive mmap-private mmap-shared"

# A foreign writer. One line per policy for the bytes, one for what a store does to the file.
expect() { # POLICY TOUCHED UNTOUCHED BEHIND STORED SEEN
    echo "$1: touched before the write: $2; not touched: $3; behind the end: $4; stored: $5; the file's: NEW"
    echo "$1: a store is seen by a read of the file: $6"
}
for io in $sound; do
    run "$TARRY" run -o $io.db --io $io spooky
    is "--io $io: a foreign writer changes nothing" "$out$err" "$(expect "this run" old old kept kept no)"
done
run "$TARRY" run -o naive.db --io naive spooky
is "--io naive: fills come from the live file" "$out$err" "$(expect "this run" old NEW kept kept no)"
run "$TARRY" run -o mp.db --io mmap-private spooky
is "--io mmap-private: memory changes, a short read is lost" "$out$err" "$(expect "this run" NEW NEW LOST kept no)"
run "$TARRY" run -o ms.db --io mmap-shared spooky
is "--io mmap-shared: stores are lost, too, and go to the file" "$out$err" "$(expect "this run" NEW NEW LOST LOST YES)"

# A policy per segment, whatever that of the run is.
run "$TARRY" run -o seg.db --io eager spooky deferred naive mmap-shared cached
is "policies per segment" "$out$err" "$(expect deferred old old kept kept no
    expect naive old NEW kept kept no
    expect mmap-shared NEW NEW LOST LOST YES
    expect cached old old kept kept no)"
is "... which the trace names" \
    "$("$TARRY" query seg.db --format csv "select group_concat(distinct policy) from (select policy from segment_view where type='defer' order by id)" | tail -1 | tr -d '\r"')" \
    "deferred,naive,mmap_shared,cached"
run "$TARRY" run -o seg.db spooky eagre
matches "a policy that there is not" "$status $err$out" "^1 .*no such class"

# The self-checking programs.
cp --sparse=always "$BUILD/guest.img" disk.img
for io in fragments-eager cached; do # deferred and eager: tests/programs-usertests.t
    for mem in 256M 16M; do
        run "$TARRY" run -o x.db --io $io --mem $mem --image disk.img --keep defertests
        is "--io $io, $mem: defertests" "$status $(grep -v '^ok' <<<"$out$err")" "0 defertests: $(grep -c '^ok' <<<"$out") of $(grep -c '^ok' <<<"$out") passed"
    done
done
for io in $unsound; do # the checker finds them, and they do no harm to the system
    run "$TARRY" run -o x.db --io $io --mem 16M --image disk.img --keep defertests
    is "--io $io: defertests fails" "$status" 1
    matches "--io $io: on R1 first" "$(grep -m1 '^not ok' <<<"$out")" "^not ok r1_same_process"
    is "--io $io: nothing panics, no snapshot is left" \
        "$(grep -c -i panic <<<"$out$err") $("$TARRY" query x.db --format csv "select count(*) from snapshot where dur is null" | tail -1 | tr -d '\r')" "0 0"
    is "--io $io: the trace keeps its invariants" "$("$TARRY" query x.db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""
done
run "$TARRY" fs check disk.img
is "the file system is clean" "$status" 0

# Nobody else writes: then every policy gives the same, and leaves the same file.
head -c 3000001 /dev/urandom >f
reference=
for io in eager deferred fragments-eager cached naive mmap-private mmap-shared; do
    run "$TARRY" run -o w-$io.db --io $io --mem 16M --input f:/in/f sh -c \
        "sparse /in/f --touch 300 --dirty 40 --write-back; sum /in/f"
    [ -z "$reference" ] && reference=$out
    is "--io $io: sparse" "$status $out$err" "0 $reference"
    is "--io $io: the trace keeps its invariants" "$("$TARRY" query w-$io.db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""
done

# A buffer that was read and is made zero: what is loaded for it (R8).
fills() { "$TARRY" query "$1" --format csv "select count(*) from fill_view where segment in (select id from segment_view where type='defer')" | tail -1 | tr -d '\r'; }
for how in loop memset calloc devzero segzero segfree; do
    run "$TARRY" run -o z.db --input f:/in/f zeros $how /in/f
    is "zeros $how" "$status $out$err" "0 $how: 3000001 bytes, 0 of those looked at are not zero"
    if [ $how = loop ]; then
        ok "zeros $how loads every page" test "$(fills z.db)" -ge 733
    else
        ok "zeros $how loads nothing but the page with malloc's own word" test "$(fills z.db)" -le 1
    fi
done

# --snapshot: what a pending read costs those who write. 50 pages that it reads, 50 others of the file, 50 of another file.
head -c 1000k /dev/zero | tr '\0' x >g
preserved() { "$TARRY" query "$1" --format csv "select count(*), sum(bytes) / 4096 from transfer_view where boundary='preserve'" | tail -1 | tr -d '\r'; }
for scope in range:50 file:100 mount:150; do
    run "$TARRY" run -o s.db --snapshot ${scope%:*} --input g:/in/g --input f:/in/f preserve /in/g /in/f --pages 50
    is "--snapshot ${scope%:*}: exit status" "$status $err" "0 "
    is "--snapshot ${scope%:*}: blocks preserved" "$(preserved s.db)" "${scope#*:},${scope#*:}"
    is "--snapshot ${scope%:*}: the trace keeps its invariants" "$("$TARRY" query s.db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""
    matches "--snapshot ${scope%:*}: a fact of the run" "$("$TARRY" query s.db --format csv "select config from run")" "snapshot=${scope%:*}"
    run "$TARRY" run -o x.db --snapshot ${scope%:*} --mem 32M --image disk.img --keep defertests
    is "--snapshot ${scope%:*}: defertests" "$status $(grep -v '^ok' <<<"$out$err")" "0 defertests: $(grep -c '^ok' <<<"$out") of $(grep -c '^ok' <<<"$out") passed"
done
run "$TARRY" fs check disk.img
is "the file system is clean still" "$status" 0
# --lend and --fill-around: the same bytes, other costs.
head -c 8M /dev/urandom >big
run "$TARRY" run -o plain.db --input big:/in/big sparse /in/big --touch 200
plain=$out
count() { "$TARRY" query "$1" --format csv "$2" | tail -1 | tr -d '\r'; }
for options in "--lend on" "--fill-around 16" "--fill-around seq" "--lend on --fill-around 64 --snapshot range"; do
    # shellcheck disable=SC2086
    run "$TARRY" run -o o.db $options --input big:/in/big sparse /in/big --touch 200
    is "$options: the same output" "$status $out$err" "0 $plain"
    is "$options: the trace keeps its invariants" "$("$TARRY" query o.db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""
    # shellcheck disable=SC2086
    run "$TARRY" run --trace none $options --mem 16M --image disk.img --keep defertests
    is "$options: defertests" "$status $(grep -v '^ok' <<<"$out$err")" "0 defertests: $(grep -c '^ok' <<<"$out") of $(grep -c '^ok' <<<"$out") passed"
done
run "$TARRY" run -o l.db --lend on --input big:/in/big sparse /in/big --touch 200
is "--lend on: nothing is copied into the buffer" \
    "$(count l.db "select count(*) from transfer where boundary=2 and va >= 68719476736")" 0
is "... every page of it is a frame of the cache" "$(count l.db "select count(*) from transfer where boundary=8 and va >= 68719476736")" \
    "$(count plain.db "select count(*) from transfer where boundary=2 and va >= 68719476736")"
run "$TARRY" run -o a.db --fill-around 64 --input big:/in/big sparse /in/big --touch 200
ok "--fill-around 64: fewer faults" test "$(count a.db "select count(*) from fault")" -lt $(($(count plain.db "select count(*) from fault") / 2))
ok "... and more sectors" test "$(metric a.db disk_sectors_read)" -gt $((2 * $(metric plain.db disk_sectors_read)))
run "$TARRY" run -o z.db --input big:/in/f zeros loop /in/f
run "$TARRY" run -o s.db --fill-around seq --input big:/in/f zeros loop /in/f
ok "--fill-around seq: a loop over the buffer asks the disk less often" \
    test "$(count s.db "select count(*) from disk_request where op=0")" -lt $(($(count z.db "select count(*) from disk_request where op=0") / 8))
for bad in "--lend maybe" "--fill-around 1" "--fill-around 65" "--fill-around x" "--fill-around -8" "--fill-around 08"; do
    # shellcheck disable=SC2086
    run "$TARRY" run $bad ls
    matches "$bad: refused" "$status $err" "^2 tarry: $bad: "
done
run "$TARRY" run --snapshot all ls
is "a scope that there is not" "$status" 2
matches "... which it says" "$err" "^tarry: --snapshot all: "
done_testing
