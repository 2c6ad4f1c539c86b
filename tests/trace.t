#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tarry query as a user meets it: formats, parameters, errors; the file in a plain sqlite3; the reference of the tables.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
"$BUILD/tests/trace_queries" --write t.db || exit 1
query() { run "$TARRY" query "$@"; }
crlf() { sed 's/$/\r/'; }

# bad NAME PATTERN ARGUMENT...: exit 2, one line on stderr that matches, nothing on stdout
bad() { refuses "$1" "$2" "$TARRY" query "${@:3}"; } # NAME PATTERN ARGUMENT...

sqlite3 t.db ".backup other.db" && sqlite3 other.db 'update fault set pc = pc + 4 where id = 19; delete from digest'

mkdir .more && sqlite3 t.db ".backup .more/cache.db" && sqlite3 .more/cache.db 'insert into "cache" values (100, 1, 2, 0, 0, 0, 2, 0, 10, 1, 8, 4, 3, 9, 2, 6, 2, 0)'
sqlite3 t.db ".backup .more/superpages.db" && sqlite3 .more/superpages.db 'insert into superpage(id, insn, ts, proc, pc, cause, segment, va, pa, writable) values (100, 1, 1, 1, 0, 0, 4, 0, 0, 0)'
cp .more/superpages.db .more/experiment-superpages.db

