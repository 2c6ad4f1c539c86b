#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A trace of an older version of the schema (tests/trace-v1.sql) answers every canned query, beside one of today, too;
# the file is left as it is.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
sqlite3 old.db <"$TOP/tests/trace-v1.sql" || exit 1
"$BUILD/tests/trace_queries" --write new.db || exit 1
before=$(sha256sum old.db)
query() { run "$TARRY" query "$@"; }

is "it is of version 1" "$(sqlite3 old.db 'pragma user_version')" 1
ok "that of today is of a later one" test "$(sqlite3 new.db 'pragma user_version')" -gt 1
query old.db summary
is "answers" "$status" 0
matches "with a message" "$err" "^tarry: old.db: an older tarry wrote it; tables and columns that it lacks are empty\$"
for f in "$TOP"/traces/queries/*.sql; do
    name=$(basename "$f" .sql)
    grep -q '^-- traces: two' "$f" && continue
    query old.db "$name"
    is "$name: runs" "$status" 0
done
for table in process segment transfer disk_request; do
    query old.db "select count(*) from $table" --format csv
    is "$table: the rows that were there" "$(tail -1 <<<"$out" | tr -d '\r')" "$(sqlite3 old.db "select count(*) from $table")"
done
query old.db "select count(*) as n, count(rule) as rules from fault" --format csv
is "a column of today is NULL" "$(sed -n 2p <<<"$out" | tr -d '\r')" "3,0"
query old.db "select count(*) from walk" --format csv
is "a table of today is empty" "$(sed -n 2p <<<"$out" | tr -d '\r')" 0
query old.db "select name from enum_resolution where id = 4" --format csv
is "words are there" "$(sed -n 2p <<<"$out" | tr -d '\r')" copied
query old.db "select sum(bytes) from transfer_view where boundary = 'disk'" --format csv
is "views of today" "$(sed -n 2p <<<"$out" | tr -d '\r')" "$(sqlite3 old.db 'select sum(bytes) from transfer where boundary = 0')"
query old.db checks --format csv
is "no check complains" "$(sed 1d .out | cut -d, -f2 | tr -d '\r' | sort -u)" 0
run "$TARRY" compare old.db new.db
ok "compares with one of today" test "$status" -le 1
is "the file is as it was" "$(sha256sum old.db)" "$before"
is "nothing beside it" "$(ls old.db*)" old.db
is "two versions by ATTACH in plain sqlite3" "$(sqlite3 new.db "attach 'old.db' as o; select count(*) from fault join o.fault as f using(id, va)")" 3
done_testing
