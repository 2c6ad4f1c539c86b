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
run "$TARRY" run --trace none --mem 1G thrash 50000000
is "... the same with plenty" "$out$err" "pages=12207 rounds=2 wrong=0"

# Several of them at once.
run "$TARRY" run --trace none --mem 16M sh -c 'thrash 12000000 & thrash 12000000 & thrash 12000000; wait; sum /bin/sh /bin/thrash | wc -l'
is "three at once" "$out$err" "$(printf 'pages=2929 rounds=2 wrong=0\n%.0s' 1 2 3; echo 2)"

# E3: a disk that has no room for it.
"$TARRY" fs create small.img 8M >/dev/null
"$TARRY" fs put small.img "$BUILD/guest/bin" /bin
run "$TARRY" run --trace none --mem 16M --image small.img sh -c 'thrash 50000000; echo "$status" ; echo text >/f && cat /f'
matches "E3: no swap space: a note for the one that stores" "$out$err" "sys: trap: no swap space: write addr=0x[0-9a-f]+ pc=0x[0-9a-f]+"
is "... and the others go on" "$(tail -1 <<<"$out")" text
is "... and exit" "$status" 0
done_testing
