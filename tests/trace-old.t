#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Traces of older versions of the schema (tests/trace-v*.sql) answer every canned query, beside one of today, too; the
# files are left as they are.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
"$BUILD/tests/trace_queries" --write new.db || exit 1
today=$(sqlite3 new.db 'pragma user_version')
query() { run "$TARRY" query "$@"; }
# value SQL: its one value, of $db
value() {
    query "$db" "$1" --format csv
    sed -n 2p <<<"$out" | tr -d '\r'
}

# What is true of every trace that is older than today's.
is_read() {
    db=v$1.db
    sqlite3 "$db" <"$TOP/tests/trace-v$1.sql" || exit 1
    before=$(sha256sum "$db")
    is "v$1: it is of that version" "$(sqlite3 "$db" 'pragma user_version')" "$1"
    ok "v$1: that of today is of a later one" test "$today" -gt "$1"
    query "$db" summary
    is "v$1: answers" "$status" 0
    matches "v$1: with a message" "$err" "^tarry: $db: an older tarry wrote it; tables and columns that it lacks are empty\$"
    for f in "$TOP"/traces/queries/*.sql; do
        name=$(basename "$f" .sql)
        grep -q '^-- traces: two' "$f" && continue
        query "$db" "$name"
        is "v$1: $name: runs" "$status" 0
    done
    for table in process segment transfer disk_request; do
        is "v$1: $table: the rows that were there" "$(value "select count(*) from $table")" "$(sqlite3 "$db" "select count(*) from $table")"
    done
    is "v$1: words are there" "$(value "select name from enum_resolution where id = 4")" copied
    is "v$1: views of today" "$(value "select sum(bytes) from transfer_view where boundary = 'disk'")" \
        "$(sqlite3 "$db" 'select sum(bytes) from transfer where boundary = 0')"
    query "$db" checks --format csv
    is "v$1: no check complains" "$(sed 1d .out | cut -d, -f2 | tr -d '\r' | sort -u)" 0
    run "$TARRY" compare "$db" new.db
    ok "v$1: compares with one of today" test "$status" -le 1
    query "$db" new.db first-difference
    is "v$1: first-difference from one of today: exit status" "$status" 0
    query new.db "$db" first-difference
    is "v$1: first-difference with one of today before it: exit status" "$status" 2
    matches "v$1: ... and message" "$err" "^tarry: $db: an older tarry wrote it, .*name it first, or: tarry compare new.db $db\$"
    is "v$1: the file is as it was" "$(sha256sum "$db")" "$before"
    is "v$1: nothing beside it" "$(ls "$db"*)" "$db"
    is "v$1: by ATTACH with one of today in plain sqlite3" \
        "$(sqlite3 new.db "attach '$db' as o; select count(*) from fault join o.fault as f using(id, va)")" 3
}

for version in $(seq 1 $((today - 1))); do
    is_read "$version"
done
db=v1.db
query "$db" "select count(*) as n, count(rule) as rules from fault" --format csv
is "a column of today is NULL" "$(sed -n 2p <<<"$out" | tr -d '\r')" "3,0"
is "a table of today is empty" "$(value "select count(*) from walk")" 0
done_testing
