#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tarry report: the file that it writes, and the file in headless Chromium (report_browser.py).
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
report() { run "$TARRY" report "$@"; }

head -c 4M /dev/urandom >f
"$TARRY" run -o t.db --input f sparse /in/f --touch 60 --dirty 8 --write-back >/dev/null || exit 1
"$TARRY" run -o other.db --io eager --input f sparse /in/f --touch 60 --dirty 8 --write-back >/dev/null || exit 1

# ---- the file ----
report t.db -o one.html
is "one run: exit status" "$status$out$err" 0
report t.db other.db --output=two.html
is "two runs: exit status" "$status$out$err" 0
report t.db
is "the name is report.html" "$status$(ls report.html)" 0report.html
ok "the same traces give the same report" cmp report.html one.html
is "no half a file is left" "$(ls ./*.part 2>/dev/null)" ""
is "nothing is loaded from elsewhere" "$(grep -oE '(src|href)="[^#"]*"' one.html | grep -v '"data:,"')" ""
matches "uPlot's licence is in it" "$(cat one.html)" "The MIT License \(MIT\).*Leon Sorokin"
ok "the data are JSON, and all faults are in the tables" python3 - <<'PY'
import json, re
page = open("one.html").read()
data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])
run = data["runs"][0]
assert run["complete"] is True and run["unanswered"] == {}, run["unanswered"]
faults = run["tables"]["faults"]
assert sum(r[faults["columns"].index("faults")] for r in faults["rows"]) > 60
assert all("unavailable" not in t for t in run["tables"].values()), run["tables"].keys()
PY
ok "curves and distributions add up to what the tables of the trace say" python3 - <<'PY'
import json, re, sqlite3
run = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', open("one.html").read(), re.S)[1])["runs"][0]
db = sqlite3.connect("t.db")
one = lambda sql: db.execute(sql).fetchone()[0] or 0
summary = dict(run["tables"]["summary"]["rows"])
sums = {name: sum(c["v"]) for name, c in run["curves"].items()}
want = {"asked": summary["bytes_asked"], "read": one("select sum(bytes) from transfer where boundary = 0 and output = 0"),
        "written": one("select sum(bytes) from transfer where boundary = 0 and output = 1"),
        "memory": one("select sum(bytes) from transfer where boundary in (2, 3, 8) and output = 0"),
        "skipped": one("select sum(bytes) from transfer where boundary = 5"), "disk_read": summary["disk_sectors_read"] * 512,
        "disk_written": summary["disk_sectors_written"] * 512, "disk_busy": one("select sum(service_ns) from disk_request"),
        "resident": 0, "dirty": 0, "swapped": 0,
        "swap_in": 0, "swap_out": 0}  # nothing is in memory when the last segment has ended
assert sums == want, (sums, want)
assert all(want[k] > 0 for k in ("asked", "read", "memory", "skipped", "disk_read", "disk_written", "disk_busy"))
v, peak, level = run["curves"]["resident"]["v"], 0, 0
for step in v:
    level += step
    peak = max(peak, level)
assert 60 < peak < 200, peak
for kind, n in db.execute("select resolution, count(*) from fault where dur is not null group by 1"):
    assert sum(count for _, count in run["latency"][str(kind)]) == n, kind
PY

# ---- traces that are unlike ----
sqlite3 t.db ".backup empty.db"
for t in $(sqlite3 t.db "select name from sqlite_schema where type = 'view' and name like '%\_view' escape '\'"); do
    sqlite3 empty.db "delete from \"${t%_view}\""
done
sqlite3 empty.db "update run set virtual_ns = 0, events = 0, program = '', exit_status = null"
report empty.db -o empty.html
is "an empty trace: exit status" "$status$err" 0
"$TARRY" run -o killed.db --mem 16M thrash 50000000 1000000 >/dev/null 2>&1 &
victim=$!
for _ in $(seq 600); do
    [ "$(stat -c %s killed.db-wal 2>/dev/null || echo 0)" -gt 1000000 ] && break # rows are in it; a reader could be in the way
    sleep 0.1
done
kill -KILL $victim
wait $victim 2>/dev/null
report killed.db -o killed.html
is "a killed run: exit status" "$status" 0
matches "a killed run: warning" "$err" "^tarry: killed.db: the run is still going on or was killed"
"$TARRY" run -o partial.db --trace fault --input f sparse /in/f --touch 5 >/dev/null || exit 1
report partial.db -o partial.html
is "a trace of some groups only: exit status" "$status$err" 0
"$TARRY" run -o fork.db defertests >/dev/null || exit 1
report fork.db -o fork.html
is "a trace with forks: exit status" "$status$err" 0
evil='</script><script>window.broken=1</script><img src=x onerror="window.broken=1"><b>'
mkdir -p 'a<' "b<"
sqlite3 t.db ".backup 'a</script><b>.db'" && sqlite3 t.db ".backup 'b</script><b>.db'"
for f in 'a</script><b>.db' 'b</script><b>.db'; do
    sqlite3 "$f" "update string set text = '$evil'; update run set program = '$evil', command = '$evil'"
