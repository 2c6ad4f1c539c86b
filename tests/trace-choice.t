#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What of a run is recorded: groups, filters by process, segment and address, the guest's switch. Every event keeps its
# id, no cause names a row that is not there, and the guest does not notice.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
head -c 300000 /dev/zero | tr '\0' x >data
command='ls /bin >/dev/null; sparse /in/data --touch 20; trace'
# record NAME OPTION...: the trace of the same program as always
record() {
    local name=$1
    shift
    run timeout 60 "$TARRY" run -o "$name.db" --io deferred --input data:/in/data "$@" sh -c "$command"
}
ask() { sqlite3 "$1.db" "$2"; }
tables=$("$TARRY" query --doc | sed -n 's/^### \([a-z_]*\)$/\1/p' | sed '/^run$/,$d')

ok "there are tables" test "$(wc -w <<<"$tables")" -gt 20
# The rows of a trace are rows of the full one, but for their causes; what is a cause is there.
subset() {
    local name=$1 table extra=0
    for table in $tables; do
        extra=$((extra + $(sqlite3 "$name.db" "attach 'full.db' as f; select count(*) from main.\"$table\" as a
            where not exists (select 1 from f.\"$table\" as b where b.id = a.id and b.ts = a.ts and b.insn = a.insn
            and b.proc = a.proc and b.pc = a.pc)")))
    done
    is "$name: rows are those of the full trace" "$extra" 0
    is "$name: every cause is a row" "$(ask "$name" "select count(*) from event as e where cause <> 0 and not exists
        (select 1 from event as c where c.id = e.cause)")" 0
    is "$name: as many rows as it says" "$(ask "$name" "select (select events from run) = count(*) from event")" 1
    is "$name: what is left out is counted" "$(ask "$name" "select sum(happened) from event_kind")" "$all"
    "$TARRY" query "$name.db" checks --format csv | tr -d '\r' >checks
    is "$name: checks" "$(cut -d, -f2 checks | sed 1d | sort -u)" 0
}
rows() { ask "$1" "select count(*) from \"$2\""; }

record full --trace all
is "full: status" "$status" 0
output=$out
all=$(ask full "select max(id) from event")
is "full: as many as happened" "$(ask full 'select sum(happened) from event_kind')" "$all"
is "full: whole" "$(ask full 'select whole from run')" 1

record default
is "default: the guest does not notice" "$out" "$output"
subset default
is "default: translation is extra" "$(ask default 'select chosen from event_group where name = "translation"')" 0
is "default: no page walks" "$(rows default walk)" 0
is "default: whole" "$(ask default 'select whole, trace from run')" "1|"

record none --trace none
is "none: status" "$status" 0
ok "none: no file" test ! -e none.db
is "none: the guest does not notice" "$out" "$output"

# ---- groups ----
record fault --trace fault
subset fault
is "fault: all of the group" "$(rows fault fault) $(rows fault trap)" "$(rows full fault) $(rows full trap)"
is "fault: nothing else" "$(rows fault syscall) $(rows fault disk_request)" "0 0"
is "fault: what other rows name" "$(rows fault process) $(rows fault segment)" "$(rows full process) $(rows full segment)"
is "fault: not whole" "$(ask fault 'select whole, trace from run')" "0|--trace fault"

record disk --trace disk
subset disk
is "disk: all of them" "$(rows disk disk_request)" "$(rows full disk_request)"

record less --trace=-fault,-page
is "less: no such group" "$status" 2
record less --trace=-fault,-syscall
subset less
is "less: left out" "$(rows less fault) $(rows less syscall)" "0 0"
is "less: the rest" "$(rows less transfer)" "$(rows full transfer)"

record two --trace syscall,fill
is "fill is no group" "$status" 2
matches "the message names what there is" "$err" "no group 'fill'; there are all, none, default, fault, .*console, access; -GROUP"
record skip --trace transfer,fault,syscall
subset skip
is "skip: the cause of a fill's transfer is the fill" "$(ask skip 'select count(*) > 0 from transfer join fill on fill.id = transfer.cause')" 1
record skip2 --trace transfer,syscall
subset skip2
is "skip2: causes are rows of transfer and syscall, or nothing" "$(ask skip2 "attach 'full.db' as f;
    select count(*) from main.transfer where cause not in (select id from main.event) and cause <> 0")" 0

# ---- filters ----
record sparse --trace-process sparse
subset sparse
id=$(ask full "select proc from program_view where name = '/bin/sparse'")
is "process: all its faults" "$(ask sparse "select count(*) from fault where proc = $id")" \
    "$(ask full "select count(*) from fault where proc = $id and id > (select id from program where proc = $id)")"
is "process: no others" "$(ask sparse "select count(*) from fault where proc <> $id")" 0
is "process: what it brought about" "$(ask sparse "select count(*) from disk_request where cause in (select id from transfer)")" \
    "$(ask full "select count(*) from disk_request as d join transfer as t on t.id = d.cause where t.proc = $id and t.id >
    (select id from program where proc = $id)")"
pid=$(ask full "select pid from process where id = $id")
record pid --trace-process "$pid"
subset pid
is "pid: from its beginning" "$(ask pid "select count(*) from fault where proc = $id")" "$(ask full "select count(*) from fault where proc = $id")"
record nobody --trace-process nobody,4711
is "nobody: status" "$status" 0
matches "nobody: says who ran" "$err" "^tarry: --trace-process: none of these processes ran; there were sh, ls, sparse"

record defer --trace-segment defer
subset defer
defer="select id from segment where type = 4"
is "segment: its faults" "$(rows defer fault)" "$(ask full "select count(*) from fault where segment in ($defer)")"
ok "segment: there are some" test "$(rows defer fault)" -gt 9
is "segment: with the traps that they came of" "$(ask defer 'select count(*) from fault join trap on trap.id = fault.cause')" "$(rows defer fault)"
is "segment: their disk requests" "$(ask defer "select count(*) > 0 from disk_request")" 1
base=$(ask full "select base from segment where type = 4")
record byaddress --trace-segment "$base"
is "segment by address" "$(rows byaddress fault)" "$(rows defer fault)"
record text --trace-segment tekst
is "no such type: status" "$status" 2
matches "no such type: message" "$err" "no type of segment 'tekst'; there are text, data, stack, memory, defer"

va=$(ask full "select va from fault where segment in ($defer) order by id limit 1")
record address --trace-address "$(printf '0x%x-0x%x' "$va" $((va + 5000)))"
subset address
is "address: its fault" "$(ask address "select count(*) from fault where va = $va")" 1
is "address: no others" "$(ask address "select count(*) from fault where va / 4096 not in ($va / 4096, $va / 4096 + 1)")" 0
is "address: with its trap and fill" "$(ask address "select count(*) from fault join trap on trap.id = fault.cause join fill
    on fill.cause = fault.id where fault.va = $va")" 1
record both --trace-address "$va" --trace-process ls
is "filters of two kinds: both must fit" "$(rows both fault)" 0
for bad in 5-3 x 1-2-3 '' 0x10-; do
    record bad --trace-address "$bad"
    is "address '$bad': status" "$status" 2
done

# ---- the guest's switch ----
command='ls /bin >/dev/null; trace off; sparse /in/data --touch 20; trace; trace on; ls / >/dev/null'
record full2 --trace all
is "switch: rows" "$(ask full2 'select group_concat("on") from tracing')" 0,1
is "switch: nothing in between" "$(ask full2 "select count(*) from event where kind in ('fault', 'trap', 'syscall', 'sched')
    and id between (select min(id) from tracing) + 1 and (select max(id) from tracing) - 1")" 0
is "switch: something after" "$(ask full2 "select count(*) > 10 from event where id > (select max(id) from tracing)")" 1
is "switch: the guest sees it" "$(tail -1 <<<"$out")" off
is "switch: not whole" "$(ask full2 'select whole from run')" 0
is "switch: no dangling cause" "$(ask full2 "select count(*) from event as e where cause <> 0 and not exists (select 1 from
    event as c where c.id = e.cause)")" 0
first=$out
record none2 --trace none
is "switch: the same without a trace" "$out" "$first"
command='ls /bin >/dev/null; trace sparse /in/data --touch 20; echo $status'
record wait --trace-wait
is "wait: nothing but of sparse" "$(ask wait "select group_concat(distinct proc_name) from fault_view")" "trace,sparse"
is "wait: checks" "$("$TARRY" query wait.db checks --format csv | cut -d, -f2 | sed 1d | sort -u)" 0
command='echo maybe >/dev/trace'
record bad
ok "a bad word is refused" test "$status" -ne 0
# Indexes are dense, those of columns that do not rise, too (SQLite fills the pages of a transferred index for rising keys).
head -c 8000000 /dev/zero >large
run timeout 60 "$TARRY" run -o dense.db --io deferred --input large:/in/data sparse /in/data --touch 2000 --seed 3
is "no index wastes its pages" "$(sqlite3 dense.db "select group_concat(name) from (select name, sum(pgsize) as size, sum(payload)
    as used from dbstat where name in (select name from sqlite_schema where type = 'index') group by name)
    where size > 4 * used + 16384")" ""
long=$(printf 'x%.0s' {1..600}) # the options are kept whole
"$TARRY" run -o long.db --trace-process "$long,echo" echo hi >/dev/null
is "long options are in the trace" "$(sqlite3 long.db 'select trace from run')" "--trace-process $long,echo"
done_testing
