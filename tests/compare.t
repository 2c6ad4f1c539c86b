#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tarry compare: equal traces are equal, and every kind of difference is found at its place.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
"$BUILD/tests/trace_queries" --write a.db || exit 1
compare() { run "$TARRY" compare "$@"; }

# changed SQL: b.db is a.db with that change; its digests are those of other rows then, and go
changed() {
    cp a.db b.db
    sqlite3 b.db "$1; delete from digest" || exit 1
}

events=$(sqlite3 a.db 'select count(*) from event')
last=$(sqlite3 a.db 'select max(id) from event')
fault=$(sqlite3 a.db 'select max(id) from fault')

changed "update run set host_ns = host_ns + 1, host_name = 'elsewhere'"
compare a.db b.db
is "host facts are not compared" "$status" 0
matches "equal traces say so" "$out" "all $events are the same"
matches "equal configuration says so" "$out" "nowhere"

changed "update fault set va = va + 4096 where id = $fault"
compare a.db b.db
is "a changed column: exit status" "$status" 1
matches "a changed column is named with both values" "$out" \
    "event $fault \(fault\): va is $(sqlite3 a.db "select va from fault where id = $fault") in A, $(sqlite3 b.db "select va from fault where id = $fault") in B"
matches "what was equal before is counted" "$out" \
    "after $(sqlite3 a.db "select count(*) from event where id < $fault") equal events"
is "the context is as long as asked" \
    "$(compare a.db b.db --context 1; grep -c '^  [> ] [a-z]' .out)" 4
compare a.db b.db --ignore va
is "--ignore" "$status" 0
compare a.db b.db --format json
is "json: exit status" "$status" 1
ok "json: the difference" python3 -c "
import json
d = json.load(open('.out'))
assert d['difference']['how'] == 'column' and d['difference']['a']['column'] == 'va', d
assert d['difference']['a']['id'] == $fault and len(d['difference']['b']['context']) == 4, d
assert any(t['name'] == 'faults' and t['ratio'] == 1 for t in d['totals']), d"

changed "update string set text = text || '?' where id = (select name from file order by id limit 1)"
compare a.db b.db
is "another text behind a string column: exit status" "$status" 1
matches "another text behind a string column is shown" "$out" "in A, [^ ]*\? in B"

changed "delete from $(sqlite3 a.db "select kind from event where id = $last") where id = $last"
compare a.db b.db
is "a shorter trace: exit status" "$status" 1
matches "a shorter trace has ended" "$out" "trace B has ended.*the trace ends here"

changed "update run set exit_status = 7"
compare a.db b.db
is "another outcome: exit status" "$status" 1
matches "another outcome is shown" "$out" "exit_status.*B: 7"

bad() { refuses "$1" "$2" "$TARRY" compare "${@:3}"; } # NAME PATTERN ARGUMENT...
echo nonsense >no.db
cp a.db other.db
sqlite3 other.db "pragma writable_schema = on; update sqlite_schema set sql = replace(sql, '\"va\" INTEGER', '\"address\" INTEGER') where name = 'fault'"
bad "one trace" "name two traces" a.db
bad "three traces" "one argument too many" a.db a.db a.db
bad "no such trace" "none.db.*No such file" a.db none.db
bad "not a trace" "no.db.*not a trace" no.db a.db
bad "a trace with another table" "another version" a.db other.db
bad "unknown column" "--ignore colour" a.db a.db --ignore colour
bad "unknown option" "--help" a.db a.db --colour x
bad "a bad number" "--context" a.db a.db --context -1
bad "a bad format" "--format" a.db a.db --format xml
compare --help
matches "--help" "$status$out" "^0usage: tarry compare A B"

printf 'a' >f
run "$TARRY" run -o one.db --input f cat /in/f
run "$TARRY" run -o two.db --input f cat /in/f
compare one.db two.db
is "two runs of the same command are the same" "$status" 0
run "$TARRY" run -o two.db --io eager --input f cat /in/f
compare one.db two.db
is "two policies are not" "$status" 1
matches "the policies are shown" "$out" "io +A: deferred"

done_testing