done
report 'a</script><b>.db' 'b</script><b>.db' -o hostile.html
is "hostile names: exit status" "$status$err" 0
is "hostile names: no element ends early" "$(grep -o '</script' hostile.html | wc -l)" "$(grep -o '</script' one.html | wc -l)"
# What tarry boot records has no events of our kernel: a trace with the machine's events only.
sqlite3 t.db ".backup boot.db"
for t in process program sched syscall segment snapshot file source fault fill page transfer commit note; do
    sqlite3 boot.db "delete from \"$t\""
done
report boot.db -o boot.html
is "another kernel: exit status" "$status$err" 0
"$TARRY" boot -o traps.db --trace all --tlb default "$BUILD/tests/guest/traps.elf" >/dev/null
report traps.db -o traps.html
is "another kernel with page faults: exit status" "$status$err" 0
sqlite3 t.db ".backup old.db" && sqlite3 old.db "alter table fault rename column access to acces" 2>/dev/null
sqlite3 old.db "drop view fault_view; alter table fault rename column access to acces" 2>/dev/null
report old.db -o old.html
is "a column that is not there: exit status" "$status$err" 0
matches "a column that is not there: said in the report" "$(cat old.html)" 'unanswered": \{"fault-map": "bad SQL: no such column'

# ---- colours ----
ok "people of any colour vision tell the colours apart" python3 - "$TOP/traces/report/base.js" <<'PY'
# Machado, Oliveira, Fernandes 2009 (severity 1); distances in CIE Lab, of hues from each other and from the ground.
import itertools, re, sys
visions = {"normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
           "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
           "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
           "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]}
def linear(v):
    return ((v + 0.055) / 1.055) ** 2.4 if v > 0.04045 else v / 12.92
def lab(colour, vision):
    rgb = [linear(int(colour[i:i + 2], 16) / 255) for i in (1, 3, 5)]
    r, g, b = [min(1, max(0, sum(m * v for m, v in zip(row, rgb)))) for row in vision]
    xyz = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047, 0.2126 * r + 0.7152 * g + 0.0722 * b, (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    x, y, z = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz]
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
source = open(sys.argv[1]).read()
for name in ("light", "dark"):
    palette = re.search(name + r": \{(.*?)\},\n", source, re.S)[1]
    hues = re.findall(r"#\w{6}", re.search(r"hues: \[(.*?)\]", palette)[1]) + re.findall(r'ground: "(#\w{6})"', palette)
    assert len(hues) == 9, hues
    for vision, m in visions.items():
        for a, b in itertools.combinations(hues, 2):
            distance = sum((p - q) ** 2 for p, q in zip(lab(a, m), lab(b, m))) ** 0.5
            assert distance > 15, (name, vision, a, b, distance)
PY

# ---- in the browser; `run` lines are commands that the report names, to be tried ----
while read -r verdict name; do
    case $verdict in
    pass) ok "$name" true ;;
    fail) ok "$name" false ;;
    run)
        # shellcheck disable=SC2086
        run "$TARRY" ${name#tarry }
        matches "the command that hover names explains the fault: $name" "$status$out" "^0.*(fault +[0-9]+ .*write of 0x|access +store or atomic at 0x.*refused +4\.3\.2)"
        ;;
    esac
    [ "$verdict" = done ] && finished=yes
done < <(timeout 300 /usr/bin/python3 "$TOP/tests/report_browser.py" "$work" 2>&1)
is "the browser's checks came to their end" "${finished:-no}" yes

# ---- refusing ----
bad() { refuses "$1" "$2" "$TARRY" report "${@:3}"; } # NAME PATTERN ARGUMENT...
cp one.html before.html
bad "no trace" "name a trace"
bad "missing trace" "none.db: No such file" none.db
bad "not a trace" "f: is not a trace" t.db f
bad "no such option" "--colour: .*--help" t.db --colour
bad "no value" "missing" t.db -o
bad "nowhere to write" "none/x.html: No such file" t.db -o none/x.html
bad "a full disk" "/dev/full: No space" t.db -o /dev/full
bad "over a trace" "is one of the traces" t.db -o ./t.db
# shellcheck disable=SC2046
bad "too many" "one trace too many" $(yes t.db | head -17)
head -c 200000 t.db >cut.db
bad "a damaged trace" "cut.db|malformed|cannot" cut.db -o one.html
ok "what was there stays when there is an error" cmp one.html before.html
is "no half a file is left after errors" "$(ls ./*.part 2>/dev/null)" ""
report --help
matches "--help" "$status$out" "^0usage: tarry report DB"

# ---- getting uPlot ----
mkdir bin
for c in sh mktemp rm cat mv tar sha512sum cut tail cmp mkdir; do ln -s "$(command -v $c)" bin/; done
run env PATH="$work/bin" "$TOP/traces/report/uplot.sh" got
is "no npm: the build goes on" "$status$(stat -c %s got/uplot.js)" 00
matches "no npm: said, with the remedy" "$err" "no npm here; .*no curves. Install npm"
printf '#!/bin/sh\necho other >uplot-1.6.32.tgz\n' >bin/npm && chmod +x bin/npm
run env PATH="$work/bin" "$TOP/traces/report/uplot.sh" got
is "another uPlot than ours: refused" "$status" 1
matches "another uPlot than ours: said" "$err" "is not what it was"
done_testing
