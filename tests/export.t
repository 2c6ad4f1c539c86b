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
