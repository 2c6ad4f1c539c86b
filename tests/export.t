#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tarry export: every event of a trace is in what other tools get, and nothing else.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
head -c 400000 /dev/urandom >f
export_() { run "$TARRY" export "$@"; }
"$TARRY" run -o t.db --input f sparse /in/f --touch 30 --dirty 5 --write-back >/dev/null || exit 1
count() { sqlite3 t.db "select count(*) from $1"; }

export_ t.db --to perfetto -o p.json
is "perfetto: exit status" "$status$err" 0
cat >check.py <<'PY'
import collections, json, sys
events = json.load(open("p.json"))["traceEvents"]
want = dict(a.split("=") for a in sys.argv[1:])
slices = collections.Counter(e["cat"] for e in events if e["ph"] == "X")
for cat in ("syscall", "fault", "fill", "process"):
    assert slices[cat] == int(want[cat]), (cat, slices[cat], want[cat])
begun = sorted(e["id"] for e in events if e["ph"] == "b")
assert begun == sorted(e["id"] for e in events if e["ph"] == "e") and len(begun) == int(want["disk_request"])
tracks = collections.defaultdict(list)
for e in events:
    if e["ph"] == "X" and e["cat"] in ("syscall", "fault", "fill"):
        tracks[e["tid"]].append((e["ts"], e["ts"] + e["dur"], e))
for spans in tracks.values():  # on one track slices lie inside each other or apart
    open_until = []
    for begin, end, e in sorted(spans, key=lambda s: (s[0], -s[1])):
        while open_until and open_until[-1] <= begin:
            open_until.pop()
        assert not open_until or end <= open_until[-1] + 1e-6, e
        open_until.append(end)
pages = [e["args"] for e in events if e["ph"] == "C" and e["name"] == "pages"]
assert len(pages) >= int(want["page"]) and all(v >= 0 for p in pages for v in p.values())
assert pages[-1]["clean"] == pages[-1]["dirty"] == 0, pages[-1]  # all was given back at the end
PY
ok "perfetto: every event once, slices nested, counters end at zero" python3 check.py \
    $(for t in syscall fault fill process disk_request page; do echo "$t=$(count $t)"; done)
# The Trace Event Format: for each phase the members that it must have, of the right types, and nothing that a reader would refuse.
cat >format.py <<'PY'
import json, sys
number, whole, text, thing = (int, float), int, str, dict
phases = {"M": {"name": text, "pid": whole, "args": thing}, "X": {"name": text, "pid": whole, "tid": whole, "ts": number, "dur": number},
          "b": {"name": text, "cat": text, "id": whole, "pid": whole, "ts": number}, "e": {"name": text, "cat": text, "id": whole, "pid": whole, "ts": number},
          "C": {"name": text, "pid": whole, "ts": number, "args": thing}, "i": {"name": text, "pid": whole, "tid": whole, "ts": number, "s": text}}
trace = json.load(open(sys.argv[1]))
assert set(trace) <= {"traceEvents", "displayTimeUnit", "otherData"} and trace.get("displayTimeUnit", "ns") in ("ms", "ns"), list(trace)
open_slices = {}
for e in trace["traceEvents"]:
    for member, type_ in phases[e["ph"]].items():
        assert isinstance(e.get(member), type_) and not isinstance(e[member], bool), (member, e)
    assert set(e) <= {"ph", "cat", "name", "id", "pid", "tid", "ts", "dur", "args", "s"} and e.get("ts", 0) >= 0 and e.get("dur", 0) >= 0, e
    assert abs(e["pid"]) < 2 ** 53 and isinstance(e.get("args", {}), dict), e
    if e["ph"] == "M":
        assert e["name"] in ("process_name", "thread_name") and isinstance(e["args"]["name"], str), e
        assert e["name"] == "process_name" or isinstance(e["tid"], int), e
    if e["ph"] == "C":
        assert e["args"] and all(isinstance(v, number) for v in e["args"].values()), e
    if e["ph"] == "i":
        assert e["s"] in ("g", "p", "t"), e
    if e["ph"] in "be":
        key = e["cat"], e["id"], e["pid"], e["name"]
        open_slices.setdefault(key, []).append((e["ts"], e["ph"]))
for key, ends in open_slices.items():
    assert [ph for _, ph in sorted(ends, key=lambda p: (p[0], p[1]))] == ["b", "e"], (key, ends)
