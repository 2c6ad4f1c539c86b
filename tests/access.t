#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Accesses and samples of real runs (docs/access.md): what they hold, filters, samples against accesses, tarry study, exports.
# tests/unit/emu_access.c has each access against a reference.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
record() { # NAME OPTION... -- PROGRAM...
    local name=$1
    shift
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    "$TARRY" run -o "$name.db" "${options[@]}" "$@" </dev/null >"$name.out" 2>"$name.err" || cat "$name.err"
}
ask() { "$TARRY" query "$1.db" "$2" --format csv | sed 1d | tr -d '\r'; }
refuses() { # NAME PATTERN COMMAND...
    local name=$1 pattern=$2
    shift 2
    run "$@"
    is "$name: status" "$status" 2
    matches "$name" "$err" "^tarry: $pattern[^
]*\$"
}
program=(sh -c 'echo one; cat /bin/true | wc')

# ---- what a run holds ----
record plain --trace default,translation -- "${program[@]}"
record full --trace default,translation,access -- "${program[@]}"
record again --trace default,translation,access -- "${program[@]}"
is "the guest sees nothing of it" "$(cat full.out)" "$(cat plain.out)"
run "$TARRY" compare plain.db full.db
is "and all events are the same, row for row" "$status" 0
is "every retired instruction is fetched once; traps and system calls count as one without" \
    "$(ask full 'select (select sum(fetches) from access_block) + (select happened from event_kind where name = "trap") + (select count(*) from syscall) = instructions from run')" 1
is "twice the same blocks" "$(sqlite3 full.db 'select hex(data) from access_block' | sha256sum)" "$(sqlite3 again.db 'select hex(data) from access_block' | sha256sum)"
is "no instruction twice" "$(ask full "select count(*) - count(distinct insn) from accesses(1) where kind = 'fetch'")" 0
is "counts of the row are those of the block" \
    "$(ask full "select sum(kind='fetch'), sum(kind='load'), sum(kind='store'), sum(kind='amo') from accesses(1)")" \
    "$(ask full 'select sum(fetches), sum(loads), sum(stores), sum(amos) from access_block')"
is "less than a byte for each" "$(ask full 'select sum(length(data)) < sum(fetches + loads + stores + amos) from access_block')" 1
is "a fault's instruction comes when it is done: a row of that pc is the next of its process" \
    "$(ask full "select count(*) from (select f.pc, (select a.pc from accesses(1, f.insn, f.insn + 100000) as a where a.mode = 'user' and a.kind = 'fetch' and a.proc = f.proc limit 1) as next from (select * from fault where in_kernel = 0 limit 5) as f) where pc <> next")" 0
is "from and to" "$(ask full 'select min(insn), max(insn), count(*) > 100 from accesses(1, 5000, 5099)')" "5000,5099,1"
is "user addresses translate as the page table says" \
    "$(ask full "select count(*) from accesses(1) where mode = 'user' and (va & 4095 <> pa & 4095 or pa < 0x80000000)")" 0
cp full.db other.db
is "of another trace by ATTACH" "$(sqlite3 full.db ".load $BUILD/tarry" "attach 'other.db' as o" "select count(*) from accesses('o')")" \
    "$(ask full 'select count(*) from accesses(1)')"
record none --trace all -- true
is "all does not mean accesses" "$(ask none 'select count(*) from access_block')" 0

# ---- filters ----
record window --trace access --access-window 1000000-1050000 -- "${program[@]}"
is "a window: what the whole run has there" "$(ask window 'select insn, kind, va, pa from accesses(1)' | sha256sum)" \
    "$(ask full "select insn, kind, va, pa from accesses(1, $(ask window 'select insn from access_block limit 1'), $(ask window 'select max(last_insn) from access_block'))" | sha256sum)"
is "pieces of code that begin in it" "$(ask window 'select min(insn) between 1000000 and 1000100 and max(last_insn) between 1049900 and 1050200 from access_block')" 1
record process --trace default,access --trace-process cat -- "${program[@]}"
is "one program" "$(ask process 'select insn, kind, va, pa from accesses(1)' | sha256sum)" \
    "$(ask full "select insn, kind, va, pa from accesses(1) where proc = (select proc from program_view where name like '%cat') and insn >= (select insn from program_view where name like '%cat')" | sha256sum)"
is "is some" "$(ask process 'select count(*) > 1000 from accesses(1)')" 1
is "its row names it" "$(ask process "select count(distinct proc), min(proc) = (select proc from program_view where name like '%cat') from access_block")" "1,1"
record address --trace access --trace-address 0x10000-0x10fff -- "${program[@]}"
is "one page" "$(ask address 'select insn, kind, va, pa from accesses(1)' | sha256sum)" \
    "$(ask full "select insn, kind, va, pa from accesses(1) where va / 4096 = 16 or (va + size - 1) / 4096 = 16" | sha256sum)"
