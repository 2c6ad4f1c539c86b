#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's block cache in the guest: it grows into free memory and shrinks when segments need it; dirty blocks are written
# before they go, neighbours together; its counts in the trace agree with the disk's. (Its parts: tests/unit/cache_*.c.)
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
head -c 8M /dev/urandom >f
value() { "$TARRY" query "$1" --format csv "$2" | tail -1 | tr -d '\r'; }
script='cp /in/f /g; cp /g /h; thrash 13000000; sum /in/f /g /h; sync'

for mem in 256M 16M; do
    run "$TARRY" run -o $mem.db --mem $mem --input f:/in/f sh -c "$script"
    is "$mem: exit status" "$status" 0
    is "$mem: three files, the same contents" "$(grep -v wrong .out | cut -d' ' -f1,2 | sort | uniq -c | awk '{ print $1 }')" 3
    is "$mem: nothing is lost of what was dirtied" "$(grep -c wrong=0 .out)" 1
    is "$mem: blocks and requests written: the counts and the transfers" \
        "$(value $mem.db "select written || ' ' || writes from cache order by id desc limit 1")" \
        "$(value $mem.db "select sum(pages) || ' ' || count(*) from transfer where boundary = 0 and output = 1")"
    is "$mem: blocks and requests read" \
        "$(value $mem.db "select (misses + ahead) || ' ' || reads from cache order by id desc limit 1")" \
        "$(value $mem.db "select sum(pages) || ' ' || count(*) from transfer where boundary = 0 and output = 0")"
    is "$mem: each transfer is one request of the disk" "$(value $mem.db "select count(*) from transfer t where boundary = 0 and
        (select count(*) from disk_request d where d.cause = t.id and d.sectors = 8 * t.pages) <> 1")" 0
    is "$mem: reads cluster, writes batch" "$(value $mem.db "select ahead > 12 * reads, written > 30 * writes from cache order by id desc limit 1")" 1,1
    is "$mem: each write-back has its cause, and its transfers add up" "$(value $mem.db "select count(*) from writeback w where
        not exists (select 1 from event e where e.id = w.cause) or error <> 0 or blocks <> (select sum(pages) from transfer t where t.cause = w.id)
        or requests <> (select count(*) from transfer t where t.cause = w.id)")" 0
    is "$mem: the trace keeps its invariants" "$("$TARRY" query $mem.db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""
done
is "with plenty, all that was read and written stays" "$(value 256M.db "select frames >= 3 * 2048, evicted from cache order by id desc limit 1")" 1,0
is "... and is written once, at the commit" "$(value 256M.db "select count(*) from writeback")" 0
is "... and each block is read once" "$(value 256M.db "select misses + ahead < 2048 + 100 from cache order by id desc limit 1")" 1
is "with little, it fills most of memory at first" "$(value 16M.db "select max(frames) > 2000 from cache")" 1
is "... gives that up for segments" "$(value 16M.db "select min(frames) < 300, max(evicted) > 8000 from cache")" 1,1
is "... never has more dirty than its share" "$(value 16M.db "select max(dirty) <= 3800 / 4 + 64 from cache")" 1
is "... and writes before a commit" "$(value 16M.db "select count(*) > 5, sum(why = 0) > 0 from writeback")" 1,1
run "$TARRY" query 16M.db cache --window 1ms --format csv
matches "the canned query" "$out" "from_ns,frames,dirty,hits,misses,ahead,hit_percent"
ok "... has a row for many a millisecond" [ "$(wc -l <<<"$out")" -gt 20 ]

done_testing