PY
ok "perfetto: as the Trace Event Format says" python3 format.py p.json
export_ t.db --to=perfetto
ok "perfetto: the same on standard output" cmp .out p.json

export_ t.db --to folded
is "folded: faults add up" "$(awk '{ n += $NF } END { print n }' .out)" "$(count fault)"
is "folded: from the program to the resolution" "$(awk -F';' 'NF < 4 || NF > 5 || $1 != "sparse" || ($(NF - 1) != "user" && $(NF - 1) !~ /^(syscall [a-z]+|kernel)$/)' .out | grep -v '^sparse;pc 0x0;kernel;')" ""
matches "folded: what user code did, with function and line" "$out" "sparse;main;guestos/user/sparse.c:[0-9]+;user;filled [0-9]+"
"$TARRY" run -o eager.db --io eager --input f sparse /in/f --touch 30 >/dev/null || exit 1
line=$(grep -n ' pread(' "$TOP/guestos/user/sparse.c" | head -1 | cut -d: -f1)
export_ eager.db --to folded
is "folded: faults in a system call are the line's that called its function" "$(grep syscall .out)" \
    "sparse;main;guestos/user/sparse.c:$line;syscall pread;zeroed $(sqlite3 eager.db "select count(*) from fault where caller > 0")"
export_ t.db --to folded-ns
is "folded-ns: time adds up" "$(awk '{ n += $NF } END { print n }' .out)" "$(sqlite3 t.db 'select sum(dur) from fault')"

# ---- another kernel: what the machine saw ----
for g in calls traps; do "$TARRY" boot -o $g.db "$BUILD/tests/guest/$g.elf" >/dev/null || exit 1; done
export_ calls.db --to perfetto -o calls.json
ok "another kernel: as the Trace Event Format says" python3 format.py calls.json
is "another kernel: every call is a slice, by page table" "$(python3 -c "
import json
e = json.load(open('calls.json'))['traceEvents']
names = {x['pid']: x['args']['name'] for x in e if x['ph'] == 'M'}
calls = [x for x in e if x['ph'] == 'b' and x['cat'] == 'ecall']
print(len(calls), len({names[x['pid']] for x in calls}), *[x['args']['call'] for x in calls if x['name'] == 'fork'])")" \
    "$(sqlite3 calls.db 'select count(*), count(distinct root) from ecall' | tr '|' ' ') fork() = 5"
export_ traps.db --to perfetto -o traps.json
ok "another kernel: its page faults, too" python3 format.py traps.json
is "another kernel: every page fault is an instant" "$(grep -c '"cat":"page fault"' traps.json)" "$(sqlite3 traps.db 'select count(*) from page_trap')"
export_ traps.db --to folded
is "another kernel: page faults by line" "$(awk '{ n += $NF } END { print n }' .out)" "$(sqlite3 traps.db 'select count(*) from page_trap')"
matches "another kernel: with its lines" "$out" "page table 0x[0-9a-f]+;load[0-9a-z]*;tests/guest/traps.c:[0-9]+;kernel;load_page [0-9]+"

export_ t.db --to csv -o out
is "csv: exit status" "$status$err" 0
for t in $(sqlite3 t.db "select name from sqlite_schema where type = 'view' and name like '%\_view' escape '\'"); do
    t=${t%_view}
    is "csv: every row of $t" "$(($(python3 -c "
import csv, sys
print(sum(1 for _ in csv.reader(open('out/$t.csv', newline=''))))") - 1))" "$(count "\"$t\"")"
done

bad() { refuses "$1" "$2" "$TARRY" export "${@:3}"; } # NAME PATTERN ARGUMENT...
bad "no trace" "name a trace"
bad "no format" "name a format" t.db
bad "unknown format" "svg: is no format" t.db --to svg
bad "csv without a directory" "name a directory" t.db --to csv
bad "a directory that is a file" "f: .*exists|f: |Not a directory" t.db --to csv -o f
bad "nowhere to write" "none/x: No such file" t.db --to folded -o none/x
bad "a full disk" "/dev/full: No space" t.db --to perfetto -o /dev/full
bad "no such option" "--help" t.db --colour x
bad "not a trace" "not a trace|is not" f --to folded
export_ --help
matches "--help" "$status$out" "^0usage: tarry export DB"
done_testing