# ---- asking ----
query t.db
is "list: exit status" "$status" 0
list=$out
for f in "$TOP"/traces/queries/*.sql; do
    name=$(basename "$f" .sql)
    matches "list: $name" "$list" "(^|
)$name  +[A-Z]"
    query t.db "$name" --help
    matches "$name --help: how to read it" "$out" "title: .*question: .*read: "
    dbs=(t.db)
    grep -q '^-- traces: two' "$f" && dbs=(t.db other.db)
    [ -e ".more/$name.db" ] && dbs=(".more/$name.db")
    query "${dbs[@]}" "$name"
    is "$name: runs" "$status$err" 0
    matches "$name: has rows" "$(sed -n 3p <<<"$out")" .
    query "${dbs[@]}" "$name" --format json
    ok "$name --format json: is JSON" python3 -c 'import json, sys; assert len(json.load(open(".out")))'
done
query t.db summary
is "table: numbers right, words left" "$(sed -n '1,3p;12p' <<<"$out")" "metric                       value
-------------------------  -------
instructions                 46000
bytes_asked                1048676"
query t.db summary --format=csv
is "csv: --format=csv" "$(sed -n 11p .out)" "$(echo bytes_asked,1048676 | crlf)"
query t.db "select 1 as a, 'x,\"y\"
z' as \"b,c\", null as d, 1.5 as e, x'0aff' as f" --format csv
is "csv: quoting as in RFC 4180" "$(cat .out)" "$(printf 'a,"b,c",d,e,f\r\n1,"x,""y""\nz",,1.5,0aff\r')"
query t.db "select 1 as a, 'x\\\"y
' || char(1, 228) as b, null as c, 1.5 as d, 9e999 as e, -9223372036854775808 as f" --format json
is "json: escapes, null, numbers" "$(cat .out)" '[
{"a": 1, "b": "x\\\"y\u000a\u0001ä", "c": null, "d": 1.5, "e": null, "f": -9223372036854775808}
]'
query t.db "select * from fault where id = 0" --format json
is "json: no rows" "$out" "[]"
query t.db "select * from string where id = 0" --format csv
is "csv: no rows" "$(cat .out)" "$(echo id,text | crlf)"
query t.db "select 'a
b' as x, 'ä' as y, 7 as zzzz union all select 'c', 'bb', null"
is "table: one line per row" "$out" 'x     y   zzzz
----  --  ----
a\nb  ä      7
c     bb      '
query t.db explain-fault --fault 19
matches "parameter" "$out" "write of 0x2000003000 .*: detached"
query t.db explain-fault --fault=0x13
matches "parameter in hex" "$out" "write of 0x2000003000 .*: detached"
query t.db working-set --window 46us --format csv
is "parameter with a unit" "$(sed -n '3,$p' .out | cut -d, -f1)" 46000
query t.db dirty-pages --va 0x2000003fff
matches "address" "$out" "fault 19 at pc 0x10100"
query t.db why-block --file /in/big --format csv
is "text parameter" "$(grep -c /in/big .out)" 3
query t.db "select :a + :b as x, :c as y" --a 1 --b 0xffffffffffffffff --c text --format csv
is "parameters of SQL" "$(sed -n 2p .out)" "$(echo 0,text | crlf)"
query t.db "select count(*) as n from fault; -- a comment"
is "trailing comment" "$(sed -n 3p <<<"$out")" 3
query --help
is "--help" "$status${out:0:6}" "0usage:"
cmp -s <(sqlite3 t.db .dump) <(sqlite3 t.db .dump) # the shell opens it
is "queries leave the files alone" "$(ls)" "other.db
t.db"

# ---- several traces ----
query t.db other.db policies --format csv
is "several: a row each" "$(cut -d, -f1 .out | paste -sd' ')" "trace t.db other.db"
query t.db other.db t.db "select :n as n, pc from fault where id = 19" --n 7 --format csv
is "several: SQL, parameters" "$(sed -n '2,$p' .out)" "$(printf 't.db,7,65792\nother.db,7,65796\nt.db,7,65792\n' | crlf)"
query t.db other.db --attach "select a.pc - b.pc as d from main.fault a join b.fault b using (id)" --format csv
is "several: attached" "$(tr -d '\r' <.out | paste -sd' ')" "d 0 -4 0"
query t.db other.db first-difference --format csv
matches "several: first difference" "$out" "
19,fault,.*,pc,65792,65796"
(cat <<<"attach 'other.db' as b;"; sqlite3 t.db "select sql from canned_query where name = 'first-difference'") | sqlite3 t.db >.out
matches "several: first difference in plain sqlite3" "$(cat .out)" '^19\|fault\|.*\|pc\|65792\|65796$'
bad "two traces are needed" "compares two traces; give both" t.db first-difference
bad "several: nothing to ask" "'other.db' is a file, so what to ask of it is missing" t.db other.db
bad "several: a trace that is none" "text.*is no file" t.db text summary
sqlite3 other.db 'alter table run add column more text'
bad "several: other columns" "other.db: its answer has other columns" t.db other.db "select * from run"
rm other.db

# ---- refusing ----
bad "no database named" "name a trace" 
bad "missing database" "none.db: No such file" none.db
bad "no name" ": No such file" ""
bad "a name that SQLite takes for its own" ":memory:: No such file" :memory:
bad "directory" "is not a file" .
echo text >text
bad "text file" "text: is not a trace" text summary
: >empty
bad "empty file" "empty: is not a trace" empty summary
sqlite3 other.db 'create table t(a)'
bad "another database" "other.db: is not a trace" other.db
head -c 20000 t.db >cut.db
query cut.db summary
is "truncated database: exit status" "$status" 2
matches "truncated database: message" "$err" "tarry: .*(malformed|cannot be read|no such)"
sqlite3 t.db ".backup new.db" && sqlite3 new.db 'pragma user_version = 99'
bad "newer database" "newer tarry" new.db summary
bad "unknown query" "no query 'sumary'; did you mean 'summary'" t.db sumary
bad "unknown query, nothing near" "no query 'xyzzyplugh'; 'tarry query t.db' lists them" t.db xyzzyplugh
bad "unknown format" "--format xml" t.db summary --format xml
bad "missing value" "missing after '--format'" t.db summary --format
bad "unknown parameter" "no such parameter; it has --fault" t.db explain-fault --falt 3
bad "value: no id" "--fault seven: give the id of a row" t.db explain-fault --fault seven
bad "value: negative id" "--fault -1: give the id of a row" t.db explain-fault --fault -1
bad "value: no count" "--limit 0: give a number from 1 up" t.db slowest-faults --limit 0
bad "value: no time" "--window 3km: give a time" t.db working-set --window 3km
bad "value: no time at all" "--window 0: give a time" t.db working-set --window 0
bad "value: too large" "--window 99999999999s: give a time" t.db working-set --window 99999999999s
bad "value: no address" "--va 0xfish: give an address" t.db dirty-pages --va 0xfish
bad "no parameters" "--colour: no such option" t.db summary --colour red
bad "too many arguments" "one argument too many" t.db select 1
bad "bad SQL" "bad SQL: near \"form\"" t.db "select * form fault"
bad "no such table" "no such table: faults" t.db "select * from faults"
bad "writing" "not allowed; a query only reads" t.db "delete from fault"
bad "attaching" "ATTACH is not allowed" t.db "attach 'x.db' as x"
bad "pragma" "PRAGMA journal_mode is not allowed" t.db "pragma journal_mode = wal"
bad "two statements" "more than one statement" t.db "select 1; select 2"
bad "empty statement" "no statement" t.db " "
is "nothing was made" "$(ls x.db 2>&1 >/dev/null | wc -l)" 1
"$TARRY" query t.db summary >/dev/full 2>err
is "full output: exit status" "$?" 2
matches "full output: message" "$(cat err)" "cannot write"

# ---- process_time, kept while recording, is what view process_state adds up to, and what is counted of a killed run ----
"$TARRY" run -o many.db --mem 24M sh -c 'cat /bin/sh | wc; sleep 1; thrash 30000000 1 & ls /bin | wc' >/dev/null
times='select proc, state, wait, sum(times), sum(sum_dur), max(max_dur) from process_time_total group by 1, 2, 3'
kept=$(sqlite3 many.db "$times")
matches "process_time: it waited for the disk" "$kept" '\|2\|1\|'
is "process_time: as process_state" "$kept" "$(sqlite3 many.db "select proc, state, coalesce((select id from enum_wait where
    name = wait), 0), count(*), sum(dur), max(dur) from process_state group by 1, 2, 3")"
sqlite3 many.db 'update run set complete = 0'
is "process_time: as counted of a killed run" "$(sqlite3 many.db "$times")" "$kept"
rm many.db

# ---- an incomplete trace answers, with a warning ----
sqlite3 t.db ".backup killed.db" && sqlite3 killed.db 'update run set complete = 0'
query killed.db summary
is "incomplete: exit status" "$status" 0
matches "incomplete: warning" "$err" "^tarry: killed.db: the run is still going on or was killed"
matches "incomplete: answer" "$out" "faults +3"

# ---- the file itself ----
is "sqlite3: integrity" "$(sqlite3 t.db 'pragma integrity_check; pragma foreign_key_check')" ok
is "sqlite3: journal" "$(sqlite3 t.db 'pragma journal_mode')" delete
is "sqlite3: a canned query from the file itself" "$(sqlite3 t.db "select sql from canned_query where name = 'faults'" | sqlite3 t.db | wc -l)" 3
cp t.db ro.db && chmod 444 ro.db
is "sqlite3: read-only" "$(sqlite3 'file:ro.db?mode=ro&immutable=1' 'select count(*) from event')" 41
is "python" "$(python3 -c 'import sqlite3; print(sqlite3.connect("t.db").execute("select proc_name from fault_view").fetchone()[0])')" /bin/sparse
ok "docs/trace-tables.md is up to date (tarry query --doc)" cmp <("$TARRY" query --doc) "$TOP/docs/trace-tables.md"
done_testing