record switched --trace access --trace-wait -- sh -c 'echo one; trace echo two; echo three'
record whole --trace access -- sh -c 'echo one; trace echo two; echo three'
is "the guest's switch" "$(ask switched 'select sum(fetches) > 1000 from access_block')" 1
ok "takes the rest away" test "$(ask switched 'select 2 * sum(fetches) from access_block')" -lt "$(ask whole 'select sum(fetches) from access_block')"

# ---- samples ----
record sample --trace default,access --sample 20000 -- "${program[@]}"
cat >pages.sql <<'SQL'
with w as materialized (select "window", insn, lead(insn) over (order by "window") as next from (select distinct "window", insn from sample)),
 touched as (select insn, proc, va & ~4095 as va, kind from accesses(1) union all
  select insn, proc, (va + size - 1) & ~4095, kind from accesses(1) where next_pa is not null)
select w."window", t.proc, t.va, max(kind = 'fetch'),
 coalesce(min(iif(kind = 'load', t.insn, null)) < min(iif(kind in ('store', 'amo'), t.insn, null)), max(kind = 'load')), max(kind in ('store', 'amo')) from touched as t join w on t.insn >= w.insn and t.insn < coalesce(w.next, 1 << 62)
group by 1, 2, 3 order by 1, 2, 3
SQL
is "each window's pages are those that its accesses used" "$(ask sample 'select "window", proc, va, fetched, loaded, stored from sample order by 1, 2, 3' | sha256sum)" \
    "$(ask sample "$(cat pages.sql)" | sha256sum)"
is "there are windows" "$(ask sample 'select count(distinct "window") >= instructions / 20000 - 2 from sample, run')" 1
is "each page once" "$(ask sample 'select count(*) from sample group by "window", proc, va having count(*) > 1')" ""
record sampled --trace default --sample 20000 -- "${program[@]}"
is "the same without --trace access" "$(sqlite3 sampled.db 'select * from sample' | sha256sum)" "$(sqlite3 sample.db 'select * from sample' | sha256sum)"
columns='select id, "window", insn, ts, (select pid from process where id = proc), va, fetched, loaded, stored from sample'
record tlb --trace default --sample 20000 --tlb default -- "${program[@]}"
record onlytlb --trace default --tlb default -- "${program[@]}"
is "and with a model of TLBs" "$(sqlite3 tlb.db "$columns" | sha256sum)" "$(sqlite3 sample.db "$columns" | sha256sum)"
is "whose counts do not change" "$(sqlite3 tlb.db 'select access, accesses, misses, walks, again, evictions from tlb_total')" \
    "$(sqlite3 onlytlb.db 'select access, accesses, misses, walks, again, evictions from tlb_total')"

# ---- tarry study ----
study() { "$TARRY" study "$@" --format csv | tr -d '\r'; }
cat >naive.py <<'PY'
import csv, sys
frames = [4, 8, 16]
refs = []
for row in csv.DictReader(sys.stdin):
    va, size = int(row["va"], 16), int(row["size"])
    if row["proc"] == "0" and row["mode"] != "user" or va >> 63: continue
    for page in {va >> 12: 0, va + size - 1 >> 12: 0}: refs.append((row["proc"], page))
for n in frames:
    lru, fifo, misses, late = {}, [], 0, 0
    for r in refs:
        if r in lru: del lru[r]
        else:
            misses += 1
            if len(lru) == n: del lru[next(iter(lru))]
        lru[r] = 1
        if r not in fifo:
            late += 1
            if len(fifo) == n: fifo.pop(0)
            fifo.append(r)
    print(n, len(refs), len(set(refs)), misses, late, sep=",")
PY
is "LRU and FIFO as a naive simulation of the exported accesses has them" "$(study full.db --frames 4,8,16 --policy lru,fifo | sed 1d | cut -d, -f1,3-5,7)" \
    "$("$TARRY" export full.db --to accesses | python3 naive.py)"
is "OPT is never above another, LRU never rises with size" "$(study full.db | awk -F, 'NR > 1 { if ($11 > $5 || $11 > $7 || $11 > $9 || (NR > 2 && $5 > last)) bad = 1; last = $5 } END { print bad + 0 }')" 0
is "memory in bytes" "$(study full.db --memory 16k,64k --policy lru)" "$(study full.db --frames 4,16 --policy lru)"
is "larger pages are fewer" "$(study full.db --page 2M --policy lru --frames 4 | sed 1d | cut -d, -f4 | awk -v p="$(study full.db --policy lru --frames 4 | sed 1d | cut -d, -f4)" '{ print ($1 < p) }')" 1
is "one process" "$(study full.db --process cat --policy lru --frames 4 | sed 1d | cut -d, -f3 | awk -v p="$(study full.db --policy lru --frames 4 | sed 1d | cut -d, -f3)" '{ print ($1 > 1000 && $1 < p) }')" 1
run "$TARRY" study full.db --bias --frames 4,16
matches "bias: what faults alone would say" "$out" "Where faults alone mislead: of [0-9]+ references of this run \(accesses\) a trace of faults has [0-9]+\."
matches "bias: and why" "$out" "Why: a fault is a page's first use"
is "bias: JSON" "$("$TARRY" study full.db --bias --format json | python3 -c 'import json, sys; j = json.load(sys.stdin); print(j["sizes"][0]["misses"]["lru"] > j["sizes"][0]["faults_only"] > 0)')" True
run "$TARRY" study plain.db
matches "from faults only, with a warning" "$out" "BIASED: the references are the faults"
run "$TARRY" study sampled.db
matches "from samples, with a warning" "$out" "references \(samples\).*Each page counts once in each window"
"$TARRY" study full.db --bias -o s.svg && "$TARRY" study full.db --bias -o s.html
ok "a picture" python3 -c 'import xml.dom.minidom as m; d = m.parse("s.svg"); exit(len(d.getElementsByTagName("polyline")) != 5)'
ok "a page with the table" grep -q "Where faults alone mislead" s.html
is "the trace stays as it was" "$(sha256sum <full.db)" "$(sha256sum <other.db)"

# ---- tarry report ----
"$TARRY" report full.db -o full.html && "$TARRY" report plain.db -o plain.html
figure() { python3 -c 'import json, re, sys; r = json.loads(re.search(r"<script type=.application/json. id=.data.>(.*?)</script>", open(sys.argv[1]).read(), re.S).group(1))["runs"][0]["replacement"]; print(r and [[s["misses"]["lru"], s["faults_only"]] for s in r["sizes"]])' "$1"; }
is "the report has the same curves" "$(figure full.html)" \
    "$("$TARRY" study full.db --bias --format json | python3 -c 'import json, sys; print([[s["misses"]["lru"], s["faults_only"]] for s in json.load(sys.stdin)["sizes"]])')"
is "and none of a trace of faults" "$(figure plain.html)" None

# ---- exports ----
is "lackey" "$("$TARRY" export window.db --to lackey | cut -c1-2 | LC_ALL=C sort | uniq -c | tr -s ' ')" \
    "$(ask window "select ' ' || count(*) || ' ' || case kind when 'fetch' then 'I ' when 'load' then ' L' when 'store' then ' S' else ' M' end from accesses(1) group by kind" | tr -d '"' | LC_ALL=C sort -k2 | tr -s ' ')"
is "dinero" "$("$TARRY" export window.db --to dinero | grep -c '^2 [0-9a-f]*$')" "$(ask window 'select sum(fetches) from access_block')"

# ---- what cannot be ----
refuses "window" "--access-window 7: needs FROM-TO" "$TARRY" run --trace access --access-window 7 true
refuses "window of nothing" "--access-window: there are no accesses" "$TARRY" run --access-window 1-2 true
refuses "sample" "--sample 10: needs a number of instructions, at least 1000" "$TARRY" run --sample 10 true
refuses "segments" "--trace-segment does not choose accesses; give --trace-address" "$TARRY" run --trace access --trace-segment data true
refuses "study of nothing" "study: name one trace" "$TARRY" study
refuses "study of no trace" "nothing.db" "$TARRY" study nothing.db
refuses "policy" "--policy mru: there is no policy 'mru'" "$TARRY" study full.db --policy mru
refuses "frames" "--frames 0: '0': needs sizes" "$TARRY" study full.db --frames 0
refuses "too many frames" "--frames 1-99999999999: " "$TARRY" study full.db --frames 1-99999999999
refuses "memory" "--memory 5k: '5k': needs sizes" "$TARRY" study full.db --memory 5k
refuses "page" "--page 8k: needs 4k, 64k or 2M" "$TARRY" study full.db --page 8k
refuses "source" "plain.db: it has no accesses; record it with --trace access" "$TARRY" study plain.db --from accesses
refuses "bias of faults" "plain.db: --bias compares accesses" "$TARRY" study plain.db --bias
refuses "process" "full.db: no process of the run is 'nobody'" "$TARRY" study full.db --process nobody
refuses "picture" "-o s.png: needs a name that ends in .svg or .html" "$TARRY" study full.db -o s.png
refuses "option" "study: '--nonsense' is no option" "$TARRY" study full.db --nonsense
refuses "from" "full.db: the query stopped: accesses: from and to must be numbers" "$TARRY" query full.db "select * from accesses(1, 'a', 2)"
sqlite3 other.db "update access_block set data = zeroblob(100) where id = 1"
run "$TARRY" query other.db 'select count(*) from accesses(1)'
matches "a damaged block" "$err" "the block is damaged"
refuses "a damaged block in a study" "other.db: the block is damaged" "$TARRY" study other.db --pages all
done_testing
